"""What a manifest says of how far a score is from zero-shot."""

from __future__ import annotations

from typing import Any

import pytest
from small_bundle import recipe_of

from xtreme_bench.bundle.manifest import near, trained_on, zero_shot
from xtreme_bench.recipe.fields import Recipe
from xtreme_bench.report import claims


def trained(tasks: dict[str, Any], **more: Any) -> Recipe:
    targets = {"pawsx": {"languages": ["en", "de", "ko"]}, "udpos": {"languages": ["de", "fi", "ja", "nl"]}}
    return recipe_of(targets=targets, intermediate={"tasks": tasks, "steps": 5, **more})


@pytest.mark.parametrize(
    ("tasks", "pawsx"),
    [
        ({"mnli": {"languages": ["ko"]}}, ["de"]),
        ({"qqp": {"languages": ["en"]}}, ["de", "ko"]),
        ({"qqp": {"languages": ["fr"]}}, []),
        ({"pawsx_dev": {"languages": ["en"]}}, []),
    ],
)
def test_a_target_whose_own_data_were_trained_on_is_zero_shot_in_no_language(
    tasks: dict[str, Any], pawsx: list[str]
) -> None:
    found = zero_shot(trained(tasks))
    assert found["pawsx"] == pawsx
    assert "fi" in found["udpos"]


def test_scored_languages_are_marked_by_how_near_they_are_to_those_of_intermediate_training() -> None:
    marked = near(trained({"mnli": {"languages": ["de"]}}))
    assert marked == {"seen": ["de"], "family seen": ["en", "nl"], "script seen": ["fi"], "none": ["ja", "ko"]}
    assert near(recipe_of()) == {}


def test_english_that_was_translated_and_back_is_english() -> None:
    there_and_back, english = (trained({"mnli": {"languages": [code]}}) for code in ("en-mt", "en"))
    assert trained_on(there_and_back)["intermediate"] == {"mnli": ["en-mt"]}
    assert near(there_and_back) == near(english)
    assert zero_shot(there_and_back) == zero_shot(english)


def test_the_languages_of_aligned_text_are_seen_and_not_zero_shot() -> None:
    recipe = trained({"xdm": {"parallel": {"path": "text", "languages": ["en", "de"]}, "examples": 10}})
    assert {*trained_on(recipe)["intermediate"]["xdm"]} == {"en", "de"}
    assert zero_shot(recipe)["pawsx"] == ["ko"]
    assert near(recipe)["seen"] == ["de", "en"]


def test_the_languages_of_masked_text_are_seen_though_they_stay_zero_shot() -> None:
    english = trained({"mnli": {"languages": ["en"]}})
    masked = trained({"mnli": {"languages": ["en"]}}, mlm={"languages": ["ko"]})
    assert near(masked)["seen"] == ["en", "ko"]
    assert near(english)["seen"] == ["en"]
    assert zero_shot(masked) == zero_shot(english)


def test_tasks_whose_items_are_no_translations_of_each_other_are_named_to_the_reader() -> None:
    apart = {"languages": ["en", "de"], "items": "independent", "examples": 10}
    recipe = trained({"hellaswag": {}, "cosmosqa": apart, "mnli": {**apart, "items": "parallel"}})
    said = trained_on(recipe)
    assert said["items_differ"] == ["cosmosqa"]
    assert ("intermediate tasks whose items differ by language", ["cosmosqa"]) in claims.trained({"trained_on": said})
    assert "items_differ" not in trained_on(trained({"mnli": {}}))
    assert near(recipe)["seen"] == ["de", "en"]
