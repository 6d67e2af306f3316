"""Gold labels before any work: found beside the data, and missed where a recipe expects scores that need them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_encoder import save_tiny_encoder

from xtreme_bench.data import layout
from xtreme_bench.errors import InputError
from xtreme_bench.plan.stages import Folder, Plan
from xtreme_bench.run.reproduce import Places, plans, reproduce

RECIPE = """\
description: a recipe on a data folder
seed: 1
model: {path: encoder}
finetuning: {xnli: {max_length: 32}, pawsx: {max_length: 32}}
targets: {xnli: {languages: [en, de]}, pawsx: {languages: [en]}}
"""
EXPECT = "expect: {scores: {xnli: {at_least: 50}, classification: {at_least: 50}, xnli/transfer: {at_least: 50}}}\n"


def ready(folder: Path, recipe: str = RECIPE, labels: tuple[str, ...] = (), beside: str = "corpora-labels") -> Places:
    """A recipe of which everything is there but perhaps labels; those that are named are beside the data."""
    save_tiny_encoder(folder / "encoder")
    files = [f for source in ("xnli", "pawsx") for f in layout.training_files(source)]
    for file in (*files, "xnli/test-en.tsv", "xnli/test-de.tsv", "pawsx/test-en.tsv"):
        write(folder / "corpora" / file)
    for file in labels:
        write(folder / beside / file)
    (folder / "own.yaml").write_text(recipe)
    return Places(data=folder / "corpora", store=folder / "store")


def write(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a\tb\tneutral\n")


def planned(places: Places) -> Plan:
    assert places.data is not None
    return plans(str(places.data.parent / "own.yaml"), places)[0]


def test_labels_that_prepare_wrote_beside_the_data_are_taken(tmp_path: Path) -> None:
    made = planned(ready(tmp_path, labels=("xnli/test-de.tsv", "panx/test-de.tsv")))
    assert made.score is not None
    assert made.scored == made.score.params.tasks == {"xnli": ("de",)}
    folder = made.score.inputs["labels"]
    assert isinstance(folder, Folder)
    assert folder.path == tmp_path / "corpora-labels"


@pytest.mark.parametrize(
    ("labels", "beside"),
    [((), "corpora-labels"), (("panx/test-de.tsv",), "corpora-labels"), (("xnli/test-de.tsv",), "labels")],
    ids=["none", "of no target", "elsewhere"],
)
def test_without_labels_of_its_targets_beside_the_data_a_run_is_not_scored(
    tmp_path: Path, labels: tuple[str, ...], beside: str
) -> None:
    made = planned(ready(tmp_path, labels=labels, beside=beside))
    assert made.score is None
    assert made.missing == []


def test_gold_labels_of_dialogues_without_their_ontology_are_named_before_any_work(tmp_path: Path) -> None:
    recipe = """\
description: a recipe on a data folder
seed: 1
model: {path: encoder}
finetuning: {woz: {max_length: 32}}
targets: {woz: {languages: [en]}}
"""
    places = ready(tmp_path, recipe, labels=("woz/test-en.json",))
    for file in [*layout.training_files("woz"), *layout.test_files("woz", "en")]:
        write(tmp_path / "corpora" / file)
    assert [one.file for one in planned(places).missing] == [str(tmp_path / "corpora-labels/woz/ontology-en.json")]
    write(tmp_path / "corpora-labels/woz/ontology-en.json")
    assert planned(places).missing == []


def test_recipes_that_make_their_own_labels_take_no_others(tmp_path: Path) -> None:
    places = ready(tmp_path, RECIPE + "data: {source: releases}\n", labels=("xnli/test-de.tsv",))
    made = planned(places)
    assert made.score is not None
    assert made.score.inputs["labels"].kind == "release_labels"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("labels", "tasks", "scores"),
    [
        ((), "xnli, pawsx", "xnli, xnli/transfer, classification"),
        (("xnli/test-de.tsv",), "pawsx", "classification"),
        (("xnli/test-en.tsv", "pawsx/test-en.tsv"), "xnli", "xnli/transfer"),
    ],
    ids=["none", "of one task", "in English"],
)
def test_what_is_expected_and_cannot_be_judged_is_said_before_any_work(
    tmp_path: Path, labels: tuple[str, ...], tasks: str, scores: str
) -> None:
    places = ready(tmp_path, RECIPE + EXPECT, labels=labels)
    with pytest.raises(InputError) as caught:
        reproduce(str(tmp_path / "own.yaml"), places)
    (problem,) = caught.value.problems
    assert caught.value.exit_code == 2
    folder = tmp_path / "corpora-labels"
    assert problem.message.startswith(f"{folder}: there are no gold labels of {tasks}, so")
    assert f"`expect` of {scores} in the recipe cannot be checked" in problem.message
    assert not (tmp_path / "store/stages").exists()


def test_with_all_labels_nothing_is_missing(tmp_path: Path) -> None:
    places = ready(tmp_path, RECIPE + EXPECT, labels=("xnli/test-de.tsv", "pawsx/test-en.tsv"))
    assert planned(places).missing == []


def test_what_a_baseline_expects_is_not_asked_of_a_run_of_another_recipe(tmp_path: Path) -> None:
    places = ready(tmp_path, RECIPE + "baseline: below\n")
    (tmp_path / "below.yaml").write_text(RECIPE + EXPECT)
    assert [one.missing for one in plans(str(tmp_path / "own.yaml"), places)] == [[], []]


@pytest.mark.parametrize(("data", "labels"), [("a/data", "a/data-labels"), ("/x/corpora/", "/x/corpora-labels")])
def test_labels_lie_beside_the_data_under_its_name(data: str, labels: str) -> None:
    assert layout.labels_beside(Path(data)) == Path(labels)


def test_the_working_folder_has_labels_beside_it_too() -> None:
    here = Path.cwd()
    assert layout.labels_beside(Path()) == here.with_name(f"{here.name}-labels")
