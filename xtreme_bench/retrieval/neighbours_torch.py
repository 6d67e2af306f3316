"""Exact k nearest neighbours by cosine with torch on a GPU, with the same results as `neighbours`.

A unit vector is split into its bfloat16 rounding and the bfloat16 rounding of the remainder. One matrix product of
three times the width sums three products of these parts. It gives cosines with an error of about 2**-15, enough for a
shortlist.
"""

from __future__ import annotations

import numpy as np
import torch

from xtreme_bench.retrieval.neighbours import NONE, Neighbours, Progress, rounding, settle
from xtreme_bench.retrieval.vectors import Corpus

# One block of similarities has ROWS x COLUMNS floats, 2 GiB.
ROWS, COLUMNS = 32768, 16384
# Extra neighbours on a shortlist, beyond k: more than for float32 products, which have a smaller error.
SPARE = 12


class _Best:
    """The most similar items of each query so far, best first, on the device."""

    def __init__(self, queries: int, k: int, device: str) -> None:
        self.similarity = torch.full((queries, k), NONE, device=device)
        self.index = torch.full((queries, k), -1, dtype=torch.int64, device=device)

    def take(self, block: torch.Tensor, query: int, item: int) -> None:
        """Add a block of similarities (queries, items) that starts at `query` and `item`."""
        k, rows = self.index.shape[1], slice(query, query + len(block))
        values, items = block.topk(min(k, block.shape[1]), dim=1)
        values = torch.cat([self.similarity[rows], values], 1)
        items = torch.cat([self.index[rows], items + item], 1)
        self.similarity[rows], chosen = values.topk(k, dim=1)
        self.index[rows] = items.gather(1, chosen)

    def neighbours(self) -> Neighbours:
        found = Neighbours(*self.index.shape)
        found.similarity, found.index = self.similarity.cpu().numpy(), self.index.cpu().numpy()
        return found


def both_ways(
    left: Corpus, right: Corpus, k: int, device: str, progress: Progress | None = None
) -> tuple[Neighbours, Neighbours]:
    """The k nearest (all if there are fewer) of `right` for each of `left`, and the reverse."""
    forward = _Best(len(left), min(k + SPARE, len(right)), device)
    backward = _Best(len(right), min(k + SPARE, len(left)), device)
    for row in range(0, len(left), ROWS):
        rows = parts_of(_units(left, slice(row, row + ROWS), device), (0, 0, 1))
        for column in range(0, len(right), COLUMNS):
            columns = parts_of(_units(right, slice(column, column + COLUMNS), device), (0, 1, 0))
            block = product(rows, columns)
            forward.take(block, row, column)
            backward.take(block.T, column, row)
        if progress:
            progress(min(row + ROWS, len(left)), len(left))
    error = product_error(left.width)
    return (
        settle(forward.neighbours(), min(k, len(right)), error, left, right),
        settle(backward.neighbours(), min(k, len(left)), error, right, left),
    )


def _units(corpus: Corpus, rows: slice, device: str) -> torch.Tensor:
    """Some unit vectors, as `Corpus.unit` returns them, but normalised on the device."""
    found = np.ascontiguousarray(corpus.vectors[rows], dtype=np.float32)
    # torch warns about read-only memory.
    whole = torch.from_numpy(found if found.flags.writeable else found.copy()).to(device)
    return whole / torch.from_numpy(corpus.norms[rows]).to(device)[:, None]


def parts_of(units: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    """Parts of unit vectors (n, d), concatenated in `order`: 0 is the rounded vector, 1 the rounded remainder."""
    rounded = units.bfloat16()
    parts = rounded, (units - rounded.float()).bfloat16()
    return torch.cat([parts[at] for at in order], 1)


def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """All dot products of bfloat16 rows, summed in float32. On a CPU (for tests) a float32 product does the same."""
    return torch.mm(left, right.T, out_dtype=torch.float32) if left.is_cuda else left.float() @ right.float().T


def product_error(width: int) -> float:
    """An upper bound of the error of `product`: left-out parts, and sums that a GPU may truncate instead of round."""
    return 2**-15 + 4 * rounding(3 * width)
