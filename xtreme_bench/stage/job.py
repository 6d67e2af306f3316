"""What a stage gets: its parameters, its inputs, where to write, and how to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from xtreme_bench.errors import StageError

P = TypeVar("P", covariant=True)


def _silent(done: int, total: int, message: str) -> None:
    """Ignore progress."""


class Inputs(dict[str, Path]):
    """The inputs of a stage by name. Asking for one that it was not given is an error that says so."""

    def __missing__(self, name: str) -> Path:
        given = ", ".join(sorted(self)) or "nothing"
        raise StageError(f"this stage is not given `{name}`, only {given}; only scoring gets gold labels")


@dataclass(frozen=True)
class Job(Generic[P]):
    """One stage to run. A stage function takes a Job and returns JSON facts for the stage's record.

    `params` is the dataclass that the row of its kind names. `inputs` maps names to folders that are only read.
    `out` exists and may hold what a killed run left: files there are overwritten. `work` keeps checkpoints; it
    survives a kill and is removed after success. `progress(done, total, message)` is cheap; its receiver throttles.
    """

    params: P
    inputs: Mapping[str, Path]
    out: Path
    work: Path
    progress: Callable[[int, int, str], None] = _silent
