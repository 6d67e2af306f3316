"""Parameters of the stages that prepare upstream releases."""

from __future__ import annotations

from dataclasses import dataclass

from xtreme_bench.data.usage import Usage


@dataclass(frozen=True)
class Releases:
    """The options of `prepare`; `partial` allows far fewer records than are published."""

    dev_as_test: tuple[str, ...]
    sample: int
    unusable: float
    partial: bool


@dataclass(frozen=True)
class ReleaseCorpus(Releases):
    """`used` is what the recipe needs: a file that was perhaps meant for it, but is not one, is an error."""

    used: Usage
