"""The two sides of a comparison: the runs of an experiment, one per seed, with the counts of each test item."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.check import CHANGED, MISSING, about, is_changed
from xtreme_bench.bundle.paths import MANIFEST, SUMMARY
from xtreme_bench.bundle.read import Contents, opened
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.official.items import Items, items, score_of
from xtreme_bench.official.predictions import examine
from xtreme_bench.official.scores import cells
from xtreme_bench.official.sizes import gold_size
from xtreme_bench.untrusted import parse_json
from xtreme_bench.wording import listing, one_line

Cell = tuple[str, str]
# In points. The score of a file is that of its manifest to the last digits.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: the `manifests` of its runs, and (task, language) -> the items of each run."""

    name: str
    manifests: tuple[Mapping[str, Any], ...]
    cells: Mapping[Cell, tuple[Items, ...]]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each run, in order."""
        return tuple(manifest["seed"] for manifest in self.manifests)


def bundles_of(place: Path, say: Callable[[str], None] = lambda note: None) -> list[Path]:
    """The bundles of one experiment: `place` itself (folder or zip), or the folders in it, one per seed.

    If a run left a summary of its seeds, seeds that it counts in no mean are left out, and `say` gets a note of each.
    Errors: `InputError` if there is no bundle, or if the summary is unusable or names a bundle that is missing.
    """
    if place.is_file() or (place / MANIFEST).is_file():
        return [place]
    found = sorted(path.parent for path in place.glob(f"*/{MANIFEST}"))
    if (place / SUMMARY).is_file():
        counted, failed = _summary(place / SUMMARY)
        lost = [place / name for name in counted if place / name not in found]
        if absent := [Problem("is not there; run the recipe again", str(path)) for path in lost]:
            raise InputError(f"{place / SUMMARY} names bundles that are not there", absent)
        for bundle in found:
            if bundle.name not in counted:
                say(f"{bundle} is left out: {failed.get(bundle.name, f'{SUMMARY} does not name it')}")
        found = [bundle for bundle in found if bundle.name in counted]
    if not found:
        raise InputError(f"{place}: no bundle that counts; give a bundle, or a folder with one bundle per seed")
    return found


def _summary(path: Path) -> tuple[list[str], dict[str, str]]:
    """The names of the bundles that count, and why those of failed seeds do not."""
    try:
        summary = parse_json(path.read_text(encoding="utf-8"))
        bundles, failed = summary["bundles"], summary["failed"]
        counted = [str(name) for seed, name in bundles.items() if seed not in failed]
        return counted, {str(bundles[seed]): str(why) for seed, why in failed.items() if seed in bundles}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is no summary of seeds; run the recipe again, or remove it") from error


def read_arms(experiments: Sequence[Sequence[Path]], labels: Path) -> list[Arm]:
    """Read the runs of several experiments, as `read_arm` reads one, with names that tell them apart."""
    arms = [read_arm(bundles, labels) for bundles in experiments]
    names = told_apart([arm.manifests for arm in arms], experiments)
    return [replace(arm, name=name) for arm, name in zip(arms, names, strict=True)]


def told_apart(manifests: Sequence[Sequence[Mapping[str, Any]]], bundles: Sequence[Sequence[Path]]) -> list[str]:
    """The names of experiments, each given by its manifests and its bundles.

    Those of one recipe are told apart by their seeds; where these are equal by their folders, or else by numbers.
    """
    names = [str(runs[0]["name"]) for runs in manifests]
    told = list(names)
    for name in set(names):
        alike = [at for at, one in enumerate(names) if one == name]
        if alike[1:]:
            marks = _marks([manifests[at] for at in alike], [bundles[at] for at in alike])
            for at, mark in zip(alike, marks, strict=True):
                told[at] = f"{name}, {mark}"
    return told


def _marks(manifests: Sequence[Sequence[Mapping[str, Any]]], bundles: Sequence[Sequence[Path]]) -> list[str]:
    """What tells the experiments of one recipe apart."""
    seeds = [seeds_text(runs) for runs in manifests]
    places = [(paths[0].parent if paths[1:] else paths[0]).resolve() for paths in bundles]
    above = os.path.commonpath([place.parent for place in places])
    folders = [one_line(os.path.relpath(place, above)) for place in places]
    numbers = [f"run {number}" for number, _ in enumerate(manifests, 1)]
    return next(marks for marks in (seeds, folders, numbers) if len(set(marks)) == len(marks))


def seeds_text(manifests: Sequence[Mapping[str, Any]]) -> str:
    """The seeds of the runs of one experiment, in words."""
    seeds = [str(manifest["seed"]) for manifest in manifests]
    return f"{'seeds' if seeds[1:] else 'seed'} {listing(seeds)}"


def read_arm(bundles: Sequence[Path], labels: Path, *, name: str | None = None) -> Arm:
    """Read the runs of one experiment from its bundles. Errors: `InputError` with all faults of all files.

    Files without gold labels are left out. Each file must be as its manifest says. The runs must differ only in their
    seed, and have the scores that their manifests say: otherwise these labels are not those of the test data that they
    predicted.
    """
    manifests = tuple(read_manifest(bundle) for bundle in bundles)
    problems = unlike(manifests, bundles)
    found: dict[Cell, list[Items]] = {}
    for bundle, manifest in zip(bundles, manifests, strict=True):
        for cell, added in _read(bundle, manifest, labels, problems).items():
            found.setdefault(cell, []).append(added)
    problems += [
        Problem("missing in some runs of this experiment", TASKS[task].file(language), task=task, language=language)
        for (task, language), runs in found.items()
        if len(runs) < len(bundles)
    ]
    if problems:
        raise InputError(f"{', '.join(map(str, bundles))}: cannot be compared", problems)
    return Arm(name or str(manifests[0]["name"]), manifests, {cell: tuple(runs) for cell, runs in found.items()})


def _read(bundle: Path, manifest: Mapping[str, Any], labels: Path, problems: list[Problem]) -> dict[Cell, Items]:
    found: dict[Cell, Items] = {}
    said = {task: cells(manifest["scores"] or {}, task) for task in TASKS}
    with opened(bundle) as contents:
        problems += _spoilt(bundle, contents, manifest)
        for task, row in TASKS.items():
            for language in row.languages:
                path = gold_path(labels, task, language)
                if path is None or row.file(language) not in contents.names:
                    continue
                gold = read_gold(path, task, language)
                file = f"{bundle}/{row.file(language)}"
                predicted = examine(
                    contents.read(row.file(language)), task, language, gold_size(gold, task, language), file
                )
                problems += predicted.problems
                if not predicted.problems:
                    one = found[task, language] = items(gold, predicted.value, task, language)
                    problems += _other_labels(one, said[task].get(language), file, task, language)
    return found


def _spoilt(bundle: Path, contents: Contents, manifest: Mapping[str, Any]) -> list[Problem]:
    """The files of a bundle that are not as its manifest says: refused, missing or changed.

    Without this, a file that is gone would look like one that was never predicted.
    """
    faults = {str(problem.file): problem.message for problem in contents.problems}
    for name, entry in manifest["files"].items():
        if name not in contents.names:
            faults.setdefault(name, MISSING)
        elif is_changed(contents.read(name), entry):
            faults[name] = CHANGED
    found = [about(name, message) for name, message in faults.items()]
    return [replace(one, file=f"{bundle}/{one.file}") for one in found]


def _other_labels(one: Items, said: float | None, file: str, task: str, language: str) -> list[Problem]:
    """A problem if the score of a file is not the one that its manifest says, where it says one."""
    score = score_of([sum(sums) for sums in zip(*one.values(), strict=True)])
    if said is None or abs(score - said) <= TOLERANCE:
        return []
    text = f"its manifest says {said:.2f}, these labels give {score:.2f}: made with other test data or labels"
    return [Problem(text, file, task=task, language=language)]


def unlike(manifests: Sequence[Mapping[str, Any]], bundles: Sequence[Path]) -> list[Problem]:
    """Why the bundles are not runs of one experiment with different seeds; empty if they are."""
    first, problems = manifests[0], []
    for manifest, bundle in zip(manifests[1:], bundles[1:], strict=True):
        if (manifest["name"], without_seed(manifest)) != (first["name"], without_seed(first)):
            problems.append(Problem(f"its recipe and that of {bundles[0]} differ in more than the seed", str(bundle)))
    seeds = [manifest["seed"] for manifest in manifests]
    problems += [
        Problem(f"seed {seed} occurs twice; give each run once", str(bundle))
        for at, (seed, bundle) in enumerate(zip(seeds, bundles, strict=True))
        if seed in seeds[:at]
    ]
    return problems


def without_seed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What of a recipe must be equal in runs of one experiment."""
    return {key: value for key, value in manifest["recipe"].items() if key not in ("seed", "seeds", "resources")}
