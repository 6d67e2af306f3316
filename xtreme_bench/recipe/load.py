"""Recipes: find a file, read it, report all its faults at once, fill in what it leaves out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.recipe.checks import check
from xtreme_bench.recipe.fields import (
    Bound,
    Data,
    Expectation,
    Hub,
    Model,
    Recipe,
    Resources,
    Retrieval,
    Scratch,
    Target,
)
from xtreme_bench.recipe.phases import Intermediate, IntermediateTask, Pretraining, Sampling, Training
from xtreme_bench.recipe.read import Reading, read
from xtreme_bench.recipe.schema import schema
from xtreme_bench.recipe.setting import ALL, languages_of, sources_of
from xtreme_bench.recipe.yaml import Entries, named, parse, text, tree_of

__all__ = [
    "Bound", "Data", "Expectation", "Hub", "Intermediate", "IntermediateTask", "Model", "Pretraining", "Recipe",
    "Resources", "Retrieval", "Sampling", "Scratch", "Target", "Training", "find", "listing", "load", "recall",
    "schema", "validate",
]  # fmt: skip


def load(path: Path) -> Recipe:
    """The recipe in a YAML file, with defaults filled in and `all` replaced by the languages it stands for.

    Raises InputError with every fault of the file, each with its line.
    """
    recipe, problems = _read(path)
    if recipe is None:
        count = "1 fault" if len(problems) == 1 else f"{len(problems)} faults"
        raise InputError(f"{count} in the recipe {path} (recipes/recipe.schema.json describes the format)", problems)
    return recipe


def validate(path: Path) -> list[Problem]:
    """All faults of a recipe file, in the order of their lines; an empty list when it can be loaded."""
    return _read(path)[1]


def find(name_or_path: str, folder: Path = Path("recipes")) -> Path:
    """The file of a recipe, given its path or its name in `folder`.

    Raises InputError with the nearest name and the list of recipes when there is none.
    """
    given = Path(name_or_path)
    if given.suffix in (".yaml", ".yml") and given.is_file():
        return given
    file = folder / f"{given.name.removesuffix('.yaml')}.yaml"
    if file.is_file() and given.parent in (Path(), folder):
        return file
    known = listing(folder)
    if not known:
        raise InputError(f"there is no recipe '{name_or_path}', and no recipes in {folder}; give the path of a file")
    word = given.name.removesuffix(".yaml").lower()
    begun = [name for name in known if word and name.startswith(word)]
    close = begun or difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    hint = f"did you mean '{close[0]}'? " if close else ""
    width = max(map(len, known))
    lines = [f"  {name:<{width}}  {description}" for name, description in known.items()]
    raise InputError("\n".join([f"there is no recipe '{name_or_path}'; {hint}Recipes in {folder}:", *lines]))


def listing(folder: Path = Path("recipes")) -> dict[str, str]:
    """Name and description of every recipe in a folder; one that cannot be read is listed as such."""
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        tree, _ = parse(file)
        description = text(tree, "description") if tree is not None else None
        found[file.stem] = " ".join((description or "(has faults: xtreme-bench validate shows them)").split())
    return found


def recall(values: Mapping[str, object], name: str) -> tuple[Recipe | None, list[Problem]]:
    """A recipe from what `Recipe.to_dict` made of it, or its faults. `expect` is left out.

    The values may come from anybody: each is checked as in a file, but not against other files.
    """
    kept = {key: value for key, value in values.items() if key != "expect"}
    tree = tree_of({**kept, "description": "in a manifest"})
    assert isinstance(tree, Entries)
    reading = Reading(name, text(tree, "data", "source") or Data.source)
    recipe = read(Recipe, tree, "", reading)
    retrieval = [task for task in named(tree, "targets") if task in TASKS and TASKS[task].source is None]
    if recipe is not None and retrieval and recipe.retrieval is None:
        reading.fault(f"retrieval is missing: {' and '.join(retrieval)} need it", 1)
    if recipe is not None and recipe.retrieval and recipe.retrieval.layers and "bucc2018" not in recipe.targets:
        reading.fault("retrieval.layers needs the target bucc2018", 1)
    return (None, reading.problems) if reading.problems else (_complete(replace(recipe, name=name)), [])


def _read(path: Path) -> tuple[Recipe | None, list[Problem]]:
    tree, problems = parse(path)
    if tree is None:
        return None, problems
    source = text(tree, "data", "source") or Data.source
    reading = Reading(str(path), source, problems)
    recipe = read(Recipe, tree, "", reading)
    check(tree, path, reading)
    if problems:
        return None, sorted(problems, key=lambda problem: (problem.line or 0, problem.message))
    return _complete(replace(recipe, name=path.stem, path=path)), []


def _complete(recipe: Recipe) -> Recipe:
    """The recipe with its languages written out, and settings only for the sources that its targets need."""
    source = recipe.data.source
    targets = {task: Target(_resolve(target.languages, task, source)) for task, target in recipe.targets.items()}
    needed = sources_of(targets)
    finetuning = {name: training for name, training in recipe.finetuning.items() if name in needed}
    pretraining, intermediate = recipe.pretraining, recipe.intermediate
    if pretraining is not None:
        pretraining = replace(pretraining, languages=_resolve(pretraining.languages, "pretraining", source))
    if intermediate is not None:
        tasks: Mapping[str, IntermediateTask] = {
            name: replace(task, languages=_resolve(task.languages, name, source))
            for name, task in intermediate.tasks.items()
        }
        intermediate = replace(intermediate, tasks=tasks)
    return replace(recipe, targets=targets, finetuning=finetuning, pretraining=pretraining, intermediate=intermediate)


def _resolve(languages: tuple[str, ...], task: str, source: str) -> tuple[str, ...]:
    return languages_of(task, source) if languages == ALL else languages
