"""The page of findings as its tests read it."""

from __future__ import annotations

from pathlib import Path

from xtreme_bench.findings import page as findings


def page(records: Path) -> str:
    """The text of the page."""
    return findings.page(records)[0]


def row(text: str, begin: str) -> list[str]:
    """The cells of the first row of a table that begins with this."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {begin} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def line_of(text: str, question: str) -> str:
    """What the page says in short of a question."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"- {question}"))
    return line
