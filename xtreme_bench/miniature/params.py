"""Parameters of the stages that write the built-in corpora."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Miniature:
    """Seed, size (1.0 = as designed) and languages, `en` among them."""

    seed: int
    scale: float
    languages: tuple[str, ...]
