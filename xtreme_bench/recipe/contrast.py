"""Faults of a contrast: its two recipes are there, draw the same items, and are alike but for their languages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe import files
from xtreme_bench.recipe.complete import complete
from xtreme_bench.recipe.fields import Data, Recipe
from xtreme_bench.recipe.items import Place
from xtreme_bench.recipe.phases import IntermediateTask
from xtreme_bench.recipe.read import read
from xtreme_bench.recipe.setting import NAME, sources_of
from xtreme_bench.recipe.tree import Entries, Entry, Items, Reading, Scalar, Tree, blamed
from xtreme_bench.recipe.yaml import parse
from xtreme_bench.wording import hint

# What says which items of an intermediate task are drawn, beside the seeds; of parallel ones also who shares them.
DRAW = ("items", "examples")
# The sections in which both arms are alike, as far as both have the same targets.
ALIKE = ("model", "data", "pretraining", "finetuning", "retrieval")
# What an intermediate task has of its own in each arm; of one with items, what is compared as their draw.
OF_AN_ARM = ("languages", "shared_by")
# Settings that change no score at the recipe's own layer.
NO_RESULT = ("device", "layers")
# Of a task, where it has none of its own, that of all tasks counts.
SHARED = ("batch", "learning_rate", "max_length", "evaluate_on")
# What counts in place of a field that is left out.
INSTEAD = {"seeds": "seed", "shared_by": "languages"}
# What holds where that is left out too.
LEFT_OUT = {"shared_by": IntermediateTask.languages}


def check(tree: Entries, path: Path, reading: Reading) -> None:
    """The two recipes of a contrast are there, are two, and fit: `differences` and `unlike` say where they do not."""
    names = {field: tree.text("contrast", field) for field in ("recipe", "minus")}
    arms = dict[str, Entries]()
    for field, name in names.items():
        if not name or not re.fullmatch(NAME, name):
            continue
        file = files.named(name, path.parent)
        if file.is_file():
            # As the file says: what the command line sets in this arm, it may set in the other one too.
            arm, _ = parse(file)
            arms.update({name: arm} if arm else {})
        else:
            others = files.listing(path.parent)
            message = f"contrast.{field}: there is no recipe '{name}' beside this one{hint(name, others)}"
            reading.fault(message, tree.line_of("contrast", field))
    if names["recipe"] and names["recipe"] == names["minus"]:
        reading.fault("contrast.recipe and contrast.minus are the same recipe", tree.line_of("contrast", "minus"))
    if len(arms) == 2:
        own, named = arms.get(path.stem), [tree.line_of("contrast", field) for field in names]
        for place, message in differences(arms):
            lines = [entry.line if (entry := _entry(own, place)) else own.line_of(*place)] if own else []
            reading.fault(f"contrast: {message}: the arms must have the same items", blamed(*lines, *named))
        recipes = {name: read(Recipe, arm, "", Reading(name, _source(arm))) for name, arm in arms.items()}
        read_both = {name: complete(recipe).to_dict() for name, recipe in recipes.items() if recipe is not None}
        for place in unlike(*read_both.values()) if len(read_both) == 2 else ():
            (a, here), (b, there) = ((name, _value(values, place)) for name, values in read_both.items())
            what = f"contrast: {a} has {'.'.join(place)} {here}, {b} {there}"
            message = f"{what}: the arms must be alike but for the languages that are trained on"
            reading.fault(message, blamed(*([own.line_of(*place)] if own else []), *named))


def differences(arms: Mapping[str, Entries]) -> Iterator[tuple[Place, str]]:
    """The fields in which the draws of two arms differ, in words; none where no task of both is drawn."""
    (a, one), (b, other) = arms.items()
    places = list[Place]()
    theirs = other.named("intermediate", "tasks")
    for task in (task for task in one.named("intermediate", "tasks") if task in theirs):
        at = ("intermediate", "tasks", task)
        kinds = {arm.text(*at, "items") for arm in (one, other)}
        if kinds != {None}:
            shared_by = ["shared_by"] if kinds == {"parallel"} else []
            places += [("seeds",), *((*at, field) for field in (*DRAW, *shared_by))]
    for place in dict.fromkeys(places):
        here, there = _said(one, place), _said(other, place)
        if here != there:
            yield place, f"{a} has {'.'.join(place)} {here}, {b} {there}"


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Place]:
    """Where two recipes differ (`Recipe.to_dict`), beside the languages and items of intermediate training.

    Arms that have other tasks, or masked text beside them in one alone, are there to be compared in that: they may
    differ in all of intermediate training.
    """
    targets = [task for task in TASKS if all(task in _mapping(arm.get("targets")) for arm in (one, other))]
    before = [_mapping(arm.get("intermediate")) for arm in (one, other)]
    tasks = [_mapping(each.get("tasks")) for each in before]
    made = {INTERMEDIATE[name].target for name in tasks[0] if name in tasks[1] and name in INTERMEDIATE}
    for name in ALIKE:
        here, there = (_section(arm, name, targets, made) for arm in (one, other))
        yield from _differing(here, there, (name,))
    kinds = [({*names}, bool(each.get("mlm"))) for each, names in zip(before, tasks, strict=True)]
    if all(before) and kinds[0] == kinds[1]:
        here, there = (_before(each) for each in before)
        yield from _differing(here, there, ("intermediate",))


def _section(arm: Mapping[str, Any], name: str, targets: Collection[str], made: Collection[str]) -> Mapping[str, Any]:
    """What a section says of what an arm shares with one that has these targets too, and tasks `made` of targets."""
    found = _mapping(arm.get(name))
    if name == "finetuning":
        return {source: found[source] for source in sources_of(targets) if source in found}
    if name == "retrieval":
        needed = any(TASKS[task].source is None for task in targets)
        return {field: value for field, value in found.items() if needed and field not in NO_RESULT}
    if name == "data" and isinstance(stand_in := found.get("dev_as_test"), list):
        return {**found, "dev_as_test": [task for task in TASKS if task in stand_in and task in {*targets, *made}]}
    return found


def _before(intermediate: Mapping[str, Any]) -> dict[str, Any]:
    """Intermediate training, but for the languages and what counts as a draw."""
    mlm = {key: value for key, value in _mapping(intermediate.get("mlm")).items() if key != "languages"}
    tasks = {name: _task(_mapping(task), intermediate) for name, task in _mapping(intermediate.get("tasks")).items()}
    return {**intermediate, "tasks": tasks, "mlm": {**mlm, **_own(mlm, intermediate)}}


def _task(task: Mapping[str, Any], intermediate: Mapping[str, Any]) -> dict[str, Any]:
    own = (*OF_AN_ARM, *(DRAW if task.get("items") is not None else ()))
    kept = {field: value for field, value in task.items() if field not in own}
    if isinstance(parallel := kept.get("parallel"), Mapping):
        kept["parallel"] = {key: value for key, value in parallel.items() if key != "languages"}
    return {**kept, **_own(kept, intermediate)}


def _own(values: Mapping[str, Any], intermediate: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a task may have of its own, or else those of all tasks."""
    found = {field: values[field] for field in SHARED if field in values}
    return {field: intermediate.get(field) if value is None else value for field, value in found.items()}


