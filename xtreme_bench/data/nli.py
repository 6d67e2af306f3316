"""Natural language inference: all the forms in which SNLI and MultiNLI circulate, as one kind of record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import NLI_LABELS
from xtreme_bench.data.files import json_lines, lines
from xtreme_bench.data.formats import NOT_TEXT, OTHER_COLUMNS, UNKNOWN_LABEL
from xtreme_bench.data.quoting import csv_quoted, tab_fields
from xtreme_bench.data.usable import LeftOut, Unusable, usable
from xtreme_bench.errors import Problem

Record = dict[str, str]  # pairID, sentence1, sentence2, gold_label: what the released JSON lines call them
NO_AGREEMENT = "-"  # the label of a pair on which the annotators did not agree


@dataclass(frozen=True)
class _Columns:
    """Where the values stand in a tab-separated form with a header, without quoting; None: made from the position."""

    sentence1: str
    sentence2: str
    gold_label: str
    pair_id: str | None = None


_RELEASED = _Columns("sentence1", "sentence2", "gold_label", "pairID")
_TRANSLATED = _Columns("premise", "hypo", "label")
_JSON_KEYS = (("sentence1", "sentence2", "gold_label"), ("premise", "hypothesis", "label"))


def read_records(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[Record]:
    """The records of a file as JSON lines (released or jiant's), released text, GLUE's tsv or XNLI-MT's tsv.

    Labels are as in the file, except `contradictory`, which becomes `contradiction`; pairs without agreement are
    included. Errors: `InputError` with all malformed rows, after the last one.
    """

    def records(faults: list[Problem]) -> Iterator[Record]:
        found = _objects(path, faults) if path.suffix == ".jsonl" else _rows(path, faults)
        for number, record in found:
            label = record["gold_label"]
            if label == "contradictory":
                record["gold_label"] = "contradiction"
            elif label not in (*NLI_LABELS, NO_AGREEMENT):
                message = f"unknown label {label!r}; known are {', '.join(NLI_LABELS)} and {NO_AGREEMENT}"
                faults.append(Unusable(message, str(path), number, reason=UNKNOWN_LABEL))
                continue
            yield record

    return usable(records, path, purpose, left_out)


def _objects(path: Path, faults: list[Problem]) -> Iterator[tuple[int, Record]]:
    for number, found in json_lines(path, faults):
        keys = next((keys for keys in _JSON_KEYS if keys[0] in found), _JSON_KEYS[0])
        values: list[Any] = [found.get(key) for key in keys]
        if all(isinstance(value, str) for value in values):
            names = ("sentence1", "sentence2", "gold_label")
            yield number, {"pairID": str(found.get("pairID", number - 1)), **dict(zip(names, values, strict=True))}
        else:
            message = f"{', '.join(keys)} expected, each a text"
            faults.append(Unusable(message, str(path), number, reason=NOT_TEXT))


def _rows(path: Path, faults: list[Problem]) -> Iterator[tuple[int, Record]]:
    places: Mapping[str, int] = {}
    columns, least = _RELEASED, 0
    quoted = csv_quoted(path)
    for number, line in lines(path, faults):
        fields = tab_fields(line, quoted=quoted)
        if number == 1:
            places = {name: at for at, name in enumerate(fields)}
            columns = _RELEASED if "sentence1" in places else _TRANSLATED
            missing = [name for name in vars(columns).values() if name is not None and name not in places]
            if missing:
                faults.append(Problem(f"columns missing from the header: {', '.join(missing)}", str(path), 1))
                return
            least = 1 + max(places[column] for column in vars(columns).values() if column is not None)
        elif not least <= len(fields) <= len(places):
            # Copies of the released text exist in which rows end with the last annotator that a pair had.
            count = str(len(places)) if least == len(places) else f"{least} to {len(places)}"
            message = f"{count} columns expected, found {len(fields)}"
            faults.append(Unusable(message, str(path), number, reason=OTHER_COLUMNS))
        else:
            values = {name: fields[places[column]] for name, column in vars(columns).items() if column is not None}
            identifier = values.pop("pair_id", str(number - 2))
            yield number, {"pairID": identifier, **values}
