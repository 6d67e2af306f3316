"""`evaluate --lenient` gives the numbers of the official scorer for faulty predictions, and stops where it stops.

The numbers were computed with google-research/xtreme `evaluate.py` and seqeval 0.0.12 from these very files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from small_bundle import LABELS, PREDICTIONS, put, put_bundle

from xtreme_bench.bundle.lenient import evaluate
from xtreme_bench.cli.main import cli
from xtreme_bench.errors import InputError

XNLI, TATOEBA, BUCC = "xnli/test-de.tsv", "tatoeba/test-de.tsv", "bucc2018/test-de.tsv"
UDPOS, PANX, XQUAD, MLQA = "udpos/test-de.tsv", "panx/test-de.tsv", "xquad/test-de.json", "mlqa/test-de.json"
RIGHT_PAIRS = str(LABELS[BUCC])
WORDS = "".join(f"w\t{line}\n" if line else "\n" for line in PREDICTIONS[PANX].split("\n")[:-1])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return put(tmp_path / "labels", LABELS)


SCORED = [
    (XNLI, "0\n1\n2\n1\n2\n", {"accuracy": 0.0}),
    (XNLI, "contradiction \n entailment\nneutral\t\nneutral\ncontradiction", {"accuracy": 100.0}),
    (XNLI, PREDICTIONS[XNLI].replace("\n", "\r\n"), {"accuracy": 60.0}),
    (XNLI, PREDICTIONS[XNLI].replace("\n", "\r"), {"accuracy": 60.0}),
    (XNLI, f"\ufeff{PREDICTIONS[XNLI]}", {"accuracy": 40.0}),
    (XNLI, "a\x00\nentailment\nneutral\nx\ny\n", {"accuracy": 40.0}),
    (XNLI, "contradiction\u2028\nentailment\x0c\nneutral\x85\nneutral\u00a0\nb\u2028c\n", {"accuracy": 80.0}),
    (TATOEBA, "[2]\n[0]\n[1]\n[3]\n", {"accuracy": 0.0}),
    (TATOEBA, "3\n1\n2\n4\n", {"accuracy": 0.0}),
    (TATOEBA, " 2\n0 \n01\n3\n", {"accuracy": 75.0}),
    (BUCC, RIGHT_PAIRS * 2, {"f1": 100.0, "precision": 100.0, "recall": 100.0}),
    (BUCC, f"{RIGHT_PAIRS}\n\n", {"f1": 80.0, "precision": 66.66666666666666, "recall": 100.0}),
    (BUCC, RIGHT_PAIRS.replace("\t", " "), {"f1": 0.0, "precision": 0.0, "recall": 0.0}),
    (BUCC, RIGHT_PAIRS.replace("\n", "\t0.9\n"), {"f1": 0.0, "precision": 0.0, "recall": 0.0}),
    (BUCC, RIGHT_PAIRS.replace("\n", "\t\n"), {"f1": 100.0, "precision": 100.0, "recall": 100.0}),
    (BUCC, f"{PREDICTIONS[BUCC]}xx\n", {"f1": 40.0, "precision": 33.33333333333333, "recall": 50.0}),
    (UDPOS, PREDICTIONS[UDPOS].replace("DET\n", "", 1), {"f1": 0.0, "precision": 0.0, "recall": 0.0}),
    (
        UDPOS,
        PREDICTIONS[UDPOS].replace("\n\n", "\n  \n"),
        {"f1": 86.48648648648648, "precision": 88.88888888888889, "recall": 84.21052631578947},
    ),
    (UDPOS, "\n\n\n", {"f1": 0.0, "precision": 0.0, "recall": 0.0}),
    (PANX, WORDS, {"f1": 57.14285714285715, "precision": 50.0, "recall": 66.66666666666666}),
    (
        PANX,
        "B-PER\nI-LOC\nI-LOC\nO\nO\n\nE-LOC\nS-LOC\n",
        {"f1": 28.571428571428577, "precision": 25.0, "recall": 33.33333333333333},
    ),
    (XQUAD, "{}", {"exact_match": 0.0, "f1": 0.0}),
    (XQUAD, "[]", {"exact_match": 0.0, "f1": 0.0}),
    (XQUAD, '"text"', {"exact_match": 0.0, "f1": 0.0}),
    (XQUAD, '{"data": [{"paragraphs": []}]}', {"exact_match": 0.0, "f1": 0.0}),
    (XQUAD, '{"data": {"q2": "Berlin"}}', {"exact_match": 25.0, "f1": 25.0}),
    (XQUAD, '{"q2": "Berlin"}', {"exact_match": 25.0, "f1": 25.0}),
    (XQUAD, '{"zz": 5, "q2": "Berlin"}', {"exact_match": 25.0, "f1": 25.0}),
    (XQUAD, '{"zz": NaN, "q2": "Berlin"}', {"exact_match": 25.0, "f1": 25.0}),
    (XQUAD, f'{{"zz": {"9" * 400}, "q2": "Berlin"}}', {"exact_match": 25.0, "f1": 25.0}),
    (XQUAD, '{"q2": "x", "q2": "Berlin"}', {"exact_match": 25.0, "f1": 25.0}),
    (XQUAD, '{"q2": "Berlin", "q2": "x"}', {"exact_match": 0.0, "f1": 0.0}),
    (XQUAD, '{"q1": "\\ud800", "q2": "Berlin"}', {"exact_match": 25.0, "f1": 25.0}),
    (XQUAD, f'{PREDICTIONS[XQUAD].rstrip()[:-1]}, "more": "x"}}', {"exact_match": 50.0, "f1": 62.5}),
    (MLQA, '{"m1": "der Haus"}', {"exact_match": 50.0, "f1": 50.0}),
]


@pytest.mark.parametrize(("file", "content", "expected"), SCORED)
def test_a_fault_is_a_warning_and_scored_as_officially(
    file: str, content: str, expected: dict[str, float], tmp_path: Path, labels: Path
) -> None:
    task, language = file.partition("/")[0], file.partition("test-")[2][:2]
    result = evaluate(put(tmp_path / "predictions", {file: content}), labels)
    found = {metric: result.scores[task][metric][language] for metric in expected}
    assert found == pytest.approx(expected, abs=1e-9, rel=0)
    assert result.stops == ()
    assert [problem.file for problem in result.warnings][:1] == [file]
    assert result.scores[task]["avg_metric"] == pytest.approx(
        sum(expected[metric] for metric in ("exact_match", "f1")) / 2
        if "exact_match" in expected
        else next(iter(expected.values()))
    )


STOPPED = [
    (XNLI, "neutral\n", "5 lines expected, 1 found"),
    (XNLI, "", "5 lines expected, 0 found"),
    (XNLI, f"{PREDICTIONS[XNLI]}\n", "5 lines expected, 6 found"),
    (XNLI, b"\xff\n\n\n\n\n", "byte 0xff is not UTF-8"),
    (XNLI, PREDICTIONS[XNLI].encode("utf-16"), "byte 0xff is not UTF-8"),
    (TATOEBA, "2,0,1,3", "4 lines expected, 1 found"),
    (UDPOS, PREDICTIONS[UDPOS].replace("\n\n", "\n\n\n", 1), "3 sentences expected, 4 found"),
    (UDPOS, f"{PREDICTIONS[UDPOS]}\n", "3 sentences expected, 4 found"),
    (PANX, PREDICTIONS[PANX].replace("O\n", "\n", 1), "2 sentences expected, 3 found"),
    (XQUAD, '{"q1": 5}', "the answer to q1 is a JSON number"),
    (XQUAD, '{"q1": NaN}', "the answer to q1 is a JSON number"),
    (XQUAD, '{"q1": null}', "the answer to q1 is a JSON null"),
    (XQUAD, '["q1"]', "question ids in a JSON list"),
    (XQUAD, '"q1 x"', "question ids in a JSON string"),
    (XQUAD, '["data"]', "`data` in a JSON list"),
    (XQUAD, '{"data": "q1"}', "question ids in a JSON string"),
    (XQUAD, '{"data": null}', "a JSON null, not an object"),
    (XQUAD, "5", "a JSON number, not an object"),
    (XQUAD, "\ufeff{}", "a byte-order mark before the JSON"),
    (XQUAD, '{"q2": "Berlin"} x', "not JSON: Extra data"),
]


@pytest.mark.parametrize(("file", "content", "reason"), STOPPED)
def test_where_the_official_scorer_stops_there_is_no_score_and_no_mean(
    file: str, content: Any, reason: str, tmp_path: Path, labels: Path
) -> None:
    task = file.partition("/")[0]
    result = evaluate(put(tmp_path / "predictions", {**PREDICTIONS, file: content}), labels)
    assert [problem.file for problem in result.stops] == [file]
    assert f"the official scorer stops here: {reason}" in str(result.stops[0])
    assert "de" not in result.scores.get(task, {}).get("accuracy", {})
    assert "avg_metric" not in result.scores.get(task, {})
    assert "all_task" not in result.scores
    assert "avg_metric" in result.scores["pawsx"]


def test_the_command_lists_faults_as_warnings_and_says_lenient_in_text_and_json(tmp_path: Path, labels: Path) -> None:
    files = {**PREDICTIONS, XQUAD: '{"q2": "Berlin"}', BUCC: RIGHT_PAIRS * 2}
    where = ["--predictions", str(put(tmp_path / "predictions", files)), "--labels", str(labels)]
    strict = CliRunner().invoke(cli, ["evaluate", *where])
    assert isinstance(strict.exception, InputError)
    done = CliRunner().invoke(cli, ["evaluate", *where, "--lenient"])
    assert done.exit_code == 0
    assert done.stdout.startswith("lenient: ")
    assert "warning: xquad/test-de.json: xquad de: 3 of 4 question ids missing" in done.stderr
    assert "repeats the pair of line 1" in done.stderr
    value = json.loads(CliRunner().invoke(cli, ["evaluate", *where, "--lenient", "--json", "-"]).stdout)
    assert value["xquad"]["avg_metric"] == 25.0
    assert len(value["lenient"]["warnings"]) == 3
    assert value["lenient"]["stops"] == []


def test_a_stop_is_said_and_the_exit_code_stays_0(tmp_path: Path, labels: Path) -> None:
    files = {XNLI: "neutral\n", "xnli/test-en.tsv": PREDICTIONS["xnli/test-en.tsv"]}
    where = ["--predictions", str(put(tmp_path / "predictions", files)), "--labels", str(labels)]
    done = CliRunner().invoke(cli, ["evaluate", *where, "--lenient"])
    assert done.exit_code == 0
    assert "would end without a score at 1 file" in done.stdout
    assert "xnli de: the official scorer stops here: 5 lines expected, 1 found" in done.stderr


def test_a_link_among_the_predictions_is_not_read_and_not_scored(tmp_path: Path, labels: Path) -> None:
    predictions = put(tmp_path / "predictions", dict(PREDICTIONS))
    (predictions / XNLI).unlink()
    (predictions / XNLI).symlink_to(labels / XNLI)
    result = evaluate(predictions, labels)
    assert [problem.file for problem in result.stops] == [XNLI]
    assert result.scores["xnli"]["accuracy"] == {"en": 80.0}


@pytest.mark.parametrize("options", [[], ["--lenient"]])
def test_a_zip_is_evaluated_like_its_folder(options: list[str], tmp_path: Path, labels: Path) -> None:
    bundle = put_bundle(tmp_path)
    results = [
        CliRunner().invoke(
            cli, ["evaluate", "--predictions", str(path), "--labels", str(labels), "--json", "-", *options]
        )
        for path in (bundle, bundle / "small.zip")
    ]
    assert [done.exit_code for done in results] == [0, 0]
    assert results[0].stdout == results[1].stdout
    assert json.loads(results[1].stdout)["xnli"]["accuracy"]["de"] == 60.0