def _source(arm: Entries) -> str:
    return arm.text("data", "source") or Data.source


def _differing(one: Any, other: Any, at: Place) -> Iterator[Place]:
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one and other:
        for key in dict.fromkeys((*one, *other)):
            yield from _differing(one.get(key), other.get(key), (*at, str(key)))
    elif one != other:
        yield at


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _value(values: Any, place: Place) -> str:
    for key in place:
        values = values.get(key) if isinstance(values, Mapping) else None
    if isinstance(values, list):
        return " ".join(map(str, values)) or "none"
    if isinstance(values, Mapping):
        return "this section" if values else "none"
    return "none" if values is None else f"{values:,}" if isinstance(values, int) else str(values)


def _said(arm: Entries, place: Place) -> str:
    """What an arm says at a place, in words, or what holds where it says nothing."""
    entry = _entry(arm, place)
    return _text(entry.value) if entry else ", ".join(LEFT_OUT.get(place[-1], ["none"]))


def _entry(arm: Entries, place: Place) -> Entry | None:
    """What an arm says at a place, or what counts instead."""
    *section, field = place
    return arm.at(*place) or arm.at(*section, INSTEAD.get(field, field))


def _text(value: Tree) -> str:
    """A value in words, the same for values that mean the same."""
    if isinstance(value, Items):
        return ", ".join(sorted(map(_text, value.items)))
    if not isinstance(value, Scalar):
        return value.kind
    return f"{value.value:,}" if value.kind == "a whole number" else value.text
