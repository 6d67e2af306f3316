"""A training on several tasks at once: what a recipe says of each alone, and masked text as one more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from xtreme_bench.errors import InputError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import lm_head, sampling
from xtreme_bench.training.examples import Example, Examples
from xtreme_bench.training.families import masking
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.network import Task
from xtreme_bench.training.optimization import decay
from xtreme_bench.training.params import Intermediate, MaskedText, Tuning

MLM = "mlm"


@dataclass(frozen=True)
class Mixture:
    """What a training takes its steps from: its tasks, how often each is drawn, and how many steps there are."""

    tasks: list[Task]
    probability: list[float]
    steps: int

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

    Each has batches and a learning rate of its own where the recipe has them. Masked language modelling takes its
    share of the steps, a task for each language of its text.
    """
    params = job.params
    facts: dict[str, str] = {}
    probability = sampling.probabilities(rows(tasks), params.sampling, params.weights)
    every = list(tasks)
    if params.mlm is not None:
        texts, facts = _masked(job, encoder, params.mlm)
        probability = [share * (1 - params.mlm.ratio) for share in probability]
        probability += [share * params.mlm.ratio for share in _languages(texts, params.mlm.alpha)]
        every += texts
    length = sampling.mixed_steps({task.name: len(task.examples) for task in tasks}, params)
    return Mixture([_own(task, params) for task in every], probability, length), facts


def _own(task: Task, params: Intermediate) -> Task:
    """A task with what it has of its own; the languages of a text share that."""
    name = task.name.partition("/")[0]
    pace = params.learning_rates.get(name, params.learning_rate) / params.learning_rate
    return replace(task, batch=params.batches.get(name), pace=pace)


def _masked(job: Job[Intermediate], encoder: Encoder, mlm: MaskedText) -> tuple[list[Task], dict[str, str]]:
    """A task for each language of the text, and where the head that they share is from."""
    if encoder.tokenizer.mask_token_id is None:
        raise InputError("the encoder's tokenizer has no mask, which `intermediate.mlm` needs: remove that")
    if mlm.corpus.max_length > encoder.longest:
        raise InputError(
            f"{MLM}: max_length is {mlm.corpus.max_length}, but the encoder has room for {encoder.longest} tokens"
        )
    head, where = lm_head.head(job.inputs["encoder"], encoder)
    change = partial(_mask, encoder, mlm.mask)
    texts = {language: Examples(job.inputs[MLM] / language) for language in mlm.corpus.languages}
    tasks = [Task(f"{MLM}/{language}", masking, head, text, change) for language, text in texts.items()]
    return tasks, {"mlm_head": where}


def _mask(encoder: Encoder, share: float, example: Example, generator: np.random.Generator) -> Example:
    return masking.mask(example, share, encoder.tokenizer, generator)


def _languages(texts: Sequence[Task], alpha: float) -> list[float]:
    """The share of each language: n^alpha, n its sequences (Lample and Conneau 2019, section 3.1)."""
    sizes = [len(text.examples) ** alpha for text in texts]
    return [size / sum(sizes) for size in sizes]
