"""Predictions of a fine-tuned model for the test rows of a target task, in the official format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_bench import encoder as encoders
from xtreme_bench.data import targets
from xtreme_bench.errors import StageError
from xtreme_bench.families import STRIDE, Limits
from xtreme_bench.inference import infer
from xtreme_bench.job import Job
from xtreme_bench.loop import prepare_device
from xtreme_bench.train import load_head


def predict(job: Job) -> dict[str, Any]:
    """Write `test-<language>.<ext>` for each language to `job.out`.

    Inputs: data, model. Params: task, languages, max_length, stride, threads, precision. Raises StageError when the
    number of predictions is not that of the rows.
    """
    params, task = job.params, job.params["task"]
    accelerator = prepare_device(params)
    encoder = encoders.load(job.inputs["model"])
    family, head, labels = load_head(job.inputs["model"], encoder)
    encoder.model.to(accelerator.device)
    head.to(accelerator.device)
    limits = Limits(params["max_length"], params.get("stride") or STRIDE)
    counts: dict[str, int] = {}
    languages = list(params["languages"])
    for number, language in enumerate(languages):
        rows = targets.read_test(job.inputs["data"], task, language)
        examples = family.features(rows, encoder.tokenizer, labels, limits)
        total = len(examples)

        def progress(done: int, at: int = number, total: int = total, language: str = language) -> None:
            job.progress(at * 1000 + 1000 * done // total, len(languages) * 1000, f"{task} {language}")

        with accelerator.autocast():
            outputs = infer(encoder, family, head, examples, progress)
        predictions = family.decode(rows, examples, outputs, labels, limits)
        _check(task, language, rows, predictions)
        _write(job.out, language, rows, predictions)
        counts[language] = len(predictions)
    return {"predictions": counts}


def _check(task: str, language: str, rows: Sequence[Any], predictions: Sequence[Any]) -> None:
    """Every row has its prediction, every word its tag."""
    if len(rows) != len(predictions):
        raise StageError(f"{task} {language}: {len(predictions)} predictions for {len(rows)} rows; please report this")
    for row, prediction in zip(rows, predictions, strict=True):
        if isinstance(prediction, list) and len(prediction) != len(row.words):
            raise StageError(
                f"{task} {language}, id {row.id}: {len(prediction)} tags for {len(row.words)} words; please report this"
            )


def _write(out: Path, language: str, rows: Sequence[Any], predictions: Sequence[Any]) -> None:
    """Tags: one a line and a blank line after each sentence. Answers: JSON, id to text. Classes: one a line."""
    kind = "tags" if isinstance(predictions[0], list) else "answers" if hasattr(rows[0], "context") else "classes"
    name = f"test-{language}.{'json' if kind == 'answers' else 'tsv'}"
    if kind == "answers":
        answers = {row.id: answer for row, answer in zip(rows, predictions, strict=True)}
        text = json.dumps(answers, ensure_ascii=False, indent=0) + "\n"
    elif kind == "tags":
        text = "".join("".join(f"{tag}\n" for tag in tags) + "\n" for tags in predictions)
    else:
        text = "".join(f"{label}\n" for label in predictions)
    temporary = out / f".{name}.part"
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(out / name)
