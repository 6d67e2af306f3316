"""How much of a run is neither training, inference nor scoring: `python benchmarks/overhead.py [RECIPE]`.

It runs a recipe (quickstart) with a new store, and prints seconds and CPU seconds of each phase, by the records of the
stages, and those of the whole run: what is in no record is the start of Python, plan, bundle, report, and waiting.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
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


def main() -> None:
    """Run the recipe and print the shares."""
    recipe = sys.argv[1] if len(sys.argv) > 1 else "quickstart"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "xtreme_bench.cli", "run", recipe, "--engine", "local"]
        began = time.monotonic()
        code = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode
        wall, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        records = [json.loads(file.read_text()) for file in Path(folder).glob("store/stages/*/record.json")]
    cpu = used.ru_utime + used.ru_stime
    phases = cost.by_phase(records)
    for one in phases:
        print(f"{one.phase:28}{one.seconds:10.1f} s {one.cpu_seconds:10.1f} s of CPU")
    work = [one for one in records if cost.by_phase([one])[0].phase in WORK]
    computed = sum(one.cpu_seconds for one in phases if one.phase in WORK)
    print(f"exit code {code}; the whole run took {wall:.1f} s, {cpu:.1f} s of CPU")
    print(f"neither training, inference nor scoring: {1 - computed / cpu:.1%} of the CPU time; "
          f"{1 - covered(work) / wall:.1%} of the time no such stage ran")  # fmt: skip


if __name__ == "__main__":
    main()
