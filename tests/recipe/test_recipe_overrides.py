"""What the command line sets in a recipe: checked like the file, kept in the manifest, and in the command to repeat."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from command import call
from made_up_run import told
from places import ROOT
from small_recipes import MAIN, RECIPE

from xtreme_bench.bundle import manifest
from xtreme_bench.errors import InputError
from xtreme_bench.recipe.files import SHIPPED
from xtreme_bench.recipe.load import Recipe, load
from xtreme_bench.recipe.setting import languages_of
from xtreme_bench.report.page import write_page
from xtreme_bench.run.outcome import Finished, Outcome
from xtreme_bench.run.reproduce import Places, plans


def file(folder: Path) -> Path:
    (folder / "base.yaml").write_text(RECIPE)
    (folder / "main.yaml").write_text(RECIPE + MAIN)
    return folder / "main.yaml"


def at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values[key]
    return values


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("seed=4", "seed", 4),
        ("finetuning.xnli.learning_rate=2e-5", "finetuning.xnli.learning_rate", 2e-5),
        ("finetuning.xnli.learning_rate= 2.0e-5", "finetuning.xnli.learning_rate", 2e-5),
        ("finetuning.pawsx.batch=64", "finetuning.pawsx.batch", 64),  # a section that the file lacks
        ("finetuning.xnli={epochs: 3, batch: 4}", "finetuning.xnli.epochs", 3),
        ("targets.xnli.languages=[de]", "targets.xnli.languages", ["de"]),
        ("targets.xnli.languages=", "targets.xnli.languages", list(languages_of("xnli", "miniature"))),
        ("expect.scores.xnli.at_least=50", "expect.scores.xnli.at_least", 50.0),
        ("expect=null", "expect.scores", {}),
        ("resources.threads=", "resources.threads", 1),
    ],
)
def test_a_value_of_the_command_line_takes_the_place_of_that_in_the_file(
    tmp_path: Path, text: str, path: str, value: object
) -> None:
    recipe = load(file(tmp_path), [text])
    assert at(recipe.to_dict(), path) == value
    assert recipe.overrides == (text,)


def test_without_options_nothing_is_set(tmp_path: Path) -> None:
    assert load(file(tmp_path)).overrides == ()


@pytest.mark.parametrize(
    ("texts", "messages"),
    [
        (["seed=-1"], ["--set seed: seed must be at least 0, not -1"]),
        (["seed=four"], ["--set seed: seed must be a whole number, not text"]),
        (["seed=1e3"], ["--set seed: seed must be a whole number, not 1e3"]),
        (
            ["finetuning.xnli.learning_rate='2e-5'"],
            [
                "--set finetuning.xnli.learning_rate: finetuning.xnli.learning_rate must be a number, not text; "
                "YAML 1.1 reads 2e-5 as text, write 2.0e-5"
            ],
        ),
        (
            ["finetuning.xnli.learning_rate=1e999"],
            [
                "--set finetuning.xnli.learning_rate: finetuning.xnli.learning_rate must be a finite number, not 1e999"
            ],
        ),
        (
            ["finetuning.xnli.btach=8"],
            ["--set finetuning.xnli.btach: unknown key 'btach' in finetuning.xnli; did you mean 'batch'?"],
        ),
        (
            ["finetuning.xnli.epochs=2"],
            ["--set finetuning.xnli.epochs: finetuning.xnli has both epochs and steps; keep one"],
        ),
        (["model.path=encoder"], ["--set model.path: model needs exactly one of "]),
        (["model.scratch.heads=5"], ["--set model.scratch.heads: model.scratch.heads must divide the width: 32 / 5"]),
        (["targets.xnli.languages=[de, xx]"], ["targets.xnli.languages: targets.xnli.languages has no language 'xx'"]),
        (["seed.of=1"], ["--set seed.of: 'seed' is a whole number in the recipe, and has no keys; set all of it"]),
        (["sead="], ["--set sead: the recipe has no 'sead' that could be left out; did you mean 'seed'?"]),
        (["seed"], ["--set seed: write it as KEY=VALUE"]),
        (["=1"], ["--set : write it as KEY=VALUE"]),
        (["a..b=1"], ["--set a..b: write it as KEY=VALUE"]),
        (["a b=1"], ["--set a b: write it as KEY=VALUE"]),
        (["a" + ".a" * 5000 + "=1"], ["write it as KEY=VALUE"]),
        (["seed=1", "seed=2"], ["--set seed: set twice; keep one"]),
        (["seed=&a 1"], ["--set seed: an anchor (&a); a recipe has none, remove it"]),
        (["seed=!!python/name:os.system"], ["--set seed: a tag (!!python/name:os.system)"]),
        (["seed=["], ["--set seed: not YAML: "]),
        (["data={source: miniature, source: releases}"], ["--set data: the key 'source' occurs twice"]),
        (["seed=-1", "sead=3"], ["--set seed: seed must be at least 0", "--set sead: unknown key 'sead'"]),
    ],
)  # fmt: skip
def test_a_fault_of_an_option_names_the_option(tmp_path: Path, texts: list[str], messages: list[str]) -> None:
    with pytest.raises(InputError) as error:
        load(file(tmp_path), texts)
    found = [str(problem) for problem in error.value.problems]
    assert len(found) == len(messages)
    for message in messages:
        assert any(message in one for one in found), found


def test_faults_of_the_file_keep_their_lines_beside_those_of_an_option(tmp_path: Path) -> None:
    path = file(tmp_path)
    path.write_text(path.read_text().replace("steps: 60", "steps: many"))
    with pytest.raises(InputError) as error:
        load(path, ["seed=-1"])
    assert [(one.file, one.line) for one in error.value.problems] == [("--set seed", None), (str(path), 5)]


def test_a_baseline_takes_what_it_shares_and_not_what_it_is_compared_for(tmp_path: Path) -> None:
    texts = ["seed=4", "finetuning.xnli.batch=16", "intermediate.steps=5", "expect=", "resources.threads="]
    path = file(tmp_path)
    (tmp_path / "base.yaml").write_text(RECIPE.replace("resources: {threads: 2}\n", ""))
    main, base = (one.recipe for one in plans(str(path), Places(store=tmp_path / "store"), overrides=texts))
    assert main.intermediate is not None
    assert (main.seed, main.finetuning["xnli"].batch, main.intermediate.steps) == (4, 16, 5)
    assert (base.seed, base.finetuning["xnli"].batch, base.intermediate) == (4, 16, None)
    assert main.overrides == tuple(texts)
    assert base.overrides == ("seed=4", "finetuning.xnli.batch=16", "resources.threads=")


def test_a_contrast_is_set_where_there_is_one_and_a_baseline_may_lack_it(tmp_path: Path) -> None:
    path = file(tmp_path)
    path.write_text(path.read_text() + "contrast: {recipe: main, minus: base}\n")
    texts = ["contrast.over=language unseen"]
    main, base = (one.recipe for one in plans(str(path), Places(store=tmp_path / "store"), overrides=texts))
    assert main.contrast is not None
    assert (main.contrast.over, base.contrast) == ("language unseen", None)


def test_the_plan_of_a_seed_shares_what_does_not_depend_on_it(tmp_path: Path) -> None:
    path = file(tmp_path)

    def stages(*options: str) -> dict[str, set[str]]:
        done = call("plan", str(path), "--store", str(tmp_path / "store"), "--json", "-", *options)
        assert done.returncode == 0, done.stderr
        found: dict[str, set[str]] = {}
        for one in json.loads(done.stdout)["stages"]:
            found.setdefault(one["kind"], set()).add(one["key"])
        return found

    one, four = stages(), stages("--seed", "4")
    assert {kind for kind in one if one[kind] == four[kind]} >= {"audit"}
    assert {kind for kind in one if not one[kind] & four[kind]} >= {"pretrain", "intermediate", "finetune", "predict"}
    assert stages("--set", "seed=4") == four


def test_a_wrong_option_ends_a_command_with_2(tmp_path: Path) -> None:
    for command in ("run", "plan"):
        done = call(command, str(file(tmp_path)), "--set", "finetuning.xnli.batch=0", cwd=tmp_path)
        assert done.returncode == 2
        assert "  --set finetuning.xnli.batch: finetuning.xnli.batch must be at least 1, not 0" in done.stderr


@pytest.mark.slow
def test_manifest_and_page_say_what_the_command_line_set(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    recipe: Recipe = replace(outcome.main.plan.recipe, overrides=("seed=4", "targets.xnli.languages=[en, de]"))
    main: Finished = replace(outcome.main, plan=replace(outcome.main.plan, recipe=recipe))
    content = manifest.content(main.plan, main.records, None)
    assert content["overrides"] == ["seed=4", "targets.xnli.languages=[en, de]"]
    assert "overrides" not in content["recipe"]
    page = write_page(Outcome(main, None, []), tmp_path / "page").read_text()
    assert "xtreme-bench run made-up --set seed=4 --set &#39;targets.xnli.languages=[en, de]&#39;\n" in page


def test_a_list_of_targets_keeps_those_alone_and_what_they_need() -> None:
    recipe = load(SHIPPED / "real-sample.yaml", ["targets=[udpos, mlqa]"])
    assert [*recipe.targets] == ["udpos", "mlqa"]
    assert {*recipe.targets["mlqa"].languages} == {"ar", "de", "en", "hi", "zh"}
    assert [*recipe.finetuning] == ["udpos", "squad"]
    assert recipe.data.dev_as_test == ("mlqa",)
    assert recipe.overrides == ("targets=[udpos, mlqa]",)


def test_targets_that_are_cut_take_their_expectations_with_them_and_the_baseline_is_cut_too() -> None:
    cut = "targets=[udpos, tatoeba]"
    expected = load(SHIPPED / "quickstart.yaml", [cut]).expect
    assert {*expected.scores} == {"udpos/transfer", "tatoeba"}
    assert [*expected.gains] == []
    assert [*expected.development] == ["squad_v1"]
    assert [*load(SHIPPED / "quickstart-baseline.yaml", [cut], baseline=True).targets] == ["udpos", "tatoeba"]


def test_a_stand_in_test_set_stays_if_an_intermediate_task_is_made_of_the_rest() -> None:
    assert load(SHIPPED / "pocket-english.yaml", ["targets=[tatoeba]"]).data.dev_as_test == ("xnli",)


def test_retrieval_at_all_layers_goes_with_bucc_that_chooses_one() -> None:
    recipe = load(SHIPPED / "multilingual8.yaml", ["targets=[tatoeba]"])
    assert recipe.retrieval is not None
    assert recipe.retrieval.layers is None


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ("targets=[udpos, pawx]", "--set targets: the recipe has no target 'pawx'; did you mean 'pawsx'?"),
        ("targets=[pawx]", "--set targets: the recipe has no target 'pawx'; did you mean 'pawsx'?"),
        ("targets=[]", "--set targets: name one target at least"),
        ("targets=[[udpos]]", "--set targets: the recipe has no target 'a list'"),
    ],
)
def test_a_cut_names_what_is_no_target(cut: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(SHIPPED / "real-sample.yaml", [cut])
    (problem,) = caught.value.problems
    assert str(problem).startswith(message)


def commands() -> dict[str, list[str]]:
    """The runs that the page of experiments has, as typed, and their words; of a loop those of one turn."""
    page = (ROOT / "docs/experiments.md").read_text(encoding="utf-8").replace("\\\n", "")
    typed = [line.strip().replace("$arm", "diverse").replace("$layer", "12") for line in page.splitlines()]
    return {line: shlex.split(line)[2:] for line in typed if line.startswith("xtreme-bench run ")}


def test_the_page_of_experiments_has_a_command_for_each_kind_of_series() -> None:
    assert {"single", "pocket-diverse", "pocket-qa-diverse"} <= {words[0] for words in commands().values()}


@pytest.mark.parametrize("words", commands().values(), ids=commands())
def test_the_commands_of_the_page_of_experiments_can_be_planned(words: list[str], tmp_path: Path) -> None:
    wanted = [value for option, value in pairwise(words) if option == "--set"]
    main = plans(words[0], Places(store=tmp_path / "store"), overrides=wanted)[0].recipe
    assert (main.name, main.overrides) == (words[0], tuple(wanted))


@pytest.mark.parametrize("change", ["intermediate.tasks.xnli_dev.examples=40", "seeds=[7]", "targets=[xnli]"])
def test_an_arm_may_be_cut_on_the_command_line_and_its_file_stays_an_arm(change: str) -> None:
    assert load(SHIPPED / "pocket-diverse.yaml", [change]).contrast is not None


def test_an_arm_named_on_the_command_line_must_have_the_same_items(tmp_path: Path) -> None:
    text = (SHIPPED / "pocket-diverse.yaml").read_text().replace("examples: 1600", "examples: 800")
    (tmp_path / "fewer.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "fewer.yaml", ["contrast.recipe=fewer"])
    assert [str(problem) for problem in caught.value.problems] == [
        "--set contrast.recipe: contrast: fewer has intermediate.tasks.xnli_dev.examples 800, pocket-english 1,600: "
        "the arms must have the same items"
    ]
