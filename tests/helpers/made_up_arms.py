"""Arms of a comparison whose right answers a test makes up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xtreme_bench.comparison.arms import Arm
from xtreme_bench.comparison.compare import Comparison
from xtreme_bench.comparison.estimate import Estimate

DRAWS = 4_000


def right(flags: Sequence[bool]) -> dict[str, tuple[float, ...]]:
    """Items of an accuracy."""
    return {str(at): (float(flag), 1.0) for at, flag in enumerate(flags)}


def arm(name: str, *runs: dict[tuple[str, str], Sequence[bool]], seeds: Sequence[int] | None = None) -> Arm:
    """An arm whose runs have these right answers."""
    manifests = tuple({"name": name, "seed": seed, "data": 1, "trained_on": {}} for seed in seeds or range(len(runs)))
    return Arm(name, manifests, {cell: tuple(right(run[cell]) for run in runs) for cell in runs[0]})


def one(comparisons: Sequence[Comparison], name: str) -> Estimate:
    """The estimate of a name in the one comparison."""
    (comparison,) = comparisons
    return next(estimate for estimate in comparison.estimates if estimate.name == name)


def flags(share: float, number: int, seed: int) -> Any:
    """Right and wrong answers, of which about this share are right."""
    return np.random.default_rng(seed).random(number) < share
