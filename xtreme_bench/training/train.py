"""Intermediate training and fine-tuning: tokenised tasks, a new head for each, the best encoder kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import nn

from xtreme_bench.data.corpora import Corpus
from xtreme_bench.errors import InputError
from xtreme_bench.files import write_json
from xtreme_bench.stage.job import Job
from xtreme_bench.training import curve, frozen, methods, mixture
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.device import prepare_device
from xtreme_bench.training.examples import Examples
from xtreme_bench.training.families import Family, NamesLabels
from xtreme_bench.training.features import FAMILIES
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.inference import infer
from xtreme_bench.training.language_model import METRIC
from xtreme_bench.training.loop import Course, fit
from xtreme_bench.training.mixture import Mixture
from xtreme_bench.training.network import Task
from xtreme_bench.training.params import Finetune, Intermediate, Tuning
from xtreme_bench.training.quality import chance, metric, quality
from xtreme_bench.training.trimming import Trimmed, trim


def finetune(job: Job[Finetune]) -> dict[str, Any]:
    """Train an encoder on English data of one source and keep the best.

    Writes to `job.out` what the method keeps of the encoder, the head and the curve.

    With `retrain` this course only chooses the number of steps: the encoder is then trained for that many steps on
    all rows, including the development rows. The curve of the choice is in `choice/`.

    Inputs: data (its development rows are read), features (of the same corpus), encoder, and perhaps frozen: what its
    frozen blocks give for these features.
    """
    corpus = job.params.corpus.open(job.inputs["data"])
    if job.params.corpus.retrain:
        facts, points = _choice(job, corpus)
        trained = _train(_retraining(job, facts), {"features": corpus}, part="all", dropout=job.params.dropout)
        facts |= {"retrained": {"steps": trained.course.step, "examples": mixture.rows(trained.tasks)}}
    else:
        trained = _train(job, {"features": corpus}, dropout=job.params.dropout)
        facts, points = _facts(trained, [corpus]), []
    if trained.accelerator.is_main_process:
        methods.of(job.params.method).save(job.out, trained.encoder)
        save_head(job.out, corpus, trained.tasks[0].head, job.params.pooling)
        if points:
            (job.out / "choice").mkdir(exist_ok=True)
            curve.write(job.out / "choice", points)
    return facts


def _choice(job: Job[Finetune], corpus: Corpus) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Facts and curve of the course that chooses the number of steps; a killed run does not repeat it."""
    done, work = job.work / "choice.json", job.work / "choice"
    if done.exists():
        kept = json.loads(done.read_text(encoding="utf-8"))
        return kept["facts"], kept["points"]

    def progress(step: int, steps: int, note: str) -> None:
        job.progress(step, 2 * steps, f"choosing, {note}")

    work.mkdir(exist_ok=True)
    choosing = replace(job, out=work, work=work, progress=progress)
    trained = _train(choosing, {"features": corpus}, dropout=job.params.dropout)
    facts, points = _facts(trained, [corpus]), trained.course.points
    if trained.accelerator.is_main_process:
        write_json(done, {"facts": facts, "points": points})
        shutil.rmtree(work)
    trained.accelerator.free_memory()
    return facts, points


def _retraining(job: Job[Finetune], facts: Mapping[str, Any]) -> Job[Finetune]:
    """The job of the course after the choice: the best number of steps."""
    before = facts["steps"]

    def progress(step: int, steps: int, note: str) -> None:
        job.progress(before + step, before + steps, f"on all rows, {note}")

    return replace(job, params=replace(job.params, steps=facts["best_step"]), progress=progress)


def intermediate(job: Job[Intermediate]) -> dict[str, Any]:
    """Train an encoder on one or several tasks at once; writes encoder and curve to `job.out` and drops the heads.

    Inputs: data (its development rows are read), encoder, and for each task, by its name, the features of its corpus;
    "mlm" are those of the text that is masked. Tasks over aligned text alone need no data.
    """
    params = job.params
    corpora = {name: choice.open(job.inputs["data"]) for name, choice in params.corpora.items()}
    about: dict[str, str] = {}

    def mix(encoder: Encoder, tasks: list[Task]) -> Mixture:
        mixed, found = mixture.mix(job, encoder, tasks)
        about.update(found)
        return mixed

    trained = _train(job, corpora, mix)
    if trained.accelerator.is_main_process:
        if trained.trimmed:
            trained.trimmed.put_back(trained.encoder)
        encoders.save(job.out, trained.encoder)
    probability = {task.name: share for task, share in zip(trained.tasks, trained.mixture.probability, strict=True)}
    tokens = {task.name: task.examples.tokens for task in trained.tasks if isinstance(task.examples, Examples)}
    facts = _facts(trained, corpora.values())
    facts["metric"] |= {name: METRIC for name, choice in params.aligned.items() if choice.evaluate_on is not None}
    return {**facts, "tokens": tokens, "probability": probability, **about}


@dataclass(frozen=True)
class Share:
    """How many weights of an encoder learn, with those that the method adds, of how many it has."""

    weights: int
    of: int

    def __str__(self) -> str:
        share = f"{self.weights / self.of:.2%}".replace("%", " %")
        return f"{self.weights:,} of the encoder's {self.of:,} weights learn ({share})"


