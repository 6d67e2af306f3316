"""The training loop: one for pretraining, intermediate training and fine-tuning; resumes to the byte on the CPU.

What a step does follows from its number alone (task, batch, masks, dropout), so a checkpoint holds no random state; how
a step is cut or shared changes nothing. Batches are made ahead. Only evaluations and checkpoints wait for a GPU.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from xtreme_bench.errors import StageError
from xtreme_bench.stage.job import Job
from xtreme_bench.stage.ranks import BeginAgain
from xtreme_bench.training import checkpoint, curve, inference, processes, sampling, sharding
from xtreme_bench.training.ahead import ahead
from xtreme_bench.training.batching import Batches, collate
from xtreme_bench.training.device import activations, memory, parts, to_fit
from xtreme_bench.training.examples import Example, lengths
from xtreme_bench.training.forward import Encoder, Inputs
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.optimization import adamw, rate
from xtreme_bench.training.params import Learning
from xtreme_bench.training.taken import Taken, taken

CLIP = 1.0
CURVE_POINTS = 200
# The room for activations was found after that for the moments, so smaller parts would not help.
FEWER_WEIGHTS = (
    "there is no room for the optimizer's moments: let several GPUs share them (`resources.gpus`, `fsdp: full_shard`), "
    "train fewer weights (`method`), or stop other programs on the GPU"
)


@dataclass
class Course:
    """How far a run is and what it found: what a checkpoint keeps beside tensors."""

    step: int = 0
    tokens: int = 0
    best_step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    stale: int = 0
    loss: float = 0.0
    points: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """After how many steps the final weights of a training were taken."""
        return self.best_step or self.step


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
    saved = time.monotonic()
    with run.checkpoints, ahead(run.prepared, run.draws(probability)) as batches:
        for step in batches:
            if run.stopped():
                break
            run.step(step)
            if run.due(saved) and run.course.step < steps:
                run.save()
                saved = time.monotonic()
    run.finish()
    return run.course


@dataclass(frozen=True)
class Step:
    """A step, prepared ahead: its number (from 0), its task, its examples, and how they are cut.

    `parts` are the examples of each forward pass of this process, by their numbers in the batch, with their inputs;
    `terms` is the number of terms in the loss of the whole batch.
    """

    number: int
    task: Task
    batch: list[Example]
    parts: list[tuple[list[int], Inputs]]
    terms: int


class _Run:
    """One run of `fit`: model, optimizer and course, and the work on them."""

    def __init__(
        self, job: Job[Learning], accelerator: Accelerator, encoder: Encoder, tasks: Sequence[Task], steps: int
    ) -> None:
        params = job.params
        self.shards = params.fsdp and processes.group().world > 1
        self.job, self.params, self.encoder, self.tasks, self.steps = job, params, encoder, tasks, steps
        self.accelerator, self.group, self.batch, self.course = accelerator, processes.group(), params.batch, Course()
        recompute = params.activations == "recompute"
        self.network = Network(encoder, {task.name: task.head for task in tasks}, recompute=recompute)
        # On the CPU a step is cut alike with and without, so that its sums, and so the result, are the same.
        self.roomy = recompute and accelerator.device.type == "cuda"
        if self.shards:
            sharding.shard(encoder, accelerator.device)
        self.network.to(accelerator.device)
        self.optimizer = adamw(self.network, params)
        self.checkpoints = checkpoint.Writer(job.work, self.group if self.shards else processes.ALONE)
        found = self.checkpoints.load()
        self.best: checkpoint.Tensors = {}
        if found is not None:
            tensors, state = found
            self.network.restore(tensors["model"])
            self.best = tensors.get("best", {})
            self.course = Course(**state)
            checkpoint.restore_optimizer(self.optimizer, tensors["optimizer"])
        self.checkpoints.require_room(self.network.learned())
        self.memory = self.checkpoints.room("activations", memory(accelerator, self.optimizer))
        encoder.memory.tokens = self.checkpoints.room("tokens", encoder.at_once)
        self.taken: Taken | None = None
        self.pace = curve.Pace(job.work, self.course.step, self.course.tokens, accelerator.device)

    def draws(self, probability: Sequence[float]) -> Iterator[tuple[int, Task, list[int]]]:
        """Number, task and examples of each step that is left; they follow from seed and number."""
        seed = self.params.seed
        streams = [Batches(_lengths(task), task.batch or self.batch, seed) for task in self.tasks]
        position = [0] * len(self.tasks)
        begin = self.course.step
        for number, drawn in enumerate(sampling.draw(probability, self.steps, seed)):
            if number >= begin:
                yield number, self.tasks[drawn], streams[drawn].at(position[drawn])
            position[drawn] += 1

    def prepared(self, draw: tuple[int, Task, list[int]]) -> Step:
        """A step with its batch as it is cut for memory and shared among the processes; runs in the background."""
        number, task, indices = draw
        batch = [task.examples[index] for index in indices]
        if task.change is not None:
            generator = np.random.default_rng([self.params.seed, 3, number])
            batch = [task.change(example, generator) for example in batch]
        return Step(number, task, batch, self._parts(batch), max(1, task.objective.terms(batch)))

    def _parts(self, batch: list[Example]) -> list[tuple[list[int], Inputs]]:
        shares = parts(batch, self.group.share(range(len(batch))), self._fits)
        # A process without a share of a small last batch still takes part, but adds nothing.
        return [(share, collate([batch[at] for at in share or [0]], self.encoder)) for share in shares]

    def step(self, step: Step) -> None:
        """One update from one batch. It does not wait for a GPU: its result is checked after the next one."""
        self.network.noise.step([self.params.seed, 4, step.number], step.batch)
        now = step.task.pace * rate(step.number, self.steps, self.params)
        for group in self.optimizer.param_groups:
            group["lr"] = now
        loss = self._gradients(step)
        norm = sharding.clip(self.network.parameters(), CLIP)
        try:
            self.optimizer.step()
        except torch.OutOfMemoryError as error:
            raise StageError(f"step {step.number + 1}: the GPU's memory is full; {FEWER_WEIGHTS}") from error
        self.optimizer.zero_grad(set_to_none=True)
        self.settle()
        self.course.step = step.number + 1
        self.course.tokens += sum(example.tokens for example in step.batch)
        rows = sorted({example.row for example in step.batch})
        self.taken = taken(step.number, step.task.name, rows, now, loss, norm)
        every = self.params.evaluate_every or self.steps
        if self.course.step % every == 0 or self.course.step == self.steps:
            self.settle()
            self._evaluate()

    def _gradients(self, step: Step) -> torch.Tensor:
        """The gradients of a step and its loss, summed over all parts and processes.

        Parts that do not fit are halved, and the step is repeated, by all processes. With shards the others wait in the
        middle of a pass, which cannot be taken back: all begin again, from the last checkpoint.
        """
        # The step was cut ahead of time, perhaps before memory turned out to be smaller.
        fits = all(len(part) < 2 or self._fits(*inputs.ids.shape) for part, inputs in step.parts)
        cut = step.parts if fits else self._parts(step.batch)
        while True:
            loss = None
            try:
                loss = self._passes(step, cut)
            except torch.OutOfMemoryError as error:
                full = f"step {step.number + 1}, task {step.task.name}: the GPU's memory is full; "
                if all(len(part) < 2 for part, _ in cut):
                    _, inputs = max(cut, key=lambda each: each[1].ids.numel())
                    raise StageError(full + to_fit(*inputs.ids.shape)) from error
                self.memory = min(self.memory, self._needed(cut)) // 2
                if self.shards:
                    self.checkpoints.note_room("activations", self.memory)
                    raise BeginAgain(full + inference.AGAIN) from error
            if not self.group.any_of(loss is None):
                assert loss is not None
                learned = [value.grad for value in self.network.parameters() if value.grad is not None]
                self.group.sum_up([*(grad for grad in learned if sharding.local(grad) is grad), loss])
                return loss
            # Outside the handler, because its error keeps what the pass has made alive.
            self.optimizer.zero_grad(set_to_none=True)
            if loss is None:
                torch.cuda.empty_cache()
                cut = self._parts(step.batch)

    def _needed(self, cut: list[tuple[list[int], Inputs]]) -> int:
        """What the largest part was expected to need."""
        return max(activations(self.encoder, *inputs.ids.shape, recomputed=self.roomy) for _, inputs in cut)

    def _passes(self, step: Step, cut: list[tuple[list[int], Inputs]]) -> torch.Tensor:
        device = self.accelerator.device
        total = torch.zeros((), device=device)
        if self.shards and (lacking := self.group.most(len(cut)) - len(cut)):
            cut = [*cut, *lacking * [([], collate(step.batch[:1], self.encoder))]]
        for share, inputs in cut:
            weight, part = (1.0 / step.terms, share) if share else (0.0, [0])
            self.network.noise.take(part, device)
            with self.accelerator.autocast():
                loss = self.network(step.task, inputs.to(device), [step.batch[at] for at in part])
            loss = loss * weight
            loss.backward()
            total += loss.detach()
        return total

    def _fits(self, sequences: int, longest: int) -> bool:
        return activations(self.encoder, sequences, longest, recomputed=self.roomy) <= self.memory

    def settle(self) -> None:
        """Check the step that was taken last. Raises StageError if its loss or gradients were not finite."""
        if self.taken is None:
            return
        last, self.taken = self.taken, None
        loss, norm = last.outcome()
        self._record(last, loss, norm)

    def _record(self, taken: Taken, loss: float, norm: float) -> None:
        course, step = self.course, taken.number + 1
        course.loss = loss if step == 1 else 0.95 * course.loss + 0.05 * loss
        if step % max(1, self.steps // CURVE_POINTS) == 0:
            point = {f"loss/{taken.task}": round(loss, 5), "learning_rate": taken.rate, "norm": round(norm, 5)}
            course.points.append({"step": step, **point})
            self.pace.note(step, course.tokens)
        self.job.progress(step, self.steps, f"loss {course.loss:.3f}")

    def _evaluate(self) -> None:
        """Score the tasks on their development rows; the highest mean so far makes this the best model."""
        scored = {task.name: task for task in self.tasks if task.quality is not None}
        try:
            with self.accelerator.autocast():
                scores = {name: task.quality() for name, task in scored.items() if task.quality is not None}
        except BeginAgain:
            self.checkpoints.note_room("tokens", self.encoder.at_once)
            raise
        if not scores:
            return
        mean = sum(scored[name].worth(value) for name, value in scores.items()) / len(scores)
        if not self.course.best or mean > self.course.best["mean"]:
            self.course.best, self.course.best_step, self.course.stale = {**scores, "mean": mean}, self.course.step, 0
            self.best = {name: value.cpu().clone() for name, value in self.network.learned().items()}
        else:
            self.course.stale += 1
        curve.add(self.course.points, self.course.step, self.tasks, scores, mean)

    def due(self, saved: float) -> bool:
        """Whether it is time for a checkpoint, after that of the time `saved`."""
        late = time.monotonic() - saved >= self.params.checkpoint_seconds
        return self.group.any_of(late) if self.shards else late

    def stopped(self) -> bool:
        """Whether too many evaluations in a row brought no gain."""
        return 0 < self.params.patience <= self.course.stale

    def save(self) -> None:
        """Begin to write a checkpoint, and the curve so far beside it for watchers."""
        self.settle()
        if self.accelerator.is_main_process or self.shards:
            tensors = {"model": self.network.learned(), "optimizer": checkpoint.optimizer_tensors(self.optimizer)}
            self.checkpoints.save(self.course.step, tensors, self.best, vars(self.course))
        if self.accelerator.is_main_process:
            curve.write(self.job.work, self.course.points)
            self.pace.write()

    def finish(self) -> None:
        """Put the best weights in place and write the curve."""
        self.settle()
        if self.best:
            self.network.restore(self.best)
        if self.shards:
            sharding.gather(self.encoder, first=self.accelerator.is_main_process)
        if self.accelerator.is_main_process:
            curve.write(self.job.out, self.course.points)
            self.pace.note(self.course.step, self.course.tokens)
            self.pace.write()


def _lengths(task: Task) -> list[int]:
    """What batches are made by. All matched examples count alike, so that other languages give the same batches."""
    return [1] * len(task.examples) if task.matched else lengths(task.examples)
