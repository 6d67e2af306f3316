"""Tatoeba and BUCC at every layer: the curve of an encoder is what retrieval scores at each of its layers."""

from __future__ import annotations

import json
from pathlib import Path

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
    for split in ("dev", "test"):
        for code, lines in (("en", english), ("de", foreign)):
            files[f"data/bucc2018/de-en.{split}.{code}"] = [f"{code}-{at:09}\t{line}" for at, line in enumerate(lines)]
    files["data/bucc2018/de-en.dev.gold"] = [f"de-{int(at):09}\ten-{place:09}" for place, at in enumerate(right)]
    for place, lines in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize("task", layers.CURVES)
def test_the_curve_of_an_encoder_is_what_retrieval_scores_at_each_layer(tmp_path: Path, task: str) -> None:
    encoder = save_tiny_encoder(tmp_path / "encoder")
    data, labels = put(tmp_path) / "data", tmp_path / "labels"
    params = layers.exact(RETRIEVAL, ["de"])
    curve = layers.CURVES[task](data, labels, encoder, params)
    assert len(curve) == LAYERS + 1
    right = (labels / "tatoeba/test-de.tsv").read_text().splitlines()
    for layer, score in enumerate(curve):
        out = tmp_path / f"out{layer}"
        for folder in (out, out / "work"):
            folder.mkdir()
        here = Retrieve(**{**vars(params), "layer": layer}, task=task)
        facts = retrieve(Job(here, {"data": data, "encoder": encoder}, out, out / "work"))
        if task == "tatoeba":
            same = [a == b for a, b in zip((out / "test-de.tsv").read_text().splitlines(), right, strict=True)]
            assert score == pytest.approx(100 * sum(same) / len(same), abs=1e-3)
        else:
            assert score == pytest.approx(facts["languages"]["de"]["dev_f1"], abs=1e-3)
    assert len({*curve}) > 1


def test_runs_that_the_file_has_are_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifests = {"a/7": ("arm", 1), "a/12": ("arm", 1), "b": ("arm", 2)}
    for name in manifests:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "manifest.json").write_text("{}")
    file = tmp_path / "layers.json"
    file.write_text(json.dumps({"runs": [{"arm": "arm", "seed": 2, "by_layer": {"tatoeba": [1.0]}}]}))
    told = {tmp_path / name: {"name": arm, "seed": seed} for name, (arm, seed) in manifests.items()}
    monkeypatch.setattr(layers, "read_manifest", told.__getitem__)
    done: list[int] = []
    monkeypatch.setattr(layers, "of_run", lambda manifest, store: done.append(manifest["seed"]) or {"tatoeba": [2.0]})
    monkeypatch.setattr("sys.argv", ["layers.py", str(tmp_path), "--store", "none", "--json", str(file)])
    layers.main()
    assert done == [1]
    runs = json.loads(file.read_text())["runs"]
    assert [(run["seed"], run["by_layer"]) for run in runs] == [(1, {"tatoeba": [2.0]}), (2, {"tatoeba": [1.0]})]
