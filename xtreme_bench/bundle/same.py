"""Whether two results are the same experiment: one recipe, one image or the same packages, the same stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.errors import Problem
from xtreme_bench.stage.versions import OURS
from xtreme_bench.wording import quoted


def differences(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[Problem]:
    """Why the results of two manifests must not be called the same experiment; empty when they may.

    Two images are two experiments even if all known versions agree, because the digest covers more than these.
    """
    problems = []
    if mine["recipe_sha256"] != other["recipe_sha256"]:
        problems.append(Problem("not the same experiment: the recipes differ", MANIFEST))
    if mine["image"] != other["image"]:
        versions = changed_versions(mine, other)
        which = f"these packages differ: {', '.join(versions)}" if versions else "no known package's version differs"
        message = f"not the same experiment: the image is {_named(mine)}, the other's {_named(other)}; {which}"
        problems.append(Problem(message, MANIFEST))
    elif versions := changed_versions(mine, other):
        problems.append(Problem(f"not the same experiment: these packages differ: {', '.join(versions)}", MANIFEST))
    if not problems and _keys(mine) != _keys(other):
        problems.append(Problem("not the same experiment: data or code of the stages differ", MANIFEST))
    return problems


def changed_versions(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """`package version -> version` for each that two manifests state otherwise; "none" where one lacks it."""
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
