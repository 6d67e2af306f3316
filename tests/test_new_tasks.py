"""A new task is a row: what adding one takes, tried on a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xtreme_bench.stage.code import ROOT

TARGET = """
    Task("toynli", "classification", ("en", "de"), "tsv", ("accuracy",), "toynli", NLI_LABELS, {"en": 2, "de": 2},
         {"train en": 3}, "Toy NLI", "toynli/test-{}.tsv"),
"""
INTERMEDIATE = """
    Corpus("scitail", "classification", Release("SciTail 1.0", {"train en": 2, "dev en": 2},
            preparer=f"{_PREPARE}.training:prepare_scitail",
            forms=(Form("scitail", "SciTail", rf"scitail_1\\.0_{TRAIN_DEV}\\.tsv", r"[^\\n]*\\t(?:entails|neutral)"),)),
        _files("scitail/{}scitail_1.0_train.tsv", "scitail/{}scitail_1.0_dev.tsv"), f"{_READ}:read_scitail",
        ("entails", "neutral")),
"""
READER = """

def read_scitail(path, purpose, left_out=None):
    from xtreme_bench.data.formats import read_pairs
    return read_pairs(path, purpose, CORPORA["scitail"].labels, left_out)
"""
PREPARER = """

def prepare_scitail(preparation):
    for (split,), path in sorted(preparation.files("scitail", "SciTail", "split").items()):
        file = layout.intermediate_split_files("scitail", split)[0]
        _as_it_is(preparation, "scitail", path, file, f"{split} en")
"""
RECIPE = """\
description: toy
seed: 1
model: {hub: {name: FacebookAI/xlm-roberta-large, revision: c23d21b0620b635a76227c604d44e43a9f0ee389}}
targets: {TARGET: {}}
"""
LOADED = """
import sys
from pathlib import Path
from xtreme_bench.data.fetch.corpora import fetch
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError
from xtreme_bench.files import Digests
from xtreme_bench.plan.stages import plan
from xtreme_bench.recipe.load import load

here, task = Path(sys.argv[1]), sys.argv[2]
made = plan(load(here / "toy.yaml"), data=here / "data", digests=Digests(here / "digests.json"))
named = [stage.kind for stage in made.stages if task in stage.description()["rows"]]
try:
    fetch([task], here / "fetched")
except InputError as error:
    assert f"{task} cannot be fetched: no address of it is known" in str(error)
else:
    raise AssertionError("fetched")
"""
OF_TARGET = """
from xtreme_bench.data.targets import read_test, read_train
from xtreme_bench.official.scores import headline, score_files
assert named == ["features", "finetune", "features", "predict", "audit", "score"], named
assert [row.label for row in read_train(here / "data", task, "train")] == ["neutral", "entailment"]
assert [row.text_a for row in read_test(here / "data", task, "de")] == ["a", "b"]
said = b"neutral\\nneutral\\n"
assert headline(score_files(lambda *_: said, here / "data-labels", {task: ("de",)}), task) == 50.0
from xtreme_bench.benchmark import OVERALL, TASKS
from xtreme_bench.comparison.averages import averages
for scored in (OVERALL, TASKS):
    cells = {(name, language) for name in scored for language in TASKS[name].languages}
    (overall,) = [mean for mean in averages(cells, []) if mean.name == "overall"]
    assert {name for name, _ in overall.weights} == set(OVERALL)
"""
OF_INTERMEDIATE = """
from xtreme_bench.data import intermediate
assert named == ["features", "intermediate", "audit"], named
notes = prepare([here / "releases"], here / "data", here / "data-labels")
assert notes["tasks"][task]["examples"] == {"train en": 2, "dev en": 2}, notes
assert [row.label for row in intermediate.read(here / "data", task, "dev")] == ["entails", "neutral"]
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package that can be edited."""
    return Path(shutil.copytree(ROOT, tmp_path / "xtreme_bench", ignore=shutil.ignore_patterns("__pycache__")))


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def row(file: Path, text: str) -> None:
    """Add a row at the beginning of a table."""
    source, count = re.subn(r"(?<=_ROWS = \(\n)", lambda _: text, file.read_text(encoding="utf-8"), count=1)
    assert count == 1
    write(file, source)


def run(folder: Path, task: str, script: str) -> None:
    arguments = [sys.executable, "-c", LOADED + script, str(folder), task]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(arguments, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_target_of_a_group_that_is_there_is_one_row(package: Path, tmp_path: Path) -> None:
    row(package / "benchmark.py", TARGET)
    write(tmp_path / "toy.yaml", RECIPE.replace("TARGET", "toynli"))
    for file in ("train-en", "dev-en"):
        write(tmp_path / f"data/toynli/{file}.tsv", "a\tb\tneutral\r\nc\td\tentailment\r\n")
    for language in ("en", "de"):
        write(tmp_path / f"data/toynli/test-{language}.tsv", "a\tx\r\nb\ty\r\n")
        write(tmp_path / f"data-labels/toynli/test-{language}.tsv", "neutral\nentailment\n")
    run(tmp_path, "toynli", OF_TARGET)


@pytest.mark.slow
def test_an_intermediate_task_is_a_row_a_reader_and_a_preparer(package: Path, tmp_path: Path) -> None:
    row(package / "intermediate.py", INTERMEDIATE)
    for file, text in (("data/intermediate.py", READER), ("data/release/training.py", PREPARER)):
        write(package / file, (package / file).read_text(encoding="utf-8") + text)
    write(tmp_path / "toy.yaml", RECIPE.replace("TARGET", "tatoeba") + "intermediate: {tasks: {scitail: {}}}\n")
    write(tmp_path / "toy.yaml", (tmp_path / "toy.yaml").read_text() + "retrieval: {layer: 13, pooling: mean}\n")
    for split in ("train", "dev"):
        write(tmp_path / f"releases/scitail_1.0_{split}.tsv", "a\tb\tentails\r\nc\td\tneutral\r\n")
    run(tmp_path, "scitail", OF_INTERMEDIATE)
