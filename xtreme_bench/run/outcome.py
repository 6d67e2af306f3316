"""The results of a run, as `report` reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.bundle import composed
from xtreme_bench.bundle.manifest import development
from xtreme_bench.bundle.verify import check_expect
from xtreme_bench.errors import Problem
from xtreme_bench.plan.stages import Plan
from xtreme_bench.stage.store import Store


@dataclass(frozen=True)
class Finished:
    """A finished recipe: the folder of its bundle, its manifest, and the records of its stages.

    `reused` are the keys of those that were in the store before.
    """

    plan: Plan
    bundle: Path
    manifest: dict[str, Any]
    records: list[dict[str, Any]]
    reused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """The results of a recipe and of its baseline, and the problems: faults of the bundle, failed `expect` values."""

    main: Finished
    baseline: Finished | None
    problems: list[Problem]


def official_result(plan: Plan, store: Store) -> dict[str, Any] | None:
    """The scores of a finished plan; None without gold labels. If its recipe is composed, those of each target are
    from the recipe that the target is from."""
    if plan.score is None:
        return None
    if plan.members:
        parts = {one.recipe.name: official_result(one, store) or {} for one in plan.members}
        return composed.scores(plan.origin, parts)
    found: dict[str, Any] = json.loads((plan.score.folder(store) / "scores.json").read_text(encoding="utf-8"))
    return found


def unmet(manifest: Mapping[str, Any], baseline_scores: Mapping[str, Any] | None) -> list[Problem]:
    """What of the recipe's `expect` does not hold; without gold labels only development scores can be judged."""
    expect, scores = manifest["recipe"].get("expect") or {}, manifest.get("scores")
    if scores is None:
        expect = {"development": expect.get("development")}
    return check_expect(expect, scores or {}, baseline_scores, development(manifest))
