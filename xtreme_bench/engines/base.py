"""What every engine is: it runs the folder of a stage, passes on its progress, and raises what it reported."""

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
    """Runs one stage at a time per calling thread, in whatever place it stands for.

    `image` is the digest of the image that stages run in; None where they use the packages that are installed.
    """

    image: str | None

    def run(self, folder: Path, message: Message) -> None:
        """Run `folder/stage.json`; returns when the stage ended well, raises what it reported otherwise."""

    def close(self) -> None:
        """End everything that was started."""


def variables(resources: Resources) -> dict[str, str]:
    """What a stage's process finds set: no network, no threads of others, threads for NumPy's matrix products, and how
    many processes share a stage.

    Idle threads of OpenBLAS would spin for 20 ms, and those of OpenMP (torch) for longer, and take the processor from
    those that work. An OMP_WAIT_POLICY that the user has set stays.
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
    """The error that a worker reported; one that nobody foresaw names the log."""
    text = str(report["error"])
    if report.get("unexpected"):
        text += f"\n  the whole traceback is in {log}"
    return _ERRORS.get(int(report["exit"]), StageError)(text)
