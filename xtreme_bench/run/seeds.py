"""The runs of one recipe with several seeds: which runs count, and their means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from xtreme_bench.benchmark import GROUPS, TASKS
from xtreme_bench.bundle.check import check
from xtreme_bench.bundle.paths import SUMMARY
from xtreme_bench.errors import Problem, StageError
from xtreme_bench.files import write_json
from xtreme_bench.official.scores import headline
from xtreme_bench.plan.stages import Plan
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.run.chance import chances
from xtreme_bench.run.outcome import Finished, Outcome, unmet
from xtreme_bench.wording import listing

# This far above chance, in points, a task is learned; noise of a small development set stays below.
LEARNED = 15.0


@dataclass(frozen=True)
class Runs:
    """The finished runs of a recipe by seed, and the failed seeds with the reason why they count in no mean."""

    recipe: Recipe
    finished: Mapping[int, Finished]
    failed: Mapping[int, str]

    @property
    def counted(self) -> dict[int, Finished]:
        """The runs that count in the means."""
        return {seed: one for seed, one in self.finished.items() if seed not in self.failed}

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the first run that counts, with the means of all scores and the recipe's `expect`."""
        first = next(iter(self.counted.values())).manifest
        scored = [one.manifest["scores"] for one in self.counted.values()]
        expect = self.recipe.to_dict()["expect"]
        means = mean_scores(scored) if all(scored) else None
        dev = {stage: {**facts, "dev": self._learned(stage)} for stage, facts in first["dev"].items()}
        return {**first, "scores": means, "dev": dev, "recipe": {**first["recipe"], "expect": expect}}

    def _learned(self, stage: str) -> Any:
        """The means of a training's best development scores."""
        return mean_scores([one.manifest["dev"][stage].get("dev") or {} for one in self.counted.values()])

    def rows(self) -> dict[str, dict[str, Any]]:
        """For each task, group and overall: mean, standard deviation, and the score of each run."""
        scores = {seed: one.manifest["scores"] or {} for seed, one in self.counted.items()}
        found = {}
        for key in (*TASKS, *GROUPS, "overall"):
            runs = {seed: value for seed in scores if (value := headline(scores[seed], key)) is not None}
            if runs:
                spread = stdev(runs.values()) if len(runs) > 1 else None
                found[key] = {"mean": mean(runs.values()), "deviation": spread, "runs": runs}
        return found

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        bundles = {seed: one.bundle.name for seed, one in self.finished.items()}
        return {"name": self.recipe.name, "scores": self.rows(), "bundles": bundles, "failed": dict(self.failed)}

    @property
    def problems(self) -> list[Problem]:
        """A problem for each failed seed."""
        return [
            Problem(f"seed {seed}: {why}; the means leave it out", self.recipe.name)
            for seed, why in self.failed.items()
        ]


@dataclass(frozen=True)
class Together:
    """The results of several seeds: all runs of the recipe and of its baseline, and the outcome of each seed."""

    main: Runs
    baseline: Runs | None
    outcomes: Mapping[int, Outcome]
    problems: list[Problem]


def arms(made: Sequence[Plan]) -> list[dict[int, Plan]]:
    """The plans of the recipe, then those of its baseline, each by its index in `made`."""
    arms: dict[str, dict[int, Plan]] = {}
    for at, one in enumerate(made):
        arms.setdefault(one.recipe.name, {})[at] = one
    return list(arms.values())


def together(
    made: Sequence[Plan], finished: Mapping[int, Finished], failed: Mapping[int, StageError], submissions: Path
) -> Together:
    """The results of all seeds; `expect` is compared with their means. Errors: `StageError` if all seeds failed."""
    runs = [_runs(arm, finished, failed, submissions) for arm in arms(made)]
    main, baseline = runs[0], runs[1] if runs[1:] else None
    before = baseline.finished if baseline is not None else {}
    outcomes = {seed: Outcome(one, before.get(seed), []) for seed, one in main.finished.items()}
    problems = [problem for one in finished.values() for problem in check(one.bundle).problems]
    problems += [problem for one in runs for problem in one.problems]
    mean, scores = main.manifest, baseline.manifest["scores"] if baseline is not None else None
    problems += unmet(mean, scores)
    return Together(main, baseline, outcomes, problems)


def _runs(
    arm: Mapping[int, Plan], finished: Mapping[int, Finished], failed: Mapping[int, StageError], submissions: Path
) -> Runs:
    """The runs of one recipe; writes their summary beside the bundles."""
    recipe = next(iter(arm.values())).recipe
    ended = {one.recipe.seed: finished[at] for at, one in arm.items() if at in finished}
    why = {one.recipe.seed: f"a stage failed: {failed[at]}" for at, one in arm.items() if at in failed}
    told = {seed: one.manifest for seed, one in ended.items()}
    why |= {seed: found for seed, one in told.items() if (found := collapsed(one, told.values()))}
    runs = Runs(recipe, ended, why)
    write_json(submissions / recipe.name / SUMMARY, runs.to_dict())
    if not runs.counted:
        raise StageError(f"{recipe.name}: all seeds failed, so there is no mean", runs.problems)
    return runs


def mean_scores(results: Sequence[Any]) -> Any:
    """The mean of official results, number by number. A number that one run lacks is left out."""
    first = results[0]
    if isinstance(first, Mapping):
        return {key: mean_scores([one[key] for one in results]) for key in first if all(key in one for one in results)}
    return mean(results)


def collapsed(manifest: Mapping[str, Any], seeds: Collection[Mapping[str, Any]]) -> str | None:
    """Why a finished run has failed: a training has learned none of its tasks, and that of another of the `seeds` has.

    If no seed has learned a task, the budget is too small, and no seed has failed.
    """
    found = []
    for stage, facts in manifest["dev"].items():
        told = _unlearned(facts)
        others = (_scores(one["dev"].get(stage) or {}) for one in seeds)
        learned = any(score >= chance + LEARNED for other in others for score, chance, _ in other.values())
        if told and learned and len(told) == len(_scores(facts)):
            found.append(f"`{stage}` learned nothing: its best development score is at chance, {listing(told)}")
    return "; ".join(found) or None


def unlearned(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Stage -> the tasks of its training whose best development score is at chance, each with both numbers.

    The manifest may be anybody's: entries in another form are left out.
    """
    dev = manifest.get("dev")
    found = dev.items() if isinstance(dev, Mapping) else ()
    return {stage: told for stage, facts in found if isinstance(facts, Mapping) and (told := _unlearned(facts))}


def _unlearned(facts: Mapping[str, Any]) -> list[str]:
    """The tasks of a training that are at chance, in words."""
    return [
        f"{score:.1f} in {name} (chance: {chance:.1f})"
        for name, (score, chance, nothing) in _scores(facts).items()
        if score <= nothing
    ]


def _scores(facts: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """The best development scores of a training, each with chance, and up to where nothing is learned."""
    return {
        name: (score, *chance)
        for name, chance in chances(facts).items()
        if isinstance(score := facts["dev"][name], int | float)
    }
