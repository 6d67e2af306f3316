"""Tables for the terminal: scores by task and language, differences, plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from xtreme_bench.benchmark import GROUPS, LANGUAGES, TASKS

Scores = Mapping[str, Any]
_SUMMARY = (*GROUPS, "all_task")
_HEADINGS = {"all_task": "overall"}


def language_score(scores: Scores, task: str, language: str) -> float | None:
    """The score of a task in one language, in percent: for question answering the mean of F1 and exact match."""
    metrics = ("exact_match", "f1") if TASKS[task].group == "qa" else TASKS[task].metric[:1]
    found = [scores.get(task, {}).get(metric, {}).get(language) for metric in metrics]
    return None if None in found else sum(found) / len(found)


def languages_of(*runs: Scores) -> list[str]:
    """The languages that any of the runs has a score for; English first, then by family and name."""
    used = {code for scores in runs for task in TASKS for code in scores.get(task, {}).get(TASKS[task].metric[0], {})}
    return sorted(used, key=lambda code: (code != "en", LANGUAGES[code].family, LANGUAGES[code].name))


def transfer(scores: Scores, task: str) -> float | None:
    """Mean score over the languages that are not English; for retrieval that is all of them."""
    found = [language_score(scores, task, code) for code in languages_of(scores) if code != "en"]
    present = [score for score in found if score is not None]
    return sum(present) / len(present) if present else None


def cell(value: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A number of a table; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def score_table(scores: Scores, baseline: Scores | None = None) -> str:
    """Languages by tasks, averages below them, and the difference to a baseline where one is given."""
    tasks = [task for task in TASKS if task in scores]
    rows = [
        [f"{code}  {LANGUAGES[code].name}", *(cell(language_score(scores, task, code)) for task in tasks)]
        for code in languages_of(scores)
    ]
    rows.append(["mean", *(cell(scores[task].get("avg_metric")) for task in tasks)])
    rows.append(["mean without en", *(cell(transfer(scores, task)) for task in tasks)])
    if baseline is not None:
        shared = [task for task in tasks if task in baseline]
        rows.append(["baseline mean", *(cell(baseline.get(task, {}).get("avg_metric")) for task in tasks)])
        gains = {task: scores[task]["avg_metric"] - baseline[task]["avg_metric"] for task in shared}
        rows.append(["difference", *(cell(gains.get(task), sign=True) for task in tasks)])
    # One line between the languages and what is computed from them.
    rows.insert(len(rows) - (4 if baseline is not None else 2), [""] * (len(tasks) + 1))
    return tabulate(rows, headers=["", *tasks], stralign="right", colalign=("left",), disable_numparse=True)


def summary_table(runs: Sequence[tuple[str, Scores]]) -> str:
    """Runs by tasks, groups and overall; with two runs the difference of the first to the second."""
    tasks = [task for task in TASKS if any(task in scores for _, scores in runs)]
    columns = [*tasks, *_SUMMARY]
    rows = [[name, *(cell(_mean(scores, column)) for column in columns)] for name, scores in runs]
    if len(runs) == 2:
        pairs = [(_mean(runs[0][1], column), _mean(runs[1][1], column)) for column in columns]
        rows.append(["difference", *(cell(None if a is None or b is None else a - b, sign=True) for a, b in pairs)])
    headings = ["", *(_HEADINGS.get(column, column) for column in columns)]
    return tabulate(rows, headers=headings, stralign="right", colalign=("left",), disable_numparse=True)


def _mean(scores: Scores, column: str) -> float | None:
    value = scores.get(column)
    found: float | None = value.get("avg_metric") if isinstance(value, Mapping) else value
    return found
