"""Parameters of the stage that scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """The languages of each task that are scored."""

    tasks: Mapping[str, tuple[str, ...]]
