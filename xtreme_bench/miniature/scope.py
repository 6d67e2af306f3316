"""What a build of the corpora covers: seed, size and languages; and the text of each kind of file."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_bench.benchmark import TASKS

# Path below the data or labels folder, and the whole text of the file.
File = tuple[str, str]


@dataclass(frozen=True)
class Scope:
    """Seed, size factor and languages of a build."""

    seed: int
    scale: float
    languages: tuple[str, ...]

    def rng(self, *names: object) -> random.Random:
        """The random generator of one part of the corpora: parts never affect each other."""
        return random.Random("/".join(map(str, (self.seed, *names))))

    def size(self, full: int) -> int:
        """How many of something this build has, from the number at scale 1; never less than 12."""
        return max(12, round(full * self.scale))

    def covered(self, task: str) -> list[str]:
        """The languages of this build that XTREME has for the task."""
        return [language for language in self.languages if language in TASKS[task].languages]


def lines(rows: Iterable[str]) -> str:
    """One row per line."""
    return "".join(row + "\n" for row in rows)


def spreadsheet(rows: Iterable[Sequence[object]], *, delimiter: str = "\t") -> str:
    """Rows as Python's csv writes them (quotes where needed, CR LF), which is how XTREME writes xnli and pawsx."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def json_lines(records: Iterable[Any]) -> str:
    """One JSON record per line."""
    return lines(json.dumps(record, ensure_ascii=False) for record in records)


def sentences(rows: Iterable[Iterable[str]]) -> str:
    """Tagging files: one word per line, an empty line after each sentence."""
    return "".join(lines(row) + "\n" for row in rows)
