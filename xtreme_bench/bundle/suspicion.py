"""Signs that predictions may come from the gold labels. Each is a reason to look, and no proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS, Group
from xtreme_bench.data import targets
from xtreme_bench.official import published
from xtreme_bench.official.findings import listed
from xtreme_bench.official.scores import Coverage, cells, headline
from xtreme_bench.official.sizes import has_data
from xtreme_bench.rows import PairRow, Row, TaggedRow
from xtreme_bench.wording import count, listing

# Points above the best published score of a task that ask for an explanation.
FAR = 5.0
# A model fine-tuned on English is better in English. A task counts if its English score is at least `HIGH` and it has
# `LANGUAGES`; English is called equal if the other languages are on average at most `EQUAL` points below it.
HIGH, LANGUAGES, EQUAL = 60.0, 4, 1.0
# Labels with a mistake are few, so a share says something only of so many of them.
FEWEST, SHARE = 5, 0.9

# Task, language, gold labels and predictions of one file.
Pair = tuple[str, str, Any, Any]


@dataclass(frozen=True)
class Flag:
    """One sign: its kind, the task (None: the whole bundle), and a sentence for people."""

    kind: str
    task: str | None
    text: str

    def __str__(self) -> str:
        return f"suspicious: {self.task + ': ' if self.task else ''}{self.text}"


def flags(scores: Mapping[str, Any], present: Coverage, pairs: Iterable[Pair], data: Path | None) -> Iterator[Flag]:
    """All signs in the scores and in the files that have gold labels. `data`: test sets, to find equal test items."""
    yield from _all_right(scores, present)
    for task in TASKS:
        yield from _above_published(scores, present, task)
        yield from _english_equal(scores, task)
    yield from _mistakes(pairs, data)


def _all_right(scores: Mapping[str, Any], present: Coverage) -> Iterator[Flag]:
    full = [TASKS[task].file(code) for task in present for code, value in cells(scores, task).items() if value >= 100]
    if full:
        of = sum(len(cells(scores, task)) for task in present)
        which = "all files" if len(full) == of else f"{count(len(full), 'file')} ({listed(full)})"
        text = f"{which} 100 % right: this check cannot tell them from predictions copied from the gold labels"
        yield Flag("equal to the labels", None, text)


def _above_published(scores: Mapping[str, Any], present: Coverage, task: str) -> Iterator[Flag]:
    """Only for a task in all its languages: a published score is the mean over these."""
    found, best = headline(scores, task), published.best(task)
    known = best.score(task)
    if found is not None and known is not None and present.get(task) == TASKS[task].languages and found > known + FAR:
        text = f"{found:.1f} is far above the best published score that is known here, {known:.1f} ({best.name})"
        yield Flag("above published", task, text)


def _english_equal(scores: Mapping[str, Any], task: str) -> Iterator[Flag]:
    found = cells(scores, task)
    english, others = found.get("en", 0.0), headline(scores, f"{task}/transfer") or 0.0
    if len(found) >= LANGUAGES and english >= HIGH and others >= english - EQUAL:
        text = f"other languages ({others:.1f}) are as good as English ({english:.1f}), which models are fine-tuned in"
        yield Flag("English equal", task, text)


def _mistakes(pairs: Iterable[Pair], data: Path | None) -> Iterator[Flag]:
    """Signs that predictions repeat what no text could tell: mistakes of the labels, and their contradictions."""
    odd: dict[str, list[bool]] = defaultdict(list)
    torn: dict[str, list[bool]] = defaultdict(list)
    for task, language, gold, found in pairs:
        group = TASKS[task].group
        if group in _ODD:
            odd[task] += _ODD[group](gold, found)
        if data is not None and group in ("classification", "tagging") and has_data(data, task, language):
            torn[task] += _contradictions(list(targets.read_test(data, task, language)), gold, found)
    for task, agree in odd.items():
        if _telling(agree):
            yield Flag("mistakes repeated", task, f"repeats {sum(agree)} of {len(agree)} malformed gold labels exactly")
    for task, agree in torn.items():
        if _telling(agree):
            yield Flag(
                "mistakes repeated",
                task,
                f"of {len(agree)} groups of equal test items with different gold labels it follows the labels in "
                f"{sum(agree)}; a model gives equal items equal predictions",
            )


def _telling(agree: Sequence[bool]) -> bool:
    return len(agree) >= FEWEST and sum(agree) >= SHARE * len(agree)


def _broken_tags(gold: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> list[bool]:
    """For each `I-` tag that continues no span of its type: whether the prediction has it too."""
    return [
        tags[at] == tag
        for right, tags in zip(gold, found, strict=True)
        for at, tag in enumerate(right)
        if tag.startswith("I-") and (at == 0 or right[at - 1][2:] != tag[2:])
    ]


def _odd_answers(gold: Mapping[str, Sequence[str]], found: Mapping[str, str]) -> list[bool]:
    """For each question whose accepted answers all begin or end oddly: whether the answer is one to the letter."""
    return [
        found.get(question) in accepted for question, accepted in gold.items() if accepted and all(map(_odd, accepted))
    ]


def _odd(answer: str) -> bool:
    """Whether an answer has outer space, or a bracket or quotation mark without its partner."""
    uneven = any(answer.count(left) != answer.count(right) for left, right in ("()", "[]", "“”", "«»"))
    return answer != answer.strip() or uneven or answer.count('"') % 2 == 1


# What counts as a mistake that shows in a gold label alone.
_ODD: Mapping[Group, Callable[[Any, Any], list[bool]]] = {"tagging": _broken_tags, "qa": _odd_answers}


def _contradictions(rows: Sequence[Row], gold: Sequence[Any], found: Sequence[Any]) -> list[bool]:
    """For each group of equal test items whose gold labels differ: whether the predictions are these labels."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    if len(rows) == len(gold):
        for at, row in enumerate(rows):
            groups[_content(row)].append(at)
    return [
        all(list(found[at]) == list(gold[at]) for at in places)
        for places in groups.values()
        if len({tuple(gold[at]) for at in places}) > 1
    ]


def _content(row: Row) -> Hashable:
    if isinstance(row, TaggedRow):
        return row.words
    return (row.text_a, row.text_b) if isinstance(row, PairRow) else row.id


def advice(found: Sequence[Flag]) -> str:
    """What to do about the signs; empty without any."""
    kinds = listing(list(dict.fromkeys(one.kind for one in found)))
    return f"{count(len(found), 'sign')} to look at ({kinds}): repeat the predictions with --rerun" if found else ""
