"""Recipes with several seeds: what they share, what is said of them together, and which seeds count."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import call
from made_up_run import made_up, scores, told
from small_recipes import MAIN, RECIPE

from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.comparison.arms import bundles_of
from xtreme_bench.errors import InputError, StageError
from xtreme_bench.official.scores import headline
from xtreme_bench.recipe.load import load
from xtreme_bench.report import seeds as report
from xtreme_bench.report.versus import Versus
from xtreme_bench.run import reproduce as running
from xtreme_bench.run import seeds as joining
from xtreme_bench.run.outcome import Finished, Outcome, unmet
from xtreme_bench.run.reproduce import Places, plans
from xtreme_bench.run.seeds import Runs, Together, collapsed, mean_scores, together

SEEDS = RECIPE.replace("seed: 1", "seeds: [3, 1]")


def file(folder: Path, main: str = SEEDS + MAIN, base: str = RECIPE) -> Path:
    (folder / "base.yaml").write_text(base)
    (folder / "main.yaml").write_text(main)
    return folder / "main.yaml"


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ("[]", "seeds must be a list of whole numbers, not an empty one; write [1, 2, 3]"),
        ("3", "seeds must be a list of whole numbers, not a whole number; write [1, 2, 3]"),
        ("[1, 2, 1]", "seeds names 1 twice"),
        ("[1, x]", "seeds must be a whole number, not text"),
        ("[-1]", "seeds must be at least 0, not -1"),
        ("[1]\nseed: 2", "a recipe needs exactly one of seed, seeds; found seeds and seed"),
    ],
)
def test_seeds_are_different_whole_numbers_in_place_of_a_seed(tmp_path: Path, seeds: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        load(file(tmp_path, RECIPE.replace("seed: 1", f"seeds: {seeds}")))
    assert [one.message for one in error.value.problems] == [message]


@pytest.mark.parametrize(
    ("main", "base", "overrides", "expected"),
    [
        (SEEDS, RECIPE, [], [("main", 3), ("main", 1), ("base", 3), ("base", 1)]),
        (SEEDS, SEEDS.replace("[3, 1]", "[5, 6]"), [], [("main", 3), ("main", 1), ("base", 5), ("base", 6)]),
        (RECIPE.replace("seed: 1", "seed: 2"), SEEDS, [], [("main", 2), ("base", 2)]),
        (SEEDS, SEEDS, ["seed=4"], [("main", 4), ("base", 4)]),
        (RECIPE, RECIPE, ["seeds=[8, 9]"], [("main", 8), ("main", 9), ("base", 8), ("base", 9)]),
    ],
)
def test_a_recipe_and_its_baseline_have_a_plan_for_each_seed(
    tmp_path: Path, main: str, base: str, overrides: list[str], expected: list[tuple[str, int]]
) -> None:
    made = plans(str(file(tmp_path, main + MAIN, base)), Places(store=tmp_path / "store"), overrides=overrides)
    assert [(one.recipe.name, one.recipe.seed) for one in made] == expected
    assert all("seeds" not in one.recipe.to_dict() for one in made)


def test_the_plan_names_the_seed_of_what_depends_on_it_and_shares_the_rest(tmp_path: Path) -> None:
    done = call("plan", str(file(tmp_path)), "--store", str(tmp_path / "store"), "--json", "-")
    found = json.loads(done.stdout)
    assert found["recipes"] == ["main", "base"]
    seeds = {
        kind: {one["seed"] for one in found["stages"] if one["kind"] == kind} for kind in ("corpus", "labels", "audit")
    }
    assert seeds == {"corpus": {None}, "labels": {None}, "audit": {None}}
    tuned = [(one["name"], one["seed"]) for one in found["stages"] if one["kind"] == "finetune"]
    assert sorted(tuned) == sorted(
        (f"fine-tune {task} ({name})", seed)
        for task in ("xnli", "pawsx")
        for name in ("main", "base")
        for seed in (1, 3)
    )
    text = call("plan", str(file(tmp_path)), "--store", str(tmp_path / "store")).stdout
    assert "fine-tune xnli (main), seed 3" in text


def runs(tmp_path: Path, gains: dict[int, float], failed: dict[int, str] | None = None) -> Runs:
    """Made-up runs, one for each seed, with a gain of its own."""
    recipe = load(file(tmp_path))
    finished = {}
    for seed, gain in gains.items():
        (tmp_path / str(seed)).mkdir()
        one = told(tmp_path / str(seed), baseline=False, gain=gain, seed=seed).main
        finished[seed] = one
    return Runs(recipe, finished, failed or {})


def test_means_deviations_and_each_run_are_told(tmp_path: Path) -> None:
    found = runs(tmp_path, {3: 0.0, 1: 1.0, 7: 2.0})
    each = [headline(scores(gain), "xnli") or 0.0 for gain in (0.0, 1.0, 2.0)]
    row = found.rows()["xnli"]
    assert row["runs"] == dict(zip((3, 1, 7), each, strict=True))
    assert row["mean"] == pytest.approx(sum(each) / 3)
    assert row["deviation"] == pytest.approx(each[1] - each[0])  # equal distances
    assert headline(found.manifest["scores"], "overall") == pytest.approx(headline(scores(1.0), "overall"))
    assert found.manifest["recipe"]["expect"]["scores"]["xnli"]["at_least"] == 40


def test_development_scores_are_judged_by_their_means(tmp_path: Path) -> None:
    found = runs(tmp_path, {3: 0.0, 1: 1.0})
    for seed, learned in ((3, 40.0), (1, 60.0)):
        found.finished[seed].manifest["dev"] = {"intermediate": {"dev": {"mnli": learned}}}
    manifest = found.manifest
    manifest["recipe"]["expect"] = {"development": {"mnli": {"at_least": 50.5}}}
    assert [str(one) for one in unmet(manifest, None)] == [
        "expect: development score of mnli: expected at least 50.5, found 50.00"
    ]
    assert unmet({**manifest, "scores": None}, None) == unmet(manifest, None)


def test_the_mean_of_results_leaves_out_what_some_run_lacks() -> None:
    assert mean_scores([{"a": {"x": 1.0, "y": 5.0}, "b": 1.0}, {"a": {"x": 2.0}}]) == {"a": {"x": 1.5}}


def test_a_failed_seed_is_named_and_in_no_mean(tmp_path: Path) -> None:
    found = runs(tmp_path, {3: 0.0, 1: 50.0}, {1: "it collapsed", 7: "a stage failed: no memory"})
    assert list(found.rows()["xnli"]["runs"]) == [3]
    assert found.rows()["xnli"]["deviation"] is None
    assert found.to_dict()["failed"] == {1: "it collapsed", 7: "a stage failed: no memory"}
    outcomes = {seed: Outcome(one, None, []) for seed, one in found.finished.items()}
    together = Together(found, None, outcomes, found.problems)
    assert [str(one) for one in together.problems] == [
        "main: seed 1: it collapsed; the means leave it out",
        "main: seed 7: a stage failed: no memory; the means leave it out",
    ]
    found.finished[3].manifest["released"] = {"tuned_for": "retrieval"}
    text = report.means(together, Versus())
    assert "The encoder that made-up began with was tuned for retrieval." in text
    assert "Means over 1 seed (3). FAILED: seed 1: it collapsed; it is in no mean." in text
    assert "xnli" in text
    assert "on average" in text


@pytest.mark.slow
def test_the_page_has_the_means_and_each_seed_has_its_own(tmp_path: Path) -> None:
    found = runs(tmp_path, {3: 0.0, 1: 1.0}, {9: "it collapsed"})
    outcomes = {seed: Outcome(one, None, []) for seed, one in found.finished.items()}
    page = report.write_pages(Together(found, found, outcomes, []), tmp_path / "page", made_up(tmp_path)[1], Versus())
    text = page.read_text()
    assert "seed 9: it collapsed" in text
    assert f"{found.recipe.name} (mean of seeds)" in text
    assert "deviation" in text
    assert "<h2>Cost</h2>" in text
    assert "made by this run" in text
    assert 'href="seed-3/index.html"' in text
    assert 'download="scores.csv"' in text
    assert "manifest.json" not in text
    assert "<h2>Published scores</h2>" in text
    assert (tmp_path / "page/seed-3/index.html").is_file()
    assert (tmp_path / "page/seed-1/index.html").is_file()


def manifest(**dev: dict[str, float]) -> dict[str, Any]:
    return {"dev": {stage: {"dev": found} for stage, found in dev.items()}}


CHANCE = {"xnli": 33.3, "pawsx": 50.0, "hellaswag": 25.0, "commonsenseqa": 20.0, "mnli": 33.3}


@pytest.mark.parametrize(
    ("dev", "failed"),
    [
        ({"xnli": 33.4, "mean": 33.4}, True),
        ({"xnli": 36.0, "mean": 36.0}, False),
        ({"pawsx": 50.5}, True),
        ({"hellaswag": 25.0}, True),
        ({"commonsenseqa": 22.0}, False),
        ({"commonsenseqa": 20.5}, True),
        ({"mnli": 33.0, "commonsenseqa": 60.0}, False),  # one task of several is weak: no collapse
        ({"mnli": 33.0, "commonsenseqa": 20.0}, True),
        ({"udpos": 8.0}, True),  # some spans at random are right
        ({"udpos": 20.0}, False),
        ({"panx": 0.0}, True),
        ({"squad": 4.0}, True),
        ({"squad": 8.0}, False),
        ({"tydiqa": 2.0}, True),
        ({"ccg": 0.0}, True),
        ({"mnli": 33.0, "squad_v1": 60.0}, False),
        ({"woz": 0.0}, False),  # how often no value is right is not known
        ({}, False),
    ],
)
def test_a_training_at_chance_has_failed_where_another_seed_has_learned(dev: dict[str, float], failed: bool) -> None:
    this = manifest(good={"xnli": 80.0}, other=dev)
    learned = manifest(other=dict.fromkeys(dev, 66.0))
    assert (collapsed(this, [this, learned]) is not None) == failed
    # What no seed learns is no failure of one, and a little more than chance is not learned.
    assert collapsed(this, [this, this]) is None
    assert collapsed(this, [this, manifest(other={name: CHANCE.get(name, 0) + 14 for name in dev})]) is None
    assert collapsed(this, [this, manifest(good={"xnli": 80.0})]) is None


@pytest.mark.parametrize(
    ("dev", "chance"),
    [({"pawsx": 56.5}, 56.0), ({"qqp": 63.2}, 63.18), ({"squad_v2": 50.1}, 50.07), ({"ccg": 14.0}, 13.6)],
)
def test_always_the_same_answer_is_nothing_learned(dev: dict[str, float], chance: float) -> None:
    (task,) = dev
    this = {"dev": {"other": {"dev": dev, "chance": {task: chance}}}}
    told = f"at chance, {dev[task]:.1f} in {task} (chance: {chance:.1f})"
    found = collapsed(this, [this, manifest(other={task: 80.0})])
    assert found == f"`other` learned nothing: its best development score is {told}"


def test_a_place_that_holds_one_run_takes_no_seeds(tmp_path: Path) -> None:
    path = file(tmp_path)
    (tmp_path / "out/main").mkdir(parents=True)
    (tmp_path / "out/main/manifest.json").write_text("{}")
    done = call("run", str(path), "--store", str(tmp_path / "store"), "--out", str(tmp_path / "out"), cwd=tmp_path)
    assert done.returncode == 2
    assert "main: holds the bundle of one run; give another folder with --out" in done.stderr


@pytest.mark.slow
def test_a_whole_run_with_two_seeds(tmp_path: Path) -> None:
    small = """
