"""The plan of a recipe that is composed of others: all their stages, and which of their predictions it takes.

Which ones follows from development scores, so it is known once the trainings are finished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.recipe.compose import RETRIEVAL_JUDGE, judge

if TYPE_CHECKING:
    from xtreme_bench.plan.stages import Plan
    from xtreme_bench.stage.stage import Stage

# Stage key -> the facts in its record.
Facts = Mapping[str, Mapping[str, Any]]


def of_parts(made: Plan, members: Sequence[Plan]) -> Plan:
    """The plan with the stages of its members, shared ones once."""
    stages: dict[str, Stage] = {}
    for stage in (stage for one in members for stage in one.stages):
        stages.setdefault(stage.key, stage)
    first, targets = members[0], made.recipe.targets
    return replace(
        made,
        stages=list(stages.values()),
        corpus=first.corpus,
        score=first.score,
        scored={task: languages for task, languages in first.scored.items() if task in targets},
        missing=list(dict.fromkeys(problem for one in members for problem in one.missing)),
        weights=first.weights,
        members=tuple(members),
    )


def choose(made: Plan, facts: Facts) -> dict[str, dict[str, Any]]:
    """For each target: the name of the recipe that is best on development data, and the scores that decide.

    Errors: `InputError` with each target and recipe that has no such score.
    """
    found, problems = {}, []
    for task in made.recipe.targets:
        scores = {one.recipe.name: _development(one, task, facts) for one in made.members}
        blind = [name for name, score in scores.items() if score is None]
        message = f"never judged on development data of {judge(task)}"
        problems += [Problem(f"{name} was {message}", task=task) for name in blind]
        found[task] = {"from": best(scores), "judged_by": judge(task), "development": scores}
    if problems:
        raise InputError(f"{made.recipe.name} cannot choose between the recipes that it is composed of", problems)
    return found


def best(scores: Mapping[str, float | None]) -> str:
    """The recipe with the highest score, of equal ones the first."""
    return max(scores, key=lambda name: (scores[name] is not None, scores[name] or 0.0))


def _development(member: Plan, task: str, facts: Facts) -> float | None:
    """The score, in percent, by which the model of a recipe is judged for a target; None if it has none."""
    source = TASKS[task].source
    if source is None:
        languages = facts[member.predictions[RETRIEVAL_JUDGE].key]["languages"]
        return mean_of_languages([row["dev_f1"] for row in languages.values() if "dev_f1" in row])
    model = member.predictions[task].inputs["model"]
    score: float | None = facts[model.key].get("dev", {}).get(source)
    return score


def mean_of_languages(scores: Sequence[float]) -> float | None:
    """The score of retrieval, from the F1 on the development pairs of each language; None without any."""
    return round(sum(scores) / len(scores), 4) if scores else None


def settled(made: Plan, chosen: Mapping[str, Mapping[str, Any]]) -> Plan:
    """The plan with the predictions of each target from the recipe that `choose` found for it."""
    members = {one.recipe.name: one for one in made.members}
    predictions = {task: members[row["from"]].predictions[task] for task, row in chosen.items()}
    return replace(made, predictions=predictions, chosen=chosen)
