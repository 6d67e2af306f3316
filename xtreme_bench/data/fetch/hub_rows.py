"""Rows of the hub's data sets, each value checked: the hub renames, retypes and renumbers columns without notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xtreme_bench.errors import InputError, Problem

if TYPE_CHECKING:
    from datasets import Dataset

BATCH_ROWS = 1024
MAX_LISTED = 20
Row = dict[str, Any]
Names = Sequence[str] | None  # of the classes of a column, where the file's schema has them


@dataclass(frozen=True)
class Classes:
    """The number of a class, whose name must be known; `none` stands for a row without a class."""

    known: tuple[str, ...]
    none: str | None = None


# What a column holds. TEXT; CELL, a text that can stand in a tab-separated file without quoting; WHOLE, a number not
# below 0; classes; `[kind]`, a list; `{name: kind}`, lists of one length, which become one tuple for each record.
TEXT, CELL, WHOLE = "text", "cell", "whole"
Kind = Any
Columns = Mapping[str, Kind]


def rows(
    found: Dataset, place: str, columns: Columns, *, optional: Sequence[str] = (), even: Sequence[str] = ()
) -> Iterator[Row]:
    """The rows of a file, which people know as `place`, with what `columns` names.

    `optional` columns may be missing; `even` ones have lists of one length in each row.

    Errors: `InputError` with the columns that are missing, before any row, or with the first values that do not fit
    `columns`, after the rows.
    """
    there = found.column_names
    lacking = [f"`{name}`" for name in columns if name not in there and name not in optional]
    if lacking:
        raise _other_form(
            [Problem(f"column {', '.join(lacking)} is missing; there are {', '.join(there)}", file=place)]
        )
    kinds = {name: kind for name, kind in columns.items() if name in there}
    names = {name: _class_names(found.features[name]) for name in kinds}
    problems: list[Problem] = []
    tables = found.select_columns(list(kinds)).with_format("arrow").iter(BATCH_ROWS)
    for number, row in enumerate((row for table in tables for row in table.to_pylist()), 1):
        good: Row = {}
        for name, kind in kinds.items():
            try:
                good[name] = _value(row[name], kind, names[name])
            except ValueError as error:
                problems.append(Problem(f"row {number}, column `{name}`: {error}", file=place))
        if len(good) == len(kinds):
            if uneven := _uneven({name: good[name] for name in even}):
                problems.append(Problem(f"row {number}, columns of different lengths: {uneven}", file=place))
            else:
                yield good
        if len(problems) >= MAX_LISTED:
            break
    if problems:
        raise _other_form(problems[:MAX_LISTED])


def _other_form(problems: list[Problem]) -> InputError:
    return InputError("the hub has this data in a form that is not supported", problems)


def _class_names(feature: Any) -> Names:
    """The names of the classes of a column, or of what its lists hold."""
    return getattr(getattr(feature, "feature", feature), "names", None)


def _value(found: Any, kind: Kind, names: Names) -> Any:
    """A value as it is written; `ValueError` says what is wrong with it."""
    match kind:
        case [inner]:
            if not isinstance(found, list):
                raise ValueError(f"a list expected, not {_shown(found)}")
            return [_value(one, inner, names) for one in found]
        case dict():
            if not isinstance(found, dict) or not found.keys() >= kind.keys():
                raise ValueError(f"{' and '.join(kind)} expected, not {_shown(found)}")
            lists = {name: _value(found[name], [inner], names) for name, inner in kind.items()}
            if uneven := _uneven(lists):
                raise ValueError(f"lists of different lengths: {uneven}")
            return list(zip(*lists.values(), strict=True))
        case Classes():
            return _class(found, kind, names)
        case "whole":
            if not isinstance(found, int) or isinstance(found, bool) or found < 0:
                raise ValueError(f"a whole number expected, not {_shown(found)}")
            return found
        case _:
            if not isinstance(found, str):
                raise ValueError(f"a text expected, not {_shown(found)}")
            if kind == CELL and {"\t", "\n", "\r"} & set(found):
                raise ValueError(f"a tab or line end is in {_shown(found)}")
            return found


def _class(found: Any, kind: Classes, names: Names) -> str:
    if kind.none is not None and (found is None or found == -1):
        return kind.none
    if names is None:
        raise ValueError("the file's schema does not name the classes")
    at: int = _value(found, WHOLE, None)
    if at >= len(names):
        raise ValueError(f"class {at} of {len(names)}")
    if names[at] not in kind.known:
        raise ValueError(f"class {_shown(names[at])}, where {', '.join(kind.known)} are known")
    return names[at]


def _uneven(lists: Mapping[str, list[Any]]) -> str:
    """The lengths of lists that should be of one length and are not."""
    different = len({len(found) for found in lists.values()}) > 1
    return ", ".join(f"{len(found)} {name}" for name, found in lists.items()) if different else ""


def _shown(value: Any) -> str:
    found = repr(value)
    return found if len(found) <= 60 else f"{found[:60]}..."
