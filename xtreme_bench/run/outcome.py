"""The results of a run, as `report` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.errors import Problem
from xtreme_bench.plan.stages import Plan


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
