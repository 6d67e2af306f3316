"""Run stages on this machine, in worker processes that are reused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from xtreme_bench.engines import devices
from xtreme_bench.engines.base import Engine, Message, error_of, variables
from xtreme_bench.errors import StageError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage import serving
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.versions import require_heavy_half


def open(resources: Resources, say: Callable[[str], None]) -> Engine:  # noqa: A001
    """Workers with the packages of this machine. Errors: `InputError` if a package is missing."""
    require_heavy_half("the local engine", ", or use --engine docker")
    return Local(resources)


def image_of(resources: Resources) -> None:
    """None: stages use the packages of this machine."""


def require() -> None:
    """Nothing: this machine always answers."""


class Local:
    """Worker processes, started when needed and reused. Several threads may call `run`.

    A stage that sees gold labels has its own worker, which ends with it. An unexpected error ends the worker too. A
    worker sees the GPUs it started with, and serves only stages that get the same GPUs. Errors: `StageError` if a
    recipe asks for more GPUs than there are.
    """

    image: str | None = None

    def __init__(self, resources: Resources | None = None) -> None:
        resources = resources or Resources()
        self._environment = {**os.environ, **variables(resources)}
        self._devices = devices.Devices(devices.here(), resources)
        self._idle: list[tuple[subprocess.Popen[str], dict[str, str]]] = []
        self._all: list[subprocess.Popen[str]] = []
        self._closed = False
        self._lock = threading.Lock()

    def run(self, folder: Path, message: Message) -> None:
        """Run `folder/stage.json`. Errors: the error of the stage, or `StageError` if the worker died."""
        kind = KINDS[json.loads((folder / "stage.json").read_text(encoding="utf-8"))["kind"]]
        with self._devices.lent(kind) as seen:
            self._run(folder, message, seen, alone=kind.gold)

    def _run(self, folder: Path, message: Message, seen: dict[str, str], *, alone: bool) -> None:
        worker = self._worker(seen, fresh=alone)
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
                # A bug, or an error of the GPU, may have left the process in any state, and other stages may go on.
                self._leave(worker, seen, end=alone or report.get("unexpected", False))
                if "error" in report:
                    raise error_of(report, folder / "log.txt")
                return
        except BrokenPipeError:
            pass
        raise StageError(_death(worker.wait(), folder / "log.txt"))

    def close(self) -> None:
        """End all workers; a running stage continues from its last checkpoint in the next run."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                _end(worker)
            self._all.clear()
            self._idle.clear()

    def _leave(self, worker: subprocess.Popen[str], seen: dict[str, str], *, end: bool) -> None:
        """Keep a worker for the next stage, or end it if it has seen gold labels or an unexpected error."""
        with self._lock:
            if not end:
                self._idle.append((worker, seen))
            elif worker in self._all:
                self._all.remove(worker)
                _end(worker)

    def _worker(self, seen: dict[str, str], *, fresh: bool) -> subprocess.Popen[str]:
        """A worker that sees these GPUs: an idle one, unless it has to be `fresh`."""
        with self._lock:
            if self._closed:
                raise StageError("not begun, as the run was ended")
            idle = [at for at, (_, sees) in enumerate(self._idle) if sees == seen]
            if idle and not fresh:
                return self._idle.pop(idle[-1])[0]
            # Block SIGTERM: the worker inherits the block, and unblocks once it can handle the signal. A batch system
            # sends SIGTERM to every process of a job, but only the client may end workers, in order. (Ctrl-C does not
            # reach a worker, because it has its own session.)
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            try:
                worker = serving.start({**self._environment, **seen}, own_session=True)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self._all.append(worker)
            return worker


def _end(worker: subprocess.Popen[str]) -> None:
    """End a worker and every process that it has started."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            stream.close()


def _death(code: int, log: Path) -> str:
    if code == -signal.SIGKILL:
        return (
            "the stage was killed, most likely because memory ran out: "
            f"set a smaller batch or `resources: {{jobs: 1}}`, then run the same command again (log: {log})"
        )
    return f"the stage's process ended early with code {code}; its log is {log}"
