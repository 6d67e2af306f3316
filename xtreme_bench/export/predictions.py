"""The predictions of a bundle as rows of JSON, one file for each task and language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.load import Bundle
from xtreme_bench.files import write_text


def write(bundle: Bundle, to: Path) -> None:
    """Write `<task>/<language>.jsonl` for all predictions. Errors: `InputError` with the faults of a file."""
    for task, languages in bundle.languages.items():
        for language in languages:
            rows = _ROWS[TASKS[task].form](bundle.predictions(task, language))
            lines = [json.dumps(row, ensure_ascii=False) for row in rows]
            write_text(to / task / f"{language}.jsonl", "".join(f"{line}\n" for line in lines))


def _labels(value: list[str]) -> Iterator[dict[str, Any]]:
    return ({"index": at, "prediction": label} for at, label in enumerate(value))


def _tags(value: list[list[str]]) -> Iterator[dict[str, Any]]:
    return ({"index": at, "tags": tags} for at, tags in enumerate(value))


def _answers(value: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    return ({"id": one, "answer": answer} for one, answer in value.items())


def _pairs(value: list[str]) -> Iterator[dict[str, Any]]:
    return (dict(zip(("sentence", "english"), line.split("\t"), strict=True)) for line in value)


def _matches(value: list[str]) -> Iterator[dict[str, Any]]:
    return ({"index": at, "english_index": int(line)} for at, line in enumerate(value))


def _states(value: Mapping[str, list[dict[str, str]]]) -> Iterator[dict[str, Any]]:
    return ({"id": one, "states": states} for one, states in value.items())


# By the form of the predictions.
_ROWS: Mapping[str, Callable[[Any], Iterator[dict[str, Any]]]] = {
    "classification": _labels,
    "tagging": _tags,
    "qa": _answers,
    "bucc2018": _pairs,
    "tatoeba": _matches,
    "dialogue": _states,
}
# What the rows of each form hold, for people.
COLUMNS: Mapping[str, str] = {
    "classification": "`index` (line of the test set, from 0), `prediction` (the label)",
    "tagging": "`index` (sentence of the test set, from 0), `tags`",
    "qa": "`id` (of the question), `answer`",
    "bucc2018": "`sentence`, `english` (ids of two sentences that are taken for translations)",
    "tatoeba": "`index` (line of the foreign sentences, from 0), `english_index` (line of the English one)",
    "dialogue": "`id` (of the dialogue), `states` (one for each turn: slot to value)",
}
