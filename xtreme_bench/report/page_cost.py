"""The part of the page about cost: by phase, and behind it by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_bench.report.markup import Section, cell, details, rich_table, section, table
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.wording import count, duration

Record = Mapping[str, Any]


def cost_section(records: Sequence[Record]) -> Section | None:
    """Time by phase, and the time, device, memory and key of each stage. A shared stage counts once."""
    if not records:
        return None
    phases: dict[str, list[Record]] = {}
    for record in records:
        phases.setdefault(_phase(record["kind"]), []).append(record)
    total = _seconds(records)
    rows = [
        [
            phase,
            len(own),
            duration(_seconds(own)),
            f"{100 * _seconds(own) / max(total, 1e-9):.0f}%",
            _processor(own),
            _memory(own),
        ]
        for phase in _PHASES
        if (own := phases.get(phase))
    ]
    devices = ", ".join(dict.fromkeys(str(record["ran"]["device"]) for record in records))
    by_phase = table(
        ("phase", "stages", "time", "share", "processor time", "most memory"),
        [*rows, [], ["all", len(records), duration(total), "", _processor(records), _memory(records)]],
        note=f"On: {devices}. Results that were in the store already count with the time that they took when made.",
    )
    stages = [
        [
            cell(record["name"]),
            cell(duration(record["seconds"])),
            cell(record["ran"]["device"]),
            cell(_memory([record])),
            cell(record["key"][:12], "hash"),
        ]
        for record in records
    ]
    listed = rich_table(("stage", "time", "device", "memory", "key"), stages, kind="words", note=_MEMORY)
    return section("Cost", by_phase, details(f"All {count(len(records), 'stage')}", listed))


_MEMORY = "Memory: the most that the process held while it ran the stage, Python and libraries included."


_TRAINED = tuple(dict.fromkeys(kind.phase for kind in KINDS.values() if kind.phase))
_PHASES = ("data", *_TRAINED, "prediction and retrieval", "scores")


def _seconds(records: Sequence[Record]) -> float:
    return sum(float(record["seconds"]) for record in records)


def _processor(records: Sequence[Record]) -> str:
    """The time of all cores together; a dash where a record does not have it."""
    found = [record["ran"].get("cpu_seconds") for record in records]
    return duration(sum(found)) if all(one is not None for one in found) else "–"


def _memory(records: Sequence[Record]) -> str:
    return f"{max(record['ran']['peak_memory_bytes'] for record in records) / 2**20:,.0f} MiB"


def _phase(kind: str) -> str:
    row = KINDS[kind]
    if row.trains:
        return row.phase
    if row.predicts or row.gpu:
        return "prediction and retrieval"
    return "scores" if row.tells in ("scores", "precision") else "data"
