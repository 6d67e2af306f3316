"""Before any work: where the gold labels of a recipe are, and which of its expected scores they cannot give."""

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
    """The labels that `data prepare` writes beside a data folder, where they are and some of the targets have some.

    None for recipes that make labels of their own.
    """
    folder = layout.labels_beside(data)
    files = (TASKS[task].file(language) for task, target in recipe.targets.items() for language in target.languages)
    there = recipe.data.source == "download" and any((folder / file).is_file() for file in files)
    return folder if there else None


def unjudged(made: Plan, data: Path, labels: Path | None) -> list[Problem]:
    """At most one problem: the scores that `expect` names and that no gold label can give."""
    expect = made.recipe.expect
    there = made.scored
    lacking = {key: list(_lacking(key, there)) for key in (*expect.scores, *expect.gains)}
    keys = ", ".join(key for key, tasks in lacking.items() if tasks)
    if not keys:
        return []
    tasks = ", ".join(dict.fromkeys(task for tasks in lacking.values() for task in tasks))
    message = (
        f"no gold labels of {tasks} are here, without which what the recipe expects of {keys} cannot be judged; name "
        "their folder with --labels (LABELS= for make), or take `expect` out of the recipe"
    )
    return [Problem(message, file=str(labels or layout.labels_beside(data)))]


def _lacking(key: str, there: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The tasks without labels, of those that a score is made from; for `<task>/transfer` English ones do not count."""
    name, _, part = key.partition("/")
    for task in GROUPS.get(name, (name,) if name in TASKS else OVERALL):
        if not any(language != "en" or not part for language in there.get(task, ())):
            yield task
