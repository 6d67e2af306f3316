"""Unusable rows of training data: a few are counted and left out, many are an error; in test data one is an error.

Translated and mined training sets have some: a question whose answer was lost, an answer that stands elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from xtreme_bench.data.files import reading
from xtreme_bench.errors import InputError, Problem

Row = TypeVar("Row")

# Of a file's rows. One row alone is never too many, however short the file, if it has others.
MOST_UNUSABLE = 0.1


@dataclass(frozen=True, order=True)
class Unusable(Problem):
    """A fault that makes one row unusable, but not the others.

    Rows are counted under `reason`; it is empty for a further fault of the same row.
    """

    reason: str = ""


@dataclass(frozen=True)
class LeftOut:
    """What was left out of training data, counted by the reason; `share` of a file's rows may be unusable, 0 is none.

    What a format leaves out anyway (pairs without a gold label) is counted too, but not towards that share.
    """

    share: float = MOST_UNUSABLE
    counts: Counter[str] = field(default_factory=Counter)


def usable(
    rows: Callable[[list[Problem]], Iterator[Row]],
    path: Path,
    purpose: str,
    left_out: LeftOut | None,
    *,
    checked: bool = False,
) -> Iterator[Row]:
    """The rows of the file `path`; `rows` yields them and adds the faults of the others to the list it is given.

    Without `left_out` every fault is an error; with it `Unusable` ones are counted there while they are few. The file
    is data by how it begins, unless the caller has `checked` it (an archive).
    Errors: `InputError` with all faults, after the last row, as `files.reading`.
    """
    used = unusable = 0
    too_many = False
    try:
        with reading(path, purpose, checked=checked) as faults:
            for row in rows(faults):
                used += 1
                yield row
            reasons = Counter(fault.reason for fault in faults if isinstance(fault, Unusable) and fault.reason)
            unusable = reasons.total()
            too_many = left_out is not None and _too_many(unusable, used, left_out.share)
            if left_out and not too_many and all(isinstance(fault, Unusable) for fault in faults):
                left_out.counts.update(reasons)
                faults.clear()
    except InputError as error:
        if not too_many or left_out is None:
            raise
        raise InputError(f"{error.args[0]}; {_said(unusable, used, left_out.share)}", error.problems) from None


def percent(part: int, whole: int) -> str:
    """A share for people to read, with one digit after the point."""
    return f"{100 * part / whole:.1f} %"


def _too_many(unusable: int, used: int, share: float) -> bool:
    return unusable > (max(1, share * (used + unusable)) if share and used else 0)


def _said(unusable: int, used: int, share: float) -> str:
    rows = used + unusable
    return (
        f"{unusable:,} of {rows:,} rows ({percent(unusable, rows)}) are unusable. In training data "
        f"{100 * share:g} % may be unusable and are left out; `unusable` under `data` in a recipe, or --unusable of "
        "`data prepare`, sets another share"
    )
