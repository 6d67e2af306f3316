"""Every shipped recipe has a small twin, with another model, other data and a tiny budget by `--set`, and it runs."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from places import RECIPES
from twins import twin

from xtreme_bench.bundle.check import check
from xtreme_bench.engines.local import Local
from xtreme_bench.plan.stages import distinct
from xtreme_bench.recipe.load import load
from xtreme_bench.run.outcome import Outcome
from xtreme_bench.run.progress import Display
from xtreme_bench.run.reproduce import Places, planned, reproduce
from xtreme_bench.run.schedule import execute
from xtreme_bench.stage.store import Store

SHIPPED = sorted(path for path in RECIPES.glob("*.yaml") if path.stem != "recipe.schema")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_small_twin_of_every_recipe_can_run_on_the_built_in_corpora(path: Path, tmp_path: Path) -> None:
    (made,) = planned(str(path), Places(store=tmp_path / "store"), "local", overrides=twin(path))
    assert made.missing == []
    methods = [{one.method.train for one in recipe.finetuning.values()} for recipe in (load(path), made.recipe)]
    assert "prompt" not in methods[0] or "prompt" in methods[1]
    before, now = load(path).intermediate, made.recipe.intermediate
    assert (before is None) == (now is None)
    if before and now:
        assert len(now.tasks) == len(before.tasks)
        matched = [Counter(task.items for task in one.labelled.values()) for one in (before, now)]
        assert matched[0] == matched[1]
        assert (before.mlm is None, before.select_on == ("last",)) == (now.mlm is None, now.select_on == ("last",))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Folders with the stages of all twins, those that several share computed once, by one process."""
    folder = tmp_path_factory.mktemp("twins")
    here = Places(store=folder / "store", submissions=folder / "submissions", reports=folder / "reports")
    here.store.mkdir()
    plans = [one for path in SHIPPED for one in planned(str(path), here, "local", overrides=twin(path))]
    stages = distinct(plans)
    with closing(Local()) as engine:
        execute(stages, Store(here.store), engine, jobs=1, display=Display(len(stages)))
    return here


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_small_twin_of_every_recipe_runs_to_a_checked_bundle(path: Path, places: Places) -> None:
    outcome = reproduce(str(path), places, overrides=twin(path))
    assert isinstance(outcome, Outcome)
    assert outcome.problems == []
    assert not check(outcome.main.bundle).problems
    manifest = outcome.main.manifest
    assert set(manifest["scores"]) >= set(outcome.main.plan.recipe.targets)
    recipe = outcome.main.plan.recipe
    tasks = set(recipe.intermediate.tasks) if recipe.intermediate else set()
    assert recipe.members or set(manifest["trained_on"]["intermediate"]) == tasks
