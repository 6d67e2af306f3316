"""Results in the forms of mteb and lm-eval: only where data and metric agree, and a reason for all that is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import call
from small_bundle import LABELS, manifest, put, put_bundle

from xtreme_bench import benchmark
from xtreme_bench.bundle.write import write as write_bundle
from xtreme_bench.errors import InputError
from xtreme_bench.export import lm_eval, mteb, results

SCORES = {
    "pawsx": {"accuracy": {"de": 75.0}, "avg_accuracy": 75.0, "avg_metric": 75.0},
    "xquad": {
        "exact_match": {"de": 50.0}, "f1": {"de": 62.5}, "avg_exact_match": 50.0, "avg_f1": 62.5, "avg_metric": 56.25
    },
}  # fmt: skip


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published test sets are as small as those of the small bundle."""
    sizes = {"pawsx": 4, "xquad": 4, "mlqa": 2, "tatoeba": 4}
    rows = {name: replace(row, test_sizes={"de": sizes[name]}) if name in sizes else row for name, row in TASKS.items()}
    for module in (results, lm_eval):
        monkeypatch.setattr(module, "TASKS", rows)


TASKS = benchmark.TASKS


def put_run(folder: Path, **changes: Any) -> Path:
    return put_bundle(folder, scores=SCORES, **changes)


@pytest.mark.usefixtures("whole")
def test_mteb_gets_tatoeba_with_its_own_metric(tmp_path: Path) -> None:
    bundle, labels = put_run(tmp_path), put(tmp_path / "labels", dict(LABELS))
    (file,), notes = results.write(bundle, tmp_path / "out", "mteb", labels)
    found = json.loads(file.read_text())
    assert file.name == "Tatoeba.json"
    assert found["task_name"] == "Tatoeba"
    (entry,) = found["scores"]["test"]
    # Gold 2 0 1 3, predicted 2 0 1 1: sentences 2 and 0 have F1 1, 1 has 2/3, 3 has 0.
    assert entry["f1"] == entry["main_score"] == pytest.approx((1 + 1 + 2 / 3) / 4)
    assert (entry["accuracy"], entry["recall"], entry["precision"]) == (0.75, 0.75, pytest.approx(2.5 / 4))
    assert (entry["hf_subset"], entry["languages"]) == ("deu-eng", ["deu-Latn", "eng-Latn"])
    assert len(notes) == 8
    assert any(note.startswith("bucc2018: left out, mteb finds the English sentence") for note in notes)


@pytest.mark.usefixtures("whole")
def test_lm_eval_gets_paws_x_and_questions_from_the_scores_of_the_manifest(tmp_path: Path) -> None:
    (file,), notes = results.write(put_run(tmp_path), tmp_path / "out", "lm-eval", None)
    found = json.loads(file.read_text())
    assert file.name == "results_small.json"
    assert found["results"]["paws_de"] == {"alias": "paws_de", "acc,none": 0.75, "acc_stderr,none": 0.25}
    assert found["results"]["xquad_de"]["f1,none"] == 0.625
    assert found["results"]["xquad_de"]["f1_stderr,none"] == "N/A"
    assert found["n-samples"]["xquad_de"] == {"original": 4, "effective": 4}
    tables = ("results", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "group_subtasks")
    assert {tuple(sorted(found[table])) for table in tables} == {("paws_de", "xquad_de")}
    assert "xnli: left out, lm-eval's XNLI is scored on the development set, XTREME's on the test set" in notes


@pytest.mark.parametrize("form", ["mteb", "lm-eval"])
def test_samples_of_the_test_sets_and_the_built_in_corpora_are_refused(tmp_path: Path, form: str) -> None:
    with pytest.raises(InputError, match="left out in de, which is not the whole published test set"):
        results.write(put_run(tmp_path), tmp_path / "out", form, None)
    miniature = put_run(tmp_path / "other", recipe={"data": {"source": "miniature"}})
    with pytest.raises(InputError, match="built-in corpora, which no other project has"):
        results.write(miniature, tmp_path / "out", form, None)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("whole")
def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give the gold labels with --labels"):
        results.write(put_run(tmp_path), tmp_path / "out", "mteb", None)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="0 gold labels for 4 predictions"):
        results.write(tmp_path / "small", tmp_path / "out", "mteb", tmp_path / "none")
    unscored = put_bundle(tmp_path / "unscored")
    with pytest.raises(InputError, match="its manifest has no scores of pawsx, xquad and mlqa"):
        results.write(unscored, tmp_path / "out", "lm-eval", None)


@pytest.mark.parametrize(("taken", "left_out"), [({"tatoeba"}, mteb.LEFT_OUT), (set(lm_eval._ROWS), lm_eval.LEFT_OUT)])
def test_each_task_is_taken_or_left_out_with_a_reason(taken: set[str], left_out: dict[str, str]) -> None:
    assert taken | left_out.keys() == set(TASKS)
    assert not taken & left_out.keys()


def test_every_language_of_tatoeba_has_a_name_in_mteb(tmp_path: Path) -> None:
    task = TASKS["tatoeba"]
    lines = {code: "".join(f"{at}\n" for at in range(task.test_sizes[code])) for code in task.languages}
    files = {task.file(code): text for code, text in lines.items()}
    labels = put(tmp_path / "labels", dict(files))
    predictions = put(tmp_path / "predictions", dict(files))
    content = manifest(recipe={"targets": {"tatoeba": {"languages": list(task.languages)}}})
    bundle = write_bundle(tmp_path / "small", content, {"tatoeba": predictions / "tatoeba"})
    done = call("export", str(bundle), "--to", str(tmp_path / "out"), "--form", "mteb", "--labels", str(labels))
    assert done.returncode == 0, done.stderr
    (entries,) = json.loads((tmp_path / "out/Tatoeba.json").read_text())["scores"].values()
    assert len({entry["hf_subset"] for entry in entries}) == 36
    assert {entry["main_score"] for entry in entries} == {1.0}
    assert {"pes-Arab", "cmn-Hans", "jpn-Jpan"} <= {entry["languages"][0] for entry in entries}


def test_options_of_a_model_go_with_the_form_of_the_hub(tmp_path: Path) -> None:
    done = call("export", str(put_run(tmp_path)), "--to", str(tmp_path / "out"), "--form", "mteb", "--push", "me/x")
    assert (done.returncode, "go with --form hub" in done.stderr) == (2, True)
