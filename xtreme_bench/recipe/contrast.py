"""Faults of a contrast: its two recipes are there, draw the same items, and are alike but for their languages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.recipe import files
from xtreme_bench.recipe.fields import Recipe
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
# What an intermediate task has of its own in each arm, or what is compared as its draw.
OF_AN_ARM = ("languages", "shared_by", *DRAW)
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
        recipes = {name: read(Recipe, arm, "", Reading(name, reading.source)) for name, arm in arms.items()}
        read_both = {name: recipe.to_dict() for name, recipe in recipes.items() if recipe is not None}
        for place in unlike(*read_both.values()) if len(read_both) == 2 else ():
            (a, here), (b, there) = ((name, _value(values, place)) for name, values in read_both.items())
            message = (
                f"contrast: {a} has {'.'.join(place)} {here}, {b} {there}: the arms must be alike but for languages"
            )
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
    shared = [task for task in TASKS if all(task in _mapping(arm.get("targets")) for arm in (one, other))]
    here, there = (_alike(arm, shared) for arm in (one, other))
    yield from _differing(here, there, ())
    before = [_mapping(arm.get("intermediate")) for arm in (one, other)]
    kinds = [({*_mapping(each.get("tasks"))}, bool(each.get("mlm"))) for each in before]
    if all(before) and kinds[0] == kinds[1]:
        here, there = ({**each, "tasks": _tasks(each)} for each in before)
        yield from _differing(here, there, ("intermediate",))


def _alike(arm: Mapping[str, Any], targets: Collection[str]) -> dict[str, Any]:
    """What a recipe says of what an arm shares with another one that has these targets too."""
    found = {name: _mapping(arm.get(name)) for name in ALIKE}
    sources, stand_in = sources_of(targets), found["data"].get("dev_as_test")
    found["finetuning"] = {name: values for name, values in found["finetuning"].items() if name in sources}
    if isinstance(stand_in, list):
        found["data"] = {**found["data"], "dev_as_test": [task for task in targets if task in stand_in]}
    return found if any(TASKS[task].source is None for task in targets) else {**found, "retrieval": {}}


def _tasks(intermediate: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of tasks, but for what each arm has of its own."""
    return {
        name: {field: value for field, value in _mapping(task).items() if field not in OF_AN_ARM}
        for name, task in _mapping(intermediate.get("tasks")).items()
    }


def _differing(one: Any, other: Any, at: Place) -> Iterator[Place]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
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
