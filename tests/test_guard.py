"""Gold labels are out of reach of training and prediction: real stages in real workers ask for them in many ways."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.engines.local import Local
from xtreme_bench.errors import StageError
from xtreme_bench.guard import guarded
from xtreme_bench.job import Inputs


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "gold.tsv").write_text("neutral\n")
    (tmp_path / "own").mkdir()
    return folder


def ways(labels: Path, own: Path) -> dict[str, Any]:
    link = own / "link"
    link.symlink_to(labels)
    gold = labels / "gold.tsv"
    return {
        "open": lambda: open(gold),  # noqa: PTH123
        "read_text": gold.read_text,
        "os.open": lambda: os.open(gold, os.O_RDONLY),
        "bytes": lambda: os.open(os.fsencode(gold), os.O_RDONLY),
        "a link": (link / "gold.tsv").read_text,
        "a relative path": lambda: Path(os.path.relpath(gold)).read_text(),
        "dots": lambda: (own / ".." / "labels" / "gold.tsv").read_text(),
        "listdir": lambda: os.listdir(labels),  # noqa: PTH208
        "scandir": lambda: list(os.scandir(labels)),
        "glob": lambda: list(labels.glob("*")),
        "a hard link": lambda: os.link(gold, own / "copy"),
        "a rename": lambda: gold.rename(own / "gold.tsv"),
        "to write": lambda: gold.write_text("x"),
    }


def test_closed_folders_cannot_be_opened_in_any_way_and_open_again_afterwards(labels: Path) -> None:
    own = labels.parent / "own"
    for name, way in ways(labels, own).items():
        with guarded([labels], [own]), pytest.raises(StageError, match="is closed to this stage"):
            pytest.fail(f"{name}: {way()}")
    assert (labels / "gold.tsv").read_text() == "neutral\n"


def test_inputs_below_a_closed_folder_stay_open(labels: Path) -> None:
    with guarded([labels.parent], [labels]):
        assert (labels / "gold.tsv").read_text() == "neutral\n"
        with pytest.raises(StageError):
            (labels.parent / "own" / "x").read_text()


def test_an_input_that_a_stage_was_not_given_is_an_error_that_says_so() -> None:
    with pytest.raises(StageError, match="not given `labels`, only data, model"):
        Inputs(model=Path("m"), data=Path("d"))["labels"]


def stage(folder: Path, kind: str, inputs: dict[str, Path], closed: list[Path], **params: Any) -> Path:
    folder.mkdir()
    spec = {"kind": kind, "params": params, "inputs": {k: str(v) for k, v in inputs.items()}}
    (folder / "stage.json").write_text(json.dumps({**spec, "closed": [str(path) for path in closed]}))
    return folder


def test_a_prediction_stage_that_is_pointed_at_the_labels_fails_and_scoring_does_not(
    labels: Path, tmp_path: Path
) -> None:
    """The data folder of the stage is a link to the labels: whoever planted it gets an error, not the answers."""
    (labels / "xnli").mkdir()
    (labels / "xnli" / "test-en.tsv").write_text("neutral\n")
    predictions = tmp_path / "predictions"
    predictions.mkdir()
    (predictions / "test-en.tsv").write_text("neutral\n")
    stolen = tmp_path / "data"
    stolen.mkdir()
    (stolen / "xnli").symlink_to(labels / "xnli")
    engine = Local()
    try:
        theft = stage(
            tmp_path / "theft", "audit", {"data": stolen}, [labels],
            targets={"xnli": ["en"]}, pretraining=None, intermediate={}, finetuning=[],
        )  # fmt: skip
        with pytest.raises(StageError, match="closed to this stage"):
            engine.run(theft, lambda message: None)
        scoring = stage(
            tmp_path / "scoring", "score", {"labels": labels, "xnli": predictions}, [labels], tasks={"xnli": ["en"]}
        )
        engine.run(scoring, lambda message: None)
    finally:
        engine.close()
    scores = json.loads((scoring / "out" / "scores.json").read_text())
    assert scores["xnli"]["accuracy"]["en"] == 100.0
