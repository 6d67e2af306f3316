"""The interface of engines: an engine runs the folder of a stage, passes on its progress, and raises its errors."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from xtreme_bench.errors import CheckFailed, InputError, StageError, XtremeBenchError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage.ranks import COUNT

Message = Callable[[dict[str, Any]], None]
_ERRORS: dict[int, type[XtremeBenchError]] = {1: CheckFailed, 2: InputError}


class Engine(Protocol):
    """Runs one stage at a time for each calling thread.

    `image` is the digest of the image that stages run in, or None if they use the installed packages.
    """

    image: str | None

    def run(self, folder: Path, message: Message) -> None:
        """Run `folder/stage.json`; returns when the stage has succeeded, and raises its error otherwise."""

    def close(self) -> None:
        """End every process or container that was started."""


def variables(resources: Resources) -> dict[str, str]:
    """The environment variables of a stage's process: no network, threads for NumPy's matrix products, and the number
    of processes that share a stage.

    Idle threads sleep. By default OpenBLAS threads would spin for 20 ms and OpenMP (torch) threads for longer, and slow
    down the working ones. An OMP_WAIT_POLICY that the user has set is kept.
    """
    return {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OPENBLAS_NUM_THREADS": str(resources.threads),
        "OPENBLAS_THREAD_TIMEOUT": "8",
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE"),
        COUNT: str(resources.ranks),
    }


def error_of(report: dict[str, Any], log: Path) -> XtremeBenchError:
    """The error that a worker reported; an unexpected one names the log."""
    text = str(report["error"])
    if report.get("unexpected"):
        text += f"\n  the full traceback is in {log}"
    return _ERRORS.get(int(report["exit"]), StageError)(text)
