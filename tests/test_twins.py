"""Every shipped recipe has a small twin: another model, other data and a tiny budget set by `--set`."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import RECIPES
from twins import twin

from xtreme_bench.recipe.load import load
from xtreme_bench.run.reproduce import Places, planned

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
        assert [task.items for task in now.labelled.values()] == [task.items for task in before.labelled.values()]
        assert (before.mlm is None, before.select_on == ("last",)) == (now.mlm is None, now.select_on == ("last",))
