"""Score a model on development rows: the published metrics by which checkpoints are chosen, in percent.

As in nyu-mll/jiant's evaluation for Phang et al. 2020: accuracy of classes, choices and supertags, span F1 of parts of
speech and names, in question answering the mean of F1 and exact match, and the joint goal accuracy of dialogues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, groupby
from types import MappingProxyType
from typing import Any

from xtreme_bench.data.corpora import Corpus
from xtreme_bench.official.dialogue import joint_goal_accuracy
from xtreme_bench.official.metrics import accuracy, span_f1, squad_scores
from xtreme_bench.rows import ChoiceRow, DialogueRow, PairRow, QuestionRow, TaggedRow
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import qa
from xtreme_bench.training.features import FAMILIES

_ANSWERS = "mean of F1 and exact match"
_ANSWERS_OR_NONE = f"{_ANSWERS} at the best threshold for no answer"
_JOINT = "joint goal accuracy"
_OF_FAMILY = {
    "classification": "accuracy",
    "choice": "accuracy",
    "tagging": "span F1",
    "qa": _ANSWERS,
    "dialogue": _JOINT,
}


def metric(corpus: Corpus) -> str:
    """The name of the metric by which the checkpoints of a corpus are chosen; several development sets are averaged."""
    count = len(corpus.development)
    return _metric(corpus) if count == 1 else f"{_metric(corpus)}, mean of {count} development sets"


def _metric(corpus: Corpus) -> str:
    if corpus.limits.impossible:
        return _ANSWERS_OR_NONE
    return corpus.metric or _OF_FAMILY[corpus.family]


def chance(corpus: Corpus, rows: Sequence[Any]) -> float | None:
    """The accuracy in percent of guesses that are all alike likely; None for tasks of many or no labels."""
    if corpus.family == "classification":
        return 100 / len(corpus.labels)
    if corpus.family == "choice" and rows:
        return sum(100 / len(row.choices) for row in rows) / len(rows)
    return None


def quality(corpus: Corpus, rows: Sequence[Any], examples: Sequence[Example], outputs: Sequence[Any]) -> float:
    """The score of a model on the rows of one development set, from its family's outputs for their examples."""
    name = _metric(corpus)
    if name == _ANSWERS_OR_NONE:
        return _answers_or_none(rows, qa.guesses(rows, examples, outputs, corpus.limits))
    predictions = FAMILIES[corpus.family].decode(rows, examples, outputs, corpus.labels, corpus.limits)
    return _MEASURES[name](rows, predictions)


def _accuracy(rows: Sequence[PairRow | ChoiceRow | TaggedRow], predictions: Sequence[Any]) -> float:
    """Over rows, or over the words of tagged rows."""
    gold: list[str] = []
    found: list[str] = []
    for row, prediction in zip(rows, predictions, strict=True):
        if isinstance(row, TaggedRow):
            gold += row.tags or ()
            found += prediction
        else:
            gold.append(str(row.label))
            found.append(str(prediction))
    return accuracy(gold, found)["accuracy"]


def _span_f1(rows: Sequence[TaggedRow], predictions: Sequence[Sequence[str]]) -> float:
    return span_f1([row.tags or () for row in rows], predictions)["f1"]


def _answers(rows: Sequence[QuestionRow], predictions: Sequence[str]) -> float:
    return sum(map(_worth, rows, predictions)) / len(rows)


def _worth(row: QuestionRow, prediction: str) -> float:
    """The mean of F1 and exact match of one answer; all or nothing if the question has no answer."""
    if not row.answers:
        return 0.0 if prediction else 100.0
    scores = squad_scores({row.id: [answer.text for answer in row.answers]}, {row.id: prediction})
    return (scores["f1"] + scores["exact_match"]) / 2


def _answers_or_none(rows: Sequence[QuestionRow], guesses: Sequence[tuple[str, float]]) -> float:
    """The quality at the best threshold of the margin, by which an answer scores higher than no answer."""
    silent = [_worth(row, "") for row in rows]
    gains = [
        (margin, _worth(row, text) - without)
        for row, (text, margin), without in zip(rows, guesses, silent, strict=True)
    ]
    ordered = groupby(sorted(gains, reverse=True), key=lambda gain: gain[0])
    steps = (sum(gain for _, gain in equal) for _, equal in ordered)
    return max(accumulate(steps, initial=sum(silent))) / len(rows)


def _joint_goal(rows: Sequence[DialogueRow], predictions: Sequence[Sequence[Mapping[str, str]]]) -> float:
    gold = {row.id: row.states or () for row in rows}
    found = {row.id: states for row, states in zip(rows, predictions, strict=True)}
    return joint_goal_accuracy(gold, found)


_MEASURES: Mapping[str, Callable[[Sequence[Any], Sequence[Any]], float]] = MappingProxyType(
    {"accuracy": _accuracy, "span F1": _span_f1, _ANSWERS: _answers, _JOINT: _joint_goal}
)
