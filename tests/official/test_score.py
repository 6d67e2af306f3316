"""Scores of whole folders: the official keys and numbers, and no score for a faulty file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from small_bundle import AVERAGES, LABELS, PREDICTIONS, put

from xtreme_bench.benchmark import GROUPS, OVERALL
from xtreme_bench.bundle.evaluate import coverage, evaluate
from xtreme_bench.errors import InputError
from xtreme_bench.official.params import Score
from xtreme_bench.official.scores import cells, headline, score_stage
from xtreme_bench.stage.job import Job


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return put(tmp_path / "predictions", dict(PREDICTIONS))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return put(tmp_path / "labels", LABELS)


def test_the_result_has_the_keys_of_the_official_scorer(predictions: Path, labels: Path) -> None:
    scores = evaluate(predictions, labels)
    assert set(scores) == {"all_task", *GROUPS, *OVERALL}
    assert set(scores["xnli"]) == {"accuracy", "avg_accuracy", "avg_metric"}
    assert set(scores["xquad"]) == {"exact_match", "f1", "avg_exact_match", "avg_f1", "avg_metric"}
    assert set(scores["bucc2018"]) == {
        *("f1", "precision", "recall"),
        *("avg_f1", "avg_precision", "avg_recall", "avg_metric"),
    }
    assert scores["xnli"]["accuracy"] == pytest.approx({"de": 60, "en": 80})


@pytest.mark.parametrize("task", OVERALL)
def test_each_average_is_the_one_counted_by_hand(task: str, predictions: Path, labels: Path) -> None:
    assert evaluate(predictions, labels)[task]["avg_metric"] == pytest.approx(AVERAGES[task], abs=1e-9)


def test_groups_and_overall_are_means_over_their_tasks(predictions: Path, labels: Path) -> None:
    scores = evaluate(predictions, labels)
    assert scores["all_task"] == pytest.approx(sum(AVERAGES.values()) / 9)
    assert scores["qa"] == pytest.approx((AVERAGES["xquad"] + AVERAGES["mlqa"] + AVERAGES["tydiqa"]) / 3)


def test_a_missing_task_leaves_out_the_overall_score_and_its_group_and_is_named(
    predictions: Path, labels: Path
) -> None:
    (predictions / "mlqa/test-de.json").unlink()
    scores = evaluate(predictions, labels)
    assert "all_task" not in scores
    assert "qa" not in scores
    assert "tagging" in scores
    assert coverage(predictions, labels)[1] == ["mlqa: not scored, no predictions", "no overall score: mlqa not scored"]


def test_a_language_that_one_side_lacks_is_left_out_and_named(predictions: Path, labels: Path) -> None:
    (predictions / "xnli/test-en.tsv").unlink()
    put(predictions, {"pawsx/test-fr.tsv": "1\n"})
    assert evaluate(predictions, labels)["xnli"]["accuracy"] == pytest.approx({"de": 60})
    assert coverage(predictions, labels)[1] == [
        "xnli: the averages leave out en (no predictions)",
        "pawsx: the averages leave out fr (no labels)",
    ]


def test_tasks_and_languages_can_be_chosen(predictions: Path, labels: Path) -> None:
    scores = evaluate(predictions, labels, {"xnli": ["en"], "pawsx": ["de"]})
    assert scores["xnli"]["accuracy"] == pytest.approx({"en": 80})
    assert set(scores) == {"classification", "xnli", "pawsx"}
    with pytest.raises(InputError, match="XTREME has no task `nli`(.|\n)*XTREME does not test xnli in `ja`"):
        evaluate(predictions, labels, {"nli": ["en"], "xnli": ["ja"]})


def test_nothing_to_score_is_an_error_and_not_an_empty_result(predictions: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="nothing to score"):
        evaluate(predictions, tmp_path / "empty")


def test_every_fault_of_every_file_is_raised_and_nothing_is_scored(predictions: Path, labels: Path) -> None:
    put(predictions, {"xnli/test-de.tsv": "contradictory\n" * 5, "tatoeba/test-de.tsv": "[2]\n0\n1\n1\n"})
    with pytest.raises(InputError) as raised:
        evaluate(predictions, labels)
    places = {(problem.task, problem.language) for problem in raised.value.problems}
    assert places == {("xnli", "de"), ("tatoeba", "de")}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("xnli/test-de.tsv", "Ein Satz.\tNoch einer.\n", "is not a label of xnli"),
        ("xnli/test-de.tsv", "", "no labels in the file"),
        ("xquad/test-de.json", {"q1": [""], "q2": [""]}, "no answers: this is a test file without labels"),
        ("xquad/test-de.json", '{"q1": "x"}', "not a data set in the SQuAD 1.1 format"),
        ("xquad/test-de.json", {"q1": ["x"], "q2": []}, "id q2: no accepted answer"),
        (
            "xquad/test-de.json",
            {"q1": ["x", None], "q2": ["y"]},
            "id q1: an accepted answer is a JSON null; it must be",
        ),
        ("xquad/test-de.json", {"q1": [1931], "q2": ["y"]}, "id q1: an accepted answer is a JSON number; it must be"),
        ("xquad/test-de.json", {1: ["x"], 2: ["y"]}, "the id 1 is a JSON number; it must be text, in quotes"),
        ("xquad/test-de.json", {"q1": [["x"]], "q2": ["y"]}, "id q1: an accepted answer is a JSON list; it must be"),
        ("xquad/test-de.json", {"q1": ["\ud800"], "q2": ["y"]}, "id q1: an accepted answer holds half a surrogate"),
        ("bucc2018/test-de.tsv", "en-000000004\tde-000000001\n", "swapped columns: the de id comes first"),
        ("bucc2018/test-de.tsv", "de-000000001\ten-000000004 \n", "not a pair of ids"),
        ("bucc2018/test-de.tsv", "de-000000001 \ten-000000004\n", "not a pair of ids"),
        ("bucc2018/test-de.tsv", "de-000000001\ten-000000004\n" * 2, ":2: bucc2018 de: repeats the pair of line 1"),
    ],
)
def test_gold_labels_that_are_none_are_an_error(
    file: str, content: Any, message: str, predictions: Path, labels: Path
) -> None:
    put(labels, {file: content})
    with pytest.raises(InputError, match="these gold labels cannot be used") as raised:
        evaluate(predictions, labels)
    assert message in str(raised.value)


def test_headlines_are_found_by_task_group_overall_and_transfer(predictions: Path, labels: Path) -> None:
    scores = evaluate(predictions, labels)
    assert headline(scores, "xnli") == pytest.approx(70)
    assert headline(scores, "xnli/transfer") == pytest.approx(60)
    assert headline(scores, "qa") == scores["qa"]
    assert headline(scores, "overall") == scores["all_task"]
    assert headline(scores, "speed") is None
    assert headline({"xnli": scores["xnli"]}, "panx/transfer") is None
    assert cells(scores, "xquad") == pytest.approx({"de": 56.25})


def job(tmp_path: Path, predictions: Path, labels: Path, tasks: dict[str, list[str]]) -> Job[Score]:
    for name in ("out", "work"):
        (tmp_path / name).mkdir()
    inputs = {"labels": labels, **{task: predictions / task for task in tasks}}
    return Job(
        Score({task: tuple(languages) for task, languages in tasks.items()}),
        inputs,
        tmp_path / "out",
        tmp_path / "work",
    )


def test_the_stage_writes_the_same_scores_and_names_what_it_could_not_score(
    tmp_path: Path, predictions: Path, labels: Path
) -> None:
    (labels / "xnli/test-en.tsv").unlink()
    facts = score_stage(job(tmp_path, predictions, labels, {"xnli": ["de", "en"], "pawsx": ["de"]}))
    written = json.loads((tmp_path / "out/scores.json").read_text(encoding="utf-8"))
    assert written == evaluate(predictions, labels, ["xnli", "pawsx"])
    assert facts["unscored"] == {"xnli": ["en"]}
    assert facts["averages"] == pytest.approx({"classification": 67.5, "xnli": 60, "pawsx": 75})


def test_the_stage_does_not_pass_over_missing_predictions(tmp_path: Path, predictions: Path, labels: Path) -> None:
    (predictions / "xnli/test-en.tsv").unlink()
    with pytest.raises(InputError, match="xnli en: no predictions"):
        score_stage(job(tmp_path, predictions, labels, {"xnli": ["de", "en"]}))


PARITY, DATA = os.environ.get("XTREME_BENCH_PARITY"), os.environ.get("XTREME_BENCH_REAL_DATA")


@pytest.mark.skipif(not (PARITY and DATA), reason="XTREME_BENCH_PARITY and XTREME_BENCH_REAL_DATA name no folders")
def test_the_mock_data_of_the_official_scorer_gives_its_numbers() -> None:
    expected = json.loads((Path(PARITY or "") / "mock_scores.json").read_text(encoding="utf-8"))
    mock = Path(DATA or "") / "xtreme-mock/mock_test_data"
    found = evaluate(mock / "predictions", mock / "labels")
    assert leaves(found) == pytest.approx(leaves(expected), abs=1e-9, rel=0)


def leaves(value: Any, path: str = "") -> dict[str, float]:
    """Every number of a nested result under its path."""
    if not isinstance(value, dict):
        return {path: value}
    return {name: number for key, inner in value.items() for name, number in leaves(inner, f"{path}/{key}").items()}
