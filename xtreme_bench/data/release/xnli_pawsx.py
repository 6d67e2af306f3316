"""Sentence pairs as XNLI and PAWS-X released them, read as XTREME's preprocessing reads them.

A copy that a CSV writer made gives the same pairs: its quotes are undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import NLI_LABELS, PARAPHRASE_LABELS
from xtreme_bench.data.files import json_lines, lines, reading
from xtreme_bench.data.formats import OTHER_COLUMNS, UNKNOWN_LABEL
from xtreme_bench.data.quoting import csv_quoted, tab_fields
from xtreme_bench.data.usable import LeftOut, Unusable, usable
from xtreme_bench.errors import Problem
from xtreme_bench.rows import PairRow

FAILED_TRANSLATION = "NS"  # stands for a sentence in PAWS-X
_XNLI_COLUMNS = 8  # those that are read; the release has 19


def read_xnli(path: Path, purpose: str) -> Iterator[tuple[str, PairRow]]:
    """(language, pair) of XNLI-1.0's `xnli.{dev,test}.{tsv,jsonl}`, which hold all languages; no quoting in the tsv.

    Errors: `InputError` with all malformed rows, after the last row.
    """
    with reading(path, purpose) as faults:
        records = _xnli_objects(path, faults) if path.suffix == ".jsonl" else _xnli_columns(path, faults)
        for number, values in records:
            language, label, text_a, text_b = values
            row = _pair(number, text_a, text_b, label, NLI_LABELS, path, faults)
            if row is not None:
                yield language, row


def _xnli_columns(path: Path, faults: list[Problem]) -> Iterator[tuple[int, tuple[str, str, str, str]]]:
    quoted = csv_quoted(path)
    for number, line in lines(path, faults):
        fields = tab_fields(line.strip(), quoted=quoted)
        if number == 1:
            continue
        if len(fields) < _XNLI_COLUMNS:
            faults.append(Problem(f"{_XNLI_COLUMNS} columns or more expected, found {len(fields)}", str(path), number))
        else:
            yield number, (fields[0].strip(), fields[1], fields[6], fields[7])


def _xnli_objects(path: Path, faults: list[Problem]) -> Iterator[tuple[int, tuple[str, str, str, str]]]:
    keys = ("language", "gold_label", "sentence1", "sentence2")
    for number, record in json_lines(path, faults):
        values: list[Any] = [record.get(key) for key in keys]
        if all(isinstance(value, str) for value in values):
            yield number, (values[0], values[1], values[2], values[3])
        else:
            faults.append(Problem(f"{', '.join(keys)} expected, each a text", str(path), number))


def read_xnli_mt(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[PairRow]:
    """XNLI-MT-1.0's `multinli.train.<l>.tsv`: MultiNLI's training pairs in one language. Errors as `read_xnli`."""
    return _columns(path, purpose, ("premise", "hypo", "label"), (0, 1, 2), NLI_LABELS, left_out)


def read_x_final(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[PairRow]:
    """PAWS-X's `x-final/<l>/*.tsv`, a sentence "NS" where a translation failed. Errors as `read_xnli`."""
    return _columns(path, purpose, ("id", "sentence1", "sentence2", "label"), (1, 2, 3), PARAPHRASE_LABELS, left_out)


def _columns(
    path: Path,
    purpose: str,
    header: tuple[str, ...],
    places: tuple[int, int, int],
    labels: tuple[str, ...],
    left_out: LeftOut | None,
) -> Iterator[PairRow]:
    def rows(faults: list[Problem]) -> Iterator[PairRow]:
        quoted = csv_quoted(path)
        for number, line in lines(path, faults):
            if number == 1:
                continue
            fields = tab_fields(line.strip(), quoted=quoted)
            if len(fields) != len(header):
                message = f"{len(header)} columns expected ({', '.join(header)}), found {len(fields)}"
                faults.append(Unusable(message, str(path), number, reason=OTHER_COLUMNS))
                continue
            text_a, text_b, label = (fields[place] for place in places)
            row = _pair(number, text_a, text_b, label, labels, path, faults)
            if row is not None:
                yield row

    return usable(rows, path, purpose, left_out)


def _pair(
    number: int, text_a: str, text_b: str, label: str, labels: tuple[str, ...], path: Path, faults: list[Problem]
) -> PairRow | None:
    """A pair, the label as XTREME has it, or None and a fault. The id is the row's position, from 0."""
    label = "contradiction" if label.strip() == "contradictory" else label.strip()
    if label not in labels:
        message = f"unknown label {label!r}; known are {', '.join(labels)}"
        faults.append(Unusable(message, str(path), number, reason=UNKNOWN_LABEL))
        return None
    return PairRow(str(number - 2), text_a.strip(), text_b.strip(), label)
