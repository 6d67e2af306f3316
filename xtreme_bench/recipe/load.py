"""Recipes: read a file, report all its faults at once, fill in what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.recipe import compose, files
from xtreme_bench.recipe.checks import check, check_composed
from xtreme_bench.recipe.complete import complete
from xtreme_bench.recipe.fields import Data, Recipe, data_source
from xtreme_bench.recipe.overrides import apply, of_parts, shared
from xtreme_bench.recipe.read import read
from xtreme_bench.recipe.resources import Resources
from xtreme_bench.recipe.tree import Entries, Reading, tree_of
from xtreme_bench.recipe.yaml import parse
from xtreme_bench.wording import count, listing

__all__ = ["Recipe", "Resources", "load", "recall", "validate"]


def load(path: Path, overrides: Sequence[str] = (), *, baseline: bool = False) -> Recipe:
    """The recipe in a YAML file, with defaults filled in and `all` replaced by the languages it stands for.

    `overrides` are what the command line sets in it, `path.of.keys=value`; a `baseline` takes those that it shares
    with the recipe that names it. Raises InputError with every fault, each with its line or its option.
    """
    recipe, problems = _read(path, shared(overrides) if baseline else tuple(overrides), baseline=baseline)
    if recipe is None:
        schema_file = files.SHIPPED.resolve() / files.SCHEMA
        raise InputError(
            f"{count(len(problems), 'fault')} in the recipe {path} ({schema_file} describes the format)", problems
        )
    return recipe


def validate(path: Path) -> list[Problem]:
    """All faults of a recipe file, in the order of their lines; an empty list when it can be loaded."""
    return _read(path)[1]


def recall(values: Mapping[str, object], name: str) -> tuple[Recipe | None, list[Problem]]:
    """A recipe from what `Recipe.to_dict` made of it, or its faults. `expect` is left out.

    The values may come from anybody: each field is checked as in a file, but of what fields say of each other
    only what retrieval needs.
    """
    kept = {key: value for key, value in values.items() if key not in ("expect", compose.KEY)}
    tree = tree_of({**kept, "description": "in a manifest"})
    assert isinstance(tree, Entries)
    reading = Reading(name, data_source(tree))
    recipe = read(Recipe, tree, "", reading)
    retrieval = [task for task in tree.named("targets") if task in TASKS and TASKS[task].source is None]
    if recipe is not None and retrieval and recipe.retrieval is None:
        reading.fault(f"retrieval is missing: {listing(retrieval)} need it", 1)
    if recipe is not None and recipe.retrieval and recipe.retrieval.layers and "bucc2018" not in recipe.targets:
        reading.fault("retrieval.layers needs the target bucc2018", 1)
    if recipe is None or reading.problems:
        return None, reading.problems
    members, faults = _recalled(values.get(compose.KEY, []))
    made = complete(replace(recipe, name=name, members=members))
    faults = faults or [Problem(f"{compose.KEY}: {fault}") for fault in compose.strange(made)]
    return (None, faults) if faults else (made, [])


def _recalled(values: object) -> tuple[tuple[Recipe, ...], list[Problem]]:
    """The recipes that another one is composed of, by a manifest, or their faults."""
    if not isinstance(values, list) or not all(isinstance(one, Mapping) and compose.KEY not in one for one in values):
        return (), [Problem(f"{compose.KEY} must be a list of recipes, none of them composed itself")]
    found = [recall({k: v for k, v in one.items() if k != "name"}, str(one.get("name"))) for one in values]
    faults = [fault for _, wrong in found for fault in wrong]
    return tuple(recipe for recipe, _ in found if recipe is not None), faults


def _read(
    path: Path, overrides: tuple[str, ...] = (), *, baseline: bool = False
) -> tuple[Recipe | None, list[Problem]]:
    tree, problems = parse(path)
    if tree is None:
        return None, problems
    reading = Reading(str(path), Data.source, problems)
    if compose.KEY in tree.entries:
        return _composed(tree, path, overrides, reading, baseline=baseline)
    tree = apply(tree, overrides, reading, baseline=baseline)
    reading = replace(reading, source=data_source(tree))
    recipe = read(Recipe, tree, "", reading)
    check(tree, path, reading)
    if problems:
        return None, sorted(problems, key=lambda problem: (problem.line or 0, problem.message))
    return complete(replace(recipe, name=path.stem, path=path, overrides=overrides)), []


def _composed(
    tree: Entries, path: Path, overrides: tuple[str, ...], reading: Reading, *, baseline: bool
) -> tuple[Recipe | None, list[Problem]]:
    """A recipe that is composed of others, each read with the overrides that concern it."""
    own, passed_on = of_parts(overrides)
    tree = compose.without_inherited(apply(tree, own, reading, baseline=baseline), reading)
    made = read(compose.Composition, tree, "", reading)
    check_composed(tree, path, reading)
    members, faults = [], list[Problem]()
    for name, file, line in compose.member_files(tree, path, reading):
        recipe, wrong = _read(file, passed_on, baseline=True)
        faults += [fault for fault in wrong if fault not in faults]
        if recipe is not None:
            members.append((replace(recipe, name=name), line))
    if made is not None and not faults:
        compose.check_members(made, members, reading)
    problems = sorted(reading.problems, key=lambda problem: (problem.line or 0, problem.message)) + faults
    if problems or made is None:
        return None, problems
    whole = compose.composed(made, [recipe for recipe, _ in members])
    return complete(replace(whole, name=path.stem, path=path, overrides=overrides)), []
