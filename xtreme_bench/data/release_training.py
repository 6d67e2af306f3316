"""The intermediate tasks and the raw text: release files into the data folder, a held-out part where there is none."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.data import layout
from xtreme_bench.data.files import csv_rows, json_lines, lines, reading
from xtreme_bench.data.releases import Preparation, comparable, cut, joined
from xtreme_bench.errors import Problem

# Files that are used as they are: pattern of the release's name -> file below the data folder.
_COPIES = (
    ("mnli", r"multinli_1\.0_(train|dev_matched|dev_mismatched)\.jsonl", "mnli/multinli_1.0_{}.jsonl"),
    ("anli", r"(R[123]/(?:train|dev))\.jsonl", "anli/{}.jsonl"),
    ("qqp", r"(?:QQP|qqp)/(train|dev)\.tsv", "qqp/{}.tsv"),
    ("ccg", r"(ccg\.train|ccg\.dev|tags_to_id\.json)", "ccg/{}"),
)
# Files that are copied when both splits are there, and cut in two, at a change of the named field, when only one is.
_CUT = (
    ("snli", r"snli_1\.0_train\.jsonl", r"snli_1\.0_dev\.jsonl", "captionID"),
    ("hellaswag", r"hellaswag_train\.jsonl", r"hellaswag_val\.jsonl", "source_id"),
    ("commonsenseqa", r"train_rand_split\.jsonl", r"dev_rand_split\.jsonl", "id"),
    ("cosmosqa", r"cosmosqa/train\.csv", r"cosmosqa/valid\.csv", "context"),
)
TRAIN_SHARE = 0.9


def prepare_intermediate(preparation: Preparation) -> None:
    """Write the intermediate tasks other than SQuAD, as far as their files were found."""
    for task, pattern, file in _COPIES:
        for (name,), path in sorted(preparation.files(pattern).items()):
            preparation.copy(task, path, file.format(name))
    for task, train_pattern, dev_pattern, group in _CUT:
        train, dev = (preparation.files(pattern).get(()) for pattern in (train_pattern, dev_pattern))
        targets = [layout.intermediate_split_files(task, split)[0] for split in layout.SPLITS]
        if train and dev:
            for path, file in zip((train, dev), targets, strict=True):
                preparation.copy(task, path, file)
        elif only := train or dev:
            _cut_file(preparation, task, only, targets, group)


def _cut_file(preparation: Preparation, task: str, path: Path, targets: Sequence[str], group: str) -> None:
    cutter: Callable[[Path, str], tuple[str, str, int, int]] = _cut_csv if path.suffix == ".csv" else _cut_lines
    train, dev, in_train, in_dev = cutter(preparation.use(task, path), group)
    for file, text in zip(targets, (train, dev), strict=True):
        preparation.write(file, text)
    preparation.counts[task].update({"train en": in_train, "dev en": in_dev})
    preparation.remarks[task].append(
        f"only {path.name} was found: its first {in_train} examples are training data, the other {in_dev} are "
        "development data"
    )


def _cut_lines(path: Path, group: str) -> tuple[str, str, int, int]:
    with reading(path, "examples to cut in two") as faults:
        groups = [json.dumps(record.get(group, number)) for number, record in json_lines(path, faults)]
        rows = [line for _, line in lines(path, faults) if line.strip()]
    at = cut(groups, TRAIN_SHARE)
    return joined(rows[:at]), joined(rows[at:]), at, len(rows) - at


def _cut_csv(path: Path, group: str) -> tuple[str, str, int, int]:
    with reading(path, "examples to cut in two") as faults:
        header, *rows = [fields for _, fields in csv_rows(path, faults, delimiter=",")] or [[]]
        if not rows:
            faults.append(Problem("no rows", str(path)))
    column = header.index(group) if group in header else 0
    at = cut([row[column] for row in rows], TRAIN_SHARE)
    return _csv([header, *rows[:at]]), _csv([header, *rows[at:]]), at, len(rows) - at


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def prepare_text(preparation: Preparation) -> None:
    """Write what the other tasks offered as text and translations, without anything that a test set contains.

    Compared verbatim but for case and spacing. Lines that occur twice are written once.
    """
    for language, offered in sorted(preparation.text.items()):
        held_out = preparation.held_out[language]
        unique = list(dict.fromkeys(" ".join(line.split()) for line in offered))
        kept = [line for line in unique if line and comparable(line) not in held_out]
        preparation.write(layout.text_file(language), joined(kept))
        preparation.counts["text"][language] = len(kept)
        preparation.counts["text: left out as in a test set"][language] = len(unique) - len(kept)
    for language, pairs in sorted(preparation.translations.items()):
        unique_pairs = dict.fromkeys((" ".join(a.split()), " ".join(b.split())) for a, b in pairs)
        kept_pairs = [
            (foreign, english)
            for foreign, english in unique_pairs
            if foreign
            and english
            and comparable(foreign) not in preparation.held_out[language]
            and comparable(english) not in preparation.held_out["en"]
        ]
        for side, file in enumerate(layout.parallel_files(language)):
            preparation.write(file, joined(pair[side] for pair in kept_pairs))
        preparation.counts["parallel"][language] = len(kept_pairs)
