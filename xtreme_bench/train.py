"""Intermediate training and fine-tuning: tokenised tasks, a new head for each, the best encoder kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import nn

from xtreme_bench import encoder as encoders
from xtreme_bench import sampling
from xtreme_bench.corpora import Corpus, chosen, intermediate_choice, source_choice
from xtreme_bench.device import prepare_device
from xtreme_bench.encoder import Encoder
from xtreme_bench.errors import InputError
from xtreme_bench.examples import Examples
from xtreme_bench.families import Family
from xtreme_bench.features import FAMILIES
from xtreme_bench.inference import infer
from xtreme_bench.job import Job
from xtreme_bench.loop import Course, Task, fit


def finetune(job: Job) -> dict[str, Any]:
    """Train an encoder on English data of one source and keep the best; writes encoder, head and curve to `job.out`.

    Inputs: data (its development rows are read), features (of `source_choice`), encoder. Params: source, epochs or
    steps, batch, learning_rate, warmup, weight_decay, max_length, stride, evaluate_every, evaluate_on, patience,
    examples, method, seed, threads, precision, checkpoint_seconds.
    """
    corpus = chosen(job.inputs["data"], source_choice(job.params))
    accelerator, encoder, tasks, course = _train(job, {"features": corpus}, lambda _: [1.0])
    if accelerator.is_main_process:
        encoders.save(job.out, encoder)
        save_head(job.out, corpus, tasks[0].head)
    return _facts(course, tasks)


def intermediate(job: Job) -> dict[str, Any]:
    """Train an encoder on one or several tasks at once; writes encoder and curve to `job.out` and drops the heads.

    Inputs: data (its development rows are read), encoder, and for each task, by its name, the features of
    `intermediate_choice`. Params: tasks {name: {languages, weight}}, sampling, and those of `finetune` except source
    and examples; `qa_length` and `qa_stride` are the limits of question answering.
    """
    params = job.params
    corpora = {name: chosen(job.inputs["data"], intermediate_choice(params, name)) for name in params["tasks"]}
    weights = {name: wanted.get("weight") or 1.0 for name, wanted in params["tasks"].items()}

    def shares(sizes: Mapping[str, int]) -> list[float]:
        return sampling.probabilities(sizes, params.get("sampling") or {}, weights)

    accelerator, encoder, tasks, course = _train(job, corpora, shares)
    if accelerator.is_main_process:
        encoders.save(job.out, encoder)
    return {**_facts(course, tasks), "probability": dict(zip(corpora, shares(_rows(tasks)), strict=True))}


def _train(
    job: Job, corpora: Mapping[str, Corpus], shares: Callable[[Mapping[str, int]], Sequence[float]]
) -> tuple[Accelerator, Encoder, list[Task], Course]:
    """Train on corpora, each with the name of the input that holds its examples; `shares` tells how often each."""
    accelerator = prepare_device(job.params)
    encoder = encoders.load(job.inputs["encoder"])
    torch.manual_seed(job.params["seed"])
    tasks = [make_task(encoder, corpus, job.inputs[name]) for name, corpus in corpora.items()]
    steps = sampling.steps({task.name: len(task.examples) for task in tasks}, job.params)
    return accelerator, encoder, tasks, fit(job, accelerator, encoder, tasks, shares(_rows(tasks)), steps)


def make_task(encoder: Encoder, corpus: Corpus, features: Path) -> Task:
    """A new head and the examples of a corpus. Raises InputError for limits that the encoder cannot keep."""
    family, limits = FAMILIES[corpus.family], corpus.limits
    if limits.max_length > encoder.longest:
        raise InputError(
            f"{corpus.name}: max_length is {limits.max_length}, but the encoder has room for {encoder.longest} tokens"
        )
    head = family.head(encoder.width, len(corpus.labels), encoder.dropout)
    rows, dev = corpus.rows("dev"), Examples(features / "dev")

    def quality() -> float:
        outputs = infer(encoder, family, head, dev)
        return family.score(rows, family.decode(rows, dev, outputs, corpus.labels, limits))

    return Task(corpus.name, family, head, Examples(features / "train"), quality=quality)


def _rows(tasks: Sequence[Task]) -> dict[str, int]:
    """Training rows of each task; long rows are several examples."""
    return {task.name: task.examples.rows for task in tasks if isinstance(task.examples, Examples)}


def _facts(course: Course, tasks: Sequence[Task]) -> dict[str, Any]:
    return {
        "steps": course.step,
        "best_step": course.best_step,
        "dev": {name: round(value, 4) for name, value in course.best.items()},
        "examples": _rows(tasks),
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
