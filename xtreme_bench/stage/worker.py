"""Run one stage here: data in, files out. `python -m xtreme_bench.stage.worker FOLDER/stage.json`

The stage file names kind, parameters, inputs and the code of the plan, nothing else; outputs go to `FOLDER/out`,
checkpoints to `FOLDER/work`, and what happened to `FOLDER/result.json`. Standard output carries one JSON message a
line ({"progress": [done, total, note]}, {"done": true} or {"error": ..., "exit": code}); all else that is printed
goes to `FOLDER/log.txt`.
With `--serve` stage files are read from standard input, one a line, so that the heavy imports are paid once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import queue
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.errors import StageError, XtremeBenchError
from xtreme_bench.files import write_json
from xtreme_bench.stage import loaded
from xtreme_bench.stage.guard import guarded
from xtreme_bench.stage.job import Inputs, Job
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.params import parse
from xtreme_bench.stage.versions import versions

PROGRESS_SECONDS = 0.25
Emit = Callable[[dict[str, Any]], None]


def run_stage(stage_file: Path, emit: Emit) -> None:
    """Run the stage that `stage_file` describes; leaves `out/` and `result.json` beside the file.

    Errors: whatever the stage function raises; `XtremeBenchError` for faults that a user can fix.
    """
    folder = stage_file.parent
    spec = json.loads(stage_file.read_text(encoding="utf-8"))
    with (folder / "stage.lock").open("w") as lock:
        # A worker whose client was killed may need a moment to notice; wait for it rather than write beside it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder / "out", ignore_errors=True)
        for name in ("out", "work"):
            (folder / name).mkdir(exist_ok=True)
        kind = KINDS[spec["kind"]]
        stage, params = loaded.named(kind.function), loaded.named(kind.params)
        code = spec.get("code", {})
        loaded.require(code)
        started, computed = time.time(), time.process_time()
        job: Job[Any] = Job(
            params=parse(params, spec["params"]),
            inputs=Inputs({name: Path(path) for name, path in spec["inputs"].items()}),
            out=folder / "out",
            work=folder / "work",
            progress=_throttled(emit),
        )
        with guarded(_closed(spec), [*job.inputs.values(), folder]):
            try:
                facts = stage(job)
            finally:
                _require_code_of_plan(folder, code)
        seconds = round(time.time() - started, 3)
        ran = {**_circumstances(started), "cpu_seconds": round(time.process_time() - computed, 3)}
        result = {"facts": facts, "seconds": seconds, "ran": ran}
        write_json(folder / "result.json", result)


def _closed(spec: Mapping[str, Any]) -> list[Path]:
    """What is closed to a stage. Gold labels are open to one that is given them and whose kind may read them."""
    open_to_it = [spec["inputs"].get("labels")] if KINDS[spec["kind"]].gold else []
    return [Path(path) for path in spec.get("closed", ()) if path not in open_to_it]


def _require_code_of_plan(folder: Path, expected: Mapping[str, str]) -> None:
    """The code that a stage loaded while it ran must be the code in its key; results of other code are not kept."""
    try:
        loaded.require(expected)
    except StageError:
        for name in ("out", "work"):
            shutil.rmtree(folder / name)
        raise


def _throttled(emit: Emit) -> Callable[[int, int, str], None]:
    last = 0.0

    def progress(done: int, total: int, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS or done >= total:
            last = now
            emit({"progress": [done, total, note]})

    return progress


def _circumstances(started: float) -> dict[str, Any]:
    torch = sys.modules.get("torch")
    cuda = torch is not None and torch.cuda.is_available()
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "host": platform.node(),
        "device": torch.cuda.get_device_name() if torch is not None and cuda else platform.processor() or "cpu",
        "versions": versions(),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _attempt(stage_file: Path, emit: Emit) -> int:
    """Run one stage and report how it ended; returns the exit code."""
    try:
        _log_to(stage_file.parent / "log.txt")
        run_stage(stage_file, emit)
    except Exception as error:
        report = report_of(error)
        if report.get("unexpected"):
            with contextlib.suppress(OSError):  # the log may be on the disk that is full
                traceback.print_exc()
        emit(report)
        return int(report["exit"])
    emit({"done": True})
    return 0


def report_of(error: Exception) -> dict[str, Any]:
    """The message for an error, with advice if a user can fix it."""
    if isinstance(error, XtremeBenchError):
        return {"error": str(error), "exit": error.exit_code}
    if isinstance(error, MemoryError):
        return {"error": "out of memory: give the stage a smaller batch or the machine more memory", "exit": 3}
    # Libraries in Rust, as for tokenizers and safetensors, have errors of their own, which end in "(os error 28)".
    if isinstance(error, OSError) or "(os error " in str(error):
        place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        return {
            "error": f"{place}{said}; free space or repair the folder, then run the same command again",
            "exit": 3,
        }
    return {"error": f"{type(error).__name__}: {error}", "exit": 3, "unexpected": True}


def _log_to(path: Path) -> None:
    """Send what this process and its libraries print, on either stream, to the end of a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)


def _serve(emit: Emit) -> int:
    """Run stage files named on standard input until it closes; when the client dies, die at once."""
    # A batch system sends SIGTERM to every process of a job. The client gets it too, and ends its workers in order.
    # (What a stage starts itself has the usual mask and handler again.)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    loaded.watch()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    stages: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            stages.put(line.strip())
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        _attempt(Path(stages.get()), emit)


def main(arguments: list[str]) -> int:
    """The command line of the worker; returns the exit code."""
    # Messages keep the real standard output; everything else that prints goes to the stage's log.
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")

    def emit(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")

    if arguments == ["--serve"]:
        return _serve(emit)
    if len(arguments) != 1:
        print("usage: python -m xtreme_bench.stage.worker FOLDER/stage.json | --serve", file=sys.stderr)
        return 2
    return _attempt(Path(arguments[0]), emit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
