"""xtreme-bench from Python: the commands as functions that return values.

They print nothing, and raise the errors of `xtreme_bench.errors`. Paths are texts or `Path`s. Importing this module is
cheap: what needs numpy or torch is imported when it is called. docs/python.md has an example.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from xtreme_bench.bundle.load import Bundle
from xtreme_bench.recipe.fields import Recipe

if TYPE_CHECKING:
    from xtreme_bench.comparison.compare import Comparison
    from xtreme_bench.run.outcome import Outcome
    from xtreme_bench.run.seeds import Together

__all__ = ["Bundle", "Recipe", "compare", "evaluate", "load_bundle", "load_recipe", "plan", "run"]

AnyPath = str | PathLike[str]


def load_recipe(recipe: AnyPath, *, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe by its name or file, with its defaults filled in.

    `overrides` set values as `--set` does: `finetuning.xnli.batch=16`. Errors: `InputError` with every fault.
    """
    from xtreme_bench.recipe import files, load

    return load.load(files.find(str(recipe)), overrides)


def plan(
    recipe: AnyPath,
    *,
    data: AnyPath | None = None,
    labels: AnyPath | None = None,
    store: AnyPath = "store",
    engine: str = "local",
    allow_partial: bool = False,
    accept_code: bool = False,
    overrides: Sequence[str] = (),
    progress: TextIO | None = None,
) -> dict[str, Any]:
    """What a recipe would run, what is finished, and what is missing: the values of `plan --json`.

    Recipes on the built-in corpora need neither `data` nor `labels`. `progress`: where progress is written, such as
    `sys.stderr`. Errors: `InputError` with every fault of the recipe.
    """
    from xtreme_bench.plan import facts
    from xtreme_bench.run.progress import showing
    from xtreme_bench.run.reproduce import Places, planned
    from xtreme_bench.stage.store import Store

    places = Places(_path(data), _path(labels), Path(store), partial=allow_partial)
    show = showing(progress)
    made = planned(str(recipe), places, engine, accept_code=accept_code, overrides=overrides, show=show)
    return facts.facts(made, Store(places.store), places.corpora)


def run(
    recipe: AnyPath,
    *,
    data: AnyPath | None = None,
    labels: AnyPath | None = None,
    store: AnyPath = "store",
    submissions: AnyPath = "submissions",
    reports: AnyPath | None = None,
    engine: str = "local",
    allow_partial: bool = False,
    accept_code: bool = False,
    overrides: Sequence[str] = (),
    progress: TextIO | None = None,
) -> Outcome | Together:
    """Run a recipe and its baseline; finished stages of the store are reused. Writes bundles, and reports if asked.

    `result.main.manifest["scores"]` has the scores, and `result.problems` the faults of the bundle and the failed
    `expect` values. A recipe with one seed gives an `Outcome`, whose `main.bundle` is the folder of the bundle. One
    with several gives a `Together`, whose scores are means, and whose `outcomes` maps each seed to its `Outcome`.
    The other arguments are those of `plan`. Errors: `InputError` before any work; `StageError` if a stage fails.
    """
    from xtreme_bench.run.progress import showing
    from xtreme_bench.run.reproduce import Places, reproduce
    from xtreme_bench.stage.store import Store

    pages = Path(submissions if reports is None else reports)
    places = Places(_path(data), _path(labels), Path(store), Path(submissions), pages, allow_partial)
    show = showing(progress)
    outcome = reproduce(str(recipe), places, engine, accept_code=accept_code, overrides=overrides, show=show)
    if reports is not None:
        from xtreme_bench.report.seeds import tell

        tell(outcome, pages, Store(places.store))
    return outcome


def evaluate(
    predictions: AnyPath, labels: AnyPath, tasks: Mapping[str, Sequence[str]] | Sequence[str] | None = None
) -> dict[str, Any]:
    """Score a bundle, or any folder or zip of predictions, with the official metrics and keys, in percent.

    `tasks` limits it to some tasks, or to some languages of them. Errors: `InputError` with every fault of every file.
    """
    from xtreme_bench.bundle.evaluate import evaluate as score

    return score(Path(predictions), Path(labels), tasks)


def compare(reference: AnyPath, *others: AnyPath, labels: AnyPath) -> tuple[Comparison, ...]:
    """Compare each of the other bundles with `reference` on the same test items: differences, intervals, verdicts.

    Each is a bundle, or a folder with one bundle per seed. Errors: `InputError` if they cannot be compared.
    """
    from xtreme_bench.comparison.arms import bundles_of, read_arms
    from xtreme_bench.comparison.compare import compare as compare_arms

    return compare_arms(*read_arms([bundles_of(Path(place)) for place in (reference, *others)], Path(labels)))


def load_bundle(path: AnyPath) -> Bundle:
    """A bundle's folder or zip: its manifest, scores and predictions. Errors: `InputError`."""
    from xtreme_bench.bundle.load import load

    return load(Path(path))


def _path(given: AnyPath | None) -> Path | None:
    return None if given is None else Path(given)
