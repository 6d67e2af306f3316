"""What a run has cost, by phase: hours, CPU hours, GPU hours, energy; and what plans estimate for the same stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_bench.files import write_json
from xtreme_bench.plan import devices, estimate
from xtreme_bench.report import courses
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import count, duration

if TYPE_CHECKING:
    from xtreme_bench.run.outcome import Finished

Record = Mapping[str, Any]
HEADINGS = ("phase", "stages", "time", "CPU time", "GPU time", "energy")
FILE = "cost.json"
# In a kilowatt hour.
_JOULES = 3.6e6


@dataclass(frozen=True)
class Cost:
    """What some stages took. `joules` are None where the counters of a stage could not be read."""

    phase: str
    stages: int
    seconds: float
    cpu_seconds: float
    gpu_seconds: float
    joules: float | None


def by_phase(records: Iterable[Record]) -> list[Cost]:
    """The cost of each phase, in the order of the records."""
    phases: dict[str, list[Record]] = {}
    for record in records:
        phases.setdefault(_phase(record["kind"]), []).append(record)
    return [of(own, phase) for phase, own in phases.items()]


def of(records: Sequence[Record], phase: str = "all") -> Cost:
    """The cost of some stages together."""
    energy = [record["ran"]["joules"] for record in records]
    return Cost(
        phase,
        len(records),
        sum(float(record["seconds"]) for record in records),
        sum(float(record["ran"]["cpu_seconds"]) for record in records),
        sum(record["ran"]["gpus"] * float(record["seconds"]) for record in records),
        None if None in energy or not energy else sum(energy),
    )


def _phase(kind: str) -> str:
    row = KINDS[kind]
    if row.trains:
        return row.phase
    if row.predicts or row.gpu:
        return "prediction and retrieval"
    return "scores" if row.tells in ("scores", "precision") else "data"


def apart(runs: Iterable[Finished]) -> tuple[list[Record], list[Record]]:
    """The records of stages that these runs have made, and of those that were in the store; shared ones once."""
    every = {record["key"]: (record, record["key"] in run.reused) for run in runs for record in run.records}
    return [one for one, reused in every.values() if not reused], [one for one, reused in every.values() if reused]


def rows(records: Sequence[Record]) -> list[list[str]]:
    """A row for each phase, for `HEADINGS`, and one of all. What no stage has is empty: GPU time, energy."""
    return [_row(one) for one in (*by_phase(records), of(records))] if records else []


def _row(cost: Cost) -> list[str]:
    energy = "" if cost.joules is None else f"{cost.joules / _JOULES:.2f} kWh"
    gpu = duration(cost.gpu_seconds) if cost.gpu_seconds else ""
    return [cost.phase, str(cost.stages), duration(cost.seconds), duration(cost.cpu_seconds), gpu, energy]


def line(runs: Iterable[Finished]) -> str:
    """The cost in a line for the terminal; what was in the store already apart."""
    made, kept = apart(runs)
    parts = [f"{one.phase} {duration(one.seconds)}" for one in by_phase(made)]
    said = f"cost: {_all(of(made))} ({', '.join(parts)})" if made else "cost: nothing was left to do"
    return f"{said}; already in the store: {_all(of(kept))}" if kept else said


def _all(cost: Cost) -> str:
    _, _, time, cpu, gpu, energy = _row(cost)
    parts = (count(cost.stages, "stage"), time, f"{cpu} of CPU", f"{gpu} of GPU" if gpu else "", energy)
    return ", ".join(part for part in parts if part)


def write(runs: Sequence[Finished], folder: Path) -> None:
    """Write the cost as JSON beside the page. A bundle has no times, so that equal runs agree to the byte."""
    made, kept = apart(runs)
    found = {"made": made, "already_in_the_store": kept}
    write_json(folder / FILE, {name: [asdict(one) for one in by_phase(some)] for name, some in found.items()})


ESTIMATES = ("stage", "steps", "tokens", "memory", "left on the disk", "time", "took / estimated")


def estimates(runs: Iterable[Finished], store: Store) -> list[list[str]]:
    """A row for each stage whose device has a known speed, for `ESTIMATES`: what a plan estimates, and what was.

    That is a GPU of the table, or this machine once `plan --device this` has measured it.
    """
    stages = {stage.key: stage for run in runs for stage in run.plan.stages}
    found = []
    for stage in stages.values():
        record = store.record(stage.key)
        if record is None or not estimate.estimated(stage):
            continue
        told = estimate.of(stage, store, devices.known(str(record["ran"]["device"]), store.root))
        if told is not None and told["ratio"]:
            found.append([stage.name, *_beside(told, record, store), f"{told['ratio']:.2f}"])
    return found


def _beside(told: Mapping[str, Any], record: Record, store: Store) -> Iterator[str]:
    """Each figure of an estimate, and the true one where it is known."""
    course = courses.points(store.pace(record["key"]))
    pace = course[-1] if course else {}
    out = store.out(record["key"])
    left = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    again = record["facts"].get("retrained", {})
    steps = [one["steps"] for one in (record["facts"], again) if "steps" in one]
    held = pace.get("memory", record["ran"]["peak_memory_bytes"])
    yield _both(told["steps"], sum(steps) if steps else None, "{:,}".format)
    # The pace is that of the course after the choice of steps alone.
    yield _both(told["trained_tokens"], None if again else pace.get("tokens"), "{:,}".format)
    yield _both(told["memory_bytes"], held, _gib)
    yield _both(told["kept_bytes"], left, _gib)
    yield _both(told["seconds"], told["took_seconds"], duration)


def _both(estimated: float | None, true: float | None, text: Callable[[Any], str]) -> str:
    return f"{text(estimated)}, {'not known' if true is None else text(true)}" if estimated else ""


def _gib(size: float) -> str:
    return f"{size / 2**30:.2f} GiB"
