"""A comparison as tables: for the terminal, Markdown, LaTeX (booktabs) and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from tabulate import tabulate

from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.comparison.arms import Cell
from xtreme_bench.comparison.compare import Comparison
from xtreme_bench.comparison.estimate import Estimate
from xtreme_bench.wording import count

# The levels in the table of means, in order. Single cells have their own table.
LEVELS = (
    "contrast", "overall", "group", "task", "transfer", "intermediate data", "family", "script", "word order",
    "text in CC-100",
)  # fmt: skip
FORMATS = {"text": "simple", "markdown": "github", "latex": "latex_booktabs"}
NAMES = {
    "script": "{} script",
    "intermediate data": "{} in intermediate data",
    "word order": "order {}",
    "text in CC-100": "{} in CC-100",
}
# A task that one side alone has in more languages is named with their number.
MOST_NAMED = 8
SURE = {"better": "+", "worse": "−", "cannot tell": ""}


def document(comparisons: Sequence[Comparison], form: str = "text") -> str:
    """The output of `xtreme-bench compare` in one of `FORMATS`, or as CSV."""
    if form == "csv":
        return table_csv(comparisons).rstrip("\n")
    parts = []
    for comparison in comparisons:
        head = f"{comparison.b} compared with {comparison.a}: differences in points, * significant (Holm)"
        parts += [] if form == "latex" else [head]
        parts.append(tables(comparison, form))
        parts += [] if form == "latex" else ["\n".join(sentences(comparison))]
    return "\n\n".join(parts)


def sentences(comparison: Comparison) -> list[str]:
    """The conclusions, in words."""
    a, b = comparison.a, comparison.b
    lines = [_sentence(one, a, b) for one in [*comparison.level("overall"), *comparison.level("group")]]
    lines = lines or [_sentence(one, a, b) for one in comparison.level("task")]
    lines = [_sentence(one, a, b) for one in comparison.level("contrast")] + lines
    cells = comparison.level("cell")
    better, worse = (sum(one.verdict == verdict for one in cells) for verdict in ("better", "worse"))
    lines.append(
        f"Of {count(len(cells), 'pair')} of a task and a language, {_are(better)} better and {_are(worse)} worse; for "
        f"{len(cells) - better - worse} the data cannot tell."
    )
    lines += [line for name, alone in comparison.only.items() if (line := _alone(name, alone))]
    return [*lines, *(f"{note[0].upper()}{note[1:]}." for note in comparison.notes)]


def _are(number: int) -> str:
    return f"{number} {'is' if number == 1 else 'are'}"


def _alone(name: str, alone: Sequence[Cell]) -> str:
    """Which tasks and languages one side alone has, so that no difference shows them; empty if there are none."""
    found = {task: [code for one, code in alone if one == task] for task in TASKS}
    parts = [
        f"{task} ({' '.join(codes) if len(codes) <= MOST_NAMED else count(len(codes), 'language')})"
        for task, codes in found.items()
        if codes
    ]
    return f"Only {name} has {', '.join(parts)}: not compared." if parts else ""


def _sentence(one: Estimate, a: str, b: str) -> str:
    difference = f"{_number(one.difference, sign=True)} points ({_interval(one)})"
    if one.low == one.high == 0:
        return f"{one.name}: {b} and {a} score alike on every test item."
    if one.verdict != "cannot tell":
        return f"{one.name}: {b} is {one.verdict} than {a}, {difference}."
    return (
        f"{one.name}: cannot tell, {difference}; this comparison can detect about {one.detectable:.1f} points or more."
    )


def tables(comparison: Comparison, form: str = "text") -> str:
    """The table of means, then the table of cells (task, language), in one of `FORMATS`."""
    head = ["", comparison.a, comparison.b, "difference", "95 % interval", "p (Holm)", "", "detectable", "cells"]
    rows: list[list[str]] = []
    for level in LEVELS:
        own = comparison.level(level)
        rows += [[]] if own and rows else []
        rows += [_row(one, level) for one in own]
    parts = [_tabulated(head, rows, form), _cells(comparison, form)]
    return "\n\n".join(part for part in parts if part)


def _row(one: Estimate, level: str) -> list[str]:
    name = NAMES.get(level, "{}").format(one.name)
    return [
        name, _number(one.a), _number(one.b), _number(one.difference, sign=True), _interval(one), _p(one.p_holm),
        SURE[one.verdict], _number(one.detectable), str(one.cells),
    ]  # fmt: skip


def _cells(comparison: Comparison, form: str) -> str:
    """Differences by language and task; `*` marks the significant ones."""
    found = {tuple(one.name.split(" ")): one for one in comparison.level("cell")}
    tasks = [task for task in TASKS if any(task == cell[0] for cell in found)]
    languages = [code for code in LANGUAGES if any(code == cell[1] for cell in found)]
    rows = [
        [code, *(_cell(found[task, code]) if (task, code) in found else "" for task in tasks)] for code in languages
    ]
    return _tabulated(["", *tasks], rows, form)


def _cell(one: Estimate) -> str:
    return f"{_number(one.difference, sign=True)}{'' if one.verdict == 'cannot tell' else '*'}"


def _tabulated(head: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> str:
    filled = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    return tabulate(
        filled, headers=head, tablefmt=FORMATS[form], stralign="right", colalign=("left",), disable_numparse=True
    )


def table_csv(comparisons: Sequence[Comparison]) -> str:
    """Every estimate as one line of CSV, unrounded."""
    stream = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for comparison in comparisons:
        for one in comparison.estimates:
            row = {"run_a": comparison.a, "run_b": comparison.b, **asdict(one), "verdict": one.verdict}
            if writer is None:
                writer = csv.DictWriter(stream, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
    return stream.getvalue()


def _number(value: float, *, sign: bool = False) -> str:
    """One decimal with a minus sign, not a hyphen; what rounds to zero has no sign."""
    if not round(value, 1):
        return "0.0"
    return f"{value:{'+' if sign else ''}.1f}".replace("-", "−")


def _interval(one: Estimate) -> str:
    return f"{_number(one.low, sign=True)} to {_number(one.high, sign=True)}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
