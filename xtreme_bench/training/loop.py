"""The training loop: one for pretraining, intermediate training and fine-tuning; resumes to the byte on the CPU.

AdamW as in Devlin et al. 2019: linear warm-up and decay, no decay of biases and norms, gradients clipped at 1. What a
step does follows from its number alone (task, batch, masks, dropout are seeded by it), so a checkpoint holds no
random state; and it does not follow from how the step is cut for memory or shared by processes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import nn

from xtreme_bench.errors import StageError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import checkpoint, curve, sampling
from xtreme_bench.training.batching import Batches, collate
from xtreme_bench.training.device import activations, memory, parts
from xtreme_bench.training.examples import Example, lengths
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.params import Learning

CLIP = 1.0
EPSILON = 1e-8
CURVE_POINTS = 200


@dataclass
class Course:
    """How far a run is and what it found; what a checkpoint keeps beside tensors."""

    step: int = 0
    best_step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    stale: int = 0
    loss: float = 0.0
    points: list[dict[str, Any]] = field(default_factory=list)


def fit(
    job: Job[Learning],
    accelerator: Accelerator,
    encoder: Encoder,
    tasks: Sequence[Task],
    probability: Sequence[float],
    steps: int,
) -> Course:
    """Train what requires a gradient of `encoder` and the tasks' heads, in place and in the mode they are in.

    Afterwards they are those of the best evaluation. `probability` says how often each task is drawn. Raises StageError
    for a loss that is not finite and for lack of memory.
    """
    run = _Run(job, accelerator, encoder, tasks, steps)
    seed = job.params.seed
    order = sampling.draw(probability, steps, seed)
    streams = [Batches(lengths(task.examples), run.batch, seed) for task in tasks]
    taken = [0] * len(tasks)
    for drawn in order[: run.course.step]:
        taken[drawn] += 1
    saved = time.monotonic()
    for drawn in order[run.course.step :]:
        if run.stopped():
            break
        indices = streams[drawn].at(taken[drawn])
        taken[drawn] += 1
        run.step(tasks[drawn], indices)
        if time.monotonic() - saved >= job.params.checkpoint_seconds and run.course.step < steps:
            run.save()
            saved = time.monotonic()
    run.finish()
    return run.course


class _Run:
    """One run of `fit`: model, optimizer and course, and what is done to them."""

    def __init__(
        self, job: Job[Learning], accelerator: Accelerator, encoder: Encoder, tasks: Sequence[Task], steps: int
    ) -> None:
        params = job.params
        self.job, self.params, self.encoder, self.tasks, self.steps = job, params, encoder, tasks, steps
        self.accelerator, self.batch, self.course = accelerator, params.batch, Course()
        self.network = Network(encoder, {task.name: task.head for task in tasks})
        self.optimizer = _optimizer(self.network, params)
        found = checkpoint.load(job.work)
        self.best: checkpoint.Tensors = {}
        if found is not None:
            tensors, state = found
            self.network.load_state_dict(tensors["model"], strict=False)
            self.best = tensors.get("best", {})
            self.course = Course(**state)
        self.model, self.optimizer = accelerator.prepare(self.network, self.optimizer)
        if found is not None:
            checkpoint.restore_optimizer(self.optimizer, found[0]["optimizer"])
        self.memory = memory(accelerator, self.optimizer)

    def step(self, task: Task, indices: Sequence[int]) -> None:
        """One update from one batch, cut into parts that fit into memory and shared among the processes."""
        number, seed = self.course.step, self.params.seed
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        generator = np.random.default_rng([seed, 3, number])
        batch = [task.examples[index] for index in indices]
        if task.change is not None:
            batch = [task.change(example, generator) for example in batch]
        self.network.noise.step([seed, 4, number], batch)
        terms = max(1, task.objective.terms(batch))
        rate = _rate(number, self.steps, self.params)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        shares = list(parts(batch, range(rank, len(batch), world), self._fits))
        try:
            for last, share in enumerate(shares, 1 - len(shares)):
                # A process without a share of a small last batch still takes part, with nothing to say.
                weight, part = (1.0 / terms, share) if share else (0.0, [0])
                self.network.noise.take(part, self.accelerator.device)
                total += self._backward(task, [batch[at] for at in part], weight, last == 0)
            norm = self.accelerator.clip_grad_norm_(self.model.parameters(), CLIP)
        except torch.OutOfMemoryError as error:
            raise StageError(
                f"step {number + 1}, task {task.name}: the GPU's memory is full; lower `batch` or `max_length` in the "
                "recipe, set `resources.precision: bf16`, or free the GPU of other programs"
            ) from error
        if not (math.isfinite(total) and torch.isfinite(norm)):
            raise StageError(
                f"step {number + 1}, task {task.name}: the loss is {total} (gradient norm {float(norm)}) at learning "
                f"rate {rate:.3g}; lower `learning_rate`, raise `warmup`, or use `resources.precision: fp32`"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.course.step += 1
        self._record(task, total, rate)

    def _fits(self, sequences: int, longest: int) -> bool:
        return activations(self.encoder, sequences, longest) <= self.memory

    def _backward(self, task: Task, part: list[Example], weight: float, last: bool) -> float:
        inputs = collate(part, self.encoder).to(self.accelerator.device)
        with _sync(self.accelerator, self.model, last):
            # DistributedDataParallel takes the mean over processes; the loss of a batch is their sum.
            loss = self.model(task, inputs, part) * (weight * self.accelerator.num_processes)
            self.accelerator.backward(loss)
        return float(loss.detach())

    def _record(self, task: Task, loss: float, rate: float) -> None:
        course = self.course
        course.loss = loss if course.step == 1 else 0.95 * course.loss + 0.05 * loss
        every = self.params.evaluate_every
        point: dict[str, Any] = {}
        if course.step % max(1, self.steps // CURVE_POINTS) == 0:
            point = {f"loss/{task.name}": round(loss, 5), "learning_rate": rate}
        if course.step % every == 0 or course.step == self.steps:
            point |= self._evaluate()
        if point:
            course.points.append({"step": course.step, **point})
        self.job.progress(course.step, self.steps, f"loss {course.loss:.3f}")

    def _evaluate(self) -> dict[str, float]:
        """Score the tasks on their development rows; a better mean than ever makes this the best model."""
        found: list[Any] = [None]
        if self.accelerator.is_main_process:
            with self.accelerator.autocast():
                found = [{task.name: task.quality() for task in self.tasks if task.quality is not None}]
        scores: dict[str, float] = broadcast_object_list(found)[0]
        if not scores:
            return {}
        mean = sum(scores.values()) / len(scores)
        if not self.course.best or mean > self.course.best["mean"]:
            self.course.best, self.course.best_step, self.course.stale = {**scores, "mean": mean}, self.course.step, 0
            self.best = {name: value.cpu().clone() for name, value in self.network.learned().items()}
        else:
            self.course.stale += 1
        return {f"dev/{name}": value for name, value in scores.items()}

    def stopped(self) -> bool:
        """Whether the last evaluations brought no gain for too long."""
        return 0 < self.params.patience <= self.course.stale

    def save(self) -> None:
        """Write a checkpoint, and the curve so far beside it for whoever watches."""
        if self.accelerator.is_main_process:
            tensors = {"model": self.network.learned(), "optimizer": checkpoint.optimizer_tensors(self.optimizer)}
            if self.best:
                tensors["best"] = self.best
            checkpoint.save(self.job.work, self.course.step, tensors, vars(self.course))
            curve.write(self.job.work, self.course.points)

    def finish(self) -> None:
        """Put the best weights in place and write the curve."""
        if self.best:
            self.network.load_state_dict(self.best, strict=False)
        if self.accelerator.is_main_process:
            curve.write(self.job.out, self.course.points)


def _sync(accelerator: Accelerator, model: nn.Module, last: bool) -> Any:
    """Gradients of several processes meet at the last part of a batch only."""
    return nullcontext() if last else accelerator.no_sync(model)


def _optimizer(network: nn.Module, params: Learning) -> torch.optim.Optimizer:
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for value in network.parameters():
        if value.requires_grad:
            # Biases and the weights of norms are the vectors among the parameters.
            (decayed if value.ndim > 1 else plain).append(value)
    groups = [
        {"params": decayed, "weight_decay": params.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=params.learning_rate, eps=EPSILON, fused=True)


def _rate(step: int, steps: int, params: Learning) -> float:
    """Linear warm-up over the first `warmup` share of the steps, then linear decay to zero."""
    warm = params.warmup * steps
    left = (steps - step) / max(1.0, steps - warm)
    return params.learning_rate * min((step + 1) / max(1.0, warm), left)
