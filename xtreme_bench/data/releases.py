"""What the preparation of upstream releases works with: the files that were found, where results go, what is known."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from xtreme_bench.errors import InputError, Problem

# Samples of formats and results of other tools: never a data set, though the files have the names of one.
NOT_DATA = frozenset({"excerpts", "labels", "predictions"})
T = TypeVar("T")


@dataclass
class Preparation:
    """One run of `prepare`: its inputs, its options, and what the tasks done so far leave for those after them.

    `found` lists (path relative to its source folder, path). `to` or `labels` may be None: then that half is not
    written. `held_out` has the texts of test examples per language, as `comparable` returns them; `text` and
    `translations` are what may become pretraining text if none of it is held out.
    """

    found: Sequence[tuple[str, Path]]
    to: Path | None
    labels: Path | None
    dev_as_test: frozenset[str] = frozenset()
    sample: int = 0
    made_from: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    remarks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    held_out: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    text: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    translations: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def files(self, pattern: str) -> dict[tuple[str, ...], Path]:
        """The files whose relative path matches `pattern` (up to its end), by the pattern's groups.

        Where two files have the same groups, the one in the earlier source wins, then the first by name.
        """
        matches: dict[tuple[str, ...], Path] = {}
        for name, path in self.found:
            match = re.search(rf"(?:^|/){pattern}$", name)
            if match:
                matches.setdefault(match.groups(), path)
        return matches

    def use(self, task: str, path: Path) -> Path:
        """Note that `task` was made from `path`, and return it."""
        names = [name for name, found in self.found if found == path]
        if names and names[0] not in self.made_from[task]:
            self.made_from[task].append(names[0])
        return path

    def first(self, rows: Sequence[T]) -> Sequence[T]:
        """The rows of a test set that are kept: the first `sample` of them, or all if `sample` is 0."""
        return rows[: self.sample] if self.sample else rows

    def write(self, file: str, text: str) -> None:
        """Write a file below the data folder."""
        if self.to is not None:
            write_text(self.to / file, text)

    def write_labels(self, task: str, file: str, text: str) -> None:
        """Write a file of gold labels of `task`."""
        if self.labels is not None:
            write_text(self.labels / task / file, text)

    def copy(self, task: str, path: Path, file: str) -> None:
        """Copy a file that is already in the right format to `file` below the data folder."""
        self.use(task, path)
        if self.to is not None:
            partial = _partial(self.to / file)
            shutil.copyfile(path, partial)
            partial.replace(self.to / file)

    def notes(self) -> dict[str, Any]:
        """For each task: what it was made from, how many examples, and where it is not what XTREME has."""
        return {
            task: {
                "made_from": self.made_from[task],
                "examples": dict(sorted(self.counts[task].items())),
                "remarks": self.remarks[task],
            }
            for task in sorted({*self.made_from, *self.counts, *self.remarks})
            if self.made_from[task] or self.counts[task]
        }


def find(sources: Sequence[Path]) -> list[tuple[str, Path]]:
    """All files below the source folders as (relative POSIX path, path), sources in order, names sorted.

    Links, hidden files and folders named excerpts, labels or predictions are passed over.
    """
    absent = [source for source in sources if not source.is_dir()]
    if absent or not sources:
        problems = [Problem("not a folder", file=str(source)) for source in absent]
        raise InputError("the releases to prepare must be existing folders", problems)
    found = []
    for source in sources:
        names = []
        for folder, inner, files in os.walk(source):
            inner[:] = [name for name in inner if name not in NOT_DATA and not name.startswith(".")]
            names += [Path(folder) / name for name in files if not name.startswith(".")]
        found += sorted((path.relative_to(source).as_posix(), path) for path in names if not path.is_symlink())
    return found


def cut(groups: Sequence[Hashable], share: float) -> int:
    """The position that cuts rows in two, the first part holding `share` of them or a few more.

    Moves on to the next row whose group differs from the one before, so that rows of one group (the three hypotheses
    of a premise, the questions on a passage) stay together.
    """
    at = int(len(groups) * share)
    while 0 < at < len(groups) and groups[at] == groups[at - 1]:
        at += 1
    return at


def comparable(text: str) -> str:
    """`text` without differences of case and spacing, to find test examples that recur elsewhere."""
    return " ".join(text.casefold().split())


def joined(lines: Iterable[str]) -> str:
    """Lines as the text of a file."""
    return "".join(f"{line}\n" for line in lines)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, line ends as they are, to a temporary name beside `path` and move it there."""
    partial = _partial(path)
    partial.write_text(text, encoding="utf-8", newline="")
    partial.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people to read."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _partial(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.partial")
