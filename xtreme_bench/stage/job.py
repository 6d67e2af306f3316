"""The job of a stage: its parameters, its inputs, its output folder, and its progress reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from xtreme_bench.errors import StageError

P = TypeVar("P", covariant=True)
# What a stage leaves of its folder `work`, where it has it: what is no result, as it differs from run to run.
PACE = "pace"


def _silent(done: int, total: int, message: str) -> None:
    """Ignore progress."""


class Inputs(dict[str, Path]):
    """The inputs of a stage by name. A missing input raises `StageError`."""

    def __missing__(self, name: str) -> Path:
        given = ", ".join(sorted(self)) or "nothing"
        raise StageError(f"this stage has no input `{name}`, only {given}; only scoring gets gold labels")


@dataclass(frozen=True)
class Job(Generic[P]):
    """One stage to run. A stage function takes a Job and returns JSON facts for the stage's record.

    `params`: the dataclass of its kind. `inputs`: name -> read-only folder. `out`: the existing output folder; it may
    have files of a killed run, to overwrite. `work`: a folder for checkpoints; it survives a kill and is removed after
    success, but for its folder `PACE`. `progress(done, total, message)` is cheap to call: the receiver limits the rate.
    """

    params: P
    inputs: Mapping[str, Path]
    out: Path
    work: Path
    progress: Callable[[int, int, str], None] = _silent
