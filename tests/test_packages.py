"""What each package shows to others, which half of the project needs which dependency, and that tests stand alone."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections import defaultdict
from functools import cache
from importlib.metadata import packages_distributions

import grimp
import pytest
from places import ROOT

from xtreme_bench.stage.kinds import KINDS

HOUSE = "xtreme_bench"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GRAPH = grimp.build_graph(HOUSE, cache_dir=None)
PACKAGES = sorted(name for name in GRAPH.modules if GRAPH.find_children(name) and name != HOUSE)
# Modules that the project's metadata and the table of kinds name, each as an import from outside.
NAMED = {
    *(entry.partition(":")[0] for entry in PROJECT["scripts"].values()),
    *(kind.function.partition(":")[0] for kind in KINDS.values()),
}


@cache
def others(package: str) -> dict[str, set[str]]:
    """The modules and packages in a package that something outside it imports or names -> what does."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in GRAPH.find_descendants(package):
        child = module.removeprefix(f"{package}.").partition(".")[0]
        importers = GRAPH.find_modules_that_directly_import(module)
        found[child] |= {name for name in importers if not f"{name}.".startswith(f"{package}.")}
        found[child] |= {"a table or pyproject.toml"} if module in NAMED else set()
    return {child: importers for child, importers in found.items() if importers}


def public(package: str) -> tuple[list[str], list[str]]:
    """What `__all__` of a package lists: its modules, and what it defines itself."""
    listed = getattr(importlib.import_module(package), "__all__", [])
    inside = [name for name in listed if f"{package}.{name}" in GRAPH.modules]
    return inside, [name for name in listed if name not in inside]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_the_modules_that_others_import_and_no_others(package: str) -> None:
    listed, defined = public(package)
    hidden = {name: sorted(others(package)[name]) for name in sorted(others(package).keys() - set(listed))}
    unused = sorted(set(listed) - others(package).keys())
    faults = hidden or unused
    assert not faults, (
        f"{package}: not public, and imported all the same (use what is public, or list it): {hidden}; public, and no "
        f"other package needs it: {unused}. As it is now: __all__ = {sorted([*defined, *others(package)])}"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is_for_and_its_list_is_sorted_and_true(package: str) -> None:
    module = importlib.import_module(package)
    assert re.match(r".{20,}\.", module.__doc__ or ""), f"{package} has no sentence that says what it is for"
    listed, defined = public(package)
    assert listed == sorted(set(listed))
    assert all(hasattr(module, name) for name in defined), f"{package} lists what is not there"


# Dependencies. A module belongs to the first half that names it or its package; all others are the light half.
LIGHT, HUB, RUN = "light", "hub", "run"
HALVES = {
    HUB: ("data.fetch", "export", "models", "released"),
    RUN: ("audit", "cli.doctor", "miniature.balance", "mining", "retrieval", "training"),
}
# What no module imports, and why it is needed.
UNSEEN = {"sentencepiece": "transformers reads a `sentencepiece.bpe.model` by it (test_sentencepiece.py)"}


def _declared(half: str) -> set[str]:
    """The distributions that a half declares, in lower case, without what it takes over from another."""
    lines = PROJECT["dependencies"] if half == LIGHT else PROJECT["optional-dependencies"][half]
    return {re.split(r"[\[<>=;~! ]", line)[0].lower() for line in lines} - {PROJECT["name"]}


def _half(module: str) -> str:
    for half, places in HALVES.items():
        if any(f"{module}.".startswith(f"{HOUSE}.{place}.") for place in places):
            return half
    return LIGHT


def _imported() -> dict[str, set[str]]:
    """Half -> the distributions, in lower case, that its modules import anywhere."""
    distributions, found = packages_distributions(), defaultdict[str, set[str]](set)
    graph = grimp.build_graph(HOUSE, include_external_packages=True, cache_dir=None)
    for module in GRAPH.modules:
        for name in graph.find_modules_directly_imported_by(module):
            if not f"{name}.".startswith(f"{HOUSE}."):
                found[_half(module)] |= {one.lower() for one in distributions.get(name, ())}
    return found


def test_each_half_declares_what_its_modules_import_and_nothing_else() -> None:
    imported = _imported()
    light, hub, run = (_declared(half) for half in (LIGHT, HUB, RUN))
    undeclared = {LIGHT: imported[LIGHT] - light, HUB: imported[HUB] - light - hub, RUN: imported[RUN] - light - run}
    assert not any(undeclared.values()), f"imported, and not declared: {undeclared}"
    unused = {LIGHT: light - imported[LIGHT], HUB: hub - imported[HUB], RUN: run - imported[RUN] - UNSEEN.keys()}
    assert not any(unused.values()), f"declared, and not imported: {unused}"


def test_who_trains_can_fetch() -> None:
    assert f"{PROJECT['name']}[hub]" in PROJECT["optional-dependencies"]["run"]


def test_the_halves_name_modules_that_exist() -> None:
    assert all(f"{HOUSE}.{place}" in GRAPH.modules for places in HALVES.values() for place in places)


def test_no_test_takes_from_another_so_that_each_file_runs_alone() -> None:
    taken = re.compile(r"^\s*(?:from|import) (?:conftest|test_)\w*", re.MULTILINE)
    found = {str(path.relative_to(ROOT)): taken.findall(path.read_text("utf-8")) for path in ROOT.glob("tests/**/*.py")}
    assert not any(found.values()), {path: lines for path, lines in found.items() if lines}
