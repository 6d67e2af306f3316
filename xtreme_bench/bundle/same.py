"""Whether two results come from the same experiment: same recipe, same image or packages, same stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_bench.benchmark import GROUPS, TASKS
from xtreme_bench.bundle.derived import MOST_VALUES
from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.errors import Problem
from xtreme_bench.official.scores import headline
from xtreme_bench.recipe.load import recall
from xtreme_bench.stage.versions import OURS
from xtreme_bench.untrusted import has_at_most
from xtreme_bench.wording import quoted

# Fields of a recipe that say how it runs or what it is about, not what is computed.
_ASIDE = ("description", "resources", "expect")


@dataclass(frozen=True)
class Distance:
    """How far a bundle is from another one: problems, notes, and a part of the summary (empty if not compared)."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    summary: str = ""


def differences(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[Problem]:
    """Why two manifests are not from the same experiment; empty if they are.

    Different images mean different experiments even if all known versions agree: a digest covers more.
    """
    problems = []
    if mine["recipe_sha256"] != other["recipe_sha256"]:
        problems.append(Problem("not the same experiment: the recipes differ", MANIFEST))
    if mine["image"] != other["image"]:
        versions = changed_versions(mine, other)
        which = (
            f"these packages differ: {', '.join(versions)}" if versions else "the versions of all known packages agree"
        )
        message = f"not the same experiment: the image is {_named(mine)}, the other has {_named(other)}; {which}"
        problems.append(Problem(message, MANIFEST))
    elif versions := changed_versions(mine, other):
        problems.append(Problem(f"not the same experiment: these packages differ: {', '.join(versions)}", MANIFEST))
    if not problems and _keys(mine) != _keys(other):
        problems.append(Problem("not the same experiment: the data or code of the stages differs", MANIFEST))
    return problems


def loosely(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[Problem]:
    """Why two manifests are not runs of one recipe, wherever they ran; empty if they are."""
    if settings(mine) == settings(other):
        return []
    return [Problem("not the same experiment: the recipes differ", MANIFEST)]


def settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the result of a recipe. A setting that a manifest of an older version lacks has its default."""
    recipe = recall(manifest["recipe"], manifest["name"])[0] if has_at_most(MOST_VALUES, manifest["recipe"]) else None
    values = manifest["recipe"] if recipe is None else recipe.to_dict()
    return {key: value for key, value in values.items() if key not in _ASIDE}


def apart(mine: Mapping[str, Any], other: Mapping[str, Any], within: float, unlike: Sequence[Problem] = ()) -> Distance:
    """Compare the main scores of two runs of one recipe: each may differ by at most `within` points.

    A score that only one of them has is a problem. `unlike`: how the runs differ otherwise, for the notes.
    """
    problems, moved = [], {}
    for key in ("overall", *GROUPS, *TASKS):
        a, b = headline(mine, key), headline(other, key)
        if a is None and b is None:
            continue
        if a is None or b is None:
            problems.append(Problem(f"{key}: only {'the other side' if a is None else 'this bundle'} has a score"))
            continue
        moved[key] = abs(a - b)
        if not moved[key] <= within:
            problems.append(Problem(f"{key}: {a:.2f}, the other side has {b:.2f}; at most {within:g} points apart"))
    if not moved:
        return Distance((*problems, Problem("no scores to compare with the other bundle")))
    most = max(moved, key=lambda key: moved[key])
    kept = "within" if not problems else "not within"
    summary = f"; {kept} {within:g} points of the other predictions (most: {moved[most]:.2f}, {most})"
    notes = tuple(f"compared with a run elsewhere: {one.message.partition(': ')[2]}" for one in unlike)
    return Distance(tuple(problems), notes, summary)


def changed_versions(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """`package version -> version` for each package that differs; "none" if a manifest lacks it."""
    a, b = mine["versions"], other["versions"]
    return [
        f"{quoted(name)} {quoted(str(a.get(name, 'none')))} -> {quoted(str(b.get(name, 'none')))}"
        for name in sorted((a.keys() | b.keys()) - {OURS})  # our own code is in the keys
        if a.get(name) != b.get(name)
    ]


def _named(manifest: Mapping[str, Any]) -> str:
    return quoted(str(manifest["image"])) if manifest["image"] else "none"


def _keys(manifest: Mapping[str, Any]) -> list[Any]:
    return sorted(str(stage.get("key")) for stage in manifest["stages"])
