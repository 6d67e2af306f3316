"""Recipes that are composed of others: what they say themselves, what they take from their parts, and every fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import call
from small_recipes import RECIPE

from xtreme_bench.errors import InputError
from xtreme_bench.recipe.load import load, recall, validate

RETRIEVAL = "retrieval: {layer: 1, pooling: mean}\n"
TARGETS = "targets: {xnli: {languages: [en, de]}, pawsx: {}}"
PARTS = {
    "one": RECIPE,
    "two": f"{RECIPE}intermediate: {{tasks: {{mnli: {{}}}}, steps: 30}}\nheld_out: {{families: [Turkic]}}\n",
    "seeds": RECIPE.replace("seed: 1", "seeds: [1, 2]"),
    "larger": RECIPE.replace("width: 32", "width: 64"),
    "other-data": RECIPE.replace("scale: 0.03", "scale: 0.04"),
    "fewer": RECIPE.replace(TARGETS, "targets: {xnli: {languages: [en, zh]}}"),
    "rough": RECIPE.replace("{steps: 12, batch: 8}", "{steps: 12, batch: 8, evaluate_on: 9}"),
    "mined": RECIPE.replace(TARGETS, "targets: {bucc2018: {}, tatoeba: {}}\n" + RETRIEVAL).replace(
        "finetuning: {xnli: {steps: 12, batch: 8}}\n", ""
    ),
    "blind": RECIPE.replace(TARGETS, "targets: {tatoeba: {}}\n" + RETRIEVAL).replace(
        "finetuning: {xnli: {steps: 12, batch: 8}}\n", ""
    ),
    "nested": "description: composed\ncompose: [one, two]\n",
    "faulty": f"{RECIPE}speed: 3\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in PARTS.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "best.yaml"
    file.write_text(f"description: the best\n{text}\n")
    return file


def test_model_data_and_targets_are_those_of_the_parts(folder: Path) -> None:
    found, part = load(written(folder, "compose: [two, one]\nbaseline: one")), load(folder / "two.yaml")
    assert [one.name for one in found.members] == ["two", "one"]  # the first of two that are equally good counts
    assert (found.name, found.seed, found.baseline, found.intermediate, found.held_out) == (
        "best",
        1,
        "one",
        None,
        None,
    )
    assert (found.model, found.data, found.targets, found.finetuning) == (
        part.model, part.data, part.targets, part.finetuning,
    )  # fmt: skip
    assert list(load(written(folder, "compose: [one, two]\ntargets: [pawsx]")).targets) == ["pawsx"]


def test_what_a_manifest_says_of_it_is_read_again(folder: Path) -> None:
    found = load(written(folder, "compose: [one, two]\nbaseline: one"))
    again, faults = recall(found.to_dict(), "best")
    assert again is not None, faults
    assert again.to_dict() == found.to_dict()
    assert [one.name for one in again.members] == ["one", "two"]


def test_what_is_set_on_the_command_line_is_set_in_the_parts(folder: Path) -> None:
    file = written(folder, "compose: [one, two]\nbaseline: one")
    found = load(file, ["seed=7", "intermediate.steps=9", "baseline=", "finetuning.xnli.steps=5"])
    assert found.baseline is None
    assert [(one.seed, one.finetuning["xnli"].steps) for one in (found, *found.members)] == [(7, 5)] * 3
    assert [one.intermediate and one.intermediate.steps for one in found.members] == [None, 9]
    assert [run.seed for run in load(file, ["seeds=[3, 4]"]).runs] == [3, 4]
    assert [run.members[1].seed for run in load(file, ["seeds=[3, 4]"]).runs] == [3, 4]


def test_targets_that_the_command_line_names_are_those_of_the_recipe_and_of_its_parts(folder: Path) -> None:
    for listed in ("", "\ntargets: [xnli, pawsx]"):
        found = load(written(folder, f"compose: [one, two]{listed}"), ["targets=[pawsx]"])
        assert [[*one.targets] for one in (found, *found.members)] == [["pawsx"]] * 3


def test_a_contrast_is_not_set_in_a_composed_recipe(folder: Path) -> None:
    with pytest.raises(InputError, match="contrast is as in the recipes that are composed; set it there"):
        load(written(folder, "compose: [one, two]"), ["contrast.over=nonsense"])


def test_a_composed_baseline_takes_of_the_command_line_what_it_has(folder: Path) -> None:
    (folder / "best.yaml").write_text("description: the best\ncompose: [one, two]\ntargets: [xnli, pawsx]\n")
    for text, targets in (("targets=[pawsx, panx]", ["pawsx"]), ("contrast=", None), ("contrast.over=all", None)):
        assert [*load(folder / "best.yaml", [text], baseline=True).targets] == (targets or ["xnli", "pawsx"])


FAULTS = [
    ("compose: []", "compose is an empty list; leave it out or name at least one"),
    ("compose: one", "compose must be a list, not text; write [one]"),
    ("compose: [one, one]", "compose names 'one' twice"),
    ("compose: [one, ../two]", "compose must list recipes, not '../two'"),
    ("compose: [one, tow]", "compose: there is no recipe 'tow' beside this one; did you mean 'two'?"),
    ("compose: [one, best]", "a recipe cannot be composed of itself"),
    ("compose: [one, nested]", "compose: nested is itself composed of recipes; name these"),
    ("compose: [one, two]\nmodel: {path: x}", "model is as in the recipes that are composed; set it there"),
    ("compose: [one, two]\nspeed: 3", "unknown key 'speed'; known: description, compose, targets, baseline, expect"),
    ("compose: [one, two]\nexpect: {gains: {xnli: {at_least: 1}}}", "expect.gains needs a baseline"),
    ("compose: [one, two]\nexpect: {development: {xnli: {at_least: 1}}}", "expect.development is for a recipe that"),
    ("compose: [one, two]\nbaseline: none", "there is no recipe 'none' beside this one"),
    ("compose: [one, seeds]", "compose: seeds and one must agree in seeds: 1 2 and 1"),
    ("compose: [one, larger]", "compose: larger and one must agree in model: scratch width 64 and 32"),
    ("compose: [one, other-data]", "compose: other-data and one must agree in data: scale 0.04 and 0.03"),
    ("compose: [one, rough]", "must agree in finetuning.*.evaluate_on: xnli 9 and 500"),
    ("compose: [one, fewer]", "compose: fewer has no target pawsx"),
    ("compose: [one, fewer]", "compose: fewer and one must agree in languages of targets: xnli en zh and de en"),
    ("compose: [one, two]\ntargets: [panx]", "compose: one has no target panx"),
    ("compose: [mined, blind]", "compose: blind was never judged on development data for tatoeba"),
    ("compose: [one, faulty]", "unknown key 'speed'; did you mean 'seed'?"),
]


@pytest.mark.parametrize(("text", "said"), FAULTS)
def test_what_cannot_be_composed_is_a_fault(folder: Path, text: str, said: str) -> None:
    found = [problem.message for problem in validate(written(folder, text))]
    assert any(message.startswith(said) or said in message for message in found), found


def test_all_faults_are_said_at_once_with_their_lines_and_exit_code_2(folder: Path) -> None:
    file = written(folder, "model: {path: x}\ncompose:\n  - one\n  - larger\n  - fewer\n  - gone")
    done = call("run", str(file), cwd=folder)
    assert done.returncode == 2
    lines = [line.strip() for line in done.stderr.splitlines() if "best.yaml:" in line]
    assert [line.split("best.yaml:")[1].split(":")[0] for line in lines] == ["2", "5", "6", "6", "7"]


@pytest.mark.parametrize(
    "value",
    [3, ["one"], [{"name": "one"}], [{"compose": []}], [{"name": "one", "seed": 1, "model": {}, "targets": {}}]],
)
def test_faulty_parts_of_a_manifest_are_faults(folder: Path, value: object) -> None:
    values = load(written(folder, "compose: [one, two]")).to_dict()
    recipe, faults = recall({**values, "compose": value}, "best")
    assert recipe is None
    assert faults


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (("model",), {"package": "multilingual-e5-small-q4"}, "must agree in model"),
        (("compose", 1, "model"), {"path": "/etc"}, "`two` and the recipe must agree in model"),
        (("data", "scale"), 1, "must agree in data"),
        (("finetuning", "xnli", "learning_rate"), 0.5, "not as its first part: finetuning xnli learning_rate 0.5"),
        (("seed",), 9, "must agree in seeds"),
        (("targets", "xnli", "languages"), ["en"], "must agree in languages of targets"),
        (("compose", 1, "targets", "pawsx"), None, "`two` has no target pawsx"),
        (("compose", 1, "name"), "one", "`one` is no name of a recipe, or that of two"),
        (("compose", 0, "name"), "../one", "`../one` is no name of a recipe"),
        (("intermediate",), {"tasks": {"mnli": {}}, "steps": 3}, "the recipe has `intermediate`"),
    ],
)
def test_a_manifest_cannot_say_that_its_parts_are_what_they_are_not(
    folder: Path, at: tuple[str | int, ...], value: object, said: str
) -> None:
    values = json.loads(json.dumps(load(written(folder, "compose: [one, two]")).to_dict()))
    inner = values
    for key in at[:-1]:
        inner = inner[key]
    if value is None:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    recipe, faults = recall(values, "best")
    assert recipe is None
    assert any(said in fault.message for fault in faults), faults


def test_languages_without_data_are_all_named_before_any_work(folder: Path) -> None:
    text = RECIPE.replace("source: miniature, scale: 0.03", "source: download").replace(
        "model: {scratch: {layers: 2, width: 32, heads: 2}}\npretraining: {steps: 60}\n", "model: {path: encoder}\n"
    )
    for name, languages in (("german", "de"), ("swahili", "sw, th")):
        mix = f"intermediate: {{tasks: {{mnli: {{languages: [{languages}]}}}}, select_on: last, steps: 30}}\n"
        (folder / f"{name}.yaml").write_text(text + mix)
    (folder / "data").mkdir()
    done = call("run", str(written(folder, "compose: [german, swahili]")), "--data", "data", cwd=folder)
    assert done.returncode == 2
    for language in ("de", "sw", "th"):
        assert f"mnli in {language}" in done.stderr
    assert not (folder / "store/stages").exists()


def test_the_parts_can_be_set_on_the_command_line_beside_a_baseline(folder: Path) -> None:
    written(folder, "compose: [one, two]\nbaseline: one")
    done = call("plan", "best.yaml", "--set", "compose=[two, one]", cwd=folder)
    assert done.returncode == 0, done.stderr
