"""What a bundle says of its making. Nothing that varies from run to run is here: no times, dates or host names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import LANGUAGES, NEARNESS, TASKS, nearness
from xtreme_bench.files import digest
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.plan.stages import Plan
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.released import packages
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.versions import versions

# Of a stage in a manifest: the modules in which the code that made its result differs from that of the run.
MARK = "accepted_code"
# What people are told of such results.
ACCEPTED = "made by other code, and accepted as they are (--accept-code)"


def content(plan: Plan, records: Sequence[Mapping[str, Any]], scores: Mapping[str, Any] | None) -> dict[str, Any]:
    """The manifest of a finished plan, but for what `bundle.write` measures itself.

    `records` are those of the plan's stages, in order; `scores` is None where no gold labels were at hand.
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
        # Those of the packages that ran: the image has its own.
        "versions": records[-1]["ran"]["versions"] if plan.image else versions(),
        "image": plan.image,
        "device": sorted({str(record["ran"]["device"]) for record in records}),
        "scores": scores,
        "trained_on": trained_on(recipe),
        "zero_shot": zero_shot(recipe),
        "near": near(recipe),
        "left_out": {stage.name: found for stage in plan.stages if (found := facts[stage.key].get("dropped"))},
        "dev": {stage.name: facts[stage.key] for stage in plan.stages if stage.row.tells == "dev"},
        "retrieval": {
            task: {name: fact for name, fact in facts[stage.key].items() if name != "summary"}
            for task, stage in plan.predictions.items()
            if stage.row.tells == "retrieval"
        },
        **{field: _only(plan, facts, field) for field in ("audit", "precision", "layers", "chosen_layer")},
    }


def released(recipe: Recipe) -> dict[str, Any]:
    """Of a released encoder that wheels bring: which they are, their licences, and what it is."""
    name = recipe.model.package
    return {} if name is None else {"released": packages.about(PACKAGES[name])}


def _stage(stage: Stage) -> dict[str, Any]:
    """A stage by kind, name and key; one whose result other code has made is marked with the modules that differ."""
    mark = {MARK: list(stage.accepted.modules)} if stage.accepted else {}
    return {"kind": stage.kind, "name": stage.name, "key": stage.key, **mark}


def accepted_code(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """The stages of a manifest, which anybody may have written, that are marked as made by other code, with modules."""
    stages = [stage for stage in manifest["stages"] if isinstance(stage, Mapping) and is_modules(stage.get(MARK))]
    return {str(stage.get("name")): stage[MARK] for stage in stages}


def is_modules(value: Any) -> bool:
    """Whether a stage's mark has the form that it has here."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _only(plan: Plan, facts: Mapping[str, Any], field: str) -> Any:
    """The facts of the one stage that a field of the manifest is about; None in a plan without it."""
    return next((facts[stage.key] for stage in plan.stages if stage.row.tells == field), None)


def trained_on(recipe: Recipe) -> dict[str, Any]:
    """In which languages each phase was trained; None for the pretraining of a released model, which it documents."""
    tasks = recipe.intermediate.tasks if recipe.intermediate else {}
    sources = sorted({str(TASKS[task].source) for task in recipe.targets if TASKS[task].source is not None})
    return {
        "pretraining": list(recipe.pretraining.languages) if recipe.pretraining else None,
        "intermediate": {name: list(task.languages) for name, task in tasks.items()},
        "finetuning": {source: ["en"] for source in sources},
    }


def zero_shot(recipe: Recipe) -> dict[str, list[str]]:
    """For each target the languages in which no labelled example of any task was seen; none if its own data were."""
    phases = trained_on(recipe)
    seen = {code for phase in ("intermediate", "finetuning") for codes in phases[phase].values() for code in codes}
    own = {task for name, codes in phases["intermediate"].items() for task in INTERMEDIATE[name].targets(codes)}
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
