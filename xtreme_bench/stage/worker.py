"""Run one stage in this process: `python -m xtreme_bench.stage.worker FOLDER/stage.json`.

The stage file has only the kind, the parameters, the inputs and the code of the plan. Outputs go to `FOLDER/out`,
checkpoints to `FOLDER/work`, and the result to `FOLDER/result.json`. Standard output has one JSON message per line
({"progress": [done, total, note]}, {"done": true} or {"error": ..., "exit": code}); all other output goes to
`FOLDER/log.txt`. With "lasting" the note of a progress is shown in any case, on a line of its own; "again" says that
the processes of a stage are to be started again (`ranks`).
With `--serve` the worker reads the names of stage files from standard input, one per line, so that it imports the heavy
packages only once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import queue
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
from xtreme_bench.stage import energy, loaded, memory, ranks
from xtreme_bench.stage.guard import guarded
from xtreme_bench.stage.job import Inputs, Job
from xtreme_bench.stage.kinds import KINDS, Kind
from xtreme_bench.stage.params import parse
from xtreme_bench.stage.versions import versions

PROGRESS_SECONDS, GIVE_BACK_SECONDS = 0.25, 10.0
Emit = Callable[[dict[str, Any]], None]


def run_stage(stage_file: Path, emit: Emit) -> None:
    """Run the stage that `stage_file` describes; writes `out/` and `result.json` to its folder.

    Errors: those of the stage function; `XtremeBenchError` for faults that a user can fix.
    """
    folder = stage_file.parent
    spec = json.loads(stage_file.read_text(encoding="utf-8"))
    if ranks.own() is not None:
        _work(folder, spec, emit)
        return
    with (folder / "stage.lock").open("w") as lock:
        # A worker whose client was killed may still be running for a moment: wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder / "out", ignore_errors=True)
        for name in ("out", "work"):
            (folder / name).mkdir(exist_ok=True)
        processes = ranks.count(spec["kind"])
        if processes > 1:
            ranks.run(stage_file, processes, emit)
        else:
            _work(folder, spec, emit)


def _work(folder: Path, spec: Mapping[str, Any], emit: Emit) -> None:
    """Call the function of a stage; the first of several processes that do so writes what happened."""
    kind = KINDS[spec["kind"]]
    stage, params = loaded.named(kind.function), loaded.named(kind.params)
    code = spec.get("code", {})
    loaded.require(code)
    first = not ranks.own()
    started, computed, metered = time.time(), time.process_time(), energy.counters() if first else {}
    memory.begin()
    job: Job[Any] = Job(
        params=parse(params, spec["params"]),
        inputs=Inputs({name: Path(path) for name, path in spec["inputs"].items()}),
        out=folder / "out",
        work=folder / "work",
        progress=_throttled(emit if first else _silent),
    )
    with guarded(_closed(spec), [*job.inputs.values(), folder]):
        try:
            facts = stage(job)
        finally:
            _require_code_of_plan(folder, code)
    if first:
        seconds = round(time.time() - started, 3)
        computed = ranks.world() * (time.process_time() - computed)  # they share the work evenly
        joules = energy.used(metered, energy.counters())
        ran = {**_circumstances(started, kind), "cpu_seconds": round(computed, 3), "joules": joules}
        result = {"facts": facts, "seconds": seconds, "ran": ran}
        write_json(folder / "result.json", result)


def _silent(message: dict[str, Any]) -> None:
    """Tell nobody: one of several processes tells for all."""


def _closed(spec: Mapping[str, Any]) -> list[Path]:
    """The folders closed to a stage. Gold labels are open only if they are an input of a kind that may read them."""
    open_to_it = [spec["inputs"].get("labels")] if KINDS[spec["kind"]].gold else []
    return [Path(path) for path in spec.get("closed", ()) if path not in open_to_it]


def _require_code_of_plan(folder: Path, expected: Mapping[str, str]) -> None:
    """Errors: `StageError` if the stage loaded other code than its key says; such results are not kept."""
    try:
        loaded.require(expected)
    except StageError:
        for name in ("out", "work"):
            shutil.rmtree(folder / name, ignore_errors=True)  # another process of the stage may be doing so too
        raise


def _throttled(emit: Emit) -> Callable[[int, int, str], None]:
    """What a stage calls between its steps: it tells how far the stage is, and now and then gives back memory."""
    last = 0.0
    given = time.monotonic()

    def progress(done: int, total: int, note: str = "") -> None:
        nonlocal last, given
        now = time.monotonic()
        if now - given >= GIVE_BACK_SECONDS:
            memory.give_back()
            given = now
        if now - last >= PROGRESS_SECONDS or done >= total:
            last = now
            emit({"progress": [done, total, note]})

    return progress


def _circumstances(started: float, kind: Kind) -> dict[str, Any]:
    torch = sys.modules.get("torch")
    cuda = torch is not None and torch.cuda.is_available()
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "host": platform.node(),
        "device": torch.cuda.get_device_name() if torch is not None and cuda else platform.processor() or "cpu",
        "processes": ranks.world(),
        "gpus": ranks.world() if cuda and kind.gpu else 0,
        "versions": versions(),
        "peak_memory_bytes": memory.peak(),
    }


def _attempt(stage_file: Path, emit: Emit) -> int:
    """Run one stage and report how it ended. Returns the exit code."""
    try:
        _log_to(stage_file.parent / "log.txt")
        run_stage(stage_file, emit)
    except Exception as error:
        report = report_of(error)
        if report.get("unexpected"):
            with contextlib.suppress(OSError):  # the log may be on the full disk
                traceback.print_exc()
        emit(report)
        return int(report["exit"])
    emit({"done": True})
    return 0


def report_of(error: Exception) -> dict[str, Any]:
    """The message for an error, with advice if the user can fix it."""
    if isinstance(error, ranks.RankFailedError):
        return error.report
    if isinstance(error, XtremeBenchError):
        return {"error": str(error), "exit": error.exit_code, "again": isinstance(error, ranks.BeginAgain)}
    if isinstance(error, MemoryError):
        return {"error": "out of memory: use a smaller batch or a machine with more memory", "exit": 3}
    # Libraries in Rust (tokenizers, safetensors) have their own errors, which end in "(os error 28)".
    if isinstance(error, OSError) or "(os error " in str(error):
        place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        return {
            "error": f"{place}{said}; free space or repair the folder, then run the same command again",
            "exit": 3,
        }
    return {"error": f"{type(error).__name__}: {error}", "exit": 3, "unexpected": True}


def _log_to(path: Path) -> None:
    """Append all standard output and error of this process and its libraries to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)


def _serve(emit: Emit) -> int:
    """Run the stage files named on standard input until it closes. If the client dies, exit at once."""
    # A batch system sends SIGTERM to every process of a job. Ignore it: the client gets it too, and ends its workers.
    # (Child processes of a stage have the default handler again.)
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
    # Only messages use the real standard output; all other output goes to the log of the stage.
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
