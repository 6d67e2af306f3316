"""One stage by several processes, the ranks of torch.distributed, that share the work of its function.

The process of the stage starts them, waits, and does nothing else, so that it can tell how each ended: when one fails
all are ended, and started again if that one asks for it. They are in its process group, and each ends when it is gone,
so nothing outlives it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from xtreme_bench.errors import XtremeBenchError
from xtreme_bench.stage import serving
from xtreme_bench.stage.kinds import KINDS

# How many processes share a stage: set by the engine. Where they meet: a file, set for each of them by `run`.
COUNT = "XTREME_BENCH_PROCESSES"
GROUP = "XTREME_BENCH_GROUP"
GPUS = "CUDA_VISIBLE_DEVICES"
# When one has failed, others that wait for it fail too, and may say so first: for so long the cause is waited for.
GRACE_SECONDS = 3.0

Report = dict[str, Any]


class BeginAgain(XtremeBenchError):
    """A rank cannot go on, but can if all are started again: it has noted in the stage's folder what is to change."""


class RankFailedError(Exception):
    """A rank failed; `report` is what the worker tells of it."""

    def __init__(self, report: Report) -> None:
        super().__init__(report["error"])
        self.report = report


def count(kind: str) -> int:
    """How many processes do a stage of this kind here."""
    return int(os.environ.get(COUNT, "1")) if KINDS[kind].shared else 1


def own() -> int | None:
    """The number of this process, if it is one of several that do a stage."""
    return int(os.environ["RANK"]) if GROUP in os.environ else None


def world() -> int:
    """How many processes do the stage of this one."""
    return int(os.environ["WORLD_SIZE"]) if GROUP in os.environ else 1


def run(stage_file: Path, processes: int, emit: Callable[[Report], None]) -> None:
    """Run a stage by so many processes, again if one raises `BeginAgain`; `emit` gets their progress.

    Errors: `RankFailedError`.
    """
    while (report := _failure(stage_file, processes, emit)) is not None:
        if not report.get("again"):
            raise RankFailedError(report)
        emit({"progress": [0, 1, report["error"]], "lasting": True})


def _failure(stage_file: Path, processes: int, emit: Callable[[Report], None]) -> Report | None:
    """Start the processes of a stage and wait until all have finished, or one has failed: then what is told of it."""
    reports: queue.Queue[tuple[int, Report]] = queue.Queue()
    with _started(stage_file, processes) as group:
        for rank, process in enumerate(group):
            threading.Thread(target=_follow, args=(rank, process, reports)).start()
        left = set(range(processes))
        while left:
            rank, report = reports.get()
            if "progress" in report:
                emit(report)
            elif "error" in report:
                return _cause(rank, report, reports, processes)
            else:
                left.discard(rank)
    return None


@contextmanager
def _started(stage_file: Path, processes: int) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes of a stage, each told which one it is and with a GPU of its own; they end with the context."""
    meeting = stage_file.parent / "ranks"
    meeting.unlink(missing_ok=True)
    group: list[subprocess.Popen[str]] = []
    # As in the local engine: SIGTERM is for the client alone, which ends all of them in order.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        for rank in range(processes):
            group.append(_start(stage_file, _variables(rank, processes, meeting)))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield group
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for process in group:
            process.kill()
        for process in group:
            process.wait()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
        meeting.unlink(missing_ok=True)


def _start(stage_file: Path, variables: Mapping[str, str]) -> subprocess.Popen[str]:
    process = serving.start({**os.environ, **variables})
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it died, which whoever follows it will see
        process.stdin.write(f"{stage_file}\n")
        process.stdin.flush()
    return process


def _variables(rank: int, processes: int, meeting: Path) -> dict[str, str]:
    """What torch and accelerate read of a rank. It sees one GPU, its own, so to every library that is the first."""
    devices = [name for name in os.environ.get(GPUS, "").split(",") if name]
    return {
        GROUP: str(meeting),
        "RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "LOCAL_RANK": "0",
        "LOCAL_WORLD_SIZE": str(processes),
        # A container has no other network than the one to itself, and they need no other.
        "GLOO_SOCKET_IFNAME": "lo",
        "NCCL_SOCKET_IFNAME": "lo",
        **({GPUS: devices[rank]} if rank < len(devices) else {}),
    }


def _follow(rank: int, process: subprocess.Popen[str], reports: queue.Queue[tuple[int, Report]]) -> None:
    """Pass on what a process tells; a death without a last word becomes an error."""
    assert process.stdout is not None
    with process.stdout as said:
        for line in said:
            report = json.loads(line)
            reports.put((rank, report))
            if "progress" not in report:
                return
    reports.put((rank, {"error": _death(process.wait()), "exit": 3, "died": True}))


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return (
            "it was killed, most likely for want of memory: set a smaller batch or fewer `resources.processes`, then "
            "run the same command again"
        )
    return f"it ended with code {code} before it had finished"


def _cause(rank: int, report: Report, reports: queue.Queue[tuple[int, Report]], processes: int) -> Report:
    """The first of the clearest errors: one that was foreseen, else a death, else any other."""
    found = [(rank, report)]
    end = time.monotonic() + GRACE_SECONDS
    while len(found) < processes and (left := end - time.monotonic()) > 0:
        with suppress(queue.Empty):
            other = reports.get(timeout=left)
            if "error" in other[1]:
                found.append(other)
    rank, report = min(found, key=lambda one: (one[1].get("unexpected", False), one[1].get("died", False)))
    return {**report, "error": f"process {rank + 1} of {processes}: {report['error']}"}
