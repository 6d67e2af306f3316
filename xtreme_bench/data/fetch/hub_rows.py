"""Rows of the hub's parquet files, each value checked: columns are renamed, retyped and renumbered without notice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError, Problem

BATCH_ROWS = 1024
MAX_LISTED = 20
Row = dict[str, Any]
Names = Sequence[str] | None  # of the classes of a column, where the file's schema has them
Check = Callable[[Any, Names], Any]  # the value to write, from one as it is; ValueError says what is wrong with it


@dataclass(frozen=True)
class Input:
    """A parquet file, the language of its rows, and what a person calls it: data set, commit and file."""

    language: str
    path: Path
    place: str


@dataclass(frozen=True)
class Optional:
    """A column that a file may lack."""

    check: Check


Columns = Mapping[str, Check | Optional]


def rows(files: Sequence[Input], columns: Columns, even: Sequence[str] = ()) -> Iterator[tuple[str, Row]]:
    """(language, row) of parquet files, streamed; a row has what `columns` names and the files have.

    `even` are columns whose lists must be of one length in each row.

    Errors: `InputError` with the columns that are missing, before any row; with the first values of a file that are
    not what `columns` has them be, after its rows; for what is no parquet file.
    """
    opened = [(file, *_opened(file)) for file in files]
    _require_columns([(file, found) for file, found, _ in opened], columns)
    for file, found, names in opened:
        with _reading(file):
            yield from ((file.language, row) for row in _rows(file, found, columns, names, even))


@contextmanager
def _reading(file: Input) -> Iterator[None]:
    """Errors of pyarrow, which are of many classes, as one that names the file."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk
        raise InputError(f"{file.place}: not a parquet file that can be read: {error}") from error


def _opened(file: Input) -> tuple[Any, dict[str, Sequence[str]]]:
    """A parquet file and the names of the classes of its columns."""
    from pyarrow import parquet

    with _reading(file):
        found = parquet.ParquetFile(file.path)
        return found, _class_names(found.schema_arrow.metadata or {})


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, Sequence[str]]:
    """Column -> names of its classes, from the description that `datasets` leaves in a file; what is odd is passed."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        inner = {column: about.get("feature", about) for column, about in features.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    classes = {column: about for column, about in inner.items() if isinstance(about, dict)}
    return {
        column: about["names"]
        for column, about in classes.items()
        if about.get("_type") == "ClassLabel" and isinstance(about.get("names"), list)
    }


def _require_columns(opened: Sequence[tuple[Input, Any]], columns: Columns) -> None:
    needed = [name for name, check in columns.items() if not isinstance(check, Optional)]
    problems = []
    for file, found in opened:
        there = found.schema_arrow.names
        lacking = [f"`{name}`" for name in needed if name not in there]
        if lacking or len(set(there)) < len(there):
            what = f"column {', '.join(lacking)} is missing" if lacking else "two columns have one name"
            problems.append(Problem(f"{what}; there are {', '.join(there[:20])}", file=file.place))
    if problems:
        raise InputError("the hub has this data in another form than the one that is read", problems[:MAX_LISTED])


def _rows(
    file: Input, found: Any, columns: Columns, names: Mapping[str, Sequence[str]], even: Sequence[str]
) -> Iterator[Row]:
    checks = {
        name: check.check if isinstance(check, Optional) else check
        for name, check in columns.items()
        if name in found.schema_arrow.names
    }
    problems: list[Problem] = []
    number = 0
    for batch in found.iter_batches(BATCH_ROWS, columns=list(checks)):
        for row in batch.to_pylist():
            number += 1
            good = {}
            for name, check in checks.items():
                try:
                    good[name] = check(row[name], names.get(name))
                except ValueError as error:
                    problems.append(Problem(f"row {number}, column `{name}`: {error}", file=file.place))
            if len(good) < len(checks):
                continue
            if uneven := _uneven({name: good[name] for name in even}):
                problems.append(Problem(f"row {number}, columns of different lengths: {uneven}", file=file.place))
            else:
                yield good
        if len(problems) >= MAX_LISTED:
            break
    if problems:
        raise InputError("the hub has this data in another form than the one that is read", problems[:MAX_LISTED])


def text(value: Any, names: Names = None) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"a text expected, not {_shown(value)}")
    return value


def cell(value: Any, names: Names = None) -> str:
    """A text that can stand in a tab-separated file without quoting."""
    if {"\t", "\n", "\r"} & set(text(value)):
        raise ValueError(f"a tab or line end is in {_shown(value)}")
    return text(value)


def whole(value: Any, names: Names = None) -> int:
    """A whole number, not below 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"a whole number expected, not {_shown(value)}")
    return value


def many(check: Check) -> Check:
    """A list of values."""

    def checked(value: Any, names: Names = None) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError(f"a list expected, not {_shown(value)}")
        return [check(one, names) for one in value]

    return checked


def one_of(*known: str, none: str | None = None) -> Check:
    """The number of a class as its name, which must be known; `none` stands for a row without a class."""

    def checked(value: Any, names: Names = None) -> str:
        if none is not None and (value is None or value == -1):
            return none
        if names is None:
            raise ValueError("the file's schema does not name the classes")
        at = whole(value)
        if at >= len(names):
            raise ValueError(f"class {at} of {len(names)}")
        if names[at] not in known:
            raise ValueError(f"class {_shown(names[at])}, where {', '.join(known)} are known")
        return names[at]

    return checked


def together(**checks: Check) -> Check:
    """Lists of one length, as what `datasets` makes of a list of records: one tuple for each record."""

    def checked(value: Any, names: Names = None) -> list[tuple[Any, ...]]:
        if not isinstance(value, dict) or not value.keys() >= checks.keys():
            raise ValueError(f"{' and '.join(checks)} expected, not {_shown(value)}")
        lists = [many(check)(value[name], names) for name, check in checks.items()]
        if uneven := _uneven(dict(zip(checks, lists, strict=True))):
            raise ValueError(f"lists of different lengths: {uneven}")
        return list(zip(*lists, strict=True))

    return checked


def _uneven(lists: Mapping[str, list[Any]]) -> str:
    """The lengths of lists that should be of one length and are not."""
    different = len({len(found) for found in lists.values()}) > 1
    return ", ".join(f"{len(found)} {name}" for name, found in lists.items()) if different else ""


def _shown(value: Any) -> str:
    found = repr(value)
    return found if len(found) <= 60 else f"{found[:60]}..."