def share(encoder: Encoder) -> Share:
    """How much of an encoder learns, after a method has begun and before words are left out."""
    sizes = [(value.numel(), value.requires_grad) for value in encoder.model.parameters()]
    return Share(sum(size for size, learns in sizes if learns), sum(size for size, _ in sizes))


@dataclass(frozen=True)
class _Trained:
    """The result of a training, in memory. `trimmed` is what was taken from the encoder, if something was."""

    accelerator: Accelerator
    encoder: Encoder
    mixture: Mixture
    course: Course
    learned: Share
    trimmed: Trimmed | None

    @property
    def tasks(self) -> list[Task]:
        """What was trained on."""
        return self.mixture.tasks


def _train(
    job: Job[Tuning],
    corpora: Mapping[str, Corpus],
    mix: Callable[[Encoder, list[Task]], Mixture] | None = None,
    part: str = "train",
    dropout: float | None = None,
) -> _Trained:
    """Train on corpora, each with the name of the input that holds its examples: one, or several that `mix` joins.

    `dropout` takes the place of the encoder's own.

    Without development rows of its own (the part "all") a training keeps its last weights.
    """
    accelerator = prepare_device(job.params)
    encoder = encoders.load(job.inputs["encoder"])
    if dropout is not None:
        encoder.drop(dropout)
    torch.manual_seed(job.params.seed)
    methods.of(job.params.method).begin(encoder, job.params.size)
    learned = share(encoder)
    if job.params.packing:
        encoder = encoder.packed()
    below = job.inputs.get("frozen")
    tasks = [
        make_task(encoder, corpus, job.inputs[name], job.params.pooling, part, below)
        for name, corpus in corpora.items()
    ]
    mixed = mix(encoder, tasks) if mix else mixture.alone(job.params, tasks[0])
    seen = [*(_development(job, corpora) if part == "train" else ()), *mixed.held_out]
    trimmed = trim(encoder, mixed.tasks, seen, closed=mixed.closed)
    course = fit(job, accelerator, encoder, mixed.tasks, mixed.probability, mixed.steps)
    if trimmed:
        trimmed.table.decay = mixed.decay(course.kept, job.params)
    return _Trained(accelerator, encoder, mixed, course, learned, trimmed)


def _development(job: Job[Tuning], corpora: Mapping[str, Corpus]) -> Iterator[Examples]:
    return (Examples(job.inputs[name] / part) for name, corpus in corpora.items() for part in corpus.development)


def make_task(
    encoder: Encoder, corpus: Corpus, features: Path, pooling: str, part: str = "train", below: Path | None = None
) -> Task:
    """A new head and the examples of a part of a corpus, with development sets unless the part includes them.

    `below` is the folder that `frozen.encode` has written for these features, if one has been.

    Raises InputError for limits beyond the encoder's.
    """
    family, limits = FAMILIES[corpus.family], corpus.limits
    if limits.max_length > encoder.longest:
        raise InputError(
            f"{corpus.name}: max_length is {limits.max_length}, but the encoder has room for {encoder.longest} tokens"
        )
    head = family.head(encoder.width, len(corpus.labels), encoder.dropout, pooling)
    if isinstance(head, NamesLabels):
        head.name_labels(encoder, corpus.labels)
    examples = frozen.examples(features, part, below)
    if part == "all":
        return Task(corpus.name, family, head, examples)
    sets = [(corpus.rows(part), frozen.examples(features, part, below)) for part in corpus.development]

    def score() -> float:
        found = [quality(corpus, rows, dev, infer(encoder, family, head, dev)) for rows, dev in sets]
        return sum(found) / len(found)

    task = Task(corpus.name, family, head, examples, matched=corpus.matched)
    if not sets:
        return task
    return replace(task, quality=score, chance=chance(corpus, [row for rows, _ in sets for row in rows]))


def _facts(trained: _Trained, corpora: Iterable[Corpus]) -> dict[str, Any]:
    course, learned = trained.course, trained.learned
    return {
        "steps": course.step,
        "best_step": course.kept,
        "dev": {name: round(value, 4) for name, value in course.best.items()},
        "metric": {corpus.name: metric(corpus) for corpus in corpora if corpus.development},
        "examples": mixture.rows(trained.tasks),
        "learned": asdict(learned),
        # That all learn goes without saying.
        **({"summary": str(learned)} if learned.weights < learned.of else {}),
    }


def save_head(folder: Path, corpus: Corpus, head: nn.Module, pooling: str) -> None:
    """Write `head.safetensors` and `head.json` (source, family, labels, pooling)."""
    save_file(
        {name: value.cpu().contiguous() for name, value in head.state_dict().items()}, folder / "head.safetensors"
    )
    about = {"source": corpus.name, "family": corpus.family, "labels": list(corpus.labels), "pooling": pooling}
    write_json(folder / "head.json", about)


def load_head(folder: Path, encoder: Encoder) -> tuple[Family, nn.Module, tuple[str, ...]]:
    """Read what `save_head` wrote: family, head and labels."""
    about = json.loads((folder / "head.json").read_text(encoding="utf-8"))
    family, labels = FAMILIES[about["family"]], tuple(about["labels"])
    head = family.head(encoder.width, len(labels), encoder.dropout, about["pooling"])
    head.load_state_dict(load_file(folder / "head.safetensors"))
    return family, head, labels
