"""Open data files: a missing file, bytes that are not UTF-8 and malformed rows become one error that lists all."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from xtreme_bench.data.imposters import file_fault
from xtreme_bench.errors import InputError, Problem, first
from xtreme_bench.wording import count, quoted

Row = TypeVar("Row")

MAX_BYTES = 4 << 30  # the largest real file (MultiNLI as JSON lines) has 0.5 GB
MAX_LINES = 100_000_000  # the largest real file of lines, of aligned text in OPUS, has some 60 million
MAX_LINE = 1 << 26  # bytes; the longest real line is a record of JSON with a passage
MAX_FIELD = 1 << 20  # characters; the longest real field is a passage of some 30,000

csv.field_size_limit(MAX_FIELD)


@contextmanager
def reading(path: Path, purpose: str, *, checked: bool = False) -> Iterator[list[Problem]]:
    """Open a list for the faults of the file `path`; on leaving, raise them all as one `InputError`.

    `purpose` says who needs the file ("test data of xnli in sw"); it is part of the message when it is missing.
    `checked`: the caller has seen to it that the file is there and may be read.
    """
    if not checked:
        require(path, purpose)
    faults: list[Problem] = []
    yield faults
    if faults:
        message = f"{path} ({purpose}) cannot be used: {count(len(faults), 'fault')}"
        raise InputError(message, first(faults))


def some(rows: Iterator[Row], otherwise: str) -> Iterator[Row]:
    """The rows, unchanged. Raises `InputError` with the message `otherwise` if there are none."""
    row = None
    for row in rows:
        yield row
    if row is None:
        raise InputError(otherwise)


def require(path: Path, purpose: str) -> None:
    """Raise `InputError` unless `path` is a file of a sensible size that may be data, and say what to do."""
    if not path.is_file():
        raise InputError(
            f"{path} is missing: it holds the {purpose}. Give the folder that XTREME's download script leaves "
            "behind, or make one from upstream releases with `xtreme-bench data prepare RELEASES --to FOLDER`."
        )
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} has {path.stat().st_size} bytes, more than the {MAX_BYTES} a data file may have")
    if fault := file_fault(path):
        raise InputError(f"{path} ({purpose}) {fault}")


def too_many_lines(name: str) -> InputError:
    """What is wrong with a file that nobody should wait for."""
    return InputError(f"{name} has more than {MAX_LINES:,} lines; keep those that you need in a file of their own")


def lines(path: Path, faults: list[Problem], *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, text) of each line, without its LF or CR LF; a line that is not UTF-8 is a fault.

    Only LF ends a line: U+2028, U+0085, form feeds and lone CRs occur inside sentences of the real files. Errors:
    `InputError` for a file of more than `MAX_LINES`, or with a line of more than `MAX_LINE` bytes.
    """
    with path.open("rb") as stream:
        for number, raw in enumerate(iter(partial(stream.readline, MAX_LINE + 1), b""), start=1):
            if number > MAX_LINES:
                raise too_many_lines(str(path))
            if len(raw) > MAX_LINE:
                raise InputError(f"{path}:{number}: a line of more than {MAX_LINE:,} bytes, which no record has")
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                faults.append(Problem(f"not UTF-8: {error.reason} at byte {error.start}", str(path), number))
                line = ""
                if not keep_ends:
                    continue
            yield number, line if keep_ends else line.removesuffix("\n").removesuffix("\r")


def csv_rows(path: Path, faults: list[Problem], *, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the row's last line, fields) of a file written with CSV quoting.

    Strict: a quote that is never closed, or text after a closing quote, is a fault and not a longer field.
    """
    reader = csv.reader((line for _, line in lines(path, faults, keep_ends=True)), delimiter=delimiter, strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(
                Problem(f"not valid CSV ({error}); a field with quotes must be quoted", str(path), reader.line_num)
            )
            continue
        if fields:
            yield reader.line_num, fields


def json_lines(path: Path, faults: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) of a file with one JSON object per line; empty lines are skipped.

    An object may also be pretty-printed, from a line `{` to a line `}`.
    """
    for number, text in json_texts(path, faults):
        try:
            record = _parsed(text)
        except (ValueError, RecursionError) as error:
            faults.append(Problem(f"not JSON: {error}", str(path), number))
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            faults.append(Problem(f"a JSON object expected, found {type(record).__name__}", str(path), number))


def json_texts(path: Path, faults: list[Problem]) -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, text) of what should be JSON objects, as `json_lines` takes them.

    The length of one over several lines is bounded.
    """
    begun: list[str] = []
    start = size = 0
    for number, line in lines(path, faults):
        if not begun and line.rstrip() != "{":
            if line.strip():
                yield number, line
            continue
        start = start if begun else number
        begun.append(line)
        size += len(line)
        if line.rstrip() == "}" or size > MAX_FIELD:
            yield start, "\n".join(begun)
            begun, size = [], 0
    if begun:
        yield start, "\n".join(begun)


def json_document(path: Path, faults: list[Problem]) -> Any:
    """The JSON value of a whole file, or None and a fault."""
    try:
        return _parsed(path.read_bytes().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        faults.append(Problem(f"not JSON: {error.msg} (column {error.colno})", str(path), error.lineno))
    except (ValueError, RecursionError) as error:
        faults.append(Problem(f"not JSON in UTF-8: {error}", str(path)))
    return None


def _parsed(text: str) -> Any:
    """The value of JSON text. `ValueError`: half a surrogate pair, escaped, which no file can hold as text; a key that
    occurs twice in one object, of which only the last value would count."""
    value = json.loads(text, object_pairs_hook=_unique)
    if "\\ud" in text or "\\uD" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Errors: `ValueError` for a key that occurs twice."""
    built = dict(pairs)
    if len(built) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"key {quoted(twice)} occurs twice")
    return built
