"""Compare the claims of a manifest, apart from its scores, with its recipe."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle import composed
from xtreme_bench.bundle import manifest as made
from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.errors import Problem
from xtreme_bench.files import Digests
from xtreme_bench.official.findings import listed
from xtreme_bench.plan.stages import plan
from xtreme_bench.recipe.load import Recipe, recall
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.untrusted import has_at_most
from xtreme_bench.wording import listing, quoted

# A path that does not exist. The recipe is untrusted, so it must not make us read local files.
_NOWHERE = Path("/nonexistent/xtreme-bench/recipe.yaml")
_IMAGE = "sha256:[0-9a-f]{64}"
# The longest recipe has a few hundred values. Each wrong value costs a search for the value that was meant.
MOST_VALUES = 10_000


def contradictions(manifest: Mapping[str, Any], coverage: Mapping[str, Sequence[str]], labels: Path) -> list[Problem]:
    """Claims of a manifest that contradict its recipe. `coverage`: the predictions in the bundle."""
    if not has_at_most(MOST_VALUES, manifest["recipe"]):
        return [Problem(f"its recipe has more than {MOST_VALUES:,} values", MANIFEST)]
    recipe, faults = recall(manifest["recipe"], manifest["name"])
    if recipe is None:
        return [Problem(f"its recipe cannot be read: {fault.message}", MANIFEST) for fault in faults]
    return [*_targets(recipe, coverage), *(Problem(message, MANIFEST) for message in _claims(manifest, recipe, labels))]


def _targets(recipe: Recipe, coverage: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Target languages that only the recipe or only the bundle has."""
    for name, task in TASKS.items():
        asked = recipe.targets[name].languages if name in recipe.targets else ()
        for language in task.languages:
            there = language in coverage.get(name, ())
            if there != (language in asked):
                message = (
                    "not a target of the recipe"
                    if there
                    else "a target of the recipe, but the bundle has no predictions"
                )
                yield Problem(message, task.file(language), task=name, language=language)


def _claims(manifest: Mapping[str, Any], recipe: Recipe, labels: Path) -> Iterator[str]:
    values = recipe.to_dict()
    claims = made.claims(recipe, composed.origins(manifest))
    for key, claimed, follows in (
        ("seed", manifest["seed"], recipe.seed),
        ("model", manifest["model"], values["model"]),
        ("released", manifest.get("released"), made.released(recipe).get("released")),
        ("data.source", manifest["data"].get("source"), recipe.data.source),
        *((key, manifest.get(key, {}), follows) for key, follows in claims.items()),
    ):
        yield from _differences(key, claimed, follows)
    yield from composed.faults(manifest, recipe)
    image, pinned = manifest["image"], recipe.resources.image or ""
    if image is not None and not re.fullmatch(_IMAGE, str(image)):
        yield f"image is {quoted(str(image))}; expected the sha256 of an image, or null"
    elif image is not None and re.fullmatch(_IMAGE, pinned) and image != pinned:
        yield f"image is {quoted(str(image))}, but the recipe has {quoted(pinned)}"
    yield from _stages(manifest, recipe, labels)


def _differences(key: str, claimed: Any, follows: Any) -> Iterator[str]:
    """Where a claim differs from what follows from the recipe; objects are compared entry by entry."""
    if isinstance(claimed, Mapping) and isinstance(follows, Mapping):
        for name in sorted({*claimed, *follows}):
            yield from _differences(f"{key}.{name}", claimed.get(name), follows.get(name))
    elif claimed != follows:
        yield f"{quoted(key)[1:-1]} is {quoted(_said(claimed))}, but by the recipe it is {quoted(_said(follows))}"


def _said(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _elsewhere(recipe: Recipe) -> Recipe:
    """The recipe, and those that it is composed of, with no file that is there."""
    members = tuple(map(_elsewhere, recipe.members))
    return replace(recipe, path=_NOWHERE, model=replace(recipe.model, path="model"), members=members)


def _stages(manifest: Mapping[str, Any], recipe: Recipe, labels: Path) -> Iterator[str]:
    """Stages that differ from those of the recipe. A bundle cannot show which data and code made their keys."""
    plans = [
        plan(_elsewhere(recipe), data=_NOWHERE.parent, labels=given, digests=Digests(Path(os.devnull)))
        for given in (None, labels)
    ]
    claimed = manifest["stages"]
    named = [(str(stage.get("kind")), str(stage.get("name"))) for stage in claimed]
    possible = [[(stage.kind, stage.name) for stage in one.stages] for one in plans]
    if named not in possible:
        nearest = min(possible, key=lambda one: len({*one} ^ {*named}))
        lacking = [name for kind, name in nearest if (kind, name) not in named]
        odd = [name for kind, name in named if (kind, name) not in nearest]
        what = listing(f"{listed(names)} {how}" for names, how in ((lacking, "missing"), (odd, "too many")) if names)
        yield f"stages differ from those of the recipe: {what or 'another order'}"
    if not all(re.fullmatch("[0-9a-f]{64}", str(stage.get("key"))) for stage in claimed):
        yield "stages: each needs a `key` of 64 hexadecimal digits"
    if any(made.MARK in stage and not made.is_modules(stage[made.MARK]) for stage in claimed):
        yield f"stages: `{made.MARK}` must be a list of modules"
    if manifest["scores"] is not None and not any(KINDS[kind].tells == "scores" for kind, _ in named if kind in KINDS):
        yield "it has scores, but no stage that computes them"
