"""Score predictions with the keys and numbers of the official scorer, and the stage that does so."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import GROUPS, OVERALL, TASKS, Group
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.files import write_json
from xtreme_bench.official.dialogue import dialogue_scores
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.official.metrics import Scores, accuracy, mlqa_scores, set_f1, span_f1, squad_scores
from xtreme_bench.official.params import Score
from xtreme_bench.official.predictions import examine
from xtreme_bench.official.sizes import gold_size
from xtreme_bench.stage.job import Job

Coverage = Mapping[str, tuple[str, ...]]


def wanted_of(tasks: Mapping[str, Sequence[str]] | Sequence[str] | None) -> Coverage:
    """The requested tasks and languages in XTREME's order; None means all.

    `tasks`: task -> languages (empty: all of the task), or task names. Errors: `InputError` for names XTREME lacks.
    """
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
    """Check and score the files that `read(task, language)` returns (None: missing).

    `covered`: the tasks and languages to score. Returns the official result, see `summary`. Errors: `InputError` with
    every fault of every file, also for missing labels or predictions.
    """
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
    """The official metrics, in percent, of one file: `gold` from `read_gold`, `value` from `examine`."""
    if task == "mlqa":
        return mlqa_scores(gold, value, language)
    return _MEASURES[TASKS[task].form](gold, value)


# The metric for each form of files.
_MEASURES: Mapping[str, Callable[[Any, Any], Scores]] = {
    "classification": accuracy,
    "tagging": span_f1,
    "qa": squad_scores,
    "bucc2018": set_f1,
    "tatoeba": accuracy,
    "dialogue": dialogue_scores,
}
# How many metrics are averaged into the main score of a task; for other groups it is the first metric alone.
_AVERAGED: Mapping[Group, int] = {"qa": 2}


def summary(per_task: Mapping[str, Mapping[str, Scores]], without_mean: Collection[str] = ()) -> dict[str, Any]:
    """The official result, as google-research/xtreme `evaluate.py` has it, from the scores of each task and language.

    Returns `all_task`, the four groups, and per task {metric: {language: score}, avg_<metric>, avg_metric}, in percent.
    A task is the mean over its languages, with English; for QA, `avg_metric` is the mean of F1 and exact match. Groups
    and `all_task` are means over their tasks; they are left out if a task is missing. Tasks in `without_mean` get no
    means.
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
    means = {"all_task": OVERALL, **GROUPS}
    overall = {
        name: _mean(detail[task]["avg_metric"] for task in tasks)
        for name, tasks in means.items()
        if all("avg_metric" in detail.get(task, ()) for task in tasks)
    }
    return {**overall, **detail}


def headline(scores: Mapping[str, Any], key: str) -> float | None:
    """The main score of `key` in an official result, in percent; None if the result does not have it.

    `key` is a task (its `avg_metric`), a group, `overall` (`all_task`), or `<task>/transfer`: the mean over all
    languages except English, the language of fine-tuning.
    """
    if key.endswith("/transfer"):
        task = key.removesuffix("/transfer")
        rest = [value for language, value in cells(scores, task).items() if language != "en"]
        return _mean(rest) if rest and headline(scores, task) is not None else None
    value = scores.get("all_task" if key == "overall" else key)
    return value.get("avg_metric") if isinstance(value, Mapping) else value


def cells(scores: Mapping[str, Any], task: str) -> dict[str, float]:
    """Language -> the main score of a task in percent: accuracy or F1; for QA the mean of exact match and F1."""
    if task not in scores:
        return {}
    columns = [scores[task][metric] for metric in _counted(task)]
    return {language: _mean([column[language] for column in columns]) for language in columns[0]}


def _counted(task: str) -> tuple[str, ...]:
    row = TASKS[task]
    return row.metric[: _AVERAGED.get(row.group, 1)]


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)


def score_stage(job: Job[Score]) -> dict[str, Any]:
    """Stage `score`: write `scores.json` from the gold labels and one folder of predictions per task.

    Languages without gold labels are left out and listed in the facts as `unscored`; `averages` holds the main scores.
    Errors: `InputError` with every fault of every file.
    """
    labels = job.inputs["labels"]
    covered: dict[str, tuple[str, ...]] = {}
    unscored: dict[str, list[str]] = {}
    for task, languages in wanted_of(job.params.tasks).items():
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
