"""The state of preparing upstream releases: the files that were found, where results go, and notes."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO, TypeVar

from xtreme_bench.data.quoting import csv_quoted
from xtreme_bench.data.release.recognition import Recognised
from xtreme_bench.data.release.spool import Spool
from xtreme_bench.data.usable import MOST_UNUSABLE, LeftOut
from xtreme_bench.errors import InputError
from xtreme_bench.wording import shown

# The ending of counts of rows that were found but are not examples.
NOT_USED = ", not trained on"
T = TypeVar("T")


@dataclass
class Notes:
    """A step's notes: per task the files it was made from, counts of examples, and remarks for people."""

    made_from: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    remarks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def to_dict(self) -> dict[str, Any]:
        """For each task: made_from, examples, remarks."""
        return {
            task: {
                "made_from": self.made_from[task],
                "examples": dict(sorted(self.counts[task].items())),
                "remarks": self.remarks[task],
            }
            for task in sorted({*self.made_from, *self.counts, *self.remarks})
            if self.made_from[task] or self.counts[task] or self.remarks[task]
        }


@dataclass
class Preparation:
    """One run of `prepare`: its inputs, its options, and what finished steps leave for later ones.

    `to` or `labels` may be None: then that half is not written. `unusable` is the share of a training file's rows that
    may be unusable. `notes` and `written` (path -> bytes and time of
    change) are those of the step that is running.
    """

    found: Recognised
    to: Path | None
    labels: Path | None
    spool: Spool
    dev_as_test: frozenset[str] = frozenset()
    sample: int = 0
    unusable: float = MOST_UNUSABLE
    notes: Notes = field(default_factory=Notes)
    written: dict[str, list[int]] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda file: None

    def begin(self, step: str, tell: Callable[[str], None] = lambda file: None) -> None:
        """Start a step with empty notes; `tell` is told of each file that is read."""
        self.notes, self.written, self.tell = Notes(), {}, tell
        self.spool.begin(step)

    def files(self, corpus: str, form: str, *fields: str) -> dict[tuple[str, ...], Path]:
        """The files of a corpus that were found in one form, by the values of `fields`.

        If two files have the same values, the one in the earlier source wins, then the first by name.
        """
        matches: dict[tuple[str, ...], Path] = {}
        for match in self.found.matches.get((corpus, form), ()):
            key = tuple(match.fields.get(name, "") for name in fields)
            matches.setdefault(key, match.path)
        return matches

    def use(self, task: str, path: Path) -> Path:
        """Note that `task` was made from `path`, and return it."""
        name = self._names.get(path)
        self.tell(name or path.name)
        if name is not None and name not in self.notes.made_from[task]:
            self.notes.made_from[task].append(name)
        return path

    @cached_property
    def _names(self) -> dict[Path, str]:
        return {match.path: match.name for matches in self.found.matches.values() for match in matches}

    def by_names(self, error: InputError) -> InputError:
        """The same error, but unpacked files are named as in their archives, not by where they lie now."""
        unpacked = {str(path): name for path, name in self._names.items() if not shown(str(path)).endswith(name)}
        if not unpacked:
            return error
        places = re.compile("|".join(map(re.escape, sorted(unpacked, key=len, reverse=True))))

        def named(text: str) -> str:
            return places.sub(lambda place: unpacked[place[0]], text)

        problems = [replace(one, message=named(one.message), file=named(one.file or "")) for one in error.problems]
        return InputError(named(str(error.args[0])), problems)

    def say_if_quoted(self, task: str, path: Path) -> None:
        """Remark that a file of a release that has no quoting was written by a CSV writer, if it was."""
        if csv_quoted(path):
            self.remark(
                task,
                f"{self._names.get(path, path.name)} is not as released: a CSV writer made it; its quotes are undone",
            )

    def count(self, task: str, what: str, number: int = 1) -> None:
        """Add to a task's number of examples, or of what `what` names."""
        self.notes.counts[task][what] += number

    def count_rows(self, task: str, what: str, rows: Callable[[LeftOut], Iterable[T]]) -> Iterator[T]:
        """The rows of a training file, counted as `what`; `rows` is told how many may be unusable."""
        left_out = LeftOut(self.unusable)
        for row in rows(left_out):
            self.count(task, what)
            yield row
        self.count_left_out(task, what, left_out)

    def count_left_out(self, task: str, what: str, left_out: LeftOut) -> None:
        """Note how many rows of `what` were left out, and why."""
        for reason, number in left_out.counts.items():
            self.count(task, f"{what}: {reason}{NOT_USED}", number)

    def remark(self, task: str, text: str) -> None:
        """Add a remark about a task, once."""
        if text not in self.notes.remarks[task]:
            self.notes.remarks[task].append(text)

    def kept(self, total: int) -> list[int]:
        """Which of `total` test examples are kept: `sample` of them, evenly over all, or all if `sample` is 0."""
        return evenly(total, self.sample or total)

    def spread(self, rows: Sequence[T]) -> list[T]:
        """Those rows of a test set."""
        return [rows[at] for at in self.kept(len(rows))]

    @contextmanager
    def writing(self, file: str) -> Iterator[TextIO]:
        """A stream into a file below the data folder, line ends as given; the file appears whole or not at all."""
        with self._writing(self.to, file) as stream:
            yield stream

    @contextmanager
    def writing_labels(self, task: str, file: str) -> Iterator[TextIO]:
        """The same for a file of gold labels of `task`."""
        with self._writing(self.labels, f"{task}/{file}") as stream:
            yield stream

    def write(self, file: str, text: str) -> None:
        """Write a file below the data folder."""
        with self.writing(file) as stream:
            stream.write(text)

    def write_labels(self, task: str, file: str, text: str) -> None:
        """Write a file of gold labels of `task`."""
        with self.writing_labels(task, file) as stream:
            stream.write(text)

    def copy(self, task: str, path: Path, file: str) -> None:
        """Copy a file that is already in the right format to `file` below the data folder."""
        self.use(task, path)
        if self.to is not None:
            partial = _partial(self.to / file)
            shutil.copyfile(path, partial)
            self._finish(partial, self.to / file)

    @contextmanager
    def _writing(self, folder: Path | None, file: str) -> Iterator[TextIO]:
        if folder is None:
            with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123  (devnull is a name, not a path)
                yield nowhere
            return
        partial = _partial(folder / file)
        try:
            with partial.open("w", encoding="utf-8", newline="") as stream:
                yield stream
            self._finish(partial, folder / file)
        finally:
            partial.unlink(missing_ok=True)

    def _finish(self, partial: Path, path: Path) -> None:
        partial.replace(path)
        self.written[str(path)] = size_and_time(path)


def size_and_time(path: Path) -> list[int]:
    """A cheap sign of whether a file is still the same."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def evenly(total: int, wanted: int) -> list[int]:
    """`wanted` numbers below `total` (all, where it has fewer), at even distances from 0 on.

    Files of equal length, such as the translations of one test set, keep the same places. A file's rows may come in
    groups of different difficulty, as XNLI's do, so its first rows do not stand for it.
    """
    wanted = min(wanted, total)
    return [at * total // wanted for at in range(wanted)]


def cut(groups: Sequence[Hashable], share: float) -> int:
    """The position that cuts rows in two, the first part holding `share` of them or a few more.

    Moves on to the next row whose group differs from the one before, so that rows of one group (the three hypotheses
    of a premise, the questions on a passage) stay together.
    """
    at = int(len(groups) * share)
    while 0 < at < len(groups) and groups[at] == groups[at - 1]:
        at += 1
    return at


def joined(lines: Iterable[str]) -> str:
    """Lines as the text of a file."""
    return "".join(f"{line}\n" for line in lines)


def _partial(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.partial")
