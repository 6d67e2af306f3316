"""Runs of one recipe that are started together on one store and one output folder."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_bench.bundle.check import check

pytestmark = pytest.mark.slow

TINY = """
description: tiny
seed: 1
model: {scratch: {layers: 1, width: 32, heads: 2, feedforward: 64, vocabulary: 500, positions: 130}}
pretraining: {steps: 10, languages: [en, de]}
data: {source: miniature, scale: 0.05}
targets: {tatoeba: {languages: [de]}}
retrieval: {layer: 1, pooling: mean, max_length: 64}
resources: {threads: 1}
"""


def damaged_outputs(root: Path) -> None:
    for file in list((root / "store/stages").glob("*/out/test-de.tsv")) + list((root / "store").glob("**/scores.json")):
        file.write_text("nonsense")


def forged_records(root: Path) -> None:
    for file in (root / "store/stages").glob("*/record.json"):
        file.write_text(file.read_text().replace('"kind": "retrieve"', '"kind": "predict"'))


def removed_bundle(root: Path) -> None:
    shutil.rmtree(root / "submissions")


def altered_bundle(root: Path) -> None:
    (root / "submissions/tiny/tatoeba/test-de.tsv").write_text("0\n")


def test_all_end_well_with_the_same_bytes_also_on_a_damaged_store(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    command = [sys.executable, "-m", "xtreme_bench.cli", "run", "tiny.yaml"]
    zips = set()
    spoil: list[Callable[[Path], None]] = [damaged_outputs, forged_records, removed_bundle, altered_bundle]
    for before in [lambda root: None, *spoil]:
        before(tmp_path)
        runs = [
            subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        ends = [(run.communicate()[1], run.returncode) for run in runs]
        assert [code for _, code in ends] == [0] * 4, ends
        assert check(tmp_path / "submissions/tiny").problems == ()
        zips.add((tmp_path / "submissions/tiny/tiny.zip").read_bytes())
    assert len(zips) == 1
    assert [path.name for path in (tmp_path / "submissions").iterdir()] == ["tiny"]
    assert {path.name for path in (tmp_path / "reports/tiny").iterdir()} == {"index.html", "cost.json"}
    assert list((tmp_path / "store/partial").iterdir()) == []
