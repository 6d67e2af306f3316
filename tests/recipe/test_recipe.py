"""Recipes: what is shipped loads, what is left out is filled in, and names are found."""

import dataclasses
import json
import subprocess
import sys
import typing
from pathlib import Path

import pytest
import yaml
from places import RECIPES

from xtreme_bench.benchmark import MINIATURE_LANGUAGES, OVERALL, TASKS
from xtreme_bench.errors import InputError
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe import load
from xtreme_bench.recipe.phases import Training

SHIPPED = sorted(RECIPES.glob("*.yaml"))
SMALL = """\
description: a small recipe
seed: 1
model:
  hub: {name: FacebookAI/xlm-roberta-large, revision: c23d21b0620b635a76227c604d44e43a9f0ee389}
targets:
  xnli: {languages: [en, de]}
"""


def load_text(folder: Path, text: str) -> load.Recipe:
    file = folder / "small.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    return load.load(file)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_recipe_loads(path: Path) -> None:
    loaded = load.load(path)
    assert loaded.name == path.stem
    assert json.loads(json.dumps(loaded.to_dict())) == loaded.to_dict()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_recipe_opens_with_its_schema_and_its_command(path: Path) -> None:
    head = path.read_text(encoding="utf-8").split("\ndescription:")[0]
    assert head.startswith("# yaml-language-server: $schema=recipe.schema.json\n")
    assert f"    make reproduce RECIPE={path.stem}" in head
    assert "Needed first:" in head
    recipe = load.load(path)
    tasks = [task for one in (recipe, *recipe.members) if one.intermediate for task in one.intermediate.tasks]
    licensed = "CCGbank (LDC2005T13)" if "ccg" in tasks and recipe.data.source == "download" else "none."
    assert f"\n# Licences needed: {licensed}" in head


def published_tasks() -> list[str]:
    """The intermediate tasks of the published experiments: those of the mix of nine."""
    mix = load.load(RECIPES / "multitask9.yaml").intermediate
    assert mix is not None
    assert len(mix.tasks) == 9
    return list(mix.tasks)


def test_there_is_a_recipe_for_every_intermediate_task_of_the_published_experiments() -> None:
    for task in published_tasks():
        loaded = load.load(RECIPES / f"{task}.yaml")
        assert loaded.intermediate is not None
        assert list(loaded.intermediate.tasks) == [task]
        assert loaded.baseline == "baseline"


def test_intermediate_recipes_differ_from_the_baseline_in_nothing_else() -> None:
    baseline = load.load(RECIPES / "baseline.yaml").to_dict()
    for name in (*published_tasks(), "multitask8", "multitask9"):
        other = load.load(RECIPES / f"{name}.yaml").to_dict()
        assert {key for key in baseline if baseline[key] != other[key]} <= {"intermediate", "baseline", "expect"}


def test_every_recipe_that_scores_retrieval_of_xlm_r_does_so_at_the_published_and_at_the_chosen_layer() -> None:
    loaded = [load.load(path) for path in sorted(RECIPES.glob("*.yaml"))]
    found = [one for one in loaded if one.model.hub is not None and one.retrieval is not None]
    assert {"baseline", "best-per-target", "multitask9", "english", *published_tasks()} <= {one.name for one in found}
    for one in found:
        for part in (one, *one.members):
            assert part.retrieval is not None
            assert (part.retrieval.layer, part.retrieval.layers) == (14, "all"), part.name


def test_the_mix_for_those_without_a_licence_is_the_other_without_supertags() -> None:
    eight, nine = (load.load(RECIPES / f"multitask{count}.yaml").intermediate for count in (8, 9))
    assert eight is not None
    assert nine is not None
    rest = {name: task for name, task in nine.tasks.items() if name != "ccg"}
    assert dataclasses.replace(nine, tasks=rest) == eight


def test_the_mix_with_masked_text_differs_from_the_other_in_that_and_its_learning_rate() -> None:
    plain, masked = (load.load(RECIPES / f"multitask9{more}.yaml").intermediate for more in ("", "-mlm"))
    assert plain is not None
    assert masked is not None
    assert masked.mlm is not None
    assert (masked.mlm.ratio, masked.mlm.alpha, masked.mlm.mask, len(masked.mlm.languages)) == (0.5, 0.3, 0.15, 40)
    assert dataclasses.replace(masked, mlm=None, learning_rate=1e-5) == plain


