"""A plan says why a stage is to do again: in what it differs from the finished stage that is most like it."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from finished_stage import finish
from made_up_run import RECIPE, made_up

from xtreme_bench.files import Digests, write_json
from xtreme_bench.plan import facts
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.plan.why import History, title
from xtreme_bench.recipe import load
from xtreme_bench.stage.stage import Folder, Stage
from xtreme_bench.stage.store import Store

LOOP = "xtreme_bench.training.loop"
PARAMS = {"task": "xnli", "learning_rate": 1e-5, "sampling": {"temperature": 5}, "languages": ["en", "de"]}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def stage(name: str = "fine-tune xnli (mnli)", image: str | None = None, **inputs: Stage | Folder) -> Stage:
    return Stage("finetune", name, PARAMS, inputs, image)


def why(store: Store, stage: Stage, waiting: Mapping[str, str] | None = None) -> list[str]:
    """What is said of a stage that is to do again."""
    again, found = History(store).why(stage, {stage.name}, waiting or {})
    assert again
    return found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": {LOOP: "0" * 64}}, f"code of {LOOP.removeprefix('xtreme_bench.').replace('.', '/')} differs"),
        ({"params": {**PARAMS, "learning_rate": 3e-5}}, "learning_rate 3e-05 -> 1e-05"),
        ({"params": {**PARAMS, "sampling": {"temperature": 2}}}, "sampling.temperature 2 -> 5"),
        ({"params": {**PARAMS, "languages": ["en", "sw"]}}, "languages: de added and sw removed"),
        ({"params": {**PARAMS, "languages": ["de", "en"]}}, "languages: in another order"),
        ({"params": {**PARAMS, "length": "x" * 50}}, f"length {'x' * 40}… -> none"),
        ({"versions": "torch"}, "package versions: torch 2.12 -> 2.13"),
        ({"rows": {}}, "the benchmark's row of xnli differs"),
        ({"schema_version": 0}, "the format of records has changed"),
        ({"inputs": {"old": "0" * 64}}, "old is no longer an input"),
    ],
)
def test_each_difference_to_the_finished_stage_is_named(
    store: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr("xtreme_bench.stage.stage.needed_versions", lambda: {"torch": "2.13"})
    mine = stage()
    if "code" in changes:
        changes = {"code": {**mine.description()["code"], **changes["code"]}}
    if "versions" in changes:
        changes = {"versions": {"torch": "2.12"}}
    finish(store, mine, **changes)
    (found,) = why(store, mine)
    assert found.startswith(said)


def test_another_image_is_named_and_not_its_packages(store: Store) -> None:
    finish(store, stage(image="sha256:1"))
    assert why(store, stage(image="sha256:2")) == ["image differs: sha256:1 -> sha256:2"]
    assert why(store, stage()) == ["image differs: sha256:1 -> none"]


def test_the_files_that_changed_came_or_went_are_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "xnli").mkdir()
    names = ("xnli/train-en.tsv", "xnli/dev-en.tsv", "xnli/test-de.tsv")
    for name in names[:2]:
        (tmp_path / name).write_text(name)
    digests = Digests(tmp_path / "digests.json")
    finish(store, stage(data=Folder.digested(tmp_path, names, digests)))
    (tmp_path / names[0]).write_text("other")
    changed = Folder.digested(tmp_path, names, digests)
    assert why(store, stage(data=changed)) == ["data changed: xnli/train-en.tsv"]
    (tmp_path / names[2]).write_text("new")
    (tmp_path / names[1]).unlink()
    assert why(store, stage(data=Folder.digested(tmp_path, names, digests))) == [
        "data changed: xnli/train-en.tsv",
        "data added: xnli/test-de.tsv",
        "data removed: xnli/dev-en.tsv",
    ]


def test_an_encoder_of_the_hub_is_named_by_its_revision(store: Store, tmp_path: Path) -> None:
    finish(store, stage(encoder=Folder(tmp_path, "hub:a/b@1")))
    assert why(store, stage(encoder=Folder(tmp_path, "hub:a/b@2"))) == ["encoder hub:a/b@1 -> hub:a/b@2"]


def test_what_follows_from_another_stage_says_so_and_not_the_reason(store: Store) -> None:
    before = stage("intermediate training (mnli)")
    finish(store, stage(encoder=before))
    now = Stage("intermediate", before.name, {"seed": 2}, {})
    assert why(store, stage(encoder=now), {now.key: "to do again"}) == [
        "it reads `intermediate training`: to do again",
    ]
    assert why(store, stage(encoder=now)) == ["input `intermediate training` is a different finished stage"]


def test_the_finished_stage_that_is_most_like_it_is_the_one_compared_with(store: Store) -> None:
    mine = stage()
    finish(store, mine, params={**PARAMS, "learning_rate": 3e-5, "task": "pawsx", "seed": 9}, rows={})
    finish(store, mine, params={**PARAMS, "learning_rate": 2e-5})
    assert why(store, mine) == ["learning_rate 2e-05 -> 1e-05"]


def test_a_stage_that_another_recipe_alone_has_finished_is_to_do_and_told_apart_where_it_is_alike(store: Store) -> None:
    mine = stage()
    finish(store, mine, name="predict xnli (mnli)", params={**PARAMS, "seed": 1})
    assert History(store).why(mine, {mine.name}, {}) == (False, [])
    finish(store, mine, name="fine-tune xnli (qqp)", params={"all": "else", "of": "it"})
    assert History(store).why(mine, {mine.name}, {}) == (False, [])
    finish(store, mine, name="fine-tune xnli (ccg)", params={**PARAMS, "learning_rate": 2e-5})
    assert History(store).why(mine, {mine.name}, {}) == (
        False,
        ["unlike fine-tune xnli (ccg): learning_rate 2e-05 -> 1e-05"],
    )


def test_a_damaged_record_is_the_reason(store: Store) -> None:
    mine = stage()
    file = store.root / "stages" / finish(store, mine) / "record.json"
    file.write_text(file.read_text().replace("1.5", "0.5"))
    assert why(store, mine) == ["the record of the finished run has changed since the stage was finished"]


def edited(folder: Path, **changes: Any) -> Plan:
    """The made-up recipe once more, edited."""
    content = {"description": "An invented run", **RECIPE, "intermediate": {"tasks": {"mnli": {}}, "steps": 600}}
    write_json(folder / "made-up.yaml", content | changes)
    return plan(load.load(folder / "made-up.yaml"), digests=Digests(folder / "digests.json"))


def test_the_table_and_the_json_of_a_plan_say_why(tmp_path: Path) -> None:
    _, store = made_up(tmp_path, baseline=False, intermediate={"tasks": {"mnli": {}}, "steps": 600})
    assert facts.facts([edited(tmp_path)], store, tmp_path)["to_do_again"] == 0
    longer = edited(tmp_path, intermediate={"tasks": {"mnli": {}}, "steps": 700})
    found = facts.facts([longer], store, tmp_path)
    stages = {title(one["name"]): one for one in found["stages"]}
    assert stages["pretrain"]["status"] == "done"
    assert stages["pretrain"]["why"] == []
    assert stages["intermediate training"]["status"] == "to do again"
    assert stages["intermediate training"]["why"] == ["steps 600 -> 700"]
    assert stages["fine-tune xnli"]["why"] == ["it reads `intermediate training`: to do again"]
    assert stages["score"]["why"] == [
        "it reads `predict xnli`, `predict pawsx`, `predict udpos` and 6 more: to do again",
    ]
    text = facts.text(found)
    at = next(number for number, line in enumerate(text.splitlines()) if "intermediate training (made-up)" in line)
    assert "to do again" in text.splitlines()[at]
    assert "- steps 600 -> 700" in text.splitlines()[at + 1]


def test_the_records_are_read_once_for_all_stages_of_a_plan(store: Store) -> None:
    mine = stage()
    finish(store, mine, params={**PARAMS, "seed": 1})
    history = History(store)
    first = history.why(mine, {mine.name}, {})
    assert first == (True, ["seed 1 -> none"])
    shutil.rmtree(store.root / "stages")
    assert history.why(mine, {mine.name}, {}) == first
