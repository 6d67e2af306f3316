"""The part of the page about cost: by phase, beside the estimates of a plan, and behind it by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xtreme_bench.report import cost
from xtreme_bench.report.markup import Block, Section, cell, details, rich_table, section, table
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import count, duration

if TYPE_CHECKING:
    from xtreme_bench.run.outcome import Finished

Record = Mapping[str, Any]


def cost_section(runs: Sequence[Finished], store: Store | None) -> Section | None:
    """Cost by phase, what was in the store apart; estimates; each stage. A shared stage counts once."""
    made, kept = cost.apart(runs)
    if not made and not kept:
        return None
    return section("Cost", *_phases(made, kept), *_estimates(runs, store), _stages([*made, *kept]))


def _phases(made: Sequence[Record], kept: Sequence[Record]) -> Iterator[Block | None]:
    devices = ", ".join(dict.fromkeys(str(record["ran"]["device"]) for record in (*made, *kept)))
    for records, what in ((made, "made by this run"), (kept, "already in the store")):
        if rows := cost.rows(records):
            used = [at for at in range(len(cost.HEADINGS)) if any(row[at] for row in rows)]
            headings, *lines = ([row[at] for at in used] for row in (cost.HEADINGS, *rows))
            yield table(
                [f"{headings[0]} ({what})", *headings[1:]], [*lines[:-1], [], lines[-1]], note=f"On: {devices}."
            )


def _estimates(runs: Sequence[Finished], store: Store | None) -> Iterator[Block | None]:
    rows = cost.estimates(runs, store) if store else []
    if rows:
        yield details("Estimates and what was", table(cost.ESTIMATES, rows, note=_ESTIMATES))


def _stages(records: Sequence[Record]) -> Block | None:
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
    return details(f"All {count(len(records), 'stage')}", listed)


_ESTIMATES = (
    "First the estimate of `plan --device`, then what was. Early stops and other work of the machine are not in "
    "estimates; of memory they have weights, gradients, moments and activations, and the truth on a CPU has Python and "
    "its libraries too. Tokens are those of the steps, without evaluations."
)
_MEMORY = "Memory: the most that the process held while it ran the stage, Python and libraries included."
