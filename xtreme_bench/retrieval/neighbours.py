"""Exact k nearest neighbours by cosine, in both directions from one blocked matrix product, in bounded memory.

A fast product of blocks gives a shortlist for each sentence, slightly longer than k. The similarities of the shortlist
are then recomputed pair by pair in double precision. If the rounding error of the fast product allows a closer
neighbour outside the shortlist, the sentence is searched again exactly. So the result depends neither on the block size
nor on the matrix product.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from xtreme_bench.retrieval.vectors import Corpus, Floats, Indices

Progress = Callable[[int, int], None]

# One block of similarities has ROWS x COLUMNS floats, 16 MiB: half the L3 cache of a large processor.
ROWS, COLUMNS = 4096, 1024
# TILE rows of a block share one check of their maximum. GROUPS give a first bound when nothing is known yet.
TILE, GROUPS = 16, 64
# Extra neighbours on a shortlist, beyond k.
SPARE = 2
# Lower than every cosine.
NONE = -2.0
# Pairs that a thread gathers at a time, and queries that it searches together.
PAIRS, SEARCHED = 512, 64


class Neighbours:
    """The k most similar items of each query so far, best first; ties in ascending order of item index."""

    def __init__(self, queries: int, k: int) -> None:
        self.similarity: Floats = np.full((queries, k), NONE, dtype=np.float32)
        self.index: Indices = np.full((queries, k), -1, dtype=np.int64)
        # The similarity that an item must exceed to be among the k nearest.
        self._bar: Floats = np.full(queries, NONE, dtype=np.float32)
        # Items above the bar, not merged yet: first query of the block -> (query, item, similarity).
        self._waiting: dict[int, list[tuple[Indices, Indices, Floats]]] = {}

    def take(self, block: Floats, query: int, item: int) -> None:
        """Add a block of similarities (queries, items) that starts at `query` and `item`; it may be a transposed view.

        For each query, blocks must come in ascending order of items, starting with item 0. Call `merge` after the last
        block.
        """
        bar, k = self._bar[query : query + len(block)], self.index.shape[1]
        if item == 0:
            bar[:] = _reached(block, k)
        queries, items, values = _above(block, bar)
        if len(queries) > GROUPS * len(bar):
            # Similar items stand together; merging each at once would mostly be wasted.
            np.maximum(bar, _reached(block, k), out=bar)
            queries, items, values = _above(block, bar)
        waiting = self._waiting.setdefault(query, [])
        waiting.append((queries, items + item, values))
        # A merge sorts the known items again, so it pays only when as many new ones wait.
        if sum(len(queries) for queries, _, _ in waiting) > bar.size * k:
            self._merge(query)

    def merge(self) -> None:
        """Merge all waiting items."""
        for query in list(self._waiting):
            self._merge(query)

    def _merge(self, query: int) -> None:
        queries, items, values = (np.concatenate(parts) for parts in zip(*self._waiting.pop(query), strict=True))
        k = self.index.shape[1]
        counts = np.bincount(queries)
        touched = np.flatnonzero(counts)
        index, similarity = self.index[query:], self.similarity[query:]
        queries = np.concatenate([np.repeat(touched, k), queries])
        items = np.concatenate([index[touched].ravel(), items])
        values = np.concatenate([similarity[touched].ravel(), values])
        # By query, best first. A stable sort keeps earlier items, which have lower indices, first among ties.
        order = np.argsort((queries << 32) - _ranks(values), kind="stable")
        ends = np.cumsum(counts[touched] + k)
        kept = order[(ends - counts[touched] - k)[:, None] + np.arange(k)]
        index[touched], similarity[touched] = items[kept], values[kept]
        self._bar[query + touched] = similarity[touched, -1]


def _ranks(values: Floats) -> Indices:
    """Integers in the same order as the float32 values: the bits of a float, with those of negative numbers flipped."""
    bits = (values + np.float32(0)).view(np.int32).astype(np.int64)  # -0.0 becomes 0.0
    return np.where(bits < 0, bits ^ 0x7FFFFFFF, bits)


def _across(block: Floats) -> bool:
    """Whether a block (queries, items) is a transposed view, so that items are the rows in memory."""
    return block.strides[0] < block.strides[1]


def _reached(block: Floats, k: int) -> Floats:
    """For each query, a value just below a similarity that at least k items of the block reach.

    The block is split into GROUPS groups of items; the maxima of the k best groups are k different items.
    """
    size = block.shape[1] // GROUPS
    if size == 0 or k > GROUPS:
        return np.full(len(block), NONE, dtype=np.float32)
    if _across(block):
        tops = block.T[: size * GROUPS].reshape(GROUPS, size, -1).max(axis=1).T
    else:
        tops = block[:, : size * GROUPS].reshape(-1, size, GROUPS).max(axis=1)
    return np.nextafter(np.partition(tops, GROUPS - k, axis=1)[:, GROUPS - k], np.float32(NONE))


def _above(block: Floats, bar: Floats) -> tuple[Indices, Indices, Floats]:
    """(query, item, similarity) of each similarity in the block that exceeds the bar of its query."""
    if _across(block):
        return _above_across(block.T, bar)
    # `take` releases the GIL for the thread of the other direction; indexing by arrays does not.
    places = np.flatnonzero(block > bar[:, None])
    return *np.divmod(places, block.shape[1]), block.ravel().take(places)


def _above_across(block: Floats, bar: Floats) -> tuple[Indices, Indices, Floats]:
    """As `_above`, for a transposed view: first compares the maximum of each TILE items."""
    height, width = block.shape
    whole = height - height % TILE
    tops = block[:whole].reshape(-1, TILE, width).max(axis=1)
    tile, query = np.divmod(np.flatnonzero(tops > bar), width)
    within = ((TILE * tile * width + query)[:, None] + width * np.arange(TILE)).ravel()
    places = within[np.flatnonzero(block.ravel().take(within).reshape(-1, TILE) > bar.take(query)[:, None])]
    places = np.concatenate([places, np.flatnonzero(block[whole:] > bar) + whole * width])
    items, queries = np.divmod(places, width)
    return queries, items, block.ravel().take(places)


def one_way(queries: Corpus, items: Corpus, k: int, progress: Progress | None = None) -> Neighbours:
    """The k nearest of `items` (all if there are fewer) for each of `queries`."""
    found = Neighbours(len(queries), min(k + SPARE, len(items)))
    for row, column, block in _similarities(queries, items, progress):
        found.take(block, row, column)
    found.merge()
    return settle(found, min(k, len(items)), rounding(queries.width), queries, items)


def both_ways(left: Corpus, right: Corpus, k: int, progress: Progress | None = None) -> tuple[Neighbours, Neighbours]:
    """The k nearest of `right` for each of `left`, and the reverse: as two calls of `one_way`, at half the cost."""
    forward = Neighbours(len(left), min(k + SPARE, len(right)))
    backward = Neighbours(len(right), min(k + SPARE, len(left)))
    with ThreadPoolExecutor(1) as beside:
        for row, column, block in _similarities(left, right, progress):
            other = beside.submit(backward.take, block.T, column, row)
            forward.take(block, row, column)
            other.result()
    forward.merge()
    backward.merge()
    error = rounding(left.width)
    return (
        settle(forward, min(k, len(right)), error, left, right),
        settle(backward, min(k, len(left)), error, right, left),
    )


def rounding(width: int) -> float:
    """An upper bound of the error of a float32 dot product of unit vectors of `width` (Higham 2002, section 3.1)."""
    return (width + 2) * float(np.finfo(np.float32).eps) / 2


def _similarities(left: Corpus, right: Corpus, progress: Progress | None) -> Iterator[tuple[int, int, Floats]]:
    """Blocks of the cosine matrix as (first row, first column, block). A block is valid until the next one."""
    buffer = np.empty(min(ROWS, len(left)) * min(COLUMNS, len(right)), dtype=np.float32)
    for row in range(0, len(left), ROWS):
        rows = left.unit(slice(row, row + ROWS))
        for column in range(0, len(right), COLUMNS):
            columns = right.unit(slice(column, column + COLUMNS))
            block = buffer[: len(rows) * len(columns)].reshape(len(rows), len(columns))
            yield row, column, np.matmul(rows, columns.T, out=block)
        if progress:
            progress(min(row + ROWS, len(left)), len(left))


def settle(shortlist: Neighbours, k: int, error: float, queries: Corpus, items: Corpus) -> Neighbours:
    """The exact k nearest, from a shortlist whose similarities have an error of at most `error`."""
    found = _ranked(shortlist.index, k, queries, items)
    if shortlist.index.shape[1] == len(items):
        return found
    # The similarity of an item outside the list is at most that of the last item on it, plus the error.
    doubtful = np.flatnonzero(found.similarity[:, -1] <= shortlist.similarity[:, -1] + error)
    if len(doubtful):
        anew = _exactly(doubtful, k, queries, items)
        found.index[doubtful], found.similarity[doubtful] = anew.index, anew.similarity
    return found


def _ranked(index: Indices, k: int, queries: Corpus, items: Corpus) -> Neighbours:
    """The k best of the items in `index` (n, >= k), with similarities computed pair by pair in double precision."""
    found = Neighbours(len(index), k)

    def rank(rows: slice) -> None:
        units = queries.unit(rows).astype(np.float64)[:, None]
        exact = np.vecdot(units, items.unit(index[rows]).astype(np.float64)).astype(np.float32)
        order = np.lexsort((index[rows], -exact), axis=1)[:, :k]
        found.similarity[rows] = np.take_along_axis(exact, order, axis=1)
        found.index[rows] = np.take_along_axis(index[rows], order, axis=1)

    _in_threads(rank, len(index), max(1, PAIRS // index.shape[1]))
    return found


def _exactly(rows: Indices, k: int, queries: Corpus, items: Corpus) -> Neighbours:
    """The k nearest of all items for the queries `rows`, by the same exact similarities."""
    found = Neighbours(len(rows), k)

    def search(part: slice) -> None:
        units = queries.unit(rows[part]).astype(np.float64)[:, None]
        for item in range(0, len(items), COLUMNS):
            columns = items.unit(slice(item, item + COLUMNS)).astype(np.float64)
            # No matrix product: there, the rounding of a pair may depend on its position.
            found.take(np.vecdot(units, columns).astype(np.float32), part.start, item)

    _in_threads(search, len(rows), SEARCHED)
    found.merge()
    return found


def _in_threads(work: Callable[[slice], None], count: int, step: int) -> None:
    """Call `work` with each slice of `step` out of `count`, in as many threads as the matrix product uses."""
    threads = int(os.environ.get("OPENBLAS_NUM_THREADS") or 0) or os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [slice(at, min(at + step, count)) for at in range(0, count, step)]))