@pytest.mark.parametrize("name", ["quickstart", "quickstart-scratch"])
def test_quickstart_and_its_baseline_differ_in_intermediate_training_only(name: str) -> None:
    quickstart, baseline = (load.load(RECIPES / f"{one}.yaml") for one in (name, f"{name}-baseline"))
    assert quickstart.baseline == baseline.name
    assert quickstart.intermediate is not None
    if name == "quickstart-scratch":
        assert list(quickstart.intermediate.tasks) == [task for task, row in INTERMEDIATE.items() if row.miniature]
    else:  # what is trained on must have been learned
        assert quickstart.expect.development.keys() == quickstart.intermediate.tasks.keys()
    assert list(quickstart.targets) == list(OVERALL)
    same = {"intermediate": None, "baseline": None, "expect": baseline.expect, "name": "", "path": Path()}
    same["description"] = ""
    assert dataclasses.replace(quickstart, **same) == dataclasses.replace(baseline, **same)


def test_what_a_recipe_leaves_out_is_as_published(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, SMALL.replace("xnli: {languages: [en, de]}", "xnli: {}\n  mlqa: {}\n  panx: {}"))
    assert list(loaded.finetuning) == ["xnli", "panx", "squad"]
    assert [training.epochs for training in loaded.finetuning.values()] == [2, 10, 2]
    assert [training.batch for training in loaded.finetuning.values()] == [32, 32, 16]
    assert [(training.max_length, training.stride) for training in loaded.finetuning.values()] == [
        (256, None),
        (256, None),
        (384, 128),
    ]
    xnli = loaded.finetuning["xnli"]
    assert (xnli.learning_rate, xnli.warmup, xnli.weight_decay) == (1e-5, 0.1, 0.01)
    assert (xnli.evaluate_every, xnli.evaluate_on, xnli.patience) == (1000, 500, 30)


def test_a_setting_of_one_source_leaves_its_other_defaults_alone(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path, SMALL.replace("xnli:", "xquad: {languages: [en]}\n  xnli:") + "finetuning: {squad: {batch: 4}}\n"
    )
    assert loaded.finetuning["squad"] == dataclasses.replace(Training(epochs=2.0, max_length=384, stride=128), batch=4)
    assert loaded.finetuning["xnli"] == Training()


def test_steps_switch_the_default_epochs_off(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, SMALL + "finetuning: {xnli: {steps: 7}}\n")
    assert (loaded.finetuning["xnli"].steps, loaded.finetuning["xnli"].epochs) == (7, None)


def test_all_means_every_language_of_the_task_or_those_of_the_miniature_corpora(tmp_path: Path) -> None:
    text = SMALL.replace("[en, de]", "all") + "  tatoeba: {}\nretrieval: {layer: 14, pooling: mean}\n"
    assert load_text(tmp_path, text).targets["tatoeba"].languages == TASKS["tatoeba"].languages
    small = load_text(tmp_path, text + "data: {source: miniature}\n")
    for task, target in small.targets.items():
        assert target.languages == tuple(code for code in TASKS[task].languages if code in MINIATURE_LANGUAGES)


def test_order_comments_and_description_do_not_change_what_a_recipe_is(tmp_path: Path) -> None:
    text = SMALL + "  pawsx: {languages: all}\nresources: {threads: 1}\n"
    other = (
        "# other\nresources:\n  threads: 1\ntargets:\n  pawsx: {}\n  xnli:\n    languages: [de, en]\n"
        + SMALL.split("targets")[0].replace("a small", "another")
    )
    assert json.dumps(load_text(tmp_path, text).to_dict()) == json.dumps(load_text(tmp_path, other).to_dict())


@pytest.mark.parametrize("name", ["", "xtreme-bench@", "registry.example:5000/a/xtreme-bench:1.0@"])
def test_an_image_may_be_named_with_its_digest(tmp_path: Path, name: str) -> None:
    image = f"{name}sha256:{'0a' * 32}"
    assert load_text(tmp_path, f"{SMALL}resources: {{image: '{image}'}}\n").resources.image == image


def test_crlf_line_ends_are_read_as_any_others(tmp_path: Path) -> None:
    assert load_text(tmp_path, SMALL.replace("\n", "\r\n")) == load_text(tmp_path, SMALL)


def test_an_underscore_and_an_exponent_make_numbers(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path, SMALL + "finetuning: {xnli: {evaluate_every: 10_000, learning_rate: 5.0e-6, warmup: 0}}\n"
    )
    assert loaded.finetuning["xnli"].evaluate_every == 10_000
    assert loaded.finetuning["xnli"].learning_rate == 5e-6
    assert isinstance(loaded.finetuning["xnli"].warmup, float)


def test_an_empty_baseline_is_none(tmp_path: Path) -> None:
    assert load_text(tmp_path, SMALL + "baseline: null\n").baseline is None


