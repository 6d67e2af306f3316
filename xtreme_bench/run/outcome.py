"""The results of a run, as `report` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.bundle.manifest import development
from xtreme_bench.bundle.verify import check_expect
from xtreme_bench.errors import Problem
from xtreme_bench.plan.stages import Plan


@dataclass(frozen=True)
class Finished:
    """A finished recipe: the folder of its bundle, its manifest, and the records of its stages."""

    plan: Plan
    bundle: Path
    manifest: dict[str, Any]
    records: list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """The results of a recipe and of its baseline, and the problems: faults of the bundle, failed `expect` values."""

    main: Finished
    baseline: Finished | None
    problems: list[Problem]


def unmet(manifest: Mapping[str, Any], baseline_scores: Mapping[str, Any] | None) -> list[Problem]:
    """What of the recipe's `expect` does not hold; without gold labels only development scores can be judged."""
    expect, scores = manifest["recipe"].get("expect") or {}, manifest.get("scores")
    if scores is None:
        expect = {"development": expect.get("development")}
    return check_expect(expect, scores or {}, baseline_scores, development(manifest))
