"""The content of a manifest: how a bundle was made. It has no times, dates or host names, so equal runs agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import LANGUAGES, NEARNESS, nearness
from xtreme_bench.files import digest
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.plan.stages import Plan
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.released import packages
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.versions import versions

# The key of a stage entry that lists the modules whose code differs from the code of this run.
MARK = "accepted_code"
# The words for such results in messages.
ACCEPTED = "made by other code and accepted (--accept-code)"


def content(plan: Plan, records: Sequence[Mapping[str, Any]], scores: Mapping[str, Any] | None) -> dict[str, Any]:
    """The manifest of a finished plan, without the fields that `bundle.write` adds.

    `records`: the record of each stage, in the plan's order. `scores`: None if there were no gold labels.
    """
    recipe = plan.recipe
    facts = {stage.key: record["facts"] for stage, record in zip(plan.stages, records, strict=True)}
    made_from = facts[plan.corpus.key] if plan.corpus is not None else None
    return {
        "name": recipe.name,
        "recipe": recipe.to_dict(),
        "overrides": list(recipe.overrides),
        "model": recipe.to_dict()["model"],
        **released(recipe),
        "data": {"source": recipe.data.source, "sha256": digest(sorted(_data_keys(plan))), "made_from": made_from},
        "seed": recipe.seed,
        "stages": [_stage(stage) for stage in plan.stages],
        # The versions that really ran: an image has its own packages.
        "versions": records[-1]["ran"]["versions"] if plan.image else versions(),
        "image": plan.image,
        "device": sorted({str(record["ran"]["device"]) for record in records}),
        "scores": scores,
        "trained_on": trained_on(recipe),
        "zero_shot": zero_shot(recipe),
        "near": near(recipe),
        "left_out": {stage.name: found for stage in plan.stages if (found := facts[stage.key].get("dropped"))},
        "dev": {stage.name: _told(facts[stage.key]) for stage in plan.stages if stage.row.tells == "dev"},
        "retrieval": {
            task: _told(facts[stage.key]) for task, stage in plan.predictions.items() if stage.row.tells == "retrieval"
        },
        **{field: _only(plan, facts, field) for field in ("audit", "precision", "layers", "chosen_layer")},
    }


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts without the sentence of them that the terminal shows."""
    return {name: fact for name, fact in facts.items() if name != "summary"}


def released(recipe: Recipe) -> dict[str, Any]:
    """Facts about a released encoder from wheels: the wheels, their licences, and the model."""
    name = recipe.model.package
    return {} if name is None else {"released": packages.about(PACKAGES[name])}


def _stage(stage: Stage) -> dict[str, Any]:
    """A stage as kind, name and key; with the modules that differ if other code made its result."""
    mark = {MARK: list(stage.accepted.modules)} if stage.accepted else {}
    return {"kind": stage.kind, "name": stage.name, "key": stage.key, **mark}


def development(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The best development score of each task that was trained on, by a manifest that anybody may have written."""
    stages = manifest["dev"].values() if isinstance(manifest.get("dev"), Mapping) else ()
    found = [stage["dev"] for stage in stages if isinstance(stage, Mapping) and isinstance(stage.get("dev"), Mapping)]
    return {name: value for one in found for name, value in one.items() if type(value) in (int, float)}


def accepted_code(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Stage name -> differing modules, for the stages that an untrusted manifest marks as made by other code."""
    stages = [stage for stage in manifest["stages"] if isinstance(stage, Mapping) and is_modules(stage.get(MARK))]
    return {str(stage.get("name")): stage[MARK] for stage in stages}


def is_modules(value: Any) -> bool:
    """Whether an untrusted value is a list of modules as `_stage` writes it."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _only(plan: Plan, facts: Mapping[str, Any], field: str) -> Any:
    """The facts of the one stage that fills a field of the manifest; None if the plan has no such stage."""
    return next((facts[stage.key] for stage in plan.stages if stage.row.tells == field), None)


def trained_on(recipe: Recipe) -> dict[str, Any]:
    """The training languages of each phase; None for the pretraining of a released model (see its model card)."""
    tasks = recipe.intermediate.tasks if recipe.intermediate else {}
    mlm = recipe.intermediate.mlm if recipe.intermediate else None
    return {
        "pretraining": list(recipe.pretraining.languages) if recipe.pretraining else None,
        "intermediate": {name: list(task.languages) for name, task in tasks.items()},
        **({"mlm": list(mlm.languages)} if mlm else {}),
        "finetuning": {source: list(recipe.finetuning[source].languages) for source in sorted(recipe.finetuning)},
    }


def zero_shot(recipe: Recipe) -> dict[str, list[str]]:
    """For each target, the languages without a labelled training example or aligned text; none if its data are used."""
    phases = trained_on(recipe)
    seen = {code for phase in ("intermediate", "finetuning") for codes in phases[phase].values() for code in codes}
    labelled = {name: codes for name, codes in phases["intermediate"].items() if name in INTERMEDIATE}
    own = {task for name, codes in labelled.items() for task in INTERMEDIATE[name].targets(codes)}
    return {
        task: [language for language in target.languages if language not in seen and task not in own]
        for task, target in recipe.targets.items()
    }


def near(recipe: Recipe) -> dict[str, list[str]]:
    """The scored languages by how near they are to those of intermediate training; fine-tuning is in English always."""
    trained = {code for codes in trained_on(recipe)["intermediate"].values() for code in codes}
    scored = [code for code in LANGUAGES if any(code in target.languages for target in recipe.targets.values())]
    marks = {code: nearness(code, trained) for code in scored}
    return {mark: [code for code in scored if marks[code] == mark] for mark in NEARNESS} if trained else {}


def _data_keys(plan: Plan) -> set[str]:
    return {stage.inputs[name].key for stage in plan.stages for name in ("data", "labels") if name in stage.inputs}
