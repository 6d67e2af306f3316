"""Make the predictions of a bundle again from its trained models, and compare (`verify --rerun`).

The models are those of a submitted store. Everything else is made again here, with this code: corpora, features,
export, predictions. So predictions that no submitted model makes are found; how the models were trained is not shown.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from xtreme_bench import engines
from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.composed import FIELD
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.read import Contents, opened
from xtreme_bench.bundle.same import Distance, apart
from xtreme_bench.bundle.verify import Verification
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.files import Digests
from xtreme_bench.plan import composed
from xtreme_bench.plan import facts as plan_facts
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe.load import Recipe, recall
from xtreme_bench.run.progress import Display
from xtreme_bench.run.reproduce import fetch_encoders
from xtreme_bench.run.schedule import execute
from xtreme_bench.stage.stage import Accepted, Stage
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import count


def repeat(
    result: Verification,
    bundle: Path,
    submitted: Path,
    *,
    labels: Path,
    data: Path | None = None,
    engine: str = "local",
    within: float | None = None,
) -> Verification:
    """`result`, with what repeating the predictions from the models in the store `submitted` showed.

    Each file must be equal to the byte; with `within`, differing files are allowed if no main score differs by more
    points. `data`: the corpora of recipes that do not use the built-in ones. A bundle with problems is not repeated.
    Errors: `InputError` if the recipe cannot be planned here, or the store lacks a model; a stage that fails.
    """
    if result.problems:
        return replace(result, notes=(*result.notes, "not repeated: fix the problems first"))
    with tempfile.TemporaryDirectory(prefix="xtreme-bench-rerun-") as folder:
        store, again = Store(Path(folder) / "store"), Path(folder) / "predictions"
        manifest = read_manifest(bundle)
        recipe = _recipe(manifest)
        fetch_encoders([recipe], Display(0).say)
        with closing(engines.open(engine, recipe.resources, Display(0).say)) as place:
            made = plan(recipe, data=data, image=place.image, digests=Digests(Path(folder) / "digests.json"))
            if made.members:
                made = composed.settled(made, manifest[FIELD])
                made = replace(made, stages=_needed(made))  # not the models of which no target is taken
            made = _with_models(made, manifest, Store(submitted), store)
            stages = _needed(made)
            if missing := plan_facts.lacking(_lacking(made, stages), data or Path("data")):
                message = "the predictions cannot be repeated: give the corpora with --data"
                raise InputError(message, [Problem(line) for line in plan_facts.missing_lines(missing)])
            execute(stages, store, place, jobs=recipe.resources.jobs, display=Display(len(stages)))
        for task, stage in made.predictions.items():
            shutil.copytree(stage.folder(store), again / task)
        with opened(bundle) as contents:
            return result.beside(_distance(contents, again, result.scores, labels, within))


def _recipe(manifest: Mapping[str, Any]) -> Recipe:
    recipe, faults = recall(manifest["recipe"], manifest["name"])
    if recipe is None:
        raise InputError("the recipe of the bundle cannot be read", faults)
    if recipe.model.path is not None:
        # The recipe comes from anybody: it must not choose files of this machine.
        raise InputError(
            "the recipe begins with an encoder in a folder, which only its authors have; it cannot be rerun"
        )
    return recipe


def _with_models(made: Plan, manifest: Mapping[str, Any], submitted: Store, store: Store) -> Plan:
    """The plan with its trained models taken from the submitted store, by the keys in the manifest, into `store`."""
    keys = {(str(stage["kind"]), str(stage["name"])): str(stage["key"]) for stage in manifest["stages"]}
    chosen: dict[str, Stage] = {}
    problems: list[Problem] = []
    for stage in made.stages:
        inputs = {name: chosen.get(source.key, source) for name, source in stage.inputs.items()}
        now = replace(stage, inputs=inputs)
        if stage.row.trains:
            key = keys[stage.kind, stage.name]
            problems += _take(key, stage.name, submitted, store)
            now = replace(now, accepted=Accepted(key, ()))
        chosen[stage.key] = now
    if problems:
        raise InputError(f"{submitted.root}: not the store of this bundle", problems)
    predictions = {task: chosen[stage.key] for task, stage in made.predictions.items()}
    return replace(made, stages=list(chosen.values()), predictions=predictions)


def _take(key: str, name: str, submitted: Store, store: Store) -> Iterator[Problem]:
    """Copy a finished stage from a store that anybody may have made; a problem for each fault of it."""
    folder = submitted.root / "stages" / key
    links = [path for path in (folder, *folder.rglob("*")) if path.is_symlink()]
    yield from (Problem("is a link; a store has none", str(path)) for path in links)
    if links:
        return
    if problems := submitted.damage(key):
        yield from problems
    elif submitted.record(key) is None:
        yield Problem(f"the model of `{name}` is missing", str(folder))
    else:
        copy = store.root / "stages" / key
        shutil.copytree(folder, copy)
        # A container may run as another user than the one who wrote these files.
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def _needed(made: Plan) -> list[Stage]:
    """The stages that the predictions depend on, up to the trained models, in order."""
    wanted = {stage.key for stage in made.predictions.values()}
    for stage in reversed(made.stages):
        if stage.key in wanted and not stage.accepted:
            wanted |= {source.key for source in stage.sources}
    return [stage for stage in made.stages if stage.key in wanted]


def _lacking(made: Plan, stages: list[Stage]) -> Iterator[Problem]:
    """The missing files of the plan, if the stages to run read files outside of the store."""
    if any(stage.outside and not stage.accepted for stage in stages):
        yield from made.missing


def _distance(
    contents: Contents, again: Path, scores: Mapping[str, Any], labels: Path, within: float | None
) -> Distance:
    places = [
        (task, code) for task in TASKS for code in TASKS[task].languages if TASKS[task].file(code) in contents.names
    ]
    unlike = [problem for task, code in places if (problem := _unlike(contents, again, task, code))]
    equal = f"; predictions repeated, {len(places) - len(unlike)} of {count(len(places), 'file')} equal"
    if within is None or not unlike:
        return Distance(tuple(unlike), (), equal)
    found = apart(scores, evaluate(again, labels, {task: () for task in TASKS if task in scores}), within)
    return replace(found, notes=tuple(map(str, unlike)), summary=equal + found.summary)


def _unlike(contents: Contents, again: Path, task: str, language: str) -> Problem | None:
    """How one file differs from the repeated one; None if it does not."""
    file = TASKS[task].file(language)
    mine, other = contents.read(file), (again / file).read_bytes()
    if mine == other:
        return None
    a, b = _items(mine, task), _items(other, task)
    differ = sum(a.get(key) != b.get(key) for key in a.keys() | b.keys())
    message = f"{differ:,} of {count(len(b), 'prediction')} differ from those of the submitted model"
    return Problem(message, file, None, task, language)


def _items(raw: bytes, task: str) -> dict[Any, Any]:
    """What a file predicts, by question, pair or line."""
    if TASKS[task].extension == "json":
        return dict(json.loads(raw))
    lines = raw.decode().splitlines()
    return dict.fromkeys(lines) if task == "bucc2018" else dict(enumerate(lines))
