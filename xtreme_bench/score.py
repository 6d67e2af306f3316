"""Scores of predictions: the keys and numbers of the official scorer, and the stage that writes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import GROUPS, TASKS
from xtreme_bench.contents import opened
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.gold import gold_path, read_gold
from xtreme_bench.job import Job
from xtreme_bench.metrics import Scores, accuracy, mlqa_scores, set_f1, span_f1, squad_scores
from xtreme_bench.predictions import examine
from xtreme_bench.sizes import gold_size
from xtreme_bench.store import write_json

Coverage = Mapping[str, tuple[str, ...]]


def evaluate(
    predictions: Path,
    labels: Path,
    tasks: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
) -> dict[str, Any]:
    """Score a folder or zip of predictions against a folder of gold labels.

    The result has the keys and, to 1e-9, the numbers of google-research/xtreme `evaluate.py`: `all_task` (only when all
    nine tasks are there), the four groups (only when complete), and per task {metric: {language: score}, avg_<metric>,
    avg_metric}, in percent. What both sides have is scored; `coverage` says what is left out. `tasks` limits it to some
    tasks, or to some languages of them.

    Errors: `InputError` with every fault of every file; `lenient.evaluate` scores these as the official scorer does.
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
    """Tasks and languages that have predictions and labels, and notes in words on what is missing on either side.

    Errors: `InputError` when nothing can be scored, or `tasks` names a task or language that XTREME does not have, or a
    file is not safe to read; with `refused` such a file is added to that list instead.
    """
    wanted = _wanted(tasks)
    if not labels.is_dir():
        raise InputError(f"{labels}: no such folder; --labels names a folder with <task>/test-<language>.<ext>")
    with opened(predictions) as contents:
        names = set(contents.names)
        if refused is not None:
            refused += contents.problems
        elif contents.problems:
            raise InputError(f"{predictions}: not everything can be read", contents.problems)
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
        raise InputError(f"nothing to score: no <task>/test-<language> file is both in {predictions} and in {labels}")
    absent = [task for task in TASKS if task not in covered]
    if absent:
        notes.append(f"no overall score: {', '.join(absent)} not scored")
    return covered, notes


def _missing(task: str, what: str, languages: Sequence[str]) -> list[str]:
    return [f"{task}: averages are without {', '.join(languages)}, which have no {what}"] if languages else []


def _wanted(tasks: Mapping[str, Sequence[str]] | Sequence[str] | None) -> Coverage:
    """The asked tasks and languages, in XTREME's order."""
    if tasks is None:
        return {name: task.languages for name, task in TASKS.items()}
    asked = tasks if isinstance(tasks, Mapping) else dict.fromkeys(tasks)
    problems = [
        Problem(f"XTREME has no task `{name}`; it has {', '.join(TASKS)}") for name in asked if name not in TASKS
    ]
    for name, languages in asked.items():
        odd = [one for one in languages or () if name in TASKS and one not in TASKS[name].languages]
        problems += [Problem(f"XTREME does not test {name} in `{one}`", task=name) for one in odd]
    if problems:
        raise InputError("unknown tasks or languages", problems)
    return {
        name: tuple(one for one in task.languages if not asked[name] or one in (asked[name] or ()))
        for name, task in TASKS.items()
        if name in asked
    }


