"""The estimates of a plan as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tabulate import tabulate

from xtreme_bench.plan.reading import TOKENISED
from xtreme_bench.wording import duration

_HEADERS = ("stage", "steps", "tokens", "FLOPs", "memory", "disk", "time", "took", "took / time", "")


def text(found: Mapping[str, Any]) -> str:
    """The estimates of a plan's facts, with what those stages took that are done."""
    stages = found["stages"]
    known = [(one["name"], one["estimate"]) for one in stages if one.get("estimate")]
    # A recipe of several seeds has several stages of one name.
    unknown = dict.fromkeys(one["name"] for one in stages if "estimate" in one and not one["estimate"])
    marks = {how: "*" * number for number, how in enumerate(dict.fromkeys(
        row["lengths"] for _, row in known if row["lengths"] != TOKENISED), 1)}  # fmt: skip
    rows = [[name, *_cells(row), marks.get(row["lengths"], "")] for name, row in known]
    lines = [tabulate(rows, headers=_HEADERS, disable_numparse=True)]
    lines += [f"on {device}" for device in dict.fromkeys(row["device"] for _, row in known)]
    lines.append(f"all of it: {sum(row['seconds'] for _, row in known) / 3600:.2f} hours; early stops are not counted")
    lines.append("memory: weights, gradients, moments and the activations of the largest step, or what fits of them")
    lines += [f"{mark} {how}" for how, mark in marks.items()]
    if unknown:
        lines.append(f"not known before their data is tokenised, or their encoder is here: {', '.join(unknown)}")
    return "\n".join(lines)


def _cells(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (_count(row["steps"]), _count(row["tokens"]), f"{row['flops']:.1e}")
    yield from (gib(row["memory_bytes"]), gib(row["disk_bytes"]), duration(row["seconds"]))
    yield duration(row["took_seconds"]) if row["took_seconds"] else ""
    yield f"{row['ratio']:.2f}" if row["ratio"] else ""


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def gib(size: int) -> str:
    """Bytes in GiB; nothing for none."""
    return f"{size / 2**30:.2f} GiB" if size else ""
