"""A recipe as a tree that remembers lines and can be asked by path, and the faults that are found in it.

Reading and checks both look at this tree; neither calls the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xtreme_bench.errors import Problem


@dataclass(frozen=True)
class Scalar:
    """One value. `kind` says how YAML 1.1 reads it, in words that fit "must be a number, not ..."."""

    line: int
    value: str | int | float | bool | None
    text: str
    kind: str


@dataclass(frozen=True)
class Items:
    """A list."""

    line: int
    items: tuple[Tree, ...]
    kind: str = "a list"


@dataclass(frozen=True)
class Entry:
    """One key of a mapping, with the line of the key."""

    line: int
    value: Tree


@dataclass(frozen=True)
class Entries:
    """A mapping. If a key occurs twice, the first counts (and a problem is reported)."""

    line: int
    entries: Mapping[str, Entry]
    kind: str = "a mapping"

    def at(self, *path: str) -> Entry | None:
        """The entry at a path of keys, or None where the path ends early."""
        here: Tree = self
        entry = None
        for key in path:
            entry = here.entries.get(key) if isinstance(here, Entries) else None
            if entry is None:
                return None
            here = entry.value
        return entry

    def named(self, *path: str) -> Mapping[str, Entry]:
        """The entries of the mapping at a path; empty where there is none."""
        entry = self.at(*path)
        return entry.value.entries if entry is not None and isinstance(entry.value, Entries) else {}

    def text(self, *path: str) -> str | None:
        """The text at a path, or None where there is nothing or something else."""
        value = entry.value if (entry := self.at(*path)) else None
        return value.text if isinstance(value, Scalar) and value.kind == "text" else None

    def whole(self, *path: str, default: int = 0) -> int | None:
        """The whole number at a path, `default` where there is nothing, None where there is something else."""
        entry = self.at(*path)
        if entry is None:
            return default
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def line_of(self, *path: str) -> int:
        """The line of the deepest entry on a path."""
        for end in range(len(path), 0, -1):
            if entry := self.at(*path[:end]):
                return entry.line
        return self.line


Tree = Scalar | Items | Entries


def tree_of(value: object) -> Tree:
    """The tree of JSON values, all in line 1. Null values of a mapping are left out, as if nobody had written them."""
    if isinstance(value, Mapping):
        return Entries(1, {str(key): Entry(1, tree_of(inner)) for key, inner in value.items() if inner is not None})
    if isinstance(value, list):
        return Items(1, tuple(map(tree_of, value)))
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return Scalar(
        1, value if isinstance(value, str | int | float) else None, str(value), kinds.get(type(value), "empty")
    )


@dataclass(frozen=True)
class Reading:
    """What reading works with: the file, where its data come from, and the faults found so far."""

    file: str
    source: str
    problems: list[Problem] = field(default_factory=list)

    def fault(self, message: str, line: int) -> None:
        """Add a fault in a line of the file."""
        self.problems.append(Problem(message, self.file, line))
