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
        [phase, len(own), duration(_seconds(own)), f"{100 * _seconds(own) / max(total, 1e-9):.0f}%"]
        for phase, own in phases.items()
    ]
    devices = ", ".join(dict.fromkeys(str(record["ran"]["device"]) for record in records))
    by_phase = table(
        ("phase", "stages", "time", "share"),
        [*rows, [], ["all", len(records), duration(total), ""]],
        note=f"On: {devices}. Results that were in the store already count with the time that they took when made.",
    )
    stages = [
        [
            cell(record["name"]),
            cell(duration(record["seconds"])),
            cell(record["ran"]["device"]),
            cell(f"{record['ran']['peak_memory_bytes'] / 2**20:,.0f} MiB"),
            cell(record["key"][:12], "hash"),
        ]
        for record in records
    ]
    listed = rich_table(("stage", "time", "device", "memory", "key"), stages, kind="words", note=_MEMORY)
    return section("Cost", by_phase, details(f"All {count(len(records), 'stage')}", listed))


_MEMORY = "Memory: the most that the stage's process had held by its end. A process may have run stages before it."


def _seconds(records: Sequence[Record]) -> float:
    return sum(float(record["seconds"]) for record in records)


def _phase(kind: str) -> str:
    row = KINDS[kind]
    if row.trains:
        return row.phase
    if row.predicts or row.gpu:
        return "prediction and retrieval"
    return "scores" if row.tells in ("scores", "precision") else "data"
