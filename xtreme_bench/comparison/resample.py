"""Resample test items and seeds, to estimate how much a difference depends on them.

Paired bootstrap (Efron and Tibshirani 1993, chapter 8; in NLP, Koehn 2004) and approximate randomisation (Noreen 1989).
Items with equal values in all columns form one kind, and kinds are drawn instead of items: how often a kind is drawn is
multinomial, and how many of its items are swapped is binomial. The distribution is the same, at a lower cost.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)

# Drawing one kind costs about as much as drawing this many single items.
_KIND_COST = 8
_CHUNK = 8_000_000


def bootstrap(columns: Array, resamples: int, generator: np.random.Generator) -> Array:
    """Sums over items drawn with replacement: (items, columns) -> (resamples, columns)."""
    kinds, times = np.unique(columns, axis=0, return_counts=True)
    number = len(columns)
    if len(kinds) * _KIND_COST <= number or number < 64:
        return generator.multinomial(number, times / number, size=resamples) @ kinds
    parts, single = [], columns.astype(np.float32)
    for rows in _chunks(resamples, number):
        drawn = generator.integers(number, size=(rows, number), dtype=np.int32)
        drawn += np.arange(rows, dtype=np.int32)[:, None] * np.int32(number)
        weights = np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number)
        parts.append(weights.astype(np.float32) @ single)
    return np.concatenate(parts).astype(np.float64)


def swaps(change: Array, resamples: int, generator: np.random.Generator) -> Array:
    """Sums of changes when each item is swapped with probability 1/2: (items, columns) -> (resamples, columns).

    `change`: how much more an item adds in the other run.
    """
    change = change[np.any(change != 0, axis=1)]
    if not len(change):
        return np.zeros((resamples, change.shape[1]))
    kinds, times = np.unique(change, axis=0, return_counts=True)
    if len(kinds) * _KIND_COST <= len(change) or len(change) < 64:
        return generator.binomial(times, 0.5, size=(resamples, len(kinds))) @ kinds
    parts = []
    for rows in _chunks(resamples, len(change)):
        bits = np.unpackbits(np.frombuffer(generator.bytes(rows * (-(-len(change) // 8))), dtype=np.uint8))
        parts.append(bits.reshape(rows, -1)[:, : len(change)].astype(np.float64) @ change)
    return np.concatenate(parts)


def _chunks(resamples: int, number: int) -> Iterator[int]:
    """The numbers of resamples to draw at a time, so that their weights need about 100 MB at most."""
    rows = max(1, _CHUNK // number)
    for begin in range(0, resamples, rows):
        yield min(rows, resamples - begin)


def seed_weights(seeds: int, resamples: int, generator: np.random.Generator) -> Array:
    """Weights (resamples, seeds) that sum to 0, such that `mean + deviations @ weights` follows Student's t.

    A bootstrap over few seeds would underestimate their spread. So the mean varies like that of a normal sample with
    unknown variance. One seed shows no spread: its weight is 0.
    """
    if seeds == 1:
        return np.zeros((resamples, 1))
    normal = generator.standard_normal((resamples, seeds))
    normal -= normal.mean(axis=1, keepdims=True)
    wide = np.sqrt((seeds - 1) / generator.chisquare(seeds - 1, size=resamples))
    weights: Array = normal * (wide / np.sqrt(seeds * (seeds - 1)))[:, None]
    return weights


def holm(values: Mapping[Name, float]) -> dict[Name, float]:
    """Correct a family of p-values by Holm's method (Holm 1979): name -> adjusted p, monotone in p."""
    adjusted: dict[Name, float] = {}
    highest = 0.0
    ordered = sorted(values.items(), key=lambda pair: pair[1])
    for at, (name, p) in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - at) * p))
        adjusted[name] = highest
    return {name: adjusted[name] for name in values}
