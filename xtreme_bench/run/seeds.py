"""The runs of one recipe, one for each seed: which of them count, and what they say together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from xtreme_bench.benchmark import GROUPS, TASKS, of_group
from xtreme_bench.bundle.check import check
from xtreme_bench.bundle.manifest import development
from xtreme_bench.errors import Problem, StageError
from xtreme_bench.files import write_json
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.official.scores import headline
from xtreme_bench.plan.stages import Plan
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.run.outcome import Finished, Outcome, unmet
from xtreme_bench.wording import listing

# Beside the bundles of several seeds.
SUMMARY = "seeds.json"
# A model that gives one answer to everything is this near to chance, in points, where labels are even.
NEAR = 1.0
# This far above chance, in points, a task is learned; noise of a small development set stays below.
LEARNED = 15.0


@dataclass(frozen=True)
class Runs:
    """The finished runs of a recipe by seed, and why the others, or some of these, count in no mean."""

    recipe: Recipe
    finished: Mapping[int, Finished]
    failed: Mapping[int, str]

    @property
    def counted(self) -> dict[int, Finished]:
        """The runs that count."""
        return {seed: one for seed, one in self.finished.items() if seed not in self.failed}

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the first run that counts, with the means of all scores and with what is expected of them."""
        first = next(iter(self.counted.values())).manifest
        scored = [one.manifest["scores"] for one in self.counted.values()]
        expect = self.recipe.to_dict()["expect"]
        means = mean_scores(scored) if all(scored) else None
        learned = mean_scores([development(one.manifest) for one in self.counted.values()])
        return {
            **first,
            "scores": means,
            "dev": {"all": {"dev": learned}},
            "recipe": {**first["recipe"], "expect": expect},
        }

    def rows(self) -> dict[str, dict[str, Any]]:
        """For each task, group and overall: mean and standard deviation over seeds, and each run."""
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
        """The seeds that count in no mean."""
        return [Problem(f"seed {seed}: {why}; it is in no mean", self.recipe.name) for seed, why in self.failed.items()]


@dataclass(frozen=True)
class Together:
    """What a run with several seeds leaves: all runs of the recipe and of its baseline, and each seed's by itself."""

    main: Runs
    baseline: Runs | None
    outcomes: Mapping[int, Outcome]
    problems: list[Problem]


def arms(made: Sequence[Plan]) -> list[dict[int, Plan]]:
    """The plans of a recipe, and those of its baseline, each by its place in the list."""
    arms: dict[str, dict[int, Plan]] = {}
    for at, one in enumerate(made):
        arms.setdefault(one.recipe.name, {})[at] = one
    return list(arms.values())


def together(
    made: Sequence[Plan], finished: Mapping[int, Finished], failed: Mapping[int, StageError], submissions: Path
) -> Together:
    """What all seeds say, judged by their means. Errors: `StageError` where all seeds of a recipe failed."""
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
    """The runs of one recipe, whose summary is written beside their bundles."""
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
    """The mean of official results, number by number: every mean in them is a mean of such numbers. What some run
    lacks is left out."""
    first = results[0]
    if isinstance(first, Mapping):
        return {key: mean_scores([one[key] for one in results]) for key in first if all(key in one for one in results)}
    return mean(results)


def collapsed(manifest: Mapping[str, Any], seeds: Collection[Mapping[str, Any]]) -> str | None:
    """Why a run has failed though it ended: in a training the best development score of each task is a guess's, and
    another of the recipe's `seeds` has learned one. What none of them learns is no failure of a seed."""
    found = []
    for stage in manifest["dev"]:
        known = _known(manifest, stage)
        learned = any(score >= chance + LEARNED for one in seeds for score, chance in _known(one, stage).values())
        if known and learned and all(score <= chance + NEAR for score, chance in known.values()):
            told = [f"{score:.1f} in {name} (a guess: {chance:.1f})" for name, (score, chance) in known.items()]
            found.append(f"`{stage}` is at chance, its best development score is {listing(told)}")
    return "; ".join(found) or None


def _known(manifest: Mapping[str, Any], stage: str) -> dict[str, tuple[float, float]]:
    """The best development scores of a training, with those of a guess where these are known."""
    scores = manifest["dev"].get(stage, {}).get("dev") or {}
    return {name: (score, chance) for name, score in scores.items() if (chance := _chance(name)) is not None}


def _chance(name: str) -> float | None:
    """How often a guess is right, in percent, at a task whose answer is one of a few; None at any other."""
    row = INTERMEDIATE.get(name)
    if row is not None and row.options:
        return 100 / row.options
    if row is not None:
        return 100 / len(row.labels) if row.family == "classification" else None
    return 100 / len(TASKS[name].labels) if name in of_group("classification") else None
