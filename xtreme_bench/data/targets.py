"""Readers of the target tasks and of their fine-tuning data, from the download layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from xtreme_bench.benchmark import TASKS, Group
from xtreme_bench.data import bucc, layout
from xtreme_bench.data.dialogues import candidates, read_dialogues, read_ontology
from xtreme_bench.data.files import lines, reading, some
from xtreme_bench.data.formats import read_pairs, read_questions, read_tagged
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.errors import Problem
from xtreme_bench.rows import Row, SentenceRow

TYDIQA_DEV_EVERY = 10


def group_of(source: str) -> Group:
    """The group of the targets that a source of fine-tuning serves."""
    layout.known(source, layout.SOURCES, "source of fine-tuning")
    return next(task.group for task in TASKS.values() if task.source == source)


def labels(source: str, data: Path) -> tuple[str, ...]:
    """The class or tag names of a source of fine-tuning, in a fixed order; empty for question answering.

    Those of dialogues are the values of all slots, from the ontology below `data`.
    """
    if group_of(source) == "dialogue":
        return candidates(read_ontology(data / layout.ontology_file(source, "en"), f"slots and values of {source}"))
    return TASKS[source].labels if source in TASKS else ()


def read_train(
    data: Path, source: str, split: str, left_out: LeftOut | None = None, language: str = "en"
) -> Iterator[Row]:
    """The "train" or "dev" rows of a source of fine-tuning; only dialogues have other languages than English.

    TyDiQA: every tenth training question is "dev", the others "train", because XTREME tests on TyDiQA's own
    development set; "all" is both. Unusable rows are counted in `left_out` while they are few; if one file holds
    several splits, not for "dev".
    Errors: `InputError` when the file is missing or malformed, with all faults, after the last row.
    """
    left_out = LeftOut() if left_out is None else left_out
    path = data / layout.source_file(source, "train" if split == "all" else split, language)
    purpose = f"{'development' if split == 'dev' else 'training'} data of {source} in {language}"
    rows: Iterator[Row]
    if source == "tydiqa":
        counted = LeftOut(left_out.share) if split == "dev" else left_out
        questions = read_questions(path, purpose, answers=True, ids_repeat=True, left_out=counted)
        rows = (row for i, row in enumerate(questions) if _is_of(split, held_out=i % TYDIQA_DEV_EVERY == 9))
    else:
        rows = _TRAINING[group_of(source)](path, purpose, labels(source, data), left_out)
    return some(rows, f"{path} ({purpose}) has no rows")


def _is_of(split: str, *, held_out: bool) -> bool:
    return split == "all" or held_out == (split == "dev")


def read_test(data: Path, task: str, language: str) -> Iterator[Row]:
    """The test rows of a target task (not retrieval) in one language, in the order of the file, without labels.

    Errors as `read_train`.
    """
    path = data / layout.test_file(task, language)
    purpose = f"test data of {task} in {language}"
    return some(_TEST[TASKS[task].group](path, purpose), f"{path} ({purpose}) has no rows")


def _answered(path: Path, purpose: str, labels: tuple[str, ...], left_out: LeftOut) -> Iterator[Row]:
    return read_questions(path, purpose, answers=True, left_out=left_out)


def _with_states(path: Path, purpose: str, labels: tuple[str, ...], left_out: LeftOut) -> Iterator[Row]:
    return read_dialogues(path, purpose, states=True, left_out=left_out)


# How the files of a group are read: for training, and without labels for testing.
_TRAINING: Mapping[Group, Callable[[Path, str, tuple[str, ...], LeftOut], Iterator[Row]]] = MappingProxyType(
    {"classification": read_pairs, "tagging": read_tagged, "qa": _answered, "dialogue": _with_states}
)
_TEST: Mapping[Group, Callable[[Path, str], Iterator[Row]]] = MappingProxyType(
    {
        "classification": partial(read_pairs, labels=None),
        "tagging": partial(read_tagged, tags=None),
        "qa": partial(read_questions, answers=False),
        "dialogue": partial(read_dialogues, states=False),
    }
)


def read_tatoeba(data: Path, language: str) -> tuple[list[SentenceRow], list[SentenceRow]]:
    """The foreign sentences and the English ones, which XTREME keeps sorted; ids are 0-based line numbers.

    A prediction for line k of the English file is the line number of a foreign sentence, so the order matters:
    English lines that are not sorted are a fault.
    """
    foreign, english = (data / file for file in layout.tatoeba_files(language))
    return read_translations(foreign, english, language, in_order=True)


def read_translations(
    foreign_path: Path, english_path: Path, language: str, *, in_order: bool
) -> tuple[list[SentenceRow], list[SentenceRow]]:
    """Both sides of Tatoeba from two files, with equally many sentences, none empty; `in_order`: English is sorted."""
    foreign = _sentences(foreign_path, f"foreign sentences of tatoeba in {language}")
    english = _sentences(english_path, f"English sentences of tatoeba in {language}")
    with reading(english_path, f"English sentences of tatoeba in {language}") as faults:
        for i, (before, after) in enumerate(pairwise(english if in_order else ())):
            if before.text > after.text:
                message = "not sorted by code point; `xtreme-bench data prepare` sorts Tatoeba's English side"
                faults.append(Problem(message, str(english_path), i + 2))
                break
        if len(foreign) != len(english):
            message = f"{len(foreign)} sentences in {language}, {len(english)} in English; one each expected"
            faults.append(Problem(message, str(english_path)))
    return foreign, english


def _sentences(path: Path, purpose: str) -> list[SentenceRow]:
    with reading(path, purpose) as faults:
        rows = [SentenceRow(str(number - 1), line.strip()) for number, line in lines(path, faults)]
        faults.extend(Problem("empty line", str(path), i + 1) for i, row in enumerate(rows) if not row.text)
        if not rows:
            faults.append(Problem("no sentences", str(path)))
    return rows


def read_bucc(data: Path, language: str, split: str) -> tuple[list[SentenceRow], list[SentenceRow]]:
    """The foreign and the English sentences of BUCC 2018 ("dev" or "test") with their ids, in file order."""
    foreign_path, english_path = (data / file for file in layout.bucc_files(language, split))
    purpose = f"{split} sentences of bucc2018 in"
    return (
        _bucc_sentences(foreign_path, f"{purpose} {language}", language),
        _bucc_sentences(english_path, f"{purpose} en (for {language})", "en"),
    )


def _bucc_sentences(path: Path, purpose: str, language: str) -> list[SentenceRow]:
    return [SentenceRow(row.id, row.text.strip()) for row in bucc.read_sentences(path, purpose, language)]


def read_bucc_gold(data: Path, language: str) -> set[tuple[str, str]]:
    """The true (foreign id, English id) pairs of BUCC's development set, all of sentences that are there."""
    sides = [{row.id for row in rows} for rows in read_bucc(data, language, "dev")]
    purpose = f"true pairs of the development set of bucc2018 in {language}"
    return set(bucc.read_gold(data / layout.bucc_gold_file(language), purpose, language, sides))
