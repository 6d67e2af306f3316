"""The contribution of each test item to a score, to compare two runs on the same items.

A score is a function of sums over items (`score_of`): correct answers or turns and their number, or correct, predicted
and gold spans. The sums over all items give the official score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.official.dialogue import Gold, States, dialogue_items
from xtreme_bench.official.metrics import mlqa_scores, spans, squad_scores

# Per item: (correct, 1) if the score is a mean, with correct in 0..1; (correct turns, turns) of a dialogue;
# (correct, predicted, gold) if the score is F1.
Sums = tuple[float, ...]
Items = dict[str, Sums]


def items(gold: Any, predictions: Any, task: str, language: str) -> Items:
    """Item id -> its sums, from the values that `read_gold` and `examine` give for one file.

    An item is a labelled line, a question, a tagged sentence, a dialogue, or (BUCC) a foreign sentence. Parallel test
    sets have the same ids in all languages. Errors: `ValueError` if the numbers of lines or sentences differ.
    """
    kind = task if task == "bucc2018" else TASKS[task].group
    return _ITEMS[kind](gold, predictions, task, language)


def score_of(sums: Sequence[Any]) -> Any:
    """The score in percent from sums over items (numbers or arrays); F1 is 0 if no span is correct."""
    if len(sums) == 2:
        right, number = sums
        return 100 * right / number
    correct, found, gold = sums
    # 2PR / (P + R) in one fraction. The last term avoids a division by zero if both sets are empty.
    return 200 * correct / (found + gold + (found + gold == 0))


def _equal(gold: Sequence[str], predictions: Sequence[str], task: str, language: str) -> Items:
    pairs = zip(gold, predictions, strict=True)
    return {str(at): (float(right == found), 1.0) for at, (right, found) in enumerate(pairs)}


def _spans(gold: Sequence[Sequence[str]], predictions: Sequence[Sequence[str]], task: str, language: str) -> Items:
    both = [(set(spans(right)), set(spans(found))) for right, found in zip(gold, predictions, strict=True)]
    return {str(at): _agreement(right, found) for at, (right, found) in enumerate(both)}


def _agreement(gold: set[Any], found: set[Any]) -> Sums:
    return float(len(gold & found)), float(len(found)), float(len(gold))


def _answers(gold: Mapping[str, Sequence[str]], predictions: Mapping[str, str], task: str, language: str) -> Items:
    """The score of a question is the mean of F1 and exact match, as XTREME averages them for the task."""
    found: Items = {}
    for question, accepted in gold.items():
        one, answer = {question: accepted}, {name: predictions[name] for name in [question] if name in predictions}
        scores = mlqa_scores(one, answer, language) if task == "mlqa" else squad_scores(one, answer)
        found[question] = ((scores["exact_match"] + scores["f1"]) / 200, 1.0)
    return found


def _pairs(gold: Sequence[str], predictions: Sequence[str], task: str, language: str) -> Items:
    by_sentence: dict[str, tuple[set[str], set[str]]] = {}
    for side, lines in enumerate((gold, predictions)):
        for line in lines:
            by_sentence.setdefault(line.partition("\t")[0], (set(), set()))[side].add(line)
    return {sentence: _agreement(right, found) for sentence, (right, found) in sorted(by_sentence.items())}


def _states(gold: Gold, predictions: States, task: str, language: str) -> Items:
    return dict(dialogue_items(gold.states, predictions))


_ITEMS: Mapping[str, Callable[[Any, Any, str, str], Items]] = {
    "classification": _equal,
    "tagging": _spans,
    "qa": _answers,
    "retrieval": _equal,
    "bucc2018": _pairs,
    "dialogue": _states,
}
