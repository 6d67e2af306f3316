"""Whether two results come from the same experiment: same recipe, same image or packages, same stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.errors import Problem
from xtreme_bench.stage.versions import OURS
from xtreme_bench.wording import quoted


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
    return sorted(str(stage.get("key")) for stage in manifest["stages"] if isinstance(stage, Mapping))
