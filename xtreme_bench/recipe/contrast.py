"""Faults of a contrast: its two recipes are there, draw the same items, and are alike but for their languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from xtreme_bench.recipe import files
from xtreme_bench.recipe.alike import DRAW, said, unlike
from xtreme_bench.recipe.complete import complete
from xtreme_bench.recipe.fields import Recipe, data_source
from xtreme_bench.recipe.items import Place
from xtreme_bench.recipe.phases import IntermediateTask
from xtreme_bench.recipe.read import read
from xtreme_bench.recipe.setting import NAME
from xtreme_bench.recipe.tree import Entries, Entry, Items, Reading, Scalar, Tree, blamed
from xtreme_bench.recipe.yaml import parse
from xtreme_bench.wording import hint

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
        recipes = {name: read(Recipe, arm, "", Reading(name, data_source(arm))) for name, arm in arms.items()}
        read_both = {name: complete(recipe).to_dict() for name, recipe in recipes.items() if recipe is not None}
        for place in unlike(*read_both.values()) if len(read_both) == 2 else ():
            (a, here), (b, there) = ((name, said(values, place)) for name, values in read_both.items())
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
