"""Resampling of test items and seeds: how far a difference would move with other items and other seeds.

Paired bootstrap (Efron and Tibshirani 1993, chapter 8; for this field Koehn 2004) and approximate randomisation (Noreen
1989). Items that are alike in all columns are drawn together: the number of times that each kind is drawn is
multinomial, and the number of those that change sides binomial, so this is the same draw for less work.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)

# Drawing by kinds costs about as much as this many single items for each kind.
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
    """Sums of what changes when each item changes sides with probability 1/2: (items, columns) -> (resamples, columns).

    `change` is what an item adds more in the other run.
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
    """How many resamples are drawn at a time, so that their weights stay within some 100 MB."""
    rows = max(1, _CHUNK // number)
    for begin in range(0, resamples, rows):
        yield min(rows, resamples - begin)


def seed_weights(seeds: int, resamples: int, generator: np.random.Generator) -> Array:
    """Weights (resamples, seeds) that sum to 0: `mean + deviations @ weights` is spread as Student's t says.

    With few seeds resampling them would make their spread too small; so their mean moves as that of normal numbers of
    unknown variance does. One seed has no spread that could be known, and moves nothing.
    """
    if seeds == 1:
        return np.zeros((resamples, 1))
    normal = generator.standard_normal((resamples, seeds))
    normal -= normal.mean(axis=1, keepdims=True)
    wide = np.sqrt((seeds - 1) / generator.chisquare(seeds - 1, size=resamples))
    weights: Array = normal * (wide / np.sqrt(seeds * (seeds - 1)))[:, None]
    return weights


def holm(values: Mapping[Name, float]) -> dict[Name, float]:
    """p-values for all of a family at once (Holm 1979): name -> adjusted p, never below that of a smaller one."""
    adjusted: dict[Name, float] = {}
    highest = 0.0
    ordered = sorted(values.items(), key=lambda pair: pair[1])
    for at, (name, p) in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - at) * p))
        adjusted[name] = highest
    return {name: adjusted[name] for name in values}
