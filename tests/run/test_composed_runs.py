"""A recipe composed of others, run for real: each target is from the model that is best on development data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import call
from small_bundle import bundle_hash

from xtreme_bench.bundle.verify import verify
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.files import digest, write_json
from xtreme_bench.miniature.corpus import write_labels
from xtreme_bench.stage.store import Store

pytestmark = pytest.mark.slow

BASE = """
description: a part
seed: 1
data: {source: miniature, scale: 0.03}
model: {scratch: {layers: 1, width: 16, heads: 2, feedforward: 32, vocabulary: 600, positions: 130}}
pretraining: {steps: 10, batch: 8, max_length: 32, languages: [en, de]}
finetuning:
  xnli: {steps: 12, batch: 8, max_length: 48, evaluate_every: 4, evaluate_on: 40}
  udpos: {steps: 4, batch: 8, max_length: 48, evaluate_every: 2, evaluate_on: 40}
targets:
  {xnli: {languages: [en, de]}, udpos: {languages: [en, de]}, bucc2018: {languages: [de]}, tatoeba: {languages: [de]}}
retrieval: {layer: 1, pooling: mean, max_length: 32, layers: all}
resources: {threads: 1, jobs: 1}
"""
INTERMEDIATE = """
intermediate:
  tasks: {{{task}: {{languages: [{language}]}}}}
  steps: 20
  batch: 8
  max_length: 48
  learning_rate: 1.0e-3
"""
BEST = "description: the best of three\ncompose: [base, nli, paraphrase]\nbaseline: base\n"
TARGETS = ("xnli", "udpos", "bucc2018", "tatoeba")
NAMES = ("base", "nli", "paraphrase")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the composed recipe has run once; none of its parts had run before."""
    path = tmp_path_factory.mktemp("composed")
    (path / "recipes").mkdir()
    for name, text in {
        "base": BASE,
        "nli": BASE + INTERMEDIATE.format(task="mnli", language="en"),
        "paraphrase": BASE + INTERMEDIATE.format(task="qqp", language="de"),
        "best": BEST,
    }.items():
        (path / f"recipes/{name}.yaml").write_text(text)
    done = call("run", "best", "--allow-partial", cwd=path)
    assert done.returncode == 0, done.stderr
    (path / "out.txt").write_text(done.stdout)
    write_labels(path / "labels", seed=1, scale=0.03, languages=("en", "de"))
    return path


def test_each_target_is_from_the_recipe_that_is_best_on_development_data(folder: Path) -> None:
    manifest = read_manifest(folder / "submissions/best")
    assert set(manifest["recipe"]["targets"]) == set(manifest["composed"]) == set(TARGETS)
    for task, row in manifest["composed"].items():
        assert list(row["development"]) == sorted(NAMES)  # a file of JSON is sorted
        assert row["development"][row["from"]] == max(row["development"].values()), task
    assert manifest["composed"]["tatoeba"]["judged_by"] == "bucc2018"
    assert manifest["composed"]["tatoeba"]["from"] == manifest["composed"]["bucc2018"]["from"]
    # All of it follows from stages of the parts, which the store now has.
    for task, row in manifest["composed"].items():
        part = call("run", row["from"], "--allow-partial", cwd=folder)
        assert part.returncode == 0, part.stderr
        own = read_manifest(folder / f"submissions/{row['from']}")
        assert manifest["scores"][task] == own["scores"][task]
        for file in (folder / "submissions/best" / task).iterdir():
            assert file.read_bytes() == (folder / f"submissions/{row['from']}/{task}/{file.name}").read_bytes()
        assert manifest["zero_shot"][task] == own["zero_shot"][task]


def test_the_bundle_is_checked_and_verified_and_can_be_made_again(folder: Path) -> None:
    bundle = folder / "submissions/best"
    assert call("check", str(bundle)).returncode == 0
    result = verify(bundle, folder / "labels")
    assert result.verified, result.problems
    again = call("verify", str(bundle), "--labels", str(folder / "labels"), "--rerun", str(folder / "store"))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "6 of 6 files equal" in again.stdout


def test_running_it_again_computes_nothing_and_gives_the_same_bytes(folder: Path) -> None:
    before, bundle = bundle_hash(folder / "submissions/best"), folder / "submissions/best"
    keys = {record["key"] for record in Store(folder / "store").records()}
    shutil.rmtree(bundle)
    assert call("run", "best", "--allow-partial", cwd=folder).returncode == 0
    assert bundle_hash(bundle) == before
    assert {record["key"] for record in Store(folder / "store").records()} == keys
    planned = json.loads(call("plan", "best", "--json", "-", cwd=folder).stdout)
    assert planned["done"] == len(planned["stages"])


def test_reports_say_which_recipe_each_target_is_from(folder: Path) -> None:
    row = next(line for line in (folder / "out.txt").read_text().splitlines() if line.startswith("from "))
    origin = {task: one["from"] for task, one in read_manifest(folder / "submissions/best")["composed"].items()}
    assert row.split() == ["from", *(origin[task] for task in TARGETS)]
    page = (folder / "reports/best/index.html").read_text()
    assert "Recipes that best is composed of" in page
    site = call(
        "leaderboard",
        str(folder / "submissions/best"),
        "--labels",
        str(folder / "labels"),
        "--to",
        str(folder / "site"),
    )
    assert site.returncode == 0, site.stderr
    assert f"xnli from {origin['xnli']}" in (folder / "site/entries/best.html").read_text()
    compared = call("compare", "submissions/base", "submissions/best", "--labels", "labels", cwd=folder)
    assert compared.returncode == 0, compared.stderr


def _other(manifest: dict[str, Any]) -> str:
    return next(name for name in NAMES if name != manifest["composed"]["udpos"]["from"])


def _moved(manifest: dict[str, Any]) -> None:
    manifest["composed"]["udpos"]["from"] = _other(manifest)


def _better(manifest: dict[str, Any]) -> None:
    row = manifest["composed"]["udpos"]
    row["from"] = _other(manifest)
    row["development"][row["from"]] = 100


def _worse(manifest: dict[str, Any]) -> None:
    manifest["composed"]["udpos"]["development"][_other(manifest)] = -1


def _misjudged(manifest: dict[str, Any]) -> None:
    manifest["composed"]["udpos"]["judged_by"] = "xnli"


def _unjudged(manifest: dict[str, Any]) -> None:
    del manifest["composed"]["udpos"]["development"][_other(manifest)]


def _silent(manifest: dict[str, Any]) -> None:
    del manifest["composed"]


def _whole(manifest: dict[str, Any]) -> None:
    del manifest["recipe"]["compose"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_moved, "is better on udpos"),
        (_better, "has 100 on development data of udpos, but the stage of"),
        (_worse, "has -1 on development data of udpos, but the stage of"),
        (_misjudged, "udpos is judged by udpos, not by `xnli`"),
        (_unjudged, "udpos was never judged on development data"),
        (_silent, "xnli was never judged on development data"),
        (_whole, "it has `composed`, but its recipe is not composed of others"),
    ],
)
def test_false_claims_about_the_parts_are_found(
    folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    bundle = tmp_path / "best"
    shutil.copytree(folder / "submissions/best", bundle)
    (bundle / "best.zip").unlink()
    manifest = read_manifest(bundle)
    change(manifest)
    write_json(bundle / "manifest.json", {**manifest, "recipe_sha256": digest(manifest["recipe"])})
    assert any(said in problem.message for problem in verify(bundle, folder / "labels").problems)
