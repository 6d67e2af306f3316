"""A training on several tasks at once: what a recipe says of each alone, and masked text as one more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xtreme_bench.stage.job import Job
from xtreme_bench.training import language_model, sampling
from xtreme_bench.training.examples import Examples
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.network import Task
from xtreme_bench.training.optimization import decay
from xtreme_bench.training.params import Intermediate, Tuning


@dataclass(frozen=True)
class Mixture:
    """What a training takes its steps from: its tasks, how often each is drawn, and how many steps there are.

    `held_out` are examples that are scored but that no corpus has. `closed`: masks draw only what the examples have.
    """

    tasks: list[Task]
    probability: list[float]
    steps: int
    held_out: Sequence[Examples] = ()
    closed: bool = False

    def decay(self, taken: int, params: Tuning) -> float:
        """The factor by which AdamW's decay shrinks a weight without gradients in the first `taken` steps."""
        drawn = sampling.draw(self.probability, self.steps, params.seed)[:taken]
        return decay([self.tasks[task].pace for task in drawn], self.steps, params)


def alone(params: Tuning, task: Task) -> Mixture:
    """A training on one task."""
    return Mixture([task], [1.0], sampling.steps({task.name: len(task.examples)}, params))


def rows(tasks: Sequence[Task]) -> dict[str, int]:
    """Training rows of each task; long rows are several examples."""
    return {task.name: task.examples.rows for task in tasks if isinstance(task.examples, Examples)}


def mix(job: Job[Intermediate], encoder: Encoder, tasks: Sequence[Task]) -> tuple[Mixture, dict[str, str]]:
    """The tasks as one training, and facts about it.

    Each has batches and a learning rate of its own where the recipe has them. Those over aligned text come after the
    others. Masked language modelling takes its share of the steps, a task for each language of its text.
    """
    params = job.params
    masks, facts = language_model.begin(job, encoder) if params.aligned or params.mlm else (None, {})
    every = [*tasks, *(masks.aligned() if masks else ())]
    probability = sampling.probabilities(rows(every), params.sampling, params.weights)
    length = sampling.mixed_steps({task.name: len(task.examples) for task in every}, params)
    if masks and params.mlm:
        texts = masks.text(params.mlm)
        probability = [share * (1 - params.mlm.ratio) for share in probability]
        probability += [share * params.mlm.ratio for share in _languages(texts, params.mlm.alpha)]
        every += texts
    held_out, closed = tuple(language_model.held_out(job)), params.vocabulary == language_model.USED
    return Mixture([_own(task, params) for task in every], probability, length, held_out, closed), facts


def _own(task: Task, params: Intermediate) -> Task:
    """A task with what it has of its own; the languages of a text share that."""
    name = task.name.partition("/")[0]
    pace = params.learning_rates.get(name, params.learning_rate) / params.learning_rate
    return replace(task, batch=params.batches.get(name), pace=pace)


def _languages(texts: Sequence[Task], alpha: float) -> list[float]:
    """The share of each language: n^alpha, n its sequences (Lample and Conneau 2019, section 3.1)."""
    sizes = [len(text.examples) ** alpha for text in texts]
    return [size / sum(sizes) for size in sizes]
