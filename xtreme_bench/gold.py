"""Gold labels of test sets: `<labels>/<task>/test-<language>.<ext>`, read only to score, evaluate, check and verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.predictions import examine


def gold_path(labels: Path, task: str, language: str) -> Path | None:
    """Where the labels of a task and language lie, or None where there are none."""
    path = labels / TASKS[task].file(language)
    return path if path.is_file() else None


def read_gold(path: Path, task: str, language: str) -> Any:
    """The labels of one file: a list of labels, of tag lists or of id pairs; for QA a dict id -> accepted answers.

    Errors: `InputError` with all faults of the file, also when it holds no labels (XTREME strips its test files).
    """
    raw = path.read_bytes()
    if TASKS[task].group == "qa":
        return _read_answers(raw, path, task, language)
    found = examine(raw, task, language, file=str(path))
    if not found.value and not found.problems:
        found.report(found.fault("no labels in the file"))
    if found.problems:
        raise InputError(f"{path}: these gold labels cannot be used", found.problems)
    return found.value


def _read_answers(raw: bytes, path: Path, task: str, language: str) -> dict[str, list[str]]:
    """Accepted answers of a data set in the SQuAD 1.1 format, or its bare list of articles."""

    def refuse(message: str, example: str | None = None) -> InputError:
        problem = Problem(message, str(path), task=task, language=language, example=example)
        return InputError(f"{path}: these gold labels cannot be used", [problem])

    answers: dict[str, list[str]] = {}
    try:
        document = json.loads(raw.decode("utf-8"))
        articles = document["data"] if isinstance(document, dict) else document
        questions = [question for article in articles for part in article["paragraphs"] for question in part["qas"]]
        for question in questions:
            if question["id"] in answers:
                raise refuse("this id occurs twice", question["id"])
            answers[question["id"]] = [str(answer["text"]) for answer in question["answers"]]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise refuse(f"not a data set in the SQuAD 1.1 format ({type(error).__name__}: {error})") from None
    if not any(text for texts in answers.values() for text in texts):
        raise refuse("no answers: this is a test file without labels")
    unanswered = [one for one, texts in answers.items() if not texts]
    if unanswered:
        raise refuse("no accepted answer", unanswered[0])
    return answers
