"""A training on several tasks at once: what the recipe says of each of them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xtreme_bench.training import sampling
from xtreme_bench.training.network import Task
from xtreme_bench.training.params import Intermediate
from xtreme_bench.training.sampling import Mixture


def mix(params: Intermediate, tasks: Sequence[Task]) -> Mixture:
    """The tasks as one training, each in batches and at a learning rate of its own where it has one."""
    own = [
        replace(
            task,
            batch=params.batches.get(task.name),
            pace=params.learning_rates.get(task.name, params.learning_rate) / params.learning_rate,
        )
        for task in tasks
    ]
    probability = sampling.probabilities(sampling.rows(own), params.sampling, params.weights)
    return Mixture(own, probability, steps({task.name: len(task.examples) for task in own}, params))


def steps(sizes: Mapping[str, int], params: Intermediate) -> int:
    """The length of the training in steps, with as many examples of each task."""
    return sampling.steps(sizes, params, params.sampling.cap, params.batches)
