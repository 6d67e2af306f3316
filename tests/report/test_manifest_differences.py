"""Two runs are compared over what both have, by task, language, group, family and script."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_bench.benchmark import TASKS
from xtreme_bench.official.scores import summary
from xtreme_bench.report.manifest_differences import compare, group_table, language_table, table


def run(name: str, per_task: dict[str, dict[str, float]]) -> dict[str, Any]:
    """A manifest whose scores are the same number in every metric of a task and language."""
    filled = {
        task: {language: dict.fromkeys(TASKS[task].metric, score) for language, score in languages.items()}
        for task, languages in per_task.items()
    }
    return {"name": name, "scores": summary(filled)}


BASE = run("base", {"xnli": {"de": 60, "en": 80, "ru": 50}, "pawsx": {"de": 70}, "tatoeba": {"de": 40, "ru": 20}})
NEXT = run("next", {"xnli": {"de": 64, "en": 80, "ru": 58}, "pawsx": {"de": 71, "en": 90}, "tatoeba": {"de": 60}})


def test_differences_are_b_minus_a_by_task_and_language() -> None:
    cells = compare(BASE, NEXT)["tasks"]["xnli"]["languages"]
    assert cells["de"] == {"a": 60, "b": 64, "difference": 4}
    assert cells["en"]["difference"] == 0


def test_averages_are_with_and_without_english() -> None:
    xnli = compare(BASE, NEXT)["tasks"]["xnli"]
    assert xnli["average"] == pytest.approx({"a": 190 / 3, "b": 202 / 3, "difference": 4})
    assert xnli["transfer"] == pytest.approx({"a": 55, "b": 61, "difference": 6})


def test_only_what_both_runs_have_is_compared_and_the_rest_is_named() -> None:
    result = compare(BASE, NEXT)
    assert list(result["tasks"]["tatoeba"]["languages"]) == ["de"]
    assert result["tasks"]["tatoeba"]["average"]["a"] == 40
    assert result["only_a"] == {"tatoeba": ["ru"]}
    assert result["only_b"] == {"pawsx": ["en"]}


def test_groups_and_overall_need_all_of_their_tasks() -> None:
    result = compare(BASE, NEXT)
    assert set(result["groups"]) == {"classification"}
    assert result["groups"]["classification"]["difference"] == pytest.approx((4 + 1) / 2)
    assert result["overall"] is None
    full = run("full", {task: {"de" if "de" in row.languages else "fi": 50.0} for task, row in TASKS.items()})
    assert compare(full, full)["overall"] == {"a": 50, "b": 50, "difference": 0}


def test_families_and_scripts_leave_english_out() -> None:
    result = compare(BASE, NEXT)
    # Cells: xnli de and ru, pawsx de, tatoeba de; all Indo-European, ru alone in Cyrillic.
    assert result["families"] == {"Indo-European": {"a": 55, "b": 63.25, "difference": 8.25, "cells": 4}}
    assert result["scripts"]["Cyrillic"] == {"a": 50, "b": 58, "difference": 8, "cells": 1}
    assert result["scripts"]["Latin"]["cells"] == 3


def test_question_answering_counts_as_the_mean_of_exact_match_and_f1() -> None:
    one = {"name": "one", "scores": summary({"xquad": {"de": {"exact_match": 40.0, "f1": 60.0}}})}
    assert compare(one, one)["tasks"]["xquad"]["languages"]["de"]["a"] == 50


def test_runs_without_common_scores_compare_to_nothing() -> None:
    result = compare(BASE, {"name": "unscored", "scores": None})
    assert (result["tasks"], result["families"], result["overall"]) == ({}, {}, None)
    assert result["only_a"]["pawsx"] == ["de"]


def test_tables_are_rows_of_text() -> None:
    result = compare(BASE, NEXT)
    header, rows = table(result)
    assert header == ["", "base", "next", "difference", "without en", "languages"]
    assert rows[0] == ["xnli", "63.3", "67.3", "+4.0", "+6.0", "3"]
    assert rows[-1] == ["classification", "66.7", "69.2", "+2.5", "", ""]
    header, rows = language_table(result)
    assert header == ["", "xnli", "pawsx", "tatoeba"]
    assert rows == [["de", "+4.0", "+1.0", "+20.0"], ["en", "0.0", "", ""], ["ru", "+8.0", "", ""]]
    header, rows = group_table(result)
    assert rows[0] == ["Indo-European", "55.0", "63.2", "+8.2", "4"]
    assert [row[0] for row in rows] == ["Indo-European", "Cyrillic script", "Latin script"]
