"""The 95 % interval of a run's own score: how far it could be on other test items and, with several runs, seeds."""

from __future__ import annotations

import numpy as np

from xtreme_bench.comparison.arms import Arm
from xtreme_bench.comparison.averages import averages
from xtreme_bench.comparison.compare import RESAMPLES, arm_columns, blocks, flat, scored, seed_part
from xtreme_bench.comparison.estimate import LEVEL, middle
from xtreme_bench.comparison.resample import bootstrap


def overall_interval(arm: Arm, *, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float] | None:
    """The bootstrap interval of the overall score, in points; None if a task is missing.

    The same arm and `seed` give the same numbers.
    """
    cells = list(arm.cells)
    overall = next((one for one in averages(cells, arm.manifests) if one.level == "overall"), None)
    if overall is None:
        return None
    generator = np.random.default_rng(seed)
    place = {cell: at for at, cell in enumerate(cells)}
    drawn = np.zeros((resamples, len(cells)))
    scores = np.zeros((len(cells), len(arm.manifests)))
    for block in blocks(cells):
        names = sorted({name for cell in block for run in arm.cells[cell] for name in run})
        columns = arm_columns(arm, block, {name: at for at, name in enumerate(names)})
        at = [place[cell] for cell in block]
        scores[at] = scored(columns.sum(axis=0))
        sums = bootstrap(flat(columns), resamples, generator).reshape(resamples, *columns.shape[1:])
        drawn[:, at] = scored(sums).mean(axis=-1)
    drawn += seed_part([scores], resamples, generator)
    weights = np.array([overall.weights.get(cell, 0.0) for cell in cells])
    return middle(drawn @ weights, 1 - LEVEL)
