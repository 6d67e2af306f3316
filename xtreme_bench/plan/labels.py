"""Before any work: finds the gold labels of a recipe, and the expected scores for which labels are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_bench.benchmark import GROUPS, OVERALL, TASKS
from xtreme_bench.data import layout
from xtreme_bench.errors import Problem
from xtreme_bench.recipe.load import Recipe

if TYPE_CHECKING:
    from xtreme_bench.plan.stages import Plan


def beside(recipe: Recipe, data: Path) -> Path | None:
    """The folder of labels that `data prepare` writes beside a data folder, if it has labels of one of the targets.

    None for recipes that make their own labels.
    """
    folder = layout.labels_beside(data)
    files = (TASKS[task].file(language) for task, target in recipe.targets.items() for language in target.languages)
    there = recipe.data.source == "download" and any((folder / file).is_file() for file in files)
    return folder if there else None


def unjudged(made: Plan, data: Path, labels: Path | None) -> list[Problem]:
    """At most one problem: the scores in `expect` for which gold labels are missing."""
    expect = made.recipe.expect
    there = made.scored
    lacking = {key: list(_lacking(key, there)) for key in (*expect.scores, *expect.gains)}
    keys = ", ".join(key for key, tasks in lacking.items() if tasks)
    if not keys:
        return []
    tasks = ", ".join(dict.fromkeys(task for tasks in lacking.values() for task in tasks))
    message = (
        f"there are no gold labels of {tasks}, so `expect` of {keys} in the recipe cannot be checked; give "
        "their folder with --labels (LABELS= for make), or remove `expect` from the recipe"
    )
    return [Problem(message, file=str(labels or layout.labels_beside(data)))]


def _lacking(key: str, there: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The tasks of a score that have no labels; for `<task>/transfer`, English labels do not count."""
    name, _, part = key.partition("/")
    for task in GROUPS.get(name, (name,) if name in TASKS else OVERALL):
        if not any(language != "en" or not part for language in there.get(task, ())):
            yield task
