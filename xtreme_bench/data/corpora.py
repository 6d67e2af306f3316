"""The corpora that encoders are trained on and predict: their rows, family, labels and limits, by name.

A choice names a corpus and how much of it is read; the stage that tokenises it and the one that trains on it or
predicts it are given the same choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, Literal

from xtreme_bench.aligned import Task as AlignedTask
from xtreme_bench.benchmark import TASKS, Group
from xtreme_bench.data import aligned, intermediate, streams, targets, text
from xtreme_bench.data.items import Draw
from xtreme_bench.data.passages import Passage, Passages
from xtreme_bench.data.streams import Read
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.intermediate import INTERMEDIATE, Family
from xtreme_bench.rows import Row

# Special tokens of a pair of texts in XLM-R's form; BERT's has one less.
MARKS = 4
# Questions are cut to this many tokens, as in XTREME's scripts, so that the context has room.
QUESTION = 64

# The family by which the targets of a group are trained and predicted; retrieval is neither.
FAMILY: Mapping[Group, Family] = {
    "classification": "classification",
    "tagging": "tagging",
    "qa": "qa",
    "dialogue": "dialogue",
}


@dataclass(frozen=True)
class Limits:
    """How long sequences may be, in tokens, special tokens included; `stride`, `answer` and `impossible` are QA's.

    `stride` is the step from one window to the next (as in XTREME's scripts, where it is called doc_stride, not the
    overlap that transformers calls stride); `answer` the longest answer; `impossible` whether "no answer" is one.
    """

    max_length: int
    stride: int = 0
    answer: int = 30
    impossible: bool = False


@dataclass(frozen=True)
class Corpus:
    """A task, and how each of its parts is read.

    Parts are "train", "dev" (or several "dev/<file>") and, for training anew on both, "all"; or languages of test sets.
    A part is read in a stream; what its format leaves out is counted under its reason in the counter given. `metric`
    chooses checkpoints in place of the family's. `matched`: the items are those of recipes in other languages too.
    """

    name: str
    family: Family | Literal["masking", "passages"]
    labels: tuple[str, ...]
    limits: Limits
    parts: Mapping[str, Read]
    metric: str = ""
    matched: bool = False

    @property
    def development(self) -> list[str]:
        """The parts by which checkpoints are chosen, each counting alike."""
        return [part for part in self.parts if part.partition("/")[0] == "dev"]

    def rows(self, part: str) -> list[Any]:
        """All rows of a part at once: for development and test sets."""
        return list(self.parts[part](Counter()))


def longest_question(max_length: int) -> int:
    """The most sub-words that a question keeps in sequences of `max_length`: never more than half of them."""
    return min(QUESTION, max_length // 2)


@dataclass(frozen=True)
class Share:
    """The share of the training dialogues in some languages that is drawn by a seed."""

    languages: tuple[str, ...]
    share: float
    seed: int

    def drawn(self, rows: Sequence[Row], language: str) -> list[Row]:
        """The drawn rows, one at least, in the order of the file."""
        count = max(1, round(self.share * len(rows)))
        chosen = Random(f"{self.seed}/{language}").sample(range(len(rows)), count)
        return [rows[at] for at in sorted(chosen)]


@dataclass(frozen=True)
class SourceChoice:
    """English training data of targets: the first `examples` rows, 0 = all; `evaluate_on` development rows, 0 = all.

    `others` are training rows in other languages that come after the English ones.

    `unusable` is the share of a file's rows that may be so. With `retrain` all rows, the development rows included,
    are one more part.
    """

    source: str
    max_length: int
    stride: int | None
    examples: int
    evaluate_on: int
    unusable: float
    retrain: bool
    others: Share | None

    def open(self, data: Path) -> Corpus:
        """The corpus below `data`, with the parts train, dev and perhaps all."""
        family = FAMILY[targets.group_of(self.source)]
        read = partial(_train, data, self.source, self.unusable)
        parts = {
            "train": self._with_others(data, streams.first(partial(read, "train"), self.examples)),
            "dev": streams.spread(partial(read, "dev"), self.evaluate_on),
        }
        if self.retrain:
            parts["all"] = streams.first(partial(read, "all"), self.examples)
        limits = Limits(self.max_length, self.stride or 0)
        return Corpus(self.source, family, targets.labels(self.source, data), limits, parts)

    def _with_others(self, data: Path, english: Read) -> Read:
        others = self.others
        if others is None:
            return english

        def train(dropped: Counter[str]) -> Iterator[Row]:
            yield from english(dropped)
            for language in others.languages:
                left_out = LeftOut(self.unusable, dropped)
                yield from others.drawn([*targets.read_train(data, self.source, "train", left_out, language)], language)

        return train


@dataclass(frozen=True)
class IntermediateChoice:
    """Training data of an intermediate task in some languages: all of it, or the items that are `drawn`.

    `select_on` are the languages of its development rows; without one there are none.
    """

    intermediate: str
    languages: tuple[str, ...]
    select_on: tuple[str, ...]
    drawn: Draw | None
    max_length: int
    stride: int | None
    evaluate_on: int
    unusable: float

    @property
    def matched(self) -> bool:
        """Whether the items are those of recipes in other languages too."""
        return self.drawn is not None and self.drawn.items == "parallel"

    def open(self, data: Path) -> Corpus:
        """The corpus below `data`. Raises InputError if labels must be read from files that are missing."""
        task = self.intermediate

        def train(dropped: Counter[str]) -> Iterator[Row]:
            if self.drawn is not None:
                return streams.items(data, task, self.unusable).drawn(self.drawn, self.languages, dropped)
            left_out = LeftOut(self.unusable, dropped)
            read = partial(intermediate.read, data, task, "train")
            return chain.from_iterable(read(language, left_out) for language in self.languages)

        development = streams.development(data, task, self.select_on, self.unusable)
        dev = {part: streams.spread(each, self.evaluate_on) for part, each in development.items()}
        # A language may add labels of its own (supertags) to those of the development rows.
        labels = intermediate.labels(data, task, tuple(dict.fromkeys([*self.select_on, *self.languages])))
        limits = Limits(self.max_length, self.stride or 0, impossible=INTERMEDIATE[task].impossible)
        parts, row = {"train": train, **dev}, INTERMEDIATE[task]
        return Corpus(task, row.family, labels, limits, parts, row.metric, self.matched)


@dataclass(frozen=True)
class TargetChoice:
    """Test sets of a target task."""

    task: str
    languages: tuple[str, ...]
    max_length: int
    stride: int | None

    def open(self, data: Path) -> Corpus:
        """The corpus below `data`, with a part for each language."""
        limits = Limits(self.max_length, self.stride or 0)
        parts = {language: partial(_test, data, self.task, language) for language in self.languages}
        return Corpus(self.task, FAMILY[TASKS[self.task].group], (), limits, parts)


@dataclass(frozen=True)
class TextChoice:
    """Raw text in some languages, for masked language modelling."""

    languages: tuple[str, ...]
    max_length: int

    def open(self, data: Path) -> Corpus:
        """The corpus below `data`, with a part for each language."""
        parts = {language: partial(_text, data, language) for language in self.languages}
        return Corpus("text", "masking", (), Limits(self.max_length), parts)


@dataclass(frozen=True)
class AlignedChoice:
    """Examples of a task over the first `lines` (0 = all) of the aligned text at `path` below the data folder.

    `evaluate_on` examples are drawn from lines that are held out, always the same ones; 0 = as many as there are lines,
    None = none.
    """

    task: AlignedTask
    path: str
    languages: tuple[str, ...]
    lines: int
    examples: int
    seed: int
    max_length: int
    evaluate_on: int | None
    unusable: float

    def open(self, data: Path) -> Corpus:
        """The corpus below `data`, with the parts train and, unless `evaluate_on` is None, dev."""

        def read(dropped: Counter[str]) -> aligned.Text:
            return aligned.read(data, self.path, self.languages, self.lines, LeftOut(self.unusable, dropped))

        def train(dropped: Counter[str]) -> Iterator[Passage]:
            name = f"{data / self.path}, what is trained on"
            return Passages(self.task, read(dropped).train, name).drawn(self.seed, self.examples)

        def dev(dropped: Counter[str]) -> Iterator[Passage]:
            blocks, name = read(Counter()).dev, f"{data / self.path}, what is held out"
            return Passages(self.task, blocks, name).drawn("held out", self.evaluate_on or sum(map(len, blocks)))

        parts = {"train": train, **({} if self.evaluate_on is None else {"dev": dev})}
        return Corpus(self.task.name, "passages", (), Limits(self.max_length), parts)


Choice = SourceChoice | IntermediateChoice | TargetChoice | TextChoice | AlignedChoice


def _train(data: Path, source: str, unusable: float, split: str, dropped: Counter[str]) -> Iterator[Row]:
    return targets.read_train(data, source, split, LeftOut(unusable, dropped))


def _text(data: Path, language: str, dropped: Counter[str]) -> Iterator[str]:
    return text.stream_text(data, language)


def _test(data: Path, task: str, language: str, dropped: Counter[str]) -> Iterator[Row]:
    return targets.read_test(data, task, language)
