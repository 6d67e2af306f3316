"""Read files that others wrote (JSON, texts, archive entries), so that later code cannot fail on their contents.

Every number is finite and fits 64 bits, and the number of values is limited before any object is built.
"""

from __future__ import annotations

import json
import math
import re
import stat
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from xtreme_bench.wording import one_line

MOST_VALUES = 500_000
DEPTH = 24
_HALF = "half a surrogate pair, which is not Unicode text"


class Malformed(ValueError):
    """A fault of a document, and its line, if the fault is in one line."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def parse_json(
    text: str,
    repeated: list[str] | None = None,
    number: Callable[[str], Any] | None = None,
    most: int = MOST_VALUES,
) -> Any:
    """The value of a JSON document of at most `most` values. Errors: `Malformed`.

    A key that occurs twice in one object is an error; with `repeated` it is added to that list and the last one counts.
    `number` makes numbers from their texts, also from `NaN` and `Infinity`, which JSON does not have.
    """
    if sum(map(text.count, ",[{")) > most:
        raise Malformed(f"more than {most:,} values")

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) < len(pairs):
            seen: set[str] = set()
            twice = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
            if repeated is None:
                raise Malformed(f"key `{one_line(twice[0][:60])}` occurs twice")
            repeated.extend(twice)
        return built

    try:
        return json.loads(
            text,
            object_pairs_hook=build,
            parse_constant=number or _no_constant,
            parse_int=number or _integer,
            parse_float=number or _real,
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"{error.msg} (column {error.colno})", error.lineno) from None
    except RecursionError:
        raise Malformed("nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise Malformed(f"`{name}` is not a JSON value")


def _integer(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise Malformed(f"the number {text[:20]}… is too large")
    return int(text)


def _real(text: str) -> float:
    value = float(text) if len(text) <= 400 else math.inf
    if not math.isfinite(value):
        raise Malformed(f"the number {text[:20]}… is too large or too long")
    return value


def text_fault(text: str) -> str | None:
    """Why a text cannot be written as UTF-8, or None."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return f"holds {_HALF}"
    return None


def flaw(value: Any) -> str | None:
    """Why a JSON value cannot be processed or written: it is too deep, or a text is not Unicode. None if it can be."""
    todo = [(value, 1)]
    while todo:
        here, depth = todo.pop()
        if depth > DEPTH:
            return f"nested deeper than {DEPTH} levels"
        if isinstance(here, str):
            if fault := text_fault(here):
                return f"a text {fault}"
        elif isinstance(here, Mapping):
            todo += [(inner, depth + 1) for pair in here.items() for inner in pair]
        elif isinstance(here, list):
            todo += [(inner, depth + 1) for inner in here]
    return None


def mode_fault(mode: int) -> str | None:
    """What is wrong with an entry of this mode: only regular files are accepted."""
    if stat.S_ISLNK(mode):
        return "is a link; put the file itself there"
    return None if stat.S_ISREG(mode) else "is not a regular file"


def path_fault(name: str) -> str | None:
    """What is wrong with a path inside a zip: only plain relative paths with `/` are accepted."""
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name):
        return "absolute path in the zip"
    if "\\" in name:
        return "backslash in the path; paths inside a zip have `/`"
    if {"", ".", ".."} & set(name.split("/")):
        return "path with `..`, `.` or an empty part in the zip"
    return None if name.isprintable() else "control character in the path"


def zip_fault(info: zipfile.ZipInfo) -> str | None:
    """What is wrong with an entry of a zip, its path aside: no link, not encrypted, packed in a common way."""
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode):
        fault = mode_fault(mode)
        if fault:
            return fault
    if info.flag_bits & 0x1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed with a method other than stored or deflated"
    return None


def has_at_most(most: int, value: Any) -> bool:
    """Whether a JSON value consists of at most `most` values."""
    todo, found = [value], 0
    while todo and found <= most:
        here = todo.pop()
        found += 1
        todo += here.values() if isinstance(here, Mapping) else here if isinstance(here, list) else ()
    return found <= most
