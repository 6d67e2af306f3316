"""How much of a run is neither training, inference nor scoring: `python benchmarks/overhead.py [RECIPE [OPTIONS]]`.

It runs a recipe (quickstart) with a new store, and prints seconds, CPU seconds and megabytes of each phase and of the
kinds of stages, by the records of the stages, and those of the whole run, with what it wrote to the disk. What is in no
record is the start of Python, plan, hashes of outputs, bundle, report, and waiting. Further options are those of `run`,
such as `--set seeds=[1]`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from xtreme_bench.report import cost

WORK = ("pretraining", "intermediate training", "fine-tuning", "prediction and retrieval", "scores")


def covered(records: list[dict[str, Any]]) -> float:
    """Seconds in which at least one of the stages ran; starts are known to a second."""
    begun = [(datetime.fromisoformat(one["ran"]["started"]).timestamp(), float(one["seconds"])) for one in records]
    total, end = 0.0, 0.0
    for start, seconds in sorted(begun):
        total += max(0.0, start + seconds - max(start, end))
        end = max(end, start + seconds)
    return total


def size(folder: Path) -> int:
    """Bytes on the disk below a folder, in which files come and go; hard links count once."""
    found: dict[int, int] = {}
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except OSError:
            continue
        found[status.st_ino] = status.st_blocks * 512
    return sum(found.values())


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """Looks at the size of a folder every second; the list has the largest at its end."""
    sizes, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(1):
            sizes.append(max(sizes[-1], size(folder)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join()


def row(name: str, records: list[dict[str, Any]]) -> str:
    """A line about some stages."""
    left = sum(file["bytes"] for one in records for file in one["outputs"].values())
    took = cost.of(records)
    return f"{name:28}{took.stages:5}{took.seconds:10.1f} s {took.cpu_seconds:10.1f} s of CPU {left / 1e6:10.1f} MB"


def main() -> None:
    """Run the recipe and print the shares."""
    recipe, *options = sys.argv[1:] or ["quickstart"]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "xtreme_bench.cli", "run", recipe, "--engine", "local", *options]
        began = time.monotonic()
        with watched(Path(folder)) as sizes:
            code = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode
        wall, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        records = [json.loads(file.read_text()) for file in Path(folder).glob("store/stages/*/record.json")]
        left = size(Path(folder) / "store")
    cpu = used.ru_utime + used.ru_stime
    work = []
    for phase in cost.by_phase(records):
        own = [one for one in records if cost.by_phase([one])[0].phase == phase.phase]
        work += own if phase.phase in WORK else []
        print(row(phase.phase, own))
        for kind in dict.fromkeys(one["kind"] for one in own):
            print(row(f"    {kind}", [one for one in own if one["kind"] == kind]))
    print(f"exit code {code}; the whole run took {wall:.1f} s, {cpu:.1f} s of CPU")
    print(f"disk: {left / 1e9:.1f} GB in the store at the end, {sizes[-1] / 1e9:.1f} GB at most with all else, "
          f"{used.ru_oublock * 512 / 1e9:.1f} GB written in all")  # fmt: skip
    print(f"neither training, inference nor scoring: {1 - cost.of(work).cpu_seconds / cpu:.1%} of the CPU time; "
          f"{1 - covered(work) / wall:.1%} of the time no such stage ran")  # fmt: skip


if __name__ == "__main__":
    main()
