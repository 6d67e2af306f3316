"""What a model sees of rows: token ids, and what their family needs. In memory, or as flat columns on the disk.

On the disk each column is two files: `<column>.values`, the int32 values of all examples one after another, and
`<column>.ends`, where each begins and the last one ends (int64). They are memory-mapped, so that training on a million
examples takes the memory of one batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int32]]
Floats = np.ndarray[Any, np.dtype[np.float32]]

# The optional parts of an example beside its token ids; all examples of a folder have the same ones.
_OPTIONAL = ("target", "positions", "extra", "segments")


@dataclass(frozen=True, slots=True)
class Example:
    """What a model sees of a row: token ids, one sequence or one for each choice, and what its family needs.

    `row` is the index of the row it comes from; long rows give several examples. `target` is the family's own, and
    None in test files. `positions` says where the family reads the hidden states, `extra` what decoding needs.
    `segments` are those of the tokens of all sequences, one after another, None where all are in segment 0. `second` is
    where the second side of a pair of translations begins; its positions start again. `cut` says what of the
    row did not fit. `below` are the hidden states (tokens, width) of each sequence above the frozen blocks, if they are
    kept.
    """

    row: int
    sequences: tuple[Ints, ...]
    target: Ints | None = None
    positions: Ints | None = None
    extra: Ints | None = None
    segments: Ints | None = None
    second: int | None = None
    cut: tuple[str, ...] = ()
    below: tuple[Floats, ...] | None = None

    @property
    def length(self) -> int:
        """Tokens of the longest sequence."""
        return max(len(sequence) for sequence in self.sequences)

    @property
    def tokens(self) -> int:
        """Tokens of all sequences."""
        return sum(len(sequence) for sequence in self.sequences)


def needed(column: Ints | None) -> Ints:
    """A part of an example that its family always has."""
    if column is None:
        raise ValueError("an example lacks a part that its family needs; please report this")
    return column


def write(folder: Path, batches: Iterable[tuple[int, Sequence[Example]]]) -> None:
    """Write examples to a new folder, for `Examples` to read; `second` and `cut` are not kept.

    Each batch comes with the number of its first row. Errors: `OSError` when the disk is full.
    """
    folder.mkdir(parents=True)
    with ExitStack() as files:
        tokens, rows = _Writer(folder, "tokens", files), _Writer(folder, "rows", files)
        optional = {name: _Writer(folder, name, files) for name in _OPTIONAL}
        for first, examples in batches:
            tokens.add([sequence for example in examples for sequence in example.sequences])
            # The column of rows also says how many sequences an example has: its row, once for each.
            rows.add([np.full(len(example.sequences), first + example.row) for example in examples])
            for name, column in optional.items():
                column.add([values for example in examples if (values := getattr(example, name)) is not None])
        if any(column.count not in (0, rows.count) for column in optional.values()):
            raise ValueError("some examples have a target, positions, extra or segments, and others have none")


class _Writer:
    """One column that is being written."""

    def __init__(self, folder: Path, name: str, files: ExitStack) -> None:
        self._values = files.enter_context((folder / f"{name}.values").open("wb"))
        self._ends = files.enter_context((folder / f"{name}.ends").open("wb"))
        self._ends.write(np.zeros(1, "<i8").tobytes())
        self._end = self.count = 0

    def add(self, arrays: Sequence[np.ndarray[Any, Any]]) -> None:
        if arrays:
            ends = self._end + np.cumsum([len(array) for array in arrays], dtype="<i8")
            self._values.write(np.concatenate(arrays).astype("<i4").tobytes())
            self._ends.write(ends.tobytes())
            self._end, self.count = int(ends[-1]), self.count + len(arrays)


class Examples(Sequence[Example]):
    """The examples that `write` left in a folder, read from the disk when asked for.

    `below` is the file with what the frozen blocks give for each of their tokens; None, or absent, if it is not kept.
    """

    def __init__(self, folder: Path, below: Path | None = None) -> None:
        self._tokens, self._rows = _Column(folder, "tokens"), _Column(folder, "rows")
        columns = (_Column(folder, name) for name in _OPTIONAL)
        self._optional = tuple(column if len(column) else None for column in columns)
        kept = below is not None and below.is_file()
        self._below: Floats | None = _map(below, "<f4").reshape(self.tokens, -1) if kept and below else None

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        places = self.places(at)
        sequences = tuple(self._tokens.values[place] for place in places)
        below = None if self._below is None else tuple(self._below[place] for place in places)
        target, positions, extra, segments = (None if column is None else column[at] for column in self._optional)
        row = int(self._rows[at][0])
        return Example(row, sequences, target, positions, extra, segments, below=below)

    def places(self, at: int) -> list[slice]:
        """Where the tokens of each sequence of an example stand among all tokens."""
        return [slice(*self._tokens.bounds(sequence)) for sequence in range(*self._rows.bounds(at))]

    @property
    def rows(self) -> int:
        """Number of rows that the examples come from."""
        return int(self._rows.values[-1]) + 1 if len(self) else 0

    @property
    def tokens(self) -> int:
        """Number of token ids of all sequences together."""
        return len(self._tokens.values)

    def mark(self, used: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        """Set `used` at each token id that occurs."""
        used[self._tokens.values] = True

    def lengths(self) -> list[int]:
        """`length` of each example, without a look at the tokens."""
        if not len(self):
            return []
        longest: list[int] = np.maximum.reduceat(np.diff(self._tokens.ends), self._rows.ends[:-1]).tolist()
        return longest


class _Column:
    """One column, memory-mapped."""

    def __init__(self, folder: Path, name: str) -> None:
        self.values: Ints = _map(folder / f"{name}.values", "<i4")
        self.ends: np.ndarray[Any, np.dtype[np.int64]] = _map(folder / f"{name}.ends", "<i8")

    def __len__(self) -> int:
        return len(self.ends) - 1

    def bounds(self, at: int) -> tuple[int, int]:
        return int(self.ends[at]), int(self.ends[at + 1])

    def __getitem__(self, at: int) -> Ints:
        return self.values[slice(*self.bounds(at))]


def _map(path: Path, kind: str) -> np.ndarray[Any, Any]:
    """An empty file cannot be mapped."""
    return np.asarray(np.memmap(path, kind, mode="r")) if path.stat().st_size else np.empty(0, kind)


def lengths(examples: Sequence[Example]) -> list[int]:
    """Tokens of the longest sequence of each example."""
    return examples.lengths() if isinstance(examples, Examples) else [example.length for example in examples]
