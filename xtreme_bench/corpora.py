"""The corpora that encoders are trained on and asked about: their rows, family, labels and limits, by name.

A corpus is chosen by a few parameters of a stage; the stage that tokenises it and the one that trains on it or
predicts it choose by the same.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import intermediate, targets
from xtreme_bench.data.usable import MOST_UNUSABLE, LeftOut
from xtreme_bench.rows import Row

# Step from one window of a context to the next where a recipe names none.
STRIDE = 128

Read = Callable[[Counter[str]], Iterator[Any]]


@dataclass(frozen=True)
class Limits:
    """How long sequences may be, in tokens, special tokens included; `stride`, `answer` and `impossible` are QA's.

    `stride` is the step from one window to the next (as in XTREME's scripts, where it is called doc_stride, not the
    overlap that transformers calls stride); `answer` the longest answer; `impossible` whether "no answer" is one.
    """

    max_length: int
    stride: int = STRIDE
    answer: int = 30
    impossible: bool = False


@dataclass(frozen=True)
class Corpus:
    """A task, and how each of its parts is read ("train" and "dev", or the languages of its test sets).

    A part is read in a stream; what its format leaves out is counted under its reason in the counter given.
    """

    name: str
    family: str
    labels: tuple[str, ...]
    limits: Limits
    parts: Mapping[str, Read]

    def rows(self, part: str) -> list[Any]:
        """All rows of a part at once: for development and test sets."""
        return list(self.parts[part](Counter()))


def source_choice(params: Mapping[str, Any]) -> dict[str, Any]:
    """Of the parameters of a fine-tuning stage those that choose its corpus."""
    chosen_by = ("source", "max_length", "stride", "examples", "evaluate_on")
    return {**{name: params[name] for name in chosen_by}, "unusable": params.get("unusable", MOST_UNUSABLE)}


def intermediate_choice(params: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Of the parameters of an intermediate stage those that choose the corpus of one of its tasks."""
    family = intermediate.FAMILY[task]
    return {
        "intermediate": task,
        "languages": list(params["tasks"][task].get("languages") or ["en"]),
        "max_length": params["qa_length"] if family == "qa" else params["max_length"],
        "stride": params["qa_stride"] if family == "qa" else None,
        "evaluate_on": params["evaluate_on"],
        "unusable": params.get("unusable", MOST_UNUSABLE),
    }


def target_choice(params: Mapping[str, Any]) -> dict[str, Any]:
    """Of the parameters of a prediction stage those that choose its corpus."""
    return {name: params[name] for name in ("task", "languages", "max_length", "stride")}


def chosen(data: Path, choice: Mapping[str, Any]) -> Corpus:
    """The corpus that a choice names. Raises InputError where labels must be read from files that are not there."""
    impossible = choice.get("intermediate") == "squad_v2"
    limits = Limits(choice["max_length"], choice["stride"] or STRIDE, impossible=impossible)
    if "source" in choice:
        source = choice["source"]
        family = next(task.family for task in TASKS.values() if task.source == source)
        counts = {"train": choice["examples"], "dev": choice["evaluate_on"]}
        read = partial(_train, data, source, choice["unusable"])
        parts = {split: _first(partial(read, split), count) for split, count in counts.items()}
        return Corpus(source, family, targets.labels(source), limits, parts)
    if "intermediate" in choice:
        return _intermediate(data, choice, limits)
    task = choice["task"]
    parts = {language: partial(_test, data, task, language) for language in choice["languages"]}
    return Corpus(task, TASKS[task].family, (), limits, parts)


def _intermediate(data: Path, choice: Mapping[str, Any], limits: Limits) -> Corpus:
    task, languages = choice["intermediate"], choice["languages"]

    def read(split: str, codes: Sequence[str], dropped: Counter[str]) -> Iterator[Row]:
        left_out = LeftOut(choice["unusable"], dropped)
        return chain.from_iterable(intermediate.read(data, task, split, each, left_out) for each in codes)

    train = partial(read, "train", languages)
    # The best checkpoint is chosen on English, whatever the languages of training.
    dev = _first(partial(read, "dev", ["en"]), choice["evaluate_on"])
    # A language may bring labels of its own (supertags), beside those of the English development rows.
    labels = intermediate.labels(data, task, tuple(dict.fromkeys(["en", *languages])))
    return Corpus(task, intermediate.FAMILY[task], labels, limits, {"train": train, "dev": dev})


def _train(data: Path, source: str, unusable: float, split: str, dropped: Counter[str]) -> Iterator[Row]:
    return targets.read_train(data, source, split, LeftOut(unusable, dropped))


def _test(data: Path, task: str, language: str, dropped: Counter[str]) -> Iterator[Row]:
    return targets.read_test(data, task, language)


def _first(read: Read, count: int) -> Read:
    """Read the first `count` rows, all for 0. The others are looked at too, so that every fault of a file is found."""

    def first(dropped: Counter[str]) -> Iterator[Row]:
        rows = read(dropped)
        yield from islice(rows, count or None)
        deque(rows, maxlen=0)

    return first
