"""The content of a manifest: how a bundle was made. It has no times, dates or host names, so equal runs agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from xtreme_bench.benchmark import LANGUAGES, NEARNESS, TASKS, VARIETIES, nearness, spoken
from xtreme_bench.bundle import composed
from xtreme_bench.files import digest
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.plan.stages import Plan
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.released import packages
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.versions import versions

# Target -> the recipe whose model predicts it (`composed.makers`).
Makers = Mapping[str, Recipe]
# The origin of targets that a recipe predicts itself.
_OWN: Mapping[str, str] = MappingProxyType({})
# The key of a stage entry that lists the modules whose code differs from the code of this run.
MARK = "accepted_code"
# The words for such results in messages.
ACCEPTED = "made by other code and accepted (--accept-code)"


def content(plan: Plan, records: Sequence[Mapping[str, Any]], scores: Mapping[str, Any] | None) -> dict[str, Any]:
    """The manifest of a finished plan, without the fields that `bundle.write` adds.

    `records`: the record of each stage, in the plan's order. `scores`: None if there were no gold labels. If the recipe
    is composed of others, the plan is settled (`plan.composed`).
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
        **claims(recipe, plan.origin),
        "left_out": {stage.name: found for stage in plan.stages if (found := facts[stage.key].get("dropped"))},
        "dev": {stage.name: _told(facts[stage.key]) for stage in plan.stages if stage.row.tells == "dev"},
        "retrieval": {
            task: _told(facts[stage.key]) for task, stage in plan.predictions.items() if stage.row.tells == "retrieval"
        },
        "audit": _audit(plan, facts),
        **{field: _only(plan.retrieving, facts, field) for field in ("precision", "layers", "chosen_layer")},
        **({composed.FIELD: plan.chosen} if plan.members else {}),
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
    """The best development score of each task that was trained on."""
    stages = manifest.get("dev", {}).values()
    return {name: score for stage in stages for name, score in stage.get("dev", {}).items()}


def accepted_code(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Stage name -> differing modules, for the stages that an untrusted manifest marks as made by other code."""
    stages = [stage for stage in manifest["stages"] if is_modules(stage.get(MARK))]
    return {str(stage.get("name")): stage[MARK] for stage in stages}


def is_modules(value: Any) -> bool:
    """Whether an untrusted value is a list of modules as `_stage` writes it."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _only(stages: Iterable[Stage], facts: Mapping[str, Any], field: str) -> Any:
    """The facts of the one stage that fills a field of the manifest; None if there is no such stage."""
    return next((facts[stage.key] for stage in stages if stage.row.tells == field), None)


def claims(recipe: Recipe, origin: Mapping[str, str]) -> dict[str, Any]:
    """What follows from a recipe about training and zero-shot languages; `origin` as for `composed.makers`."""
    found = {"trained_on": trained_on, "zero_shot": zero_shot, "near": near}
    return {field: of(recipe, origin) for field, of in found.items()}


def trained_on(recipe: Recipe, origin: Mapping[str, str] = _OWN) -> dict[str, Any]:
    """The training languages of each phase; None for the pretraining of a released model (see its model card).

    `items_differ` names the intermediate tasks whose items in one language are no translations of those in another.
    """
    return _phases(composed.makers(recipe, origin))


def _phases(made: Makers) -> dict[str, Any]:
    """The training languages of each phase of the recipes that make some targets."""
    recipes = list({recipe.name: recipe for recipe in made.values()}.values())
    mixes = [recipe.intermediate for recipe in recipes if recipe.intermediate]
    pretraining = recipes[0].pretraining
    apart = {name for mix in mixes for name, task in mix.labelled.items() if task.items == "independent"}
    tuned = {str(TASKS[task].source): one.finetuning for task, one in made.items() if TASKS[task].source is not None}
    return {
        "pretraining": list(pretraining.languages) if pretraining else None,
        "intermediate": _united((name, task.languages) for mix in mixes for name, task in mix.tasks.items()),
        **_united(("mlm", mix.mlm.languages) for mix in mixes if mix.mlm),
        **({"items_differ": sorted(apart)} if apart else {}),
        "finetuning": {source: list(tuned[source][source].languages) for source in sorted(tuned)},
    }


def intermediate_languages(trained: Mapping[str, Any]) -> set[str]:
    """The languages that intermediate training reads, by a `trained_on`: of tasks, of aligned and of masked text."""
    parts = [*(trained.get("intermediate") or {}).values(), trained.get("mlm") or []]
    return {code for codes in parts for code in codes}


def _united(found: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, list[str]]:
    """The languages of each name that occurs, in the order of their table if several recipes have it."""
    every: dict[str, tuple[str, ...]] = {}
    for name, languages in found:
        before = every.get(name, ())
        ordered = (code for code in (*LANGUAGES, *VARIETIES) if code in before or code in languages)
        every[name] = tuple(ordered) if before else languages
    return {name: list(languages) for name, languages in every.items()}


def zero_shot(recipe: Recipe, origin: Mapping[str, str] = _OWN) -> dict[str, list[str]]:
    """For each target, the languages without a labelled training example or aligned text; none if its data are used."""
    return {task: _unseen(task, one, recipe) for task, one in composed.makers(recipe, origin).items()}


def _unseen(task: str, maker: Recipe, recipe: Recipe) -> list[str]:
    """The languages of a target in which its model has seen no labelled example and no aligned text."""
    phases = _phases(dict.fromkeys(recipe.targets, maker))
    trained = [codes for phase in ("intermediate", "finetuning") for codes in phases[phase].values()]
    seen = {spoken(code) for codes in trained for code in codes}
    labelled = {name: codes for name, codes in phases["intermediate"].items() if name in INTERMEDIATE}
    own = {target for name, codes in labelled.items() for target in INTERMEDIATE[name].targets(codes)}
    return [code for code in recipe.targets[task].languages if code not in seen and task not in own]


def near(recipe: Recipe, origin: Mapping[str, str] = _OWN) -> dict[str, list[str]]:
    """The scored languages by how near they are to those of intermediate training; fine-tuning is in English always."""
    trained = intermediate_languages(trained_on(recipe, origin))
    scored = [code for code in LANGUAGES if any(code in target.languages for target in recipe.targets.values())]
    marks = {code: nearness(code, trained) for code in scored}
    return {mark: [code for code in scored if marks[code] == mark] for mark in NEARNESS} if trained else {}


def _audit(plan: Plan, facts: Mapping[str, Any]) -> Any:
    """The findings of the audit; if the recipe is composed, what that of a recipe says of the targets from it."""
    if not plan.members:
        return _only(plan.stages, facts, "audit")
    audits = {one.recipe.name: _only(one.stages, facts, "audit") for one in plan.members}
    return composed.audit(plan.origin, audits)


def _data_keys(plan: Plan) -> set[str]:
    return {stage.inputs[name].key for stage in plan.stages for name in ("data", "labels") if name in stage.inputs}
