"""The page of hours is that of the recipes that are here, and every published experiment has an estimate."""

from __future__ import annotations

import pytest
from places import ROOT, script

from xtreme_bench.recipe.load import load

tool = script("tools/recipe_hours.py")


@pytest.mark.slow
def test_the_page_of_hours_is_that_of_the_recipes_that_are_here() -> None:
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run: make hours"


@pytest.mark.parametrize("name", ["multitask9", "multitask9-translated", "multitask9-both", "multilingual8", "single"])
def test_every_training_has_an_estimate_without_data_and_weights(name: str) -> None:
    found, unknown = tool.hours(load(ROOT / f"recipes/{name}.yaml"))
    assert found > 0.4
    assert unknown <= {"predict udpos"}
