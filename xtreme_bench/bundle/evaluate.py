"""Score a folder or zip of predictions wherever it has gold labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import OVERALL, TASKS
from xtreme_bench.bundle.read import opened
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.official.gold import gold_path
from xtreme_bench.official.scores import Coverage, score_files, wanted_of


def evaluate(
    predictions: Path,
    labels: Path,
    tasks: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
) -> dict[str, Any]:
    """Score a folder or zip of predictions against a folder of gold labels.

    The result has the keys and, to 1e-9, the numbers of google-research/xtreme `evaluate.py`: `all_task` (only when all
    nine tasks are there), the four groups (only when complete), and per task {metric: {language: score}, avg_<metric>,
    avg_metric}, in percent. It scores each file that both sides have; `coverage` names the rest. `tasks` limits it to
    some tasks, or to some languages of them.

    Errors: `InputError` with every fault of every file; `lenient.evaluate` scores faulty files as XTREME does.
    """
    covered, _ = coverage(predictions, labels, tasks)
    with opened(predictions) as contents:
        return score_files(lambda task, language: contents.read(TASKS[task].file(language)), labels, covered)


def coverage(
    predictions: Path,
    labels: Path,
    tasks: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    refused: list[Problem] | None = None,
) -> tuple[Coverage, list[str]]:
    """Tasks and languages that have predictions and labels, and notes on what is missing on either side.

    Errors: `InputError` when there is nothing to score, `tasks` names a task or language that XTREME does not have, or
    a file is not safe to read. With `refused`, unsafe files are added to that list instead.
    """
    wanted = wanted_of(tasks)
    if not labels.is_dir():
        raise InputError(f"{labels}: no such folder; --labels takes a folder with <task>/test-<language>.<ext>")
    with opened(predictions) as contents:
        names = set(contents.names)
        if refused is not None:
            refused += contents.problems
        elif contents.problems:
            raise InputError(f"{predictions}: some files cannot be read", contents.problems)
    covered: dict[str, tuple[str, ...]] = {}
    notes = []
    for task, languages in wanted.items():
        predicted = [language for language in languages if TASKS[task].file(language) in names]
        labelled = [language for language in languages if gold_path(labels, task, language)]
        both = tuple(language for language in predicted if language in labelled)
        if both:
            covered[task] = both
            notes += _missing(task, "predictions", [language for language in labelled if language not in predicted])
        elif predicted or labelled:
            notes.append(f"{task}: not scored, no {'labels' if predicted else 'predictions'}")
        if both:
            notes += _missing(task, "labels", [language for language in predicted if language not in labelled])
    if not covered:
        raise InputError(f"nothing to score: {predictions} and {labels} have no <task>/test-<language> file in common")
    absent = [task for task in OVERALL if task not in covered]
    if absent:
        notes.append(f"no overall score: {', '.join(absent)} not scored")
    return covered, notes


def _missing(task: str, what: str, languages: Sequence[str]) -> list[str]:
    return [f"{task}: the averages leave out {', '.join(languages)} (no {what})"] if languages else []
