"""Gold labels are out of reach of training and prediction: real stages in real workers ask for them in many ways."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.engines.local import Local
from xtreme_bench.errors import StageError
from xtreme_bench.stage.guard import guarded
from xtreme_bench.stage.job import Inputs


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "gold.tsv").write_text("neutral\n")
    (tmp_path / "own").mkdir()
    return folder


def ways(labels: Path, own: Path) -> dict[str, Callable[[], Any]]:
    """Ways to gold labels, for code that may do everything else; descriptors are from before the stage began."""
    (own / "link").symlink_to(labels)
    (own / "up").symlink_to(labels.parent)
    gold = labels / "gold.tsv"
    above = os.open(labels.parent, os.O_RDONLY)
    here = os.open(own, os.O_RDONLY)
    inside = os.open(labels, os.O_RDONLY)
    known = os.open(gold, os.O_RDONLY)

    def open_by(path: str, folder: int) -> Any:
        return os.open(path, os.O_RDONLY, dir_fd=folder)

    def opener(path: str, flags: int) -> int:
        return os.open("labels/gold.tsv", flags, dir_fd=above)

    def by_sqlite() -> Any:
        with closing(sqlite3.connect(gold)):
            return "opened"

    return {
        "open": lambda: open(gold),  # noqa: PTH123
        "read_text": gold.read_text,
        "os.open": lambda: os.open(gold, os.O_RDONLY),
        "bytes": lambda: os.open(os.fsencode(gold), os.O_RDONLY),
        "a link": (own / "link" / "gold.tsv").read_text,
        "a link to a folder above": (own / "up" / "labels" / "gold.tsv").read_text,
        "a relative path": lambda: Path(os.path.relpath(gold)).read_text(),
        "dots": lambda: (own / ".." / "labels" / "gold.tsv").read_text(),
        "listdir": lambda: os.listdir(labels),  # noqa: PTH208
        "scandir": lambda: list(os.scandir(labels)),
        "glob": lambda: list(labels.glob("*")),
        "a hard link": lambda: os.link(gold, own / "copy"),
        "a symbolic link": lambda: (own / "new").symlink_to(gold),
        "a relative symbolic link": lambda: (own / "new").symlink_to("../labels/gold.tsv"),
        "a rename": lambda: gold.rename(own / "gold.tsv"),
        "to write": lambda: gold.write_text("x"),
        "to remove": gold.unlink,
        "to make a folder": lambda: (labels / "new").mkdir(),
        "to change rights": lambda: gold.chmod(0o777),
        "dir_fd": lambda: open_by("gold.tsv", inside),
        "dir_fd of a folder above": lambda: open_by("labels/gold.tsv", above),
        "dir_fd and dots": lambda: open_by("../labels/gold.tsv", here),
        "dir_fd and a link": lambda: open_by("link/gold.tsv", here),
        "an opener": lambda: open(own / "x", opener=opener),
        "a descriptor": lambda: open(known, closefd=False),
        "the working folder": lambda: [os.chdir(labels), os.listdir()],  # noqa: PTH208
        "the working folder by descriptor": lambda: [os.fchdir(inside), list(os.scandir())],
        "a listed descriptor": lambda: os.listdir(inside),  # noqa: PTH208
        "a mapped descriptor": lambda: mmap.mmap(known, 0, prot=mmap.PROT_READ),
        "a descriptor as a path": lambda: Path(f"/proc/self/fd/{known}").read_text(),
        "a path from a descriptor": lambda: Path(f"/proc/self/fd/{above}/labels/gold.tsv").read_text(),
        "a hard link by descriptor": lambda: os.link(f"/proc/self/fd/{known}", own / "copy"),
        "a hard link by dir_fd": lambda: os.link("gold.tsv", "copy", src_dir_fd=inside, dst_dir_fd=here),
        "a symbolic link by dir_fd": lambda: os.symlink("../labels", "new", dir_fd=here),
        "a rename by dir_fd": lambda: os.rename("gold.tsv", "gold.tsv", src_dir_fd=inside, dst_dir_fd=here),
        "a rename of a folder above": lambda: labels.parent.rename(labels.parent.with_name("moved")),
        "a rename of the folder": lambda: labels.rename(own / "labels"),
        "another root": lambda: Path(f"/proc/self/root{gold}").read_text(),
        "a database": by_sqlite,
    }


WAYS = (
    "open", "read_text", "os.open", "bytes", "a link", "a link to a folder above", "a relative path", "dots", "listdir",
    "scandir", "glob", "a hard link", "a symbolic link", "a relative symbolic link", "a rename", "to write",
    "to remove", "to make a folder", "to change rights", "dir_fd", "dir_fd of a folder above", "dir_fd and dots",
    "dir_fd and a link", "an opener", "a descriptor", "the working folder", "the working folder by descriptor",
    "a listed descriptor", "a mapped descriptor",
    "a descriptor as a path", "a path from a descriptor", "a hard link by descriptor", "a hard link by dir_fd",
    "a symbolic link by dir_fd", "a rename by dir_fd", "a rename of a folder above", "a rename of the folder",
    "another root", "a database",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_closed_folders_cannot_be_reached_in_any_way_and_are_open_again_afterwards(
    labels: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = labels.parent / "own"
    monkeypatch.chdir(own)
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    known = ways(labels, own)
    assert tuple(known) == WAYS
    with guarded([labels], [own]), pytest.raises(StageError, match="is closed to this stage"):
        pytest.fail(f"{way}: {known[way]()}")
    assert (labels / "gold.tsv").read_text() == "neutral\n"
    for number in set(os.listdir("/proc/self/fd")) - before:  # noqa: PTH208
        with suppress(OSError):
            os.close(int(number))


def test_what_is_no_business_of_the_rule_is_left_alone(labels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = labels.parent / "own"
    with guarded([labels], [own]):
        (own / "a").write_text("mine")
        (own / "a").rename(own / "b")
        (own / "link").symlink_to("b")
        (own / "folder").mkdir()
        monkeypatch.chdir(own)
        assert Path("link").read_text() == "mine"
        assert Path("../own/b").read_text() == "mine"
        shutil.rmtree(own / "folder")
        assert sorted(os.listdir(labels.parent)) == ["labels", "own"]  # noqa: PTH208


def test_of_folders_within_each_other_the_innermost_decides(labels: Path) -> None:
    """Labels within the data stay closed; an input within the store is open."""
    data, gold = labels.parent, labels / "gold.tsv"
    with guarded([data], [labels]):
        assert gold.read_text() == "neutral\n"
        with pytest.raises(StageError):
            (data / "own" / "x").read_text()
    with guarded([labels], [data]):
        (data / "own" / "x").write_text("y")
        with pytest.raises(StageError):
            gold.read_text()
    with guarded([labels], [labels]), pytest.raises(StageError):
        gold.read_text()


def test_a_thread_that_outlives_its_stage_stays_held(labels: Path) -> None:
    ended, found = threading.Event(), []

    def read() -> None:
        ended.wait(10)
        try:
            found.append((labels / "gold.tsv").read_text())
        except StageError as error:
            found.append(str(error))

    with guarded([labels], []):
        left = threading.Thread(target=read)
        left.start()
    ended.set()
    left.join()
    assert "is closed to this stage" in found[0]


def test_an_input_that_a_stage_was_not_given_is_an_error_that_says_so() -> None:
    with pytest.raises(StageError, match="no input `labels`, only data, model"):
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
            targets={"xnli": ["en"]}, pretraining=None, intermediate={}, aligned={}, finetuning={}, select_on=[],
        )  # fmt: skip
        with pytest.raises(StageError, match="closed to this stage"):
            engine.run(theft, lambda message: None)
        named = stage(
            tmp_path / "named", "audit", {"data": labels}, [labels],
            targets={"xnli": ["en"]}, pretraining=None, intermediate={}, aligned={}, finetuning={}, select_on=[],
        )  # fmt: skip
        with pytest.raises(StageError, match="closed to this stage"):
            engine.run(named, lambda message: None)
        scoring = stage(
            tmp_path / "scoring", "score", {"labels": labels, "xnli": predictions}, [labels], tasks={"xnli": ["en"]}
        )
        engine.run(scoring, lambda message: None)
    finally:
        engine.close()
    scores = json.loads((scoring / "out" / "scores.json").read_text())
    assert scores["xnli"]["accuracy"]["en"] == 100.0
