"""One difference: its interval, its p-value, its verdict, and what could have been seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xtreme_bench.comparison.averages import Average
from xtreme_bench.comparison.resample import Array

LEVEL = 0.05
# Normal quantiles: half of a 95 % interval, and by how much a true difference must exceed what is significant, so that
# 80 % of experiments find it, in standard errors.
HALF, POWER = 1.960, 0.842
# In points: equal differences may have different last digits, because floats are summed in another order.
TINY = 1e-9


@dataclass(frozen=True)
class Estimate:
    """A difference B - A in points, with its 95 % interval, its p-value, and the p-value after Holm's correction.

    `cells`: the number of task and language pairs in the mean. `detectable`: the smallest difference, in points, that
    an experiment like this one detects with 80 % power, after the correction.
    """

    name: str
    level: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    detectable: float
    cells: int

    @property
    def verdict(self) -> str:
        """Whether B is better or worse than A, or "cannot tell", after Holm's correction."""
        if self.p_holm > LEVEL:
            return "cannot tell"
        return "better" if self.difference > 0 else "worse"


def estimate(
    average: Average,
    weights: Array,
    scores: tuple[Array, Array],
    drawn: Array,
    null: Array | None,
    families: Mapping[str, int],
) -> Estimate:
    """The estimate of a mean with these `weights` of the cells. `scores`: of the runs of both sides, (cells, seeds).

    `drawn` are differences with other items and seeds, `null` those of items that changed sides. `families`: level ->
    the number of tests that Holm's correction covers.
    """
    a, b = (float(weights @ runs.mean(axis=1)) for runs in scores)
    low, high = middle(drawn, 1 - LEVEL)
    if null is not None:
        p = (1 + int(np.count_nonzero(np.abs(null) >= abs(b - a) - TINY))) / (len(null) + 1)
    else:
        beyond = min(int(np.count_nonzero(drawn <= TINY)), int(np.count_nonzero(drawn >= -TINY)))
        p = min(1.0, 2 * (1 + beyond) / (len(drawn) + 1))
    # From intervals, not the standard deviation: Student's t has none for few seeds. The wide one is that of Holm's
    # first step.
    wide_low, wide_high = middle(drawn, 1 - LEVEL / families[average.level])
    detectable = (wide_high - wide_low) / 2 + POWER * (high - low) / 2 / HALF
    return Estimate(
        average.name, average.level, a, b, b - a, low, high, p, p, detectable, len(average.weights),
    )  # fmt: skip


def middle(drawn: Array, share: float) -> tuple[float, float]:
    """The interval that holds the middle `share` of the drawn values."""
    low, high = np.quantile(drawn, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
