"""Tab-separated releases without quoting, and copies of them that a CSV writer has made under the same names."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from xtreme_bench.data.files import lines


def csv_quoted(path: Path) -> bool:
    """Whether a CSV writer made this file, which the releases did not use: it quotes what has quotes, and doubles them.

    It did if every line with a quote is exactly what such a writer makes of its fields, and there is such a line.
    """
    quoted = False
    for _, line in lines(path, []):
        if '"' in line:
            if not _written_as_csv(line):
                return False
            quoted = True
    return quoted


def tab_fields(line: str, *, quoted: bool) -> list[str]:
    """The fields of a line; `quoted` says what `csv_quoted` found."""
    return _csv_fields(line) if quoted and '"' in line else line.split("\t")


def _written_as_csv(line: str) -> bool:
    try:
        fields = _csv_fields(line)
    except csv.Error:
        return False
    stream = io.StringIO()
    csv.writer(stream, delimiter="\t", lineterminator="").writerow(fields)
    return stream.getvalue() == line


def _csv_fields(line: str) -> list[str]:
    return next(csv.reader([line], delimiter="\t", strict=True), [])