description: two seeds in seconds
seeds: [1, 2]
data: {source: miniature, scale: 0.03}
model: {scratch: {layers: 1, width: 32, heads: 2, feedforward: 64, vocabulary: 600, positions: 130}}
pretraining: {steps: 10, batch: 8, max_length: 48, languages: [en, de]}
finetuning: {udpos: {steps: 6, batch: 8, max_length: 64, evaluate_every: 3}}
targets: {udpos: {languages: [en, de]}}
"""
    (tmp_path / "small.yaml").write_text(small + "expect: {scores: {udpos: {at_least: 0}}}\nbaseline: plain\n")
    (tmp_path / "plain.yaml").write_text(small.replace("seeds: [1, 2]", "seed: 1").replace("steps: 6", "steps: 3"))
    done = call("run", str(tmp_path / "small.yaml"), "--allow-partial", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("small", "plain"):
        summary = json.loads((tmp_path / f"submissions/{name}/seeds.json").read_text())
        bundles = bundles_of(tmp_path / "submissions" / name)
        assert [bundle.name for bundle in bundles] == ["seed-1", "seed-2"] == list(summary["bundles"].values())
        each = {str(one["seed"]): headline(one["scores"], "udpos") for one in map(read_manifest, bundles)}
        assert summary["scores"]["udpos"]["runs"] == each
        assert len(set(each.values())) == 2
    assert done.stderr.count("miniature corpora (small): done") == 1
    assert "deviation" in done.stdout
    assert "differences to the baseline, with 95 % intervals\nudpos: " in done.stdout
    assert (tmp_path / "reports/small/seed-2/index.html").is_file()
    compared = call("compare", "submissions/plain/seed-1", "submissions/small/seed-1", cwd=tmp_path)
    assert compared.returncode == 0


def test_the_stages_of_a_seed_are_those_that_the_others_do_not_share(tmp_path: Path) -> None:
    made = plans(str(file(tmp_path)), Places(store=tmp_path / "store"))
    shares = running._seeds(made)
    assert [share.title for share in shares] == ["seed 3", "seed 1", "seed 3", "seed 1"]
    assert [share.beside for share in shares] == [False, False, True, True]
    pairs = zip(made, shares, strict=True)
    kinds = [{stage.kind for stage in one.stages if stage.key in share.keys} for one, share in pairs]
    assert all({"finetune", "predict", "score"} <= own for own in kinds)
    assert not {"corpus", "labels", "audit"} & set().union(*kinds)


def test_what_is_expected_is_expected_of_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = plans(str(file(tmp_path, SEEDS + MAIN.replace("baseline: base\n", ""))), Places(store=tmp_path / "store"))
    one: Finished = told(tmp_path, baseline=False).main
    values = {0: 30.0, 1: 52.0}
    finished = {
        at: replace(
            one, manifest={**one.manifest, "scores": {"xnli": {"accuracy": {"en": value}, "avg_metric": value}}}
        )
        for at, value in values.items()
    }
    monkeypatch.setattr(joining, "check", lambda bundle: type("Checked", (), {"problems": ()}))
    out = tmp_path / "out"
    assert together(made, finished, {}, out).problems == []  # 41 on average
    finished[1].manifest["scores"]["xnli"]["avg_metric"] = 40.0
    found = together(made, finished, {}, out).problems
    assert [one.message for one in found] == ["expect: xnli: expected at least 40, found 35.00"]
    alone = {at: one for at, one in finished.items() if at == 1}
    found = together(made, alone, {0: StageError("no memory")}, out).problems
    assert [one.message for one in found] == ["seed 3: a stage failed: no memory; the means leave it out"]
    assert json.loads((tmp_path / "out/main/seeds.json").read_text())["scores"]["xnli"]["mean"] == 40.0
    with pytest.raises(StageError, match="main: all seeds failed, so there is no mean"):
        together(made, {}, {0: StageError("a"), 1: StageError("b")}, out)
