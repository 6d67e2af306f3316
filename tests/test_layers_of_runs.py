"""Tatoeba at every layer: the curve of an encoder is what retrieval scores at each of its layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from places import script
from tiny_encoder import LAYERS, TEXTS, save_tiny_encoder

from xtreme_bench.retrieval.params import Retrieve
from xtreme_bench.retrieval.retrieve import retrieve
from xtreme_bench.stage.job import Job

layers = script("benchmarks/layers.py")
RETRIEVAL = {"pooling": "mean", "max_length": 64}


def put(folder: Path) -> Path:
    """English sentences, and a few of their words backwards in another order, with gold labels."""
    english = sorted(f"{text} {end}" for text in TEXTS for end in ("today", "again"))
    foreign = [" ".join(text.split()[::-2]) for text in english[::-1]]
    right = [str(at) for at in reversed(range(len(english)))]
    files = {"data/tatoeba/de-en.en": english, "data/tatoeba/de-en.de": foreign, "labels/tatoeba/test-de.tsv": right}
    for place, lines in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def test_the_curve_of_an_encoder_is_what_retrieval_scores_at_each_layer(tmp_path: Path) -> None:
    encoder = save_tiny_encoder(tmp_path / "encoder")
    put(tmp_path)
    found = layers.curve(tmp_path / "data", tmp_path / "labels", encoder, ["de"], RETRIEVAL)
    assert len(found) == LAYERS + 1
    right = (tmp_path / "labels/tatoeba/test-de.tsv").read_text().splitlines()
    exact: dict[str, Any] = {
        "precision": "fp32",
        "min_cosine": None,
        "device": "cpu",
        "threads": 1,
        "provider": "torch",
    }
    for layer, score in enumerate(found):
        out = tmp_path / f"out{layer}"
        for folder in (out, out / "work"):
            folder.mkdir()
        params = Retrieve(layer=layer, **RETRIEVAL, **exact, task="tatoeba", languages=("de",))
        retrieve(Job(params, {"data": tmp_path / "data", "encoder": encoder}, out, out / "work"))
        same = [a == b for a, b in zip((out / "test-de.tsv").read_text().splitlines(), right, strict=True)]
        assert score == pytest.approx(100 * sum(same) / len(same), abs=1e-3)
    assert len({*found}) > 1


def test_runs_that_the_file_has_are_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifests = {"a/7": ("arm", 1), "a/12": ("arm", 1), "b": ("arm", 2)}
    for name in manifests:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "manifest.json").write_text("{}")
    file = tmp_path / "layers.json"
    file.write_text(json.dumps({"runs": [{"arm": "arm", "seed": 2, "by_layer": [1.0]}]}))
    told = {tmp_path / name: {"name": arm, "seed": seed} for name, (arm, seed) in manifests.items()}
    monkeypatch.setattr(layers, "read_manifest", told.__getitem__)
    done: list[int] = []
    monkeypatch.setattr(layers, "of_run", lambda manifest, store: done.append(manifest["seed"]) or [2.0])
    monkeypatch.setattr("sys.argv", ["layers.py", str(tmp_path), "--store", "none", "--json", str(file)])
    layers.main()
    assert done == [1]
    runs = json.loads(file.read_text())["runs"]
    assert [(run["seed"], run["by_layer"]) for run in runs] == [(1, [2.0]), (2, [1.0])]