def score_files(
    read: Callable[[str, str], bytes | None], labels: Path, covered: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Check and score the files that `read(task, language)` gives (None: missing). Errors as in `evaluate`."""
    problems: list[Problem] = []
    per_task: dict[str, dict[str, Scores]] = {}
    for task, language in ((task, language) for task, languages in covered.items() for language in languages):
        place = TASKS[task].file(language)
        try:
            path, raw = gold_path(labels, task, language), read(task, language)
        except InputError as error:
            problems.append(Problem(str(error), place, task=task, language=language))
            continue
        if path is None or raw is None:
            what = "gold labels" if path is None else "predictions"
            problems.append(Problem(f"no {what}", place, task=task, language=language))
            continue
        gold = read_gold(path, task, language)
        found = examine(raw, task, language, gold_size(gold, task, language))
        problems += found.problems
        if not problems:
            per_task.setdefault(task, {})[language] = score_one(gold, found.value, task, language)
    if problems:
        raise InputError("these predictions cannot be scored", problems)
    return summary(per_task)


def score_one(gold: Any, value: Any, task: str, language: str) -> Scores:
    """The official metrics of one file."""
    if task == "mlqa":
        return mlqa_scores(gold, value, language)
    if task == "bucc2018":
        return set_f1(gold, value)
    if TASKS[task].group == "qa":
        return squad_scores(gold, value)
    return span_f1(gold, value) if TASKS[task].group == "tagging" else accuracy(gold, value)


def summary(per_task: Mapping[str, Mapping[str, Scores]], without_mean: Collection[str] = ()) -> dict[str, Any]:
    """The official result from the scores of each task and language.

    Per task the mean over languages, English included; a QA task counts as the mean of F1 and exact match; groups and
    `all_task` are means over their tasks and are left out while one is missing. Tasks `without_mean` get none.
    """
    detail: dict[str, dict[str, Any]] = {}
    for task, per_language in per_task.items():
        row: dict[str, Any] = {
            metric: {language: scores[metric] for language, scores in per_language.items()}
            for metric in TASKS[task].metric
        }
        if task not in without_mean:
            row.update({f"avg_{metric}": _mean(row[metric].values()) for metric in TASKS[task].metric})
            row["avg_metric"] = _mean(row[f"avg_{metric}"] for metric in _counted(task))
        detail[task] = row
    means = {"all_task": tuple(TASKS), **GROUPS}
    overall = {
        name: _mean(detail[task]["avg_metric"] for task in tasks)
        for name, tasks in means.items()
        if all("avg_metric" in detail.get(task, ()) for task in tasks)
    }
    return {**overall, **detail}


def headline(scores: Mapping[str, Any], key: str) -> float | None:
    """The one number of `key` in an official result, in percent, or None where it is not there.

    `key` is a task (its `avg_metric`), a group, `overall` (`all_task`), or `<task>/transfer`: the mean over all
    languages but English, so what was never trained on.
    """
    if key.endswith("/transfer"):
        task = key.removesuffix("/transfer")
        rest = [value for language, value in cells(scores, task).items() if language != "en"]
        return _mean(rest) if rest and headline(scores, task) is not None else None
    value = scores.get("all_task" if key == "overall" else key)
    return value.get("avg_metric") if isinstance(value, Mapping) else value


def cells(scores: Mapping[str, Any], task: str) -> dict[str, float]:
    """Language -> the number that counts for a task: accuracy or F1, for QA the mean of exact match and F1."""
    if task not in scores:
        return {}
    columns = [scores[task][metric] for metric in _counted(task)]
    return {language: _mean([column[language] for column in columns]) for language in columns[0]}


def _counted(task: str) -> tuple[str, ...]:
    metric = TASKS[task].metric
    return metric if TASKS[task].group == "qa" else metric[:1]


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)


def score_stage(job: Job) -> dict[str, Any]:
    """Stage `score`: write `scores.json` from the gold labels and one folder of predictions per task.

    `params["tasks"]` maps tasks to languages. A language without gold labels is left out and named in the facts
    (`unscored`); `averages` holds what the headline table shows. Errors: `InputError` with every fault of every file.
    """
    labels = job.inputs["labels"]
    covered: dict[str, tuple[str, ...]] = {}
    unscored: dict[str, list[str]] = {}
    for task, languages in _wanted(job.params["tasks"]).items():
        with_labels = tuple(language for language in languages if gold_path(labels, task, language))
        if with_labels:
            covered[task] = with_labels
        if len(with_labels) < len(languages):
            unscored[task] = [language for language in languages if language not in with_labels]

    def read(task: str, language: str) -> bytes | None:
        path = job.inputs[task] / Path(TASKS[task].file(language)).name
        return path.read_bytes() if path.is_file() else None

    scores = score_files(read, labels, covered)
    write_json(job.out / "scores.json", scores)
    return {"averages": {key: headline(scores, key) for key in scores}, "unscored": unscored}
