"""What the sections of the page of findings are made of: records, differences in points, answers, tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from xtreme_bench.errors import InputError
from xtreme_bench.findings.text import ENOUGH_SEEDS

DIFFERENCES = "differences.json"
RECORDS_MODULE = "xtreme_bench.findings.records"
Json = dict[str, Any]


def read(records: Path) -> dict[str, Json]:
    """The records of a folder, by name. Errors: `InputError` if one is not a record."""
    found: dict[str, Json] = {}
    for path in sorted(records.glob("*.json")):
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(value.get("runs", value.get("differences")), list):
                raise ValueError("it has neither runs nor differences")
        except (ValueError, AttributeError) as error:
            raise InputError(
                f"{path}: is not a record ({error}); make it again with `python -m {RECORDS_MODULE}`"
            ) from error
        found[path.stem] = value
    return found


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown."""
    return tabulate(rows, headers=headings, tablefmt="github", disable_numparse=True)


def estimate(difference: Json, level: str, name: str | None = None) -> Json | None:
    """What a difference says at a level, of one name or of the first; None if nothing."""
    found = (one for one in difference["estimates"] if one["level"] == level and name in (None, one["name"]))
    return next(found, None)


def answer(difference: Json, estimate: Json, better: str) -> tuple[str, str]:
    """Whether an arm is better than the other: yes, no or cannot tell, and why."""
    seeds = len(difference["seeds"])
    if seeds == 1:
        return "cannot tell", "One seed is an anecdote."
    if seeds < ENOUGH_SEEDS:
        return "cannot tell", f"{seeds} seeds are too few."
    if estimate["verdict"] == "cannot tell":
        return "cannot tell", f"{seeds} seeds; p = {estimate['p_holm']:.3f}."
    rises = (estimate["difference"] > 0) == (difference["b"] == better)
    return ("yes" if rises else "no"), f"{seeds} seeds; p = {estimate['p_holm']:.3f}."


def points(estimate: Json, sign: int = 1) -> str:
    """An estimate in points with its interval, or that of the other direction."""
    low, high = sorted((sign * estimate["low"], sign * estimate["high"]))
    return f"{sign * estimate['difference']:+.1f} [{low:+.1f}, {high:+.1f}]"
