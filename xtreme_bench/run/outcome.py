"""What a run leaves, for those who report on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.errors import Problem
from xtreme_bench.plan.stages import Plan


@dataclass(frozen=True)
class Finished:
    """A finished recipe: where its bundle is, what the manifest says, and the records of its stages."""

    plan: Plan
    bundle: Path
    manifest: dict[str, Any]
    records: list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What a run leaves: the recipe's results, its baseline's, and what was expected but is not so."""

    main: Finished
    baseline: Finished | None
    problems: list[Problem]
