"""The one difference that an experiment was made for, with what moves it: language families, seeds and items.

A hierarchical bootstrap (Davison and Hinkley 1997, section 3.8): families are drawn anew, and within them the scores
move with items and seeds, as in every other difference. Languages of a family are alike, so that a mean over thirty
languages of six families rests on six of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from xtreme_bench.benchmark import LANGUAGES, NEARNESS, VARIETIES, nearness
from xtreme_bench.comparison.arms import Arm, Cell
from xtreme_bench.comparison.resample import Array
from xtreme_bench.data.items import KINDS
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.alike import unlike
from xtreme_bench.recipe.contrast import differences
from xtreme_bench.recipe.load import recall
from xtreme_bench.recipe.setting import OVER
from xtreme_bench.recipe.tree import Entries, tree_of
from xtreme_bench.wording import listing

# What the name of a contrast begins with; the languages follow.
NAME = "contrast on "
# Which languages a contrast is over, by how near they are to those of either arm's intermediate training.
LANGUAGES_OF: Mapping[str, Collection[str]] = {over: NEARNESS[nearest:] for nearest, over in enumerate(OVER)}


def asked(manifests: Collection[Mapping[str, Any]]) -> str | None:
    """Over which languages the difference of two recipes is the contrast of one of them; None where it is not.

    `manifests`: of all runs of both. They name the recipes; an arm may have a name of its own.
    """
    recipes = sorted({str(manifest["name"]) for manifest in manifests})
    for manifest in manifests:
        recipe = manifest.get("recipe")
        contrast = recipe.get("contrast") if isinstance(recipe, Mapping) else None
        if isinstance(contrast, Mapping):
            over, sides = contrast.get("over"), [contrast.get("recipe"), contrast.get("minus")]
            if sorted(map(str, sides)) == recipes and isinstance(over, str) and over in LANGUAGES_OF:
                return over
    return None


def unmatched(a: Arm, b: Arm) -> list[str]:
    """Why two arms that a recipe contrasts do not fit each other, in words; empty if they do, or none is contrasted.

    The files of recipes are checked before they run: this is for what a command line sets in one of the arms alone.
    Anybody may have made the manifests: of what is in them only numbers and names that are known here are repeated.
    """
    if asked([*a.manifests, *b.manifests]) is None:
        return []
    sections = listing(dict.fromkeys(place[0] for place in unlike(*_recipes(a, b))))
    return [
        *(message for _, message in differences({str(arm.manifests[0]["name"]): _draws(arm) for arm in (a, b)})),
        *([f"they differ in {sections}"] if sections else []),
    ]


def _recipes(*arms: Arm) -> list[Mapping[str, Any]]:
    """The recipes of arms, with the defaults of what older ones do not say where all can be read."""
    told = [one if isinstance(one := arm.manifests[0].get("recipe"), Mapping) else {} for arm in arms]
    read = [recall(one, "a recipe")[0] for one in told]
    return [one.to_dict() for one in read if one is not None] if all(read) else told


def _draws(arm: Arm) -> Entries:
    """What a recipe says of the items that an arm draws. Others may have made it: what no recipe says is left out."""
    found: Any = arm.manifests[0]
    for name in ("recipe", "intermediate", "tasks"):
        found = found.get(name) if isinstance(found, Mapping) else None
    told = found if isinstance(found, Mapping) else {}
    tasks = {task: _draw(settings) for task in INTERMEDIATE if isinstance(settings := told.get(task), Mapping)}
    tree = tree_of({"seeds": list(arm.seeds), "intermediate": {"tasks": tasks}})
    assert isinstance(tree, Entries)
    return tree


def _draw(settings: Mapping[str, Any]) -> dict[str, Any]:
    items, examples = settings.get("items"), settings.get("examples")
    listed = {field: settings.get(field) for field in ("languages", "shared_by")}
    return {
        "items": items if items in KINDS else None,
        "examples": examples if isinstance(examples, int) else None,
        **{
            field: [code for code in (*LANGUAGES, *VARIETIES) if code in codes] or None
            for field, codes in listed.items()
            if isinstance(codes, list)
        },
    }


def families(cells: Sequence[Cell], over: str, trained: Collection[str]) -> dict[str, list[int]]:
    """The places of the cells of each language family that a contrast is over; English is never among them."""
    found: dict[str, list[int]] = {}
    for at, (_, code) in enumerate(cells):
        if code != "en" and nearness(code, trained) in LANGUAGES_OF[over]:
            found.setdefault(LANGUAGES[code].family, []).append(at)
    return found


def weights_of(groups: Mapping[str, Sequence[int]], cells: int) -> Array:
    """The weight of each cell in the mean of each family: (families, cells)."""
    weights = np.zeros((len(groups), cells))
    for row, places in enumerate(groups.values()):
        weights[row, places] = 1 / len(places)
    return weights


def drawn(moved: Array, weights: Array, generator: np.random.Generator) -> Array:
    """The mean over families drawn with replacement, for each of the differences `moved` (resamples, cells)."""
    number = len(weights)
    times = generator.multinomial(number, np.full(number, 1 / number), size=len(moved)) / number
    means: Array = ((moved @ weights.T) * times).sum(axis=1)
    return means
