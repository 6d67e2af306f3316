"""Compare two runs from their manifests: differences by task, language, group, language family and script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xtreme_bench.benchmark import GROUPS, LANGUAGES, OVERALL, TASKS
from xtreme_bench.official.scores import cells
from xtreme_bench.report.tables import cell

Cells = dict[str, dict[str, float]]
Pair = dict[str, float]


def compare(manifest_a: Mapping[str, Any], manifest_b: Mapping[str, Any]) -> dict[str, Any]:
    """Scores of run A, of run B, and B minus A, in percent, over the tasks and languages that both have.

    `tasks`: task -> `languages` (language -> {a, b, difference}), `average` over them, and `transfer`, the average
    without English. `groups` and `overall` are means over tasks and are given if both runs have all of these tasks.
    `families` and `scripts`: means over all task and language pairs of a language family or script, English left out
    because it is not zero-shot; `cells` is their number. `only_a`, `only_b`: task -> languages that one run lacks.
    """
    a, b = _scored(manifest_a), _scored(manifest_b)
    both = {task: [language for language in a[task] if language in b[task]] for task in a if task in b}
    tasks = {task: _task(a[task], b[task], languages) for task, languages in both.items() if languages}
    rows = [
        (language, task, cell)
        for task, row in tasks.items()
        for language, cell in row["languages"].items()
        if language != "en"
    ]
    return {
        "a": manifest_a["name"],
        "b": manifest_b["name"],
        "tasks": tasks,
        "groups": {name: _mean_of(tasks, names) for name, names in GROUPS.items() if set(names) <= set(tasks)},
        "overall": _mean_of(tasks, OVERALL) if set(OVERALL) <= set(tasks) else None,
        "families": _grouped(rows, lambda language: LANGUAGES[language].family),
        "scripts": _grouped(rows, lambda language: LANGUAGES[language].script),
        "only_a": _only(a, b),
        "only_b": _only(b, a),
    }


def _scored(manifest: Mapping[str, Any]) -> Cells:
    scores = manifest["scores"] or {}
    return {task: cells(scores, task) for task in TASKS if task in scores}


def _pair(a: float, b: float) -> Pair:
    return {"a": a, "b": b, "difference": b - a}


def _mean_pair(pairs: Iterable[Mapping[str, float]]) -> Pair:
    pairs = list(pairs)
    return _pair(sum(pair["a"] for pair in pairs) / len(pairs), sum(pair["b"] for pair in pairs) / len(pairs))


def _task(a: Mapping[str, float], b: Mapping[str, float], languages: Iterable[str]) -> dict[str, Any]:
    by_language = {language: _pair(a[language], b[language]) for language in languages}
    others = [pair for language, pair in by_language.items() if language != "en"]
    return {
        "languages": by_language,
        "average": _mean_pair(by_language.values()),
        "transfer": _mean_pair(others) if others else None,
    }


def _mean_of(tasks: Mapping[str, Any], names: Iterable[str]) -> Pair:
    return _mean_pair(tasks[name]["average"] for name in names)


def _grouped(rows: Iterable[tuple[str, str, Pair]], kind: Callable[[str], str]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Pair]] = {}
    for language, _, pair in rows:
        groups.setdefault(kind(language), []).append(pair)
    return {name: {**_mean_pair(pairs), "cells": len(pairs)} for name, pairs in sorted(groups.items())}


def _only(one: Cells, other: Cells) -> dict[str, list[str]]:
    extra = {task: [language for language in one[task] if language not in other.get(task, {})] for task in one}
    return {task: languages for task, languages in extra.items() if languages}


def table(comparison: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows (texts) of the comparison by task, then groups and overall, for `tabulate`."""
    header = ["", comparison["a"], comparison["b"], "difference", "without en", "languages"]
    rows = [
        [task, *_texts(row["average"]), _signed(row["transfer"]), str(len(row["languages"]))]
        for task, row in comparison["tasks"].items()
    ]
    means = {**comparison["groups"], **({"overall": comparison["overall"]} if comparison["overall"] else {})}
    rows += [[name, *_texts(pair), "", ""] for name, pair in means.items()]
    return header, rows


def language_table(comparison: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows (texts) of the differences: one row per language, one column per task."""
    tasks = list(comparison["tasks"])
    columns = [comparison["tasks"][task]["languages"] for task in tasks]
    languages = [language for language in LANGUAGES if any(language in column for column in columns)]
    rows = [[language, *(_signed(column.get(language)) for column in columns)] for language in languages]
    return ["", *tasks], rows


def group_table(comparison: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows by language family and script, English left out, with the number of cells behind each mean."""
    header = ["", comparison["a"], comparison["b"], "difference", "cells"]
    both = {**comparison["families"], **{f"{name} script": row for name, row in comparison["scripts"].items()}}
    return header, [[name, *_texts(row), str(row["cells"])] for name, row in both.items()]


def _texts(pair: Mapping[str, float]) -> list[str]:
    return [f"{pair['a']:.1f}", f"{pair['b']:.1f}", _signed(pair)]


def _signed(pair: Mapping[str, float] | None) -> str:
    return "" if pair is None else cell(pair["difference"], sign=True)
