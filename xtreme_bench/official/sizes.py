"""The expected number of lines, sentences, questions or ids of a file of predictions, and its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout, targets
from xtreme_bench.official.dialogue import known_of
from xtreme_bench.official.findings import Size, ids_sha256
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.rows import DialogueRow, QuestionRow, TaggedRow


def published_size(task: str, language: str) -> Size:
    """The published size of a test set: the number of records, or nothing."""
    records = TASKS[task].test_sizes.get(language)
    return Size(records=records, source="the benchmark's published sizes" if records else None)


def label_size(labels: Path, task: str, language: str, pool: frozenset[str] | None = None) -> Size:
    """The size of a test set from its gold labels; nothing if there are none. `pool`: BUCC's sentence ids, if known.

    Errors: `InputError` if the labels cannot be read.
    """
    path = gold_path(labels, task, language)
    return gold_size(read_gold(path, task, language, pool), task, language) if path else Size()


def gold_size(gold: Any, task: str, language: str) -> Size:
    """The size of a test set from its labels `gold`, as `read_gold` returns them."""
    form = TASKS[task].form
    if form == "bucc2018":
        return Size()
    more = _MORE[form](gold, language) if form in _MORE else {}
    return Size(len(gold), source="the labels", **more)


def _candidates(gold: Any, language: str) -> dict[str, Any]:
    """The number of foreign sentences of Tatoeba. Only labels of a full test set name each sentence exactly once."""
    published, highest = published_size("tatoeba", language).records, max(map(int, gold)) + 1
    return {"candidates": highest if highest == len(gold) or highest > (published or 0) else published}


# What labels show besides their number, by their form.
_MORE: Mapping[str, Callable[[Any, str], dict[str, Any]]] = {
    "qa": lambda gold, _: {"ids": tuple(gold), "ids_sha256": ids_sha256(gold)},
    "tagging": lambda gold, _: {"lengths": tuple(map(len, gold))},
    "tatoeba": _candidates,
    "dialogue": lambda gold, _: known_of(gold),
}


def has_data(data: Path, task: str, language: str) -> bool:
    """Whether a data folder in XTREME's download layout has the test set of a task and language."""
    return all((data / path).is_file() for path in _test_files(task, language))


def _test_files(task: str, language: str) -> Sequence[str]:
    if task == "bucc2018":
        return layout.bucc_files(language, "test")
    return layout.tatoeba_files(language) if task == "tatoeba" else [layout.test_file(task, language)]


def data_size(data: Path, task: str, language: str) -> Size:
    """The size of a test set from its files in a data folder; nothing if there are none.

    Errors: `InputError` if the files cannot be read.
    """
    if not has_data(data, task, language):
        return Size()
    if task == "bucc2018":
        foreign, english = targets.read_bucc(data, language, "test")
        return Size(pool=frozenset(row.id for row in [*foreign, *english]))
    if task == "tatoeba":
        foreign, english = targets.read_tatoeba(data, language)
        return Size(len(english), candidates=len(foreign), source="the data")
    rows = list(targets.read_test(data, task, language))
    lengths = tuple(
        len(row.words if isinstance(row, TaggedRow) else row.turns)
        for row in rows
        if isinstance(row, TaggedRow | DialogueRow)
    )
    ids = tuple(row.id for row in rows if isinstance(row, QuestionRow | DialogueRow))
    ontology = next((row.ontology for row in rows if isinstance(row, DialogueRow)), None)
    sha256 = ids_sha256(ids) if ids else None
    return Size(len(rows), lengths or None, ids or None, sha256, ontology=ontology, source="the data")


def merged(first: Size, *others: Size) -> Size:
    """Merge sizes: each field comes from the first size that knows it."""
    for other in others:
        gaps = {f.name: getattr(other, f.name) for f in fields(Size) if getattr(first, f.name) is None}
        first = replace(first, **gaps)
    return first
