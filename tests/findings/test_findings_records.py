"""Bundles of finished arms leave records, and these say what the bundles say."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from findings_page import page, row
from small_bundle import AVERAGES, LABELS, PREDICTIONS, put, put_bundle

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.errors import InputError
from xtreme_bench.findings.experiments import EXPERIMENTS
from xtreme_bench.findings.pieces import DIFFERENCES
from xtreme_bench.findings.records import record

NLI = EXPERIMENTS[0]


def put_arm(folder: Path, name: str, seed: int, *, tasks: Collection[str] = TASKS, **changes: Any) -> None:
    """A bundle of one seed of an arm, with its scores and the labels of some tasks."""
    labels = put(folder / "labels", {path: text for path, text in LABELS.items() if path.partition("/")[0] in tasks})
    some = {path: text for path, text in PREDICTIONS.items() if path.partition("/")[0] in tasks}
    scores = evaluate(put(folder / "predictions", some), labels)
    trained = {"intermediate": {"mnli": ["en"]} if name == "english" else {}}
    content = {"name": name, "seed": seed, "trained_on": trained, "scores": scores, "dev": {}, **changes}
    put_bundle(folder / f"{name}-{seed}", recipe={"seed": seed}, **content)


def test_bundles_leave_records_and_what_has_no_bundle_any_more_stays(tmp_path: Path) -> None:
    first, later, records = (tmp_path / name for name in ("first", "later", "records"))
    records /= NLI.folder
    for name in ("english", "none"):
        for seed in (1, 2):
            put_arm(first, name, seed)
        put_arm(later, name, 3)
    record(first, first / "labels", records)
    written = record(later, later / "labels", records)
    assert [path.name for path in written] == ["english.json", "none.json", DIFFERENCES]
    runs = json.loads((records / "english.json").read_text())["runs"]
    assert [run["seed"] for run in runs] == [1, 2, 3]
    assert runs[0]["scores"]["xnli"] == {"de": 60.0, "en": 80.0}
    assert runs[0]["items"]["xnli"] == [5]
    (known,) = json.loads((records / DIFFERENCES).read_text())["differences"]
    assert (known["a"], known["b"], known["seeds"], known["layer"]) == ("none", "english", [1, 2], 1)
    assert {one["difference"] for one in known["estimates"]} == {0.0}
    assert row(page(records.parent), "english")[4] == "1, 2, 3"


def test_without_gold_labels_of_a_test_set_that_is_scored_nothing_is_recorded(tmp_path: Path) -> None:
    for name, tasks in (("english", ("xnli",)), ("none", TASKS)):
        put_arm(tmp_path / "bundles", name, 1, tasks=tasks)
    labels = put(tmp_path / "few", {path: text for path, text in LABELS.items() if not path.startswith("bucc2018")})
    with pytest.raises(InputError, match="no gold labels of a test set that is scored") as error:
        record(tmp_path / "bundles", labels, tmp_path / "records")
    assert [problem.task for problem in error.value.problems] == ["bucc2018"]
    assert not (tmp_path / "records").exists()


def test_bundles_of_fewer_targets_leave_those_on_record(tmp_path: Path) -> None:
    records = tmp_path / "records"
    for folder, tasks in (("whole", TASKS), ("cut", ("xnli",))):
        for name in ("english", "none"):
            put_arm(tmp_path / folder, name, 1, tasks=tasks)
        record(tmp_path / folder, tmp_path / folder / "labels", records)
        found = {path.name: json.loads(path.read_text()) for path in records.iterdir()}
        (run,) = found["english.json"]["runs"]
        assert {*run["scores"]} == {*run["items"]} == {*AVERAGES}
        (known,) = found[DIFFERENCES]["differences"]
        assert {one["name"] for one in known["estimates"] if one["level"] == "task"} == {*AVERAGES}


def test_of_masked_text_a_record_has_the_languages_and_counts_the_items_of_the_tasks_alone(tmp_path: Path) -> None:
    counts = {"mnli": 10, "mlm/de": 99}
    dev = {"training": {"probability": {}, "examples": counts, "tokens": counts}}
    trained_on = {"intermediate": {"mnli": ["en"]}, "mlm": ["de"]}
    put_arm(tmp_path, "english", 1, dev=dev, trained_on=trained_on)
    record(tmp_path, tmp_path / "labels", tmp_path / "records" / NLI.folder)
    assert row(page(tmp_path / "records"), "english")[1:4] == ["mnli: en; masked text: de", "10", "10"]


def test_the_test_items_of_bucc_are_the_gold_pairs_whatever_a_run_found(tmp_path: Path) -> None:
    pairs = [f"de-00000000{n}\ten-00000000{n}\n" for n in (1, 2, 3)]
    labels = put(tmp_path / "labels", {"bucc2018/test-de.tsv": "".join(pairs)})
    found = put(tmp_path / "predictions", {"bucc2018/test-de.tsv": pairs[0]})
    content = {"name": "none", "seed": 1, "trained_on": {"intermediate": {}}, "dev": {}}
    put_bundle(tmp_path / "none", recipe={"seed": 1}, scores=evaluate(found, labels), **content)
    record(tmp_path / "none", labels, tmp_path / "records")
    (run,) = json.loads((tmp_path / "records/none.json").read_text())["runs"]
    assert run["items"] == {"bucc2018": [3]}


def test_labels_that_did_not_score_the_runs_are_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    for name in ("none", "english"):
        put_arm(tmp_path, name, 1)
    other = tmp_path / "labels/xnli/test-de.tsv"
    first, *rest = other.read_text().splitlines()
    other.write_text("".join(f"{line}\n" for line in (*rest, first)))
    with pytest.raises(InputError, match=r"cannot be compared(?s:.)*xnli de: .* says 60\.00, these labels give 20"):
        record(tmp_path, tmp_path / "labels", tmp_path / "records")
    assert not (tmp_path / "records").exists()


def test_a_bundle_without_scores_is_no_arm(tmp_path: Path) -> None:
    put_arm(tmp_path, "none", 1, scores=None)
    with pytest.raises(InputError, match=r"none-1/small: has no scores"):
        record(tmp_path, tmp_path / "labels", tmp_path / "records")


def test_a_folder_without_bundles_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no bundle"):
        record(tmp_path, tmp_path, tmp_path / "records")
