"""Predictions of a fine-tuned model for the test rows of a target task, in the official format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import TASKS, Group, of_group
from xtreme_bench.errors import StageError
from xtreme_bench.files import write_text
from xtreme_bench.stage.job import Job
from xtreme_bench.training import methods
from xtreme_bench.training.device import prepare_device
from xtreme_bench.training.examples import Examples
from xtreme_bench.training.inference import infer
from xtreme_bench.training.params import Predict
from xtreme_bench.training.train import load_head


def predict(job: Job[Predict]) -> dict[str, Any]:
    """Write `test-<language>.<ext>` for each language to `job.out`.

    Inputs: data, features (of the same corpus), model and the encoder that its training began with. Raises StageError
    when predictions and rows differ in number.
    """
    params, task = job.params, job.params.corpus.task
    accelerator = prepare_device(params)
    encoder = methods.of(params.method).load(job.inputs["model"], job.inputs["encoder"])
    family, head, labels = load_head(job.inputs["model"], encoder)
    encoder.model.to(accelerator.device)
    head.to(accelerator.device)
    corpus = params.corpus.open(job.inputs["data"])
    counts: dict[str, int] = {}
    for number, language in enumerate(params.languages):
        rows, examples = corpus.rows(language), Examples(job.inputs["features"] / language)
        with accelerator.autocast():
            outputs = infer(encoder, family, head, examples, _progress(job, number, language, len(examples)))
        if not accelerator.is_main_process:
            continue
        predictions = family.decode(rows, examples, outputs, labels, corpus.limits)
        _check(task, language, rows, predictions)
        write_text(job.out / f"test-{language}.{TASKS[task].extension}", _format(task, rows, predictions))
        counts[language] = len(predictions)
    return {"predictions": counts}


def _progress(job: Job[Predict], number: int, language: str, examples: int) -> Callable[[int], None]:
    """Tells the job how far all languages are, each with the same weight, from how far this one is."""
    total = len(job.params.languages)
    return lambda done: job.progress(
        round(1000 * (number + done / examples)), 1000 * total, f"{job.params.corpus.task} {language}"
    )


def _check(task: str, language: str, rows: Sequence[Any], predictions: Sequence[Any]) -> None:
    """Every row has its prediction, every word its tag."""
    if len(rows) != len(predictions):
        raise StageError(f"{task} {language}: {len(predictions)} predictions for {len(rows)} rows; please report this")
    if task in of_group("tagging"):
        for row, tags in zip(rows, predictions, strict=True):
            if len(row.words) != len(tags):
                raise StageError(
                    f"{task} {language}, sentence {row.id}: {len(tags)} tags for {len(row.words)} words; "
                    "please report this"
                )


def _format(task: str, rows: Sequence[Any], predictions: Sequence[Any]) -> str:
    """A file of predictions: tags and an empty line after each sentence; id to answer or states; or a class a line."""
    return _WRITERS[TASKS[task].group](rows, predictions)


def _labels(rows: Sequence[Any], predictions: Sequence[str]) -> str:
    return "".join(f"{label}\n" for label in predictions)


def _tags(rows: Sequence[Any], predictions: Sequence[Sequence[str]]) -> str:
    return "".join(_labels(rows, tags) + "\n" for tags in predictions)


def _by_id(rows: Sequence[Any], predictions: Sequence[Any]) -> str:
    answers = {row.id: answer for row, answer in zip(rows, predictions, strict=True)}
    return json.dumps(answers, ensure_ascii=False, indent=0) + "\n"


_WRITERS: Mapping[Group, Callable[[Sequence[Any], Sequence[Any]], str]] = {
    "classification": _labels,
    "tagging": _tags,
    "qa": _by_id,
    "dialogue": _by_id,
}