def test_load_raises_all_faults_with_the_exit_code_of_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_text(tmp_path, SMALL.replace("seed: 1", "sead: 1").replace("[en, de]", "[en, xx]"))
    assert [problem.line for problem in caught.value.problems] == [1, 2, 6]
    assert str(caught.value).startswith(f"3 faults in the recipe {tmp_path / 'small.yaml'} (")
    assert caught.value.exit_code == 2


def assert_types(value: object) -> None:
    """Every plain field has exactly its declared type: 2 for a float would give another key than 2.0."""
    for name, kind in typing.get_type_hints(type(value)).items():
        item = getattr(value, name)
        if dataclasses.is_dataclass(item):
            assert_types(item)
        elif isinstance(item, dict):
            for row in item.values():
                assert_types(row)
        elif item is not None and kind in (int, float, str, int | None, float | None, str | None):
            assert isinstance(item, kind), f"{name} is {item!r}"
            assert not (isinstance(item, bool)), f"{name} is {item!r}"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_values_have_the_types_of_their_fields(path: Path) -> None:
    assert_types(load.load(path))


def test_reading_recipes_needs_nothing_heavy() -> None:
    code = "import sys, xtreme_bench.recipe.load; print(*({'torch', 'numpy', 'transformers'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (("pocket-english", "pocket-distant", "pocket-diverse", "pocket-diverse-en"), [1, 1, 12, 13]),
        (("english", "single", "multilingual3", "multilingual8", "multilingual8-en"), [1, 1, 3, 8, 9]),
        (("pocket-paraphrase-english", "pocket-paraphrase-diverse"), [1, 6]),
        (("pocket-qa-english", "pocket-qa-diverse"), [1, 2]),
    ],
)
def test_the_arms_of_a_comparison_differ_in_the_languages_of_intermediate_training_alone(
    names: tuple[str, ...], counts: list[int]
) -> None:
    arms = [load.load(RECIPES / f"{name}.yaml") for name in names]
    first = next(iter(arms[0].intermediate.tasks)) if arms[0].intermediate else ""
    languages = [arm.intermediate.tasks[first].languages for arm in arms if arm.intermediate]
    assert [len(codes) for codes in languages] == counts
    assert ["en" in codes for codes in languages] == [name.endswith(("english", "-en")) for name in names]
    values = [arm.to_dict() for arm in arms]
    for value in values:
        for task in value["intermediate"]["tasks"].values():
            # Independent items are shared by nobody.
            assert task["items"] == "independent" or {*task["languages"]} <= {*task["shared_by"]}
            task["languages"] = []
        value["baseline"] = None
    assert values[1:] == values[:-1]


def test_the_first_arm_of_the_small_comparison_lacks_intermediate_training_alone() -> None:
    none, english = (load.load(RECIPES / f"pocket-{arm}.yaml").to_dict() for arm in ("none", "english"))
    assert {**english, "intermediate": None, "baseline": None} == none


@pytest.mark.parametrize(
    ("name", "changed", "others"),
    [
        ("several", {"qa_length", "qa_stride"}, ["tydiqa_train", "pawsx_dev"]),
        ("mlm", {"mlm", "steps", "vocabulary"}, []),
    ],
)
def test_more_beside_nli_changes_nothing_else_of_the_small_comparison(
    name: str, changed: set[str], others: list[str]
) -> None:
    more, english = (load.load(RECIPES / f"pocket-{arm}.yaml").to_dict() for arm in (name, "english"))
    tasks = more["intermediate"]["tasks"]
    assert {task for task in others if tasks.pop(task)} == set(others)
    assert {key for key, value in more["intermediate"].items() if value != english["intermediate"][key]} == changed
    for part in ("targets", "finetuning"):
        assert more[part].items() <= english[part].items()
    assert [more[key] for key in ("retrieval", "held_out", "model")] == [
        english[key] for key in ("retrieval", "held_out", "model")
    ]


@pytest.mark.parametrize(("written", "read", "development"), [("last", ("last",), ()), (["de"], ("de",), ("de",))])
def test_what_chooses_a_checkpoint_survives_a_manifest(
    tmp_path: Path, written: object, read: tuple[str, ...], development: tuple[str, ...]
) -> None:
    phase = {"tasks": {"mnli": {"languages": ["de"]}}, "steps": 5, "select_on": written}
    recipe = {"description": "d", "seed": 1, "model": {"path": "e"}, "intermediate": phase, "targets": {"xnli": {}}}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(recipe))
    loaded = load.load(tmp_path / "small.yaml")
    again, problems = load.recall(loaded.to_dict(), "small")
    assert not problems
    for one in (loaded, again):
        assert one is not None
        assert one.intermediate is not None
        assert (one.intermediate.select_on, one.intermediate.development) == (read, development)
