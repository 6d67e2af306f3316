"""The length of a training in steps, and the task that each step takes when several are trained at once.

A plan uses this too, so nothing heavy is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from xtreme_bench.errors import InputError
from xtreme_bench.training.params import Intermediate, Sampling, Tuning

KINDS = ("proportional", "temperature", "uniform", "weights")


def steps(
    sizes: Mapping[str, int],
    tuning: Tuning,
    cap: int | None = None,
    batches: Mapping[str, int] = MappingProxyType({}),
) -> int:
    """The length of a training in steps: `steps`, else `epochs` passes over all examples in batches of `batch`.

    `sizes` are the examples of each task; in a mix each counts up to the cap of the sampling. `batches` are those of
    tasks that have their own.
    """
    if tuning.steps is not None:
        return tuning.steps
    if tuning.epochs is None:
        raise InputError("neither `steps` nor `epochs` says how long to train")
    counted = zip(sizes, _capped(sizes, cap), strict=True)
    per_epoch = math.ceil(sum(Fraction(count, batches.get(name, tuning.batch)) for name, count in counted))
    return max(1, round(tuning.epochs * per_epoch))


def mixed_steps(sizes: Mapping[str, int], params: Intermediate) -> int:
    """The length of an intermediate training in steps; `sizes` are the training examples of each task.

    With `epochs` the steps of masked language modelling come on top, so that the tasks have as many as without.
    """
    those = steps(sizes, params, params.sampling.cap, params.batches)
    if params.mlm is None or params.steps is not None:
        return those
    return round(those / (1 - params.mlm.ratio))


def _capped(sizes: Mapping[str, int], cap: int | None) -> list[int]:
    return [min(size, cap or size) for size in sizes.values()]


def probabilities(sizes: Mapping[str, int], sampling: Sampling, weights: Mapping[str, float]) -> list[float]:
    """The probability of each task, in the order of `sizes` (training examples of each task); they sum to 1.

    By the kind of `sampling`: proportional is min(n, cap), temperature is min(n, cap)^(1/T) (Raffel et al. 2020,
    section 3.5.2), uniform is 1, weights takes `weights` unchanged.
    Raises InputError for an unknown kind and for shares that are negative or all zero.
    """
    match sampling.kind:
        case "proportional":
            shares = [float(size) for size in _capped(sizes, sampling.cap)]
        case "temperature":
            shares = [size ** (1.0 / sampling.temperature) for size in _capped(sizes, sampling.cap)]
        case "uniform":
            shares = [1.0] * len(sizes)
        case "weights":
            shares = [float(weights[name]) for name in sizes]
        case _:
            raise InputError(f"unknown kind of sampling {sampling.kind!r}; one of {', '.join(KINDS)}")
    total = sum(shares)
    if min(shares) < 0 or not total > 0:
        named = ", ".join(f"{name} {share:g}" for name, share in zip(sizes, shares, strict=True))
        raise InputError(f"shares of the tasks must not be negative or all zero: {named}")
    return [share / total for share in shares]


def draw(probability: Sequence[float], steps: int, seed: int) -> list[int]:
    """The index of the task that each of `steps` steps takes. A longer run starts with a shorter one's draws."""
    import numpy as np

    points = np.random.default_rng([seed, 1]).random(steps)
    bounds = np.cumsum(probability)
    chosen = np.minimum(np.searchsorted(bounds, points, side="right"), len(probability) - 1)
    return [int(index) for index in chosen]
