"""What a manifest, which anybody may have written, says of a run."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_bench.report.claims import near
from xtreme_bench.report.tables import chosen_layer


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"seen": ["de"], "family seen": [], "none": ["ja", "fi"]}, [("seen", ["de"]), ("none", ["fi", "ja"])]),
        ({"seen": ["xx"], "nearly": ["de"], "none": []}, []),
        ({}, []),
    ],
)
def test_languages_are_told_by_how_near_they_are_and_nothing_else_is(
    told: dict[str, list[str]], read: list[Any]
) -> None:
    assert near({"near": told}) == read
    assert near({}) == []


def test_a_score_at_the_chosen_layer_stands_beside_that_at_the_layer_of_the_recipe() -> None:
    manifest = {
        "name": "large",
        "recipe": {"retrieval": {"layer": 14}},
        "scores": {"tatoeba": {"avg_metric": 31.04}},
        "chosen_layer": {"layer": 11, "averages": {"tatoeba": 57.26}},
    }
    assert [*chosen_layer(manifest)] == [
        "large: tatoeba 57.3 at layer 11, which does best on BUCC's development pairs; 31.0 at layer 14, the recipe's"
    ]
    assert [*chosen_layer({**manifest, "chosen_layer": None})] == []
