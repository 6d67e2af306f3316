"""Whether two recipes are alike but for the languages of their intermediate training, as the arms of a contrast are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.items import Place
from xtreme_bench.recipe.setting import sources_of

# What says which items of an intermediate task are drawn, beside the seeds; of parallel ones also who shares them.
DRAW = ("items", "examples")
# The sections in which both arms are alike, as far as both have the same targets.
ALIKE = ("model", "data", "pretraining", "finetuning", "retrieval")
# What an intermediate task has of its own in each arm; of one with items, what is compared as their draw.
OF_AN_ARM = ("languages", "shared_by")
# Settings that change no score at the recipe's own layer.
NO_RESULT = ("device", "layers")
# Of a task, where it has none of its own, that of all tasks counts.
SHARED = ("batch", "learning_rate", "max_length", "evaluate_on")


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Place]:
    """Where two recipes differ (`Recipe.to_dict`), beside the languages and items of intermediate training.

    Arms that have other tasks, or masked text beside them in one alone, are there to be compared in that: they may
    differ in all of intermediate training.
    """
    targets = [task for task in TASKS if all(task in _mapping(arm.get("targets")) for arm in (one, other))]
    before = [_mapping(arm.get("intermediate")) for arm in (one, other)]
    tasks = [_mapping(each.get("tasks")) for each in before]
    made = {INTERMEDIATE[name].target for name in tasks[0] if name in tasks[1] and name in INTERMEDIATE}
    for name in ALIKE:
        here, there = (_section(arm, name, targets, made) for arm in (one, other))
        yield from _differing(here, there, (name,))
    kinds = [({*names}, bool(each.get("mlm"))) for each, names in zip(before, tasks, strict=True)]
    if all(before) and kinds[0] == kinds[1]:
        here, there = (_before(each) for each in before)
        yield from _differing(here, there, ("intermediate",))


def _section(arm: Mapping[str, Any], name: str, targets: Collection[str], made: Collection[str]) -> Mapping[str, Any]:
    """What a section says of what an arm shares with one that has these targets too, and tasks `made` of targets."""
    found = _mapping(arm.get(name))
    if name == "finetuning":
        return {source: found[source] for source in sources_of(targets) if source in found}
    if name == "retrieval":
        needed = any(TASKS[task].source is None for task in targets)
        return {field: value for field, value in found.items() if needed and field not in NO_RESULT}
    if name == "data" and isinstance(stand_in := found.get("dev_as_test"), list):
        return {**found, "dev_as_test": [task for task in TASKS if task in stand_in and task in {*targets, *made}]}
    return found


def _before(intermediate: Mapping[str, Any]) -> dict[str, Any]:
    """Intermediate training, but for the languages and what counts as a draw."""
    mlm = {key: value for key, value in _mapping(intermediate.get("mlm")).items() if key != "languages"}
    tasks = {name: _task(_mapping(task), intermediate) for name, task in _mapping(intermediate.get("tasks")).items()}
    return {**intermediate, "tasks": tasks, "mlm": {**mlm, **_own(mlm, intermediate)}}


def _task(task: Mapping[str, Any], intermediate: Mapping[str, Any]) -> dict[str, Any]:
    own = (*OF_AN_ARM, *(DRAW if task.get("items") is not None else ()))
    kept = {field: value for field, value in task.items() if field not in own}
    if isinstance(parallel := kept.get("parallel"), Mapping):
        kept["parallel"] = {key: value for key, value in parallel.items() if key != "languages"}
    return {**kept, **_own(kept, intermediate)}


def _own(values: Mapping[str, Any], intermediate: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a task may have of its own, or else those of all tasks."""
    found = {field: values[field] for field in SHARED if field in values}
    return {field: intermediate.get(field) if value is None else value for field, value in found.items()}


def _differing(one: Any, other: Any, at: Place) -> Iterator[Place]:
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one and other:
        for key in dict.fromkeys((*one, *other)):
            yield from _differing(one.get(key), other.get(key), (*at, str(key)))
    elif one != other:
        yield at


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def said(values: Any, place: Place) -> str:
    """What a recipe has at a place, in words."""
    for key in place:
        values = values.get(key) if isinstance(values, Mapping) else None
    if isinstance(values, list):
        return " ".join(map(str, values)) or "none"
    if isinstance(values, Mapping):
        return "this section" if values else "none"
    return "none" if values is None else f"{values:,}" if isinstance(values, int) else str(values)
