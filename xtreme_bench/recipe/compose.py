"""A recipe that is composed of others: for each target, the one that is best on English development data counts.

It says only what it is composed of and compared with. Model, data and seeds are those of the recipes that it names.
"""

# ruff: noqa: RUF009  (the fields are those of a recipe, and frozen)
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.recipe import files
from xtreme_bench.recipe.fields import Expectation, Recipe
from xtreme_bench.recipe.setting import NAME, setting
from xtreme_bench.recipe.tree import Entries, Items, Reading, Scalar
from xtreme_bench.recipe.yaml import parse
from xtreme_bench.stage.params import plain
from xtreme_bench.wording import hint, quoted

KEY = "compose"
# The target whose development set says how well an encoder retrieves; Tatoeba has none.
RETRIEVAL_JUDGE = "bucc2018"
_OF_A_RECIPE = {item.name: item for item in fields(Recipe)}


def _as_in_a_recipe(name: str, default: Any = None) -> Any:
    return field(default=default, metadata=_OF_A_RECIPE[name].metadata)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """Several recipes in one: for each target, the one that is best on English development data counts."""

    description: str = setting("What the experiment is for.", pattern=(r"[\s\S]*\S[\s\S]*", "a sentence"))
    compose: tuple[str, ...] = setting(
        "Recipes in the same folder, alike in model, data, seeds and targets. Of equally good ones the first counts.",
        pattern=(NAME, "the name of a recipe"),
        noun="recipe",
    )
    targets: tuple[str, ...] | None = setting(
        "Those of their targets that the bundle has; all, if left out.",
        default=None,
        choices=tuple(TASKS),
        noun="target task",
    )
    baseline: str | None = _as_in_a_recipe("baseline")
    expect: Expectation = _as_in_a_recipe("expect", Expectation())


def judge(task: str) -> str:
    """What has the development data by which models are chosen for a target."""
    return TASKS[task].source or RETRIEVAL_JUDGE


def without_inherited(tree: Entries, reading: Reading) -> Entries:
    """The tree without the keys that belong into the recipes that are composed; each of them is a fault."""
    own = {item.name for item in fields(Composition)}
    foreign = {key: entry for key, entry in tree.entries.items() if key in _OF_A_RECIPE and key not in own}
    for key, entry in foreign.items():
        reading.fault(f"{key} is as in the recipes that are composed; set it there", entry.line)
    return Entries(tree.line, {key: entry for key, entry in tree.entries.items() if key not in foreign})


def member_files(tree: Entries, path: Path, reading: Reading) -> Iterator[tuple[str, Path, int]]:
    """Name, file and line of each recipe that is composed. Those that cannot be are faults."""
    listed = tree.at(KEY)
    for item in listed.value.items if listed is not None and isinstance(listed.value, Items) else ():
        name = item.text if isinstance(item, Scalar) else ""
        file = files.named(name, path.parent)
        if name == path.stem:
            reading.fault("a recipe cannot be composed of itself", item.line)
        elif not file.is_file():
            others = [other for other in files.listing(path.parent) if other != path.stem]
            reading.fault(f"{KEY}: there is no recipe '{name}' beside this one{hint(name, others)}", item.line)
        elif (inner := parse(file)[0]) is not None and KEY in inner.entries:
            reading.fault(f"{KEY}: {name} is itself composed of recipes; name these", item.line)
        else:
            yield name, file, item.line


# What a recipe that is composed of others has none of.
_OF_THE_PARTS = ("intermediate", "held_out", "contrast")

# What all recipes that are composed must have in common, so that their development scores can be compared.
_ALIKE: Mapping[str, Callable[[Recipe], Any]] = {
    "model": lambda one: plain(one.model),
    "data": lambda one: plain(one.data),
    "pretraining": lambda one: plain(one.pretraining),
    "seeds": lambda one: list(one.seeds or (one.seed,)),
    "languages of targets": lambda one: {task: list(target.languages) for task, target in one.targets.items()},
    "finetuning.*.evaluate_on": lambda one: {source: row.evaluate_on for source, row in one.finetuning.items()},
}


def check_members(own: Composition, members: Sequence[tuple[Recipe, int]], reading: Reading) -> None:
    """Add a fault for all that sets a recipe apart from the first one, and for targets that it cannot be judged in.

    `members`: each recipe with the line that names it.
    """
    tasks = own.targets or [task for task in TASKS if any(task in recipe.targets for recipe, _ in members)]
    for recipe, line in members:
        for what, of in _ALIKE.items():
            first = members[0][0]
            if differs := _difference(of(recipe), of(first)):
                reading.fault(f"{KEY}: {recipe.name} and {first.name} must agree in {what}: {differs}", line)
        if lacking := [task for task in tasks if task not in recipe.targets]:
            reading.fault(f"{KEY}: {recipe.name} has no target {', '.join(lacking)}", line)
        unjudged = [task for task in tasks if task in recipe.targets and judge(task) == RETRIEVAL_JUDGE]
        if unjudged and RETRIEVAL_JUDGE not in recipe.targets:
            message = (
                f"{KEY}: {recipe.name} was never judged on development data for {', '.join(unjudged)}: retrieval is "
                f"judged on the development pairs of {RETRIEVAL_JUDGE}, which is no target of it"
            )
            reading.fault(message, line)


def _difference(mine: Any, other: Any) -> str:
    """How two values differ, in words; of mappings only the keys that both have."""
    if isinstance(mine, Mapping) and isinstance(other, Mapping):
        return "; ".join(
            f"{key} {differs}" for key in mine if key in other and (differs := _difference(mine[key], other[key]))
        )
    return "" if mine == other else f"{_said(mine)} and {_said(other)}"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(inner)}" for key, inner in value.items() if inner is not None)
    return " ".join(map(str, value)) or "none" if isinstance(value, list) else "none" if value is None else str(value)


def composed(own: Composition, members: Sequence[Recipe]) -> Recipe:
    """The recipe: all that it does not say itself is as in the first one of its parts."""
    first = members[0]
    targets = {task: target for task, target in first.targets.items() if task in (own.targets or first.targets)}
    return replace(
        first,
        description=own.description,
        targets=targets,
        intermediate=None,
        held_out=None,
        contrast=None,
        baseline=own.baseline,
        expect=own.expect,
        members=tuple(members),
    )


def strange(made: Recipe) -> Iterator[str]:
    """Why a recipe that a manifest gives cannot be composed of its parts: `composed` and `check_members` backwards."""
    if not made.members:
        return
    names = [one.name for one in made.members]
    if odd := [name for name in names if not re.fullmatch(NAME, name) or names.count(name) > 1]:
        yield f"{quoted(odd[0])} is no name of a recipe, or that of two"
    own = {*(item.name for item in fields(Composition)), *_OF_THE_PARTS}
    inherited = {key: value for key, value in plain(replace(made, members=())).items() if key not in own}
    if differs := _difference(inherited, plain(replace(made.members[0], members=(), name=made.name))):
        yield f"the recipe is not as its first part: {differs}"
    for one in made.members:
        for what, of in _ALIKE.items():
            if differs := _difference(of(one), of(made)):
                yield f"{quoted(one.name)} and the recipe must agree in {what}: {differs}"
        if lacking := [task for task in made.targets if task not in one.targets]:
            yield f"{quoted(one.name)} has no target {', '.join(lacking)}"
    if made.intermediate is not None:
        yield "the recipe has `intermediate`, which only its parts have"
