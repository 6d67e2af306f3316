"""XNLI and PAWS-X: from files in XTREME's form to training, development and test files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.formats import read_pairs
from xtreme_bench.data.layout import PAIR_TASKS
from xtreme_bench.data.releases import Preparation, comparable, cut, joined
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.rows import PairRow

# Shares of a development set that serves as train, dev and test at once: up to here train, up to there dev.
TRAIN_END, DEV_END = 2 / 3, 4 / 5
FAILED_TRANSLATION = "NS"  # stands for a sentence in PAWS-X


def prepare_pairs(preparation: Preparation) -> None:
    """Write xnli and pawsx as far as their files were found."""
    for task in PAIR_TASKS:
        found = preparation.files(rf"{task}/(train|dev|test)-([a-z]{{2}})\.tsv")
        files = {key: path for key, path in found.items() if key[1] in TASKS[task].languages}
        if not files:
            continue
        dev = {
            language: read_pairs(preparation.use(task, path), f"development data of {task}", TASKS[task].labels)
            for (split, language), path in sorted(files.items())
            if split == "dev"
        }
        train = files.get(("train", "en"))
        if train:
            preparation.copy(task, train, f"{task}/train-en.tsv")
        if task in preparation.dev_as_test and dev:
            dev = _stand_in(preparation, task, dev, made_train=train is None)
        else:
            _unlabelled_tests(preparation, task, files)
        for language, rows in dev.items():
            _write(preparation, task, "dev", language, rows)
        _offer_text(preparation, dev)


def _stand_in(
    preparation: Preparation, task: str, dev: Mapping[str, Sequence[PairRow]], *, made_train: bool
) -> dict[str, list[PairRow]]:
    """Cut the development sets at the same positions in all languages; the last part becomes the test set.

    Translations of one example stand at one position, so no example is on two sides. English training and
    development pairs that share a sentence with a test pair go, too. Returns the development part.
    """
    _require_parallel(task, dev)
    base = dev["en"]
    premises = [row.text_a for row in base]
    train_end = cut(premises, TRAIN_END) if made_train else 0
    dev_end = cut(premises, DEV_END if made_train else 1 / 2)
    for language, rows in dev.items():
        test = rows[dev_end:]
        preparation.held_out[language].update(comparable(text) for row in test for text in (row.text_a, row.text_b))
        kept = preparation.first(test)
        _write(preparation, task, "test", language, kept)
        preparation.write_labels(task, f"test-{language}.tsv", joined(row.label or "" for row in kept))
    preparation.remarks[task].append(
        f"test sets are rows {dev_end} to {len(base) - 1} (from 0) of the development sets; the real ones are not used"
    )
    in_dev = _apart(base, range(train_end, dev_end), base[dev_end:])
    in_train = _apart(base, range(train_end), [*base[dev_end:], *(base[i] for i in in_dev)])
    if made_train:
        preparation.remarks[task].append(
            f"there is no training set: it is made of rows 0 to {train_end - 1} of the English development set; "
            f"{train_end - len(in_train)} that share a sentence with a development or test pair are left out"
        )
        _write(preparation, task, "train", "en", [dev["en"][i] for i in in_train])
        # In the other languages these rows are not for training, but their sentences may be read in pretraining.
        _offer_text(preparation, {language: [rows[i] for i in in_train] for language, rows in dev.items()})
    return {language: [rows[i] for i in in_dev] for language, rows in dev.items()}


def _apart(rows: Sequence[PairRow], positions: Iterable[int], others: Sequence[PairRow]) -> list[int]:
    """Those of `positions` whose pair shares no sentence with a pair of `others`."""
    seen = _texts(others)
    return [i for i in positions if not _texts([rows[i]]) & seen]


def _require_parallel(task: str, dev: Mapping[str, Sequence[PairRow]]) -> None:
    reason = f"the development sets of {task} cannot stand in for its test sets"
    remedy = f"Take {task} out of dev_as_test, or give the whole files"
    if "en" not in dev:
        raise InputError(f"{reason}: the English one is missing. {remedy}")
    sizes = {language: len(rows) for language, rows in dev.items()}
    if len(set(sizes.values())) > 1:
        problems = [Problem(f"{size} rows", task=task, language=language) for language, size in sizes.items()]
        raise InputError(f"{reason}: they must have the same rows in all languages. {remedy}", problems)


def _unlabelled_tests(preparation: Preparation, task: str, files: Mapping[tuple[str, ...], Path]) -> None:
    for (split, language), path in sorted(files.items()):
        if split == "test":
            rows = read_pairs(preparation.use(task, path), f"test data of {task} in {language}", None)
            preparation.held_out[language].update(comparable(x) for row in rows for x in (row.text_a, row.text_b))
            _write(preparation, task, "test", language, preparation.first(rows))


def _texts(rows: Sequence[PairRow]) -> set[str]:
    return {text for row in rows for text in (row.text_a, row.text_b)}


def _offer_text(preparation: Preparation, rows: Mapping[str, Sequence[PairRow]]) -> None:
    """Sentences as raw text, and each with the English one at the same place as a translation."""
    english = rows.get("en", ())
    for language, pairs in rows.items():
        sentences = [text for row in pairs for text in (row.text_a, row.text_b)]
        preparation.text[language] += [text for text in sentences if text != FAILED_TRANSLATION]
        if language != "en" and len(english) == len(pairs):
            originals = [text for row in english for text in (row.text_a, row.text_b)]
            preparation.translations[language] += [
                pair for pair in zip(sentences, originals, strict=True) if FAILED_TRANSLATION not in pair
            ]


def _write(preparation: Preparation, task: str, split: str, language: str, rows: Sequence[PairRow]) -> None:
    """In XTREME's form, as Python's csv module writes it: tabs, CR LF, a field with quotes in quotes."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter="\t")
    for row in rows:
        writer.writerow([row.text_a, row.text_b, *([] if split == "test" else [row.label])])
    preparation.write(f"{task}/{split}-{language}.tsv", stream.getvalue())
    preparation.counts[task][f"{split} {language}"] = len(rows)
