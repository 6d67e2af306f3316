"""Parameters of the `score` stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """What to score: task -> languages."""

    tasks: Mapping[str, tuple[str, ...]]
