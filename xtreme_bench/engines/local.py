"""Run stages on this machine, in worker processes that are kept for the next stage."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xtreme_bench.errors import CheckFailed, InputError, StageError, XtremeBenchError

Message = Callable[[dict[str, Any]], None]
_ERRORS: dict[int, type[XtremeBenchError]] = {1: CheckFailed, 2: InputError}


def variables(threads: int) -> dict[str, str]:
    """What a stage's process finds set: no network, no threads of others, `threads` for NumPy's matrix products.

    OpenBLAS's idle threads would spin for 20 ms and take the processor from ours.
    """
    return {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OPENBLAS_NUM_THREADS": str(threads),
        "OPENBLAS_THREAD_TIMEOUT": "8",
    }


class Local:
    """Worker processes, started when needed and reused; `run` may be called from several threads."""

    image: str | None = None

    def __init__(self, threads: int = 1) -> None:
        self._environment = {**os.environ, **variables(threads)}
        self._idle: list[subprocess.Popen[str]] = []
        self._all: list[subprocess.Popen[str]] = []
        self._closed = False
        self._lock = threading.Lock()

    def run(self, folder: Path, message: Message) -> None:
        """Run `folder/stage.json`. Errors: what the stage reported, or `StageError` when the worker died."""
        worker = self._worker()
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(f"{folder.resolve() / 'stage.json'}\n")
            worker.stdin.flush()
            for line in worker.stdout:
                report = json.loads(line)
                if "progress" in report:
                    message(report)
                    continue
                with self._lock:
                    self._idle.append(worker)
                if "error" in report:
                    raise error_of(report, folder / "log.txt")
                return
        except BrokenPipeError:
            pass
        raise StageError(_death(worker.wait(), folder / "log.txt"))

    def close(self) -> None:
        """End all workers; a stage that was running goes on from its last checkpoint next time."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                if worker.poll() is None:
                    os.killpg(worker.pid, signal.SIGKILL)  # with what it may have started itself
            for worker in self._all:
                worker.wait()
                for stream in (worker.stdin, worker.stdout):
                    if stream is not None:
                        stream.close()
            self._all.clear()
            self._idle.clear()

    def _worker(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise StageError("not begun, as the run was ended")
            if self._idle:
                return self._idle.pop()
            worker = subprocess.Popen(
                [sys.executable, "-m", "xtreme_bench.worker", "--serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches the client only, which then ends the workers in order
            )
            self._all.append(worker)
            return worker


def error_of(report: dict[str, Any], log: Path) -> XtremeBenchError:
    """The error that a worker reported; one that nobody foresaw names the log."""
    text = str(report["error"])
    if report.get("unexpected"):
        text += f"\n  the whole traceback is in {log}"
    return _ERRORS.get(int(report["exit"]), StageError)(text)


def _death(code: int, log: Path) -> str:
    if code == -signal.SIGKILL:
        return (
            "the stage was killed, most likely for want of memory: "
            f"set a smaller batch or `resources: {{jobs: 1}}`, then run the same command again (log: {log})"
        )
    return f"the stage's process ended with code {code} before it had finished; its log is {log}"
