"""What a manifest says of a run whose recipe is composed of others: where each target is from, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.official.scores import summary
from xtreme_bench.plan.composed import best, mean_of_languages
from xtreme_bench.recipe.compose import RETRIEVAL_JUDGE, judge
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.wording import quoted

FIELD = "composed"


def origins(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Target -> the recipe that it is from; empty for other runs. The manifest may be anybody's."""
    named = {task: inside(manifest, FIELD, task, "from") for task in TASKS}
    return {task: name for task, name in named.items() if isinstance(name, str)}


def makers(recipe: Recipe, origin: Mapping[str, str]) -> dict[str, Recipe]:
    """Target -> the recipe whose model predicts it: the recipe itself, unless it is composed."""
    members = {one.name: one for one in recipe.members}
    return {task: members.get(origin.get(task, ""), recipe) for task in recipe.targets}


def audit(origin: Mapping[str, str], audits: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Of the audits of several recipes, by their names, what concerns the targets that are from them."""
    used = {name: audits[name] for name in dict.fromkeys(origin.values())}
    first = next(iter(used.values()))
    texts = sum(one["compared"]["training_texts"] for one in used.values())
    return {
        "criteria": first["criteria"],
        "compared": {**first["compared"], "training_texts": texts},
        **{
            part: [row for task in origin for row in used[origin[task]][part] if row[key] == task]
            for part, key in (("overlaps", "task"), ("repeats", "task"), ("relations", "target"))
        },
        "seen": {task: used[name]["seen"][task] for task, name in origin.items()},
    }


def scores(origin: Mapping[str, str], found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The official result of targets that are from several recipes, from the result of each, by its name."""
    return summary({task: _by_language(task, found[at][task]) for task, at in origin.items() if task in found[at]})


def _by_language(task: str, row: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Language -> metric -> score, from the row of a task in an official result."""
    metrics = TASKS[task].metric
    return {code: {metric: row[metric][code] for metric in metrics} for code in row[metrics[0]]}


def faults(manifest: Mapping[str, Any], recipe: Recipe) -> Iterator[str]:
    """What of `composed` does not follow from the recipe, or from the development scores in the manifest."""
    names, given = [one.name for one in recipe.members], manifest.get(FIELD)
    if not names:
        if given is not None:
            yield f"it has `{FIELD}`, but its recipe is not composed of others"
        return
    for task in recipe.targets:
        row = inside(given, task)
        found = [inside(row, "development", name) for name in names]
        if not all(type(score) in (int, float) for score in found):
            yield f"{task} was never judged on development data: `{FIELD}` needs the score of {', '.join(names)}"
            continue
        scores = dict(zip(names, found, strict=True))
        name = best(scores)
        if inside(row, "judged_by") != judge(task):
            yield f"{task} is judged by {judge(task)}, not by {quoted(str(inside(row, 'judged_by')))}"
        if inside(row, "from") != name:
            yield f"{task} is from {quoted(str(inside(row, 'from')))}, but {name} is better on {judge(task)}"
            continue
        for one, score in scores.items():
            told = _told(manifest, task, one) if one == name or TASKS[task].source is not None else None
            # A stage that recipes share has the name of the first of them.
            if told != score and (one == name or told is not None):
                yield f"{task} has {score} on development data of {judge(task)}, but the stage of {one} has {told}"


def _told(manifest: Mapping[str, Any], task: str, name: str) -> Any:
    """The development score of the recipe that a target is from, by the facts of its stages."""
    source = TASKS[task].source
    if source is not None:
        return inside(manifest, "dev", f"{KINDS['finetune'].title} {source} ({name})", "dev", source)
    rows = inside(manifest, "retrieval", RETRIEVAL_JUDGE, "languages")
    scores = [inside(row, "dev_f1") for row in rows.values()] if isinstance(rows, Mapping) else []
    return mean_of_languages(scores) if all(type(score) in (int, float) for score in scores) else None


def inside(value: Any, *path: str) -> Any:
    """What is at a path of keys in a value that anybody may have written; None if there is nothing."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
