"""The k nearest neighbours by cosine, both ways from one product of two corpora, in memory bounded by the block size.

The similarities are made block by block and never kept; of each sentence only the k best so far are. Exact: nothing
is approximated, and what stays can be computed anew pair by pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_bench.errors import InputError

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

# One block of similarities is ROWS x COLUMNS floats, 32 MiB.
ROWS, COLUMNS = 2048, 4096
# The first neighbours of a query are looked for among so many items; they set the bar for all others.
FIRST = 256


@dataclass(frozen=True)
class Corpus:
    """Vectors (n, d) as given, and their lengths (n): normalised only block by block, so a memory map stays on disk."""

    vectors: Floats
    norms: Floats

    def __len__(self) -> int:
        return len(self.norms)

    def unit(self, rows: slice | Indices) -> Floats:
        """Some rows, each of length 1."""
        return np.asarray(self.vectors[rows] / self.norms[rows][..., None], dtype=np.float32)


def corpora(**arrays: Any) -> tuple[Corpus, ...]:
    """Corpora of the named arrays. Raises InputError, with the name, for vectors that have no cosine."""
    found = tuple(_corpus(array, name) for name, array in arrays.items())
    widths = {name: corpus.vectors.shape[1] for name, corpus in zip(arrays, found, strict=True)}
    if len(set(widths.values())) > 1:
        sizes = " and ".join(f"{name} has {width}" for name, width in widths.items())
        raise InputError(f"vectors of unlike dimensions: {sizes}; embed both sides with one encoder")
    return found


def _corpus(vectors: Any, name: str) -> Corpus:
    array = np.asanyarray(vectors, dtype=np.float32)
    if array.ndim != 2:
        raise InputError(f"{name}: vectors have shape {array.shape}; (sentences, dimensions) expected")
    if not array.size:
        raise InputError(f"{name}: no vectors (shape {array.shape})")
    norms = np.empty(len(array), dtype=np.float32)
    for start in range(0, len(array), COLUMNS):
        rows = slice(start, start + COLUMNS)
        norms[rows] = np.linalg.norm(array[rows], axis=1)
    for faulty, fault in ((~np.isfinite(norms), "holds NaN or infinity"), (norms == 0, "is all zeros")):
        if faulty.any():
            count = f" ({faulty.sum()} such rows)" if faulty.sum() > 1 else ""
            raise InputError(f"{name}: vector {faulty.argmax()} {fault}{count}; the encoder that made it is broken")
    return Corpus(array, norms)


def similarities(
    left: Corpus, right: Corpus, progress: Callable[[int, int], None] | None = None
) -> Iterator[tuple[int, int, Floats]]:
    """Blocks of the matrix of cosines, each with the numbers of its first row and column, and valid until the next."""
    buffer = np.empty(min(ROWS, len(left)) * min(COLUMNS, len(right)), dtype=np.float32)
    for row in range(0, len(left), ROWS):
        rows = left.unit(slice(row, row + ROWS))
        for column in range(0, len(right), COLUMNS):
            columns = right.unit(slice(column, column + COLUMNS))
            block = buffer[: len(rows) * len(columns)].reshape(len(rows), len(columns))
            yield row, column, np.matmul(rows, columns.T, out=block)
        if progress:
            progress(min(row + ROWS, len(left)), len(left))


class Neighbours:
    """The k most similar items of each query so far, best first; among equals the lowest item number first."""

    def __init__(self, queries: int, k: int) -> None:
        self.similarity: Floats = np.full((queries, k), -np.inf, dtype=np.float32)
        self.index: Indices = np.full((queries, k), -1, dtype=np.int64)

    def take(self, block: Floats, axis: int, query: int, item: int) -> None:
        """Take in a block whose `axis` runs over queries from number `query`, the other over items from `item`.

        For each query the blocks must come in the order of the items, the first from item 0.
        """
        queries = slice(query, query + block.shape[axis])
        skip = self._start(block.T if axis else block, queries) if item == 0 else 0
        rest = block[skip:] if axis else block[:, skip:]
        bar = self.similarity[queries, -1]
        passing = np.flatnonzero(rest > (bar if axis else bar[:, None]))
        if len(passing):
            at = np.unravel_index(passing, rest.shape)
            self._merge(at[axis] + query, at[1 - axis] + item + skip, rest[at])

    def _start(self, similarity: Floats, queries: slice) -> int:
        """Fill in from the first items, so that few of the others pass the bar; returns how many these were."""
        k = self.index.shape[1]
        first = np.ascontiguousarray(similarity[:, : max(FIRST, k)])
        order = np.argsort(-first, axis=1, kind="stable")[:, :k]
        known = order.shape[1]  # fewer than k when the block is that narrow
        self.index[queries, :known] = order
        self.similarity[queries, :known] = np.take_along_axis(first, order, axis=1)
        return int(first.shape[1])

    def _merge(self, queries: Indices, items: Indices, values: Floats) -> None:
        k = self.index.shape[1]
        touched = np.unique(queries)
        queries = np.concatenate([np.repeat(touched, k), queries])
        items = np.concatenate([self.index[touched].ravel(), items])
        values = np.concatenate([self.similarity[touched].ravel(), values])
        order = np.lexsort((items, -values, queries))
        kept = order[np.searchsorted(queries[order], touched)[:, None] + np.arange(k)]
        self.index[touched], self.similarity[touched] = items[kept], values[kept]

    def rescore(self, queries: Corpus, items: Corpus) -> None:
        """Compute the kept similarities anew, pair by pair: they no longer depend on the blocks or the direction."""
        step = max(1, ROWS // self.index.shape[1])
        for start in range(0, len(queries), step):
            rows = slice(start, start + step)
            exact = np.einsum("qd,qkd->qk", queries.unit(rows), items.unit(self.index[rows]))
            order = np.lexsort((self.index[rows], -exact), axis=1)
            self.similarity[rows] = np.take_along_axis(exact, order, axis=1)
            self.index[rows] = np.take_along_axis(self.index[rows], order, axis=1)
