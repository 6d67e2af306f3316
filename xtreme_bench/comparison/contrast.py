"""The one difference that an experiment was made for, with what moves it: language families, seeds and items.

A hierarchical bootstrap (Davison and Hinkley 1997, section 3.8): families are drawn anew, and within them the scores
move with items and seeds, as in every other difference. Languages of a family are alike, so that a mean over thirty
languages of six families rests on six of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from xtreme_bench.benchmark import LANGUAGES, nearness
from xtreme_bench.comparison.arms import Cell
from xtreme_bench.comparison.resample import Array

# What the name of a contrast begins with; the languages follow.
NAME = "contrast on "
# Which languages a contrast is over, by how near they are to those of either arm's intermediate training.
LANGUAGES_OF: Mapping[str, Collection[str]] = {
    "all": ("seen", "family seen", "script seen", "none"),
    "language unseen": ("family seen", "script seen", "none"),
    "family unseen": ("script seen", "none"),
}


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


def unmatched(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The intermediate tasks of two manifests that do not have the same items, with what differs, in words.

    The files of two recipes are checked before they run: this is for what a command line sets in one of them alone.
    """
    ours, theirs = _draws(one), _draws(other)
    return [
        f"{task}: {field} {here or 'none'} in {one['name']}, {there or 'none'} in {other['name']}"
        for task in ours
        if task in theirs and {ours[task]["items"], theirs[task]["items"]} != {None}
        for field, here in ours[task].items()
        if here != (there := theirs[task][field])
    ]


def _draws(manifest: Mapping[str, Any]) -> dict[str, dict[str, str | None]]:
    """Task -> what its items are drawn by. Manifests come from others: what is no recipe draws nothing."""
    found: Any = manifest
    for name in ("recipe", "intermediate", "tasks"):
        found = found.get(name) if isinstance(found, Mapping) else None
    tasks = found if isinstance(found, Mapping) else {}
    return {
        str(task): {
            "items": _text(settings.get("items")),
            "examples": _text(settings.get("examples")),
            "shared_by": _text(
                (settings.get("shared_by") or settings.get("languages"))
                if settings.get("items") == "parallel"
                else None
            ),
        }
        for task, settings in tasks.items()
        if isinstance(settings, Mapping)
    }


def _text(value: object) -> str | None:
    if isinstance(value, list):
        return ", ".join(sorted(map(str, value)))
    return None if value is None else str(value)


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
