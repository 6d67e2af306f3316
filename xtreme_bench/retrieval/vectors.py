"""Sentence vectors, checked once and normalised block by block, so that a memory map stays on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_bench.errors import InputError

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

# Rows per check.
CHECKED = 4096
# For shorter vectors, float32 loses too many digits.
SHORTEST = np.float32(2.0**-102)


@dataclass(frozen=True)
class Corpus:
    """Vectors (n, d) of any real type and memory order, and their norms (n)."""

    vectors: NDArray[Any]
    norms: Floats

    def __len__(self) -> int:
        return len(self.norms)

    @property
    def width(self) -> int:
        """The dimension d of the vectors."""
        return int(self.vectors.shape[1])

    def unit(self, rows: slice | Indices) -> Floats:
        """Some rows as contiguous float32 unit vectors (rows, d)."""
        # `take` releases the GIL; indexing by an array does not.
        some = self.vectors[rows] if isinstance(rows, slice) else np.take(self.vectors, rows, axis=0)
        found = np.ascontiguousarray(some, dtype=np.float32)
        return np.divide(found, self.norms[rows][..., None], dtype=np.float32)


def corpora(**arrays: Any) -> tuple[Corpus, ...]:
    """Make a corpus of each named array (n, d). Raises InputError, with the name, for vectors without a cosine."""
    found = tuple(_corpus(array, name) for name, array in arrays.items())
    if len({corpus.width for corpus in found}) > 1:
        sizes = " and ".join(f"{name} has {corpus.width}" for name, corpus in zip(arrays, found, strict=True))
        raise InputError(f"vectors of different dimensions: {sizes}; embed both sides with the same encoder")
    return found


def _corpus(vectors: Any, name: str) -> Corpus:
    array = np.asanyarray(vectors)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name}: vectors have type {array.dtype}; expected real numbers")
    if array.ndim != 2:
        raise InputError(f"{name}: vectors have shape {array.shape}; expected (sentences, dimensions)")
    if not array.size:
        raise InputError(f"{name}: no vectors (shape {array.shape})")
    norms = np.empty(len(array), dtype=np.float32)
    for start in range(0, len(array), CHECKED):
        # In double precision, the square of a float32 neither overflows nor underflows.
        rows = np.asarray(array[start : start + CHECKED], dtype=np.float64)
        with np.errstate(over="ignore"):
            norms[start : start + CHECKED] = np.sqrt(np.vecdot(rows, rows))
    faults = {
        "has NaN or infinity, or is too long for single precision": ~np.isfinite(norms),
        "is all zeros, or too short for single precision": norms < SHORTEST,
    }
    for fault, faulty in faults.items():
        if faulty.any():
            count = f" ({faulty.sum()} such rows)" if faulty.sum() > 1 else ""
            raise InputError(f"{name}: vector {faulty.argmax()} {fault}{count}; the encoder that made it is broken")
    return Corpus(array, norms)
