"""How long a training is, and which task each of its steps takes when several are trained at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from xtreme_bench.errors import InputError
from xtreme_bench.training.examples import Examples
from xtreme_bench.training.network import Task
from xtreme_bench.training.optimization import decay
from xtreme_bench.training.params import Sampling, Tuning

KINDS = ("proportional", "temperature", "uniform", "weights")


@dataclass(frozen=True)
class Mixture:
    """What a training takes its steps from: its tasks, how often each is drawn, and how many steps there are."""

    tasks: list[Task]
    probability: list[float]
    steps: int

    def decay(self, taken: int, params: Tuning) -> float:
        """The factor by which AdamW's decay shrinks a weight without gradients in the first `taken` steps."""
        drawn = draw(self.probability, self.steps, params.seed)[:taken]
        return decay([self.tasks[task].pace for task in drawn], self.steps, params)


def alone(params: Tuning, task: Task) -> Mixture:
    """A training on one task."""
    return Mixture([task], [1.0], steps({task.name: len(task.examples)}, params))


def rows(tasks: Sequence[Task]) -> dict[str, int]:
    """Training rows of each task; long rows are several examples."""
    return {task.name: task.examples.rows for task in tasks if isinstance(task.examples, Examples)}


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
    import numpy as np  # a plan, which counts steps, does without it

    points = np.random.default_rng([seed, 1]).random(steps)
    bounds = np.cumsum(probability)
    chosen = np.minimum(np.searchsorted(bounds, points, side="right"), len(probability) - 1)
    return [int(index) for index in chosen]
