"""Results that differ by code alone are accepted where the user asks for it, and nothing else ever is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from finished_stage import finish

from xtreme_bench.bundle import manifest
from xtreme_bench.files import Digests, write_json
from xtreme_bench.plan import facts
from xtreme_bench.plan.accept import accept
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.plan.why import title
from xtreme_bench.recipe import load
from xtreme_bench.stage import code
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.store import Store

LOOP, WORLD = "xtreme_bench.training.loop", "xtreme_bench.miniature.world"
TRAINED = ["pretrain", "intermediate training", "fine-tune xnli"]
RECIPE = {
    "description": "small",
    "seed": 1,
    "data": {"source": "miniature"},
    "model": {"scratch": {}},
    "pretraining": {"steps": 5},
    "finetuning": {"xnli": {"steps": 5}},
    "targets": {"xnli": {"languages": ["en", "de"]}},
}
Edit = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch) -> Edit:
    """From now on the code of these modules is another one than it was, as after an edit."""
    parts = code.parts

    def edited(*modules: str) -> None:
        def found(*names: str) -> dict[str, str]:
            return {name: sha + "edited" if name in modules else sha for name, sha in parts(*names).items()}

        monkeypatch.setattr("xtreme_bench.stage.code.parts", found)

    return edited


def planned(folder: Path, name: str = "small", **changes: Any) -> Plan:
    content = {**RECIPE, "intermediate": {"tasks": {"mnli": {}}, "steps": 7}} | changes
    write_json(folder / f"{name}.yaml", {key: value for key, value in content.items() if value is not None})
    return plan(load.load(folder / f"{name}.yaml"), digests=Digests(folder / "digests.json"))


def finished(store: Store, made: Plan) -> Plan:
    """A plan, all of whose stages are in the store."""
    for stage in made.stages:
        if store.record(stage.key) is None:
            finish(store, stage)
    return made


def named(made: Plan) -> list[str]:
    """The stages that were accepted."""
    return [title(stage.name) for stage in made.stages if stage.accepted]


def test_a_whole_recipe_goes_on_with_the_results_of_other_code(store: Store, tmp_path: Path, edit: Edit) -> None:
    before = [stage.key for stage in finished(store, planned(tmp_path)).stages]
    edit(LOOP)
    assert facts.facts([planned(tmp_path)], store, tmp_path)["done"] == 3  # corpora, labels and audit
    (made,) = accept([planned(tmp_path)], store)
    assert [stage.key for stage in made.stages] == before
    assert named(made) == TRAINED
    assert {stage.accepted.modules for stage in made.stages if stage.accepted} == {(LOOP,)}
    assert made.score in made.stages
    assert made.audit in made.stages
    assert next(iter(made.predictions.values())) in made.stages


def test_what_is_not_finished_is_made_on_top_of_what_was_accepted(store: Store, tmp_path: Path, edit: Edit) -> None:
    old = finished(store, planned(tmp_path))
    edit(LOOP)
    longer = planned(tmp_path, intermediate={"tasks": {"mnli": {}}, "steps": 8})
    (made,) = accept([longer], store)
    assert named(made) == ["pretrain"]
    (training,) = [stage for stage in made.stages if stage.kind == "intermediate"]
    (pretrained,) = [stage for stage in old.stages if stage.kind == "pretrain"]
    assert training.description()["inputs"]["encoder"] == pretrained.key
    assert store.record(training.key) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"params": {"steps": 6}},
        {"inputs": {"data": "0" * 64}},
        {"versions": {"torch": "1"}},
        {"image": "sha256:1"},
        {"rows": {"xnli": {}}},
        {"schema_version": 0},
        {"kind": "finetune"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_differs_by_more_than_code_is_never_accepted(
    store: Store, tmp_path: Path, edit: Edit, changes: dict[str, Any]
) -> None:
    stage = next(one for one in planned(tmp_path).stages if one.kind == "pretrain")
    before = stage.description()
    edit(LOOP)
    finish(store, stage, **{"code": before["code"]} | changes)
    assert named(accept([planned(tmp_path)], store)[0]) == []
    finish(store, stage, code=before["code"])
    assert named(accept([planned(tmp_path)], store)[0]) == ["pretrain"]


@pytest.mark.parametrize("what", ["out/result.txt", "record.json"])
def test_damaged_results_are_never_accepted(store: Store, tmp_path: Path, edit: Edit, what: str) -> None:
    made = finished(store, planned(tmp_path))
    (pretrained,) = [stage for stage in made.stages if stage.kind == "pretrain"]
    edit(LOOP)
    with (store.root / "stages" / pretrained.key / what).open("a") as file:
        file.write("damage")
    assert named(accept([planned(tmp_path)], store)[0]) == []


def test_a_run_that_has_begun_anew_can_still_go_on_with_the_old_results(
    store: Store, tmp_path: Path, edit: Edit
) -> None:
    old = finished(store, planned(tmp_path))
    edit(WORLD)
    begun = planned(tmp_path)
    finish(store, begun.stages[0])  # the corpora, which are made in seconds, before the user stopped it
    (made,) = accept([planned(tmp_path)], store)
    assert [stage.key for stage in made.stages] == [stage.key for stage in old.stages]


def test_nothing_is_accepted_in_place_of_what_this_code_has_finished(store: Store, tmp_path: Path, edit: Edit) -> None:
    edit(WORLD, LOOP)
    new = finished(store, planned(tmp_path))
    edit()
    finished(store, planned(tmp_path))
    finished(store, planned(tmp_path, "other", seed=5))  # other code has finished more, and later
    edit(WORLD, LOOP)
    (made,) = accept([planned(tmp_path)], store)
    assert named(made) == []
    assert [stage.key for stage in made.stages] == [stage.key for stage in new.stages]


def test_recipes_that_share_stages_share_what_is_accepted_and_keep_their_names(
    store: Store, tmp_path: Path, edit: Edit
) -> None:
    finished(store, planned(tmp_path))
    edit(LOOP)
    main, baseline = accept([planned(tmp_path), planned(tmp_path, "base", intermediate=None)], store)
    shared = {stage.key for stage in main.stages} & {stage.key for stage in baseline.stages}
    assert named(baseline) == ["pretrain"]
    assert {stage.name.rpartition(" (")[2] for stage in baseline.stages} == {"base)"}
    assert {stage.key for stage in baseline.stages if stage.accepted} <= shared


def test_plan_and_manifest_say_what_is_accepted(store: Store, tmp_path: Path, edit: Edit) -> None:
    finished(store, planned(tmp_path))
    edit(LOOP)
    refused = facts.text(facts.facts([planned(tmp_path)], store, tmp_path))
    assert "to do again only because of code: 1 stage; --accept-code reuses the finished results" in refused
    (made,) = accept([planned(tmp_path)], store)
    found = facts.facts([made], store, tmp_path)
    marked = {title(one["name"]): one["accepted_code"] for one in found["stages"] if one["accepted_code"]}
    assert marked == {name: [LOOP] for name in TRAINED}
    assert "- accepted: code of training/loop differs from the finished run" in facts.text(found)
    assert "accepted with different code: 3 stages; the bundle and the report will say so" in facts.text(found)
    content = manifest.content(made, [record_of(store, stage) for stage in made.stages], None)
    assert {title(name): modules for name, modules in manifest.accepted_code(content).items()} == marked


def record_of(store: Store, stage: Stage) -> dict[str, Any]:
    record = store.record(stage.key)
    assert record is not None
    return record
