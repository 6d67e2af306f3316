"""Intermediate training and fine-tuning: tasks from the data folder, a new head for each, the best encoder kept."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import nn

from xtreme_bench import encoder as encoders
from xtreme_bench import sampling
from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import intermediate as intermediate_data
from xtreme_bench.data import targets
from xtreme_bench.device import prepare_device
from xtreme_bench.encoder import Encoder
from xtreme_bench.errors import InputError
from xtreme_bench.families import STRIDE, Family, Limits, choice, classification, qa, tagging
from xtreme_bench.inference import infer
from xtreme_bench.job import Job
from xtreme_bench.loop import Course, Task, fit

FAMILIES: dict[str, Family] = {
    "classification": classification,
    "choice": choice,
    "tagging": tagging,
    "qa": qa,
}


@dataclass(frozen=True)
class Corpus:
    """A task's rows and how they are to be read."""

    name: str
    family: str
    labels: tuple[str, ...]
    limits: Limits
    train: Sequence[Any]
    dev: Sequence[Any]


def finetune(job: Job) -> dict[str, Any]:
    """Train an encoder on English data of one source and keep the best; writes encoder, head and curve to `job.out`.

    Inputs: data, encoder. Params: source, epochs or steps, batch, learning_rate, warmup, weight_decay,
    max_length, stride, evaluate_every, evaluate_on, patience, examples, method, seed, threads, precision,
    checkpoint_seconds.
    """
    params, source = job.params, job.params["source"]
    corpus = Corpus(
        source,
        next(task.family for task in TASKS.values() if task.source == source),
        targets.labels(source),
        Limits(params["max_length"], params.get("stride") or STRIDE),
        _first(targets.read_train(job.inputs["data"], source, "train"), params.get("examples", 0)),
        _first(targets.read_train(job.inputs["data"], source, "dev"), params.get("evaluate_on", 0)),
    )
    accelerator, encoder, tasks, course = _train(job, [corpus], [1.0])
    if accelerator.is_main_process:
        encoders.save(job.out, encoder)
        save_head(job.out, corpus, tasks[0].head)
    return _facts(course, [corpus])


def intermediate(job: Job) -> dict[str, Any]:
    """Train an encoder on one or several tasks at once; writes encoder and curve to `job.out` and drops the heads.

    Inputs: data, encoder. Params: tasks {name: {languages, weight}}, sampling, and those of `finetune` except source
    and examples; `qa_length` and `qa_stride` are the limits of question answering.
    """
    params, data = job.params, job.inputs["data"]
    corpora = [_intermediate_corpus(data, name, wanted, params) for name, wanted in params["tasks"].items()]
    probability = sampling.probabilities(
        {corpus.name: len(corpus.train) for corpus in corpora},
        params.get("sampling") or {},
        {name: wanted.get("weight") or 1.0 for name, wanted in params["tasks"].items()},
    )
    accelerator, encoder, _, course = _train(job, corpora, probability)
    if accelerator.is_main_process:
        encoders.save(job.out, encoder)
    return {**_facts(course, corpora), "probability": dict(zip(params["tasks"], probability, strict=True))}


def _intermediate_corpus(data: Path, name: str, wanted: Mapping[str, Any], params: Mapping[str, Any]) -> Corpus:
    family = intermediate_data.FAMILY[name]
    length = params["qa_length"] if family == "qa" else params["max_length"]
    limits = Limits(length, params.get("qa_stride") or STRIDE, impossible=name == "squad_v2")
    languages = wanted.get("languages") or ["en"]
    train = [row for language in languages for row in intermediate_data.read(data, name, "train", language)]
    # The best checkpoint is chosen on English, whatever the languages of training.
    dev = _first(intermediate_data.read(data, name, "dev", "en"), params.get("evaluate_on", 0))
    # A language may bring labels of its own (supertags), beside those of the English development rows.
    labels = intermediate_data.labels(data, name, tuple(dict.fromkeys(["en", *languages])))
    return Corpus(name, family, labels, limits, train, dev)


def _train(
    job: Job, corpora: Sequence[Corpus], probability: Sequence[float]
) -> tuple[Accelerator, Encoder, list[Task], Course]:
    accelerator = prepare_device(job.params)
    encoder = encoders.load(job.inputs["encoder"])
    torch.manual_seed(job.params["seed"])
    tasks = [make_task(encoder, corpus) for corpus in corpora]
    steps = job.params.get("steps") or _steps(tasks, job.params)
    return accelerator, encoder, tasks, fit(job, accelerator, encoder, tasks, probability, steps)


def make_task(encoder: Encoder, corpus: Corpus) -> Task:
    """A new head and the examples of a corpus. Raises InputError for limits that the encoder cannot keep."""
    family, limits = FAMILIES[corpus.family], corpus.limits
    if limits.max_length > encoder.longest:
        raise InputError(
            f"{corpus.name}: max_length is {limits.max_length}, but the encoder has room for {encoder.longest} tokens"
        )
    head = family.head(encoder.width, len(corpus.labels), encoder.dropout)
    dev = family.features(corpus.dev, encoder.tokenizer, corpus.labels, limits)

    def quality() -> float:
        outputs = infer(encoder, family, head, dev)
        return family.score(corpus.dev, family.decode(corpus.dev, dev, outputs, corpus.labels, limits))

    examples = family.features(corpus.train, encoder.tokenizer, corpus.labels, limits)
    return Task(corpus.name, family, head, examples, quality=quality if corpus.dev else None)


def _steps(tasks: Sequence[Task], params: Mapping[str, Any]) -> int:
    """Steps of `epochs` over all examples, those of each task counted up to the cap."""
    cap = (params.get("sampling") or {}).get("cap") or float("inf")
    examples = sum(min(len(task.examples), cap) for task in tasks)
    per_epoch: int = math.ceil(examples / params["batch"])
    epochs: float = params["epochs"]
    return max(1, round(epochs * per_epoch))


def _first(rows: list[Any], count: int) -> list[Any]:
    return rows[:count] if count else rows


def _facts(course: Course, corpora: Sequence[Corpus]) -> dict[str, Any]:
    return {
        "steps": course.step,
        "best_step": course.best_step,
        "dev": {name: round(value, 4) for name, value in course.best.items()},
        "examples": {corpus.name: len(corpus.train) for corpus in corpora},
    }


def save_head(folder: Path, corpus: Corpus, head: nn.Module) -> None:
    """Write `head.safetensors` and `head.json` (source, family, labels) beside the encoder."""
    save_file(
        {name: value.cpu().contiguous() for name, value in head.state_dict().items()}, folder / "head.safetensors"
    )
    about = {"source": corpus.name, "family": corpus.family, "labels": list(corpus.labels)}
    (folder / "head.json").write_text(json.dumps(about, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def load_head(folder: Path, encoder: Encoder) -> tuple[Family, nn.Module, tuple[str, ...]]:
    """Read what `save_head` wrote: family, head and labels."""
    about = json.loads((folder / "head.json").read_text(encoding="utf-8"))
    family, labels = FAMILIES[about["family"]], tuple(about["labels"])
    head = family.head(encoder.width, len(labels), encoder.dropout)
    head.load_state_dict(load_file(folder / "head.safetensors"))
    return family, head, labels
