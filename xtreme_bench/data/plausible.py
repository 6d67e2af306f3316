"""Check that corpora have about as many records as published: far too few mean that something else was read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.data.counts import Memory, Split, intermediate_splits, source_splits, target_splits
from xtreme_bench.data.published import published
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.wording import count

# Copies of one corpus differ by a few percent (Cosmos QA by 1), and up to a tenth of its training rows may be unusable.
# A page in place of a file, one shard of several, a release without one of its treebanks, or a sample has less.
LEAST = 0.8
_ALLOW = "Get them whole; or say --allow-partial, or in a recipe on releases `sample`, if that is what you mean"
_COUNT = re.compile(r"(train|dev|dev_matched|test) ([a-z]{2})(?:: [a-z]{2} sentences)?")


def far_too_few(task: str, split: str, language: str, records: int) -> bool:
    """Whether a split has less than `LEAST` of its published records; false if no number is published."""
    expected = published(task, split, language)
    return expected is not None and records < LEAST * expected


def of_notes(tasks: Mapping[str, Any], stand_ins: Iterable[str], sample: int) -> list[str]:
    """The splits in the notes of `prepare` that are far too few; samples and stand-ins for test sets do not count."""
    found: Counter[tuple[str, str, str]] = Counter()
    for task, about in tasks.items() if not sample else ():
        for what, number in about["examples"].items() if task not in stand_ins else ():
            if match := _COUNT.fullmatch(what):
                found[task, match[1].removesuffix("_matched"), match[2]] += number
    return [_said(*key, number) for key, number in sorted(found.items()) if far_too_few(*key, number)]


def of_folder(data: Path, used: Usage, memory: Memory, progress: Callable[[int, int, str], None]) -> None:
    """Raise `InputError` unless a data folder has enough of what a recipe uses.

    Files that are missing or faulty are skipped here: their readers say more about them.
    """
    splits = [one for one in _splits(data, used) if all((data / file).is_file() for file in one.files)]
    said = []
    for done, one in enumerate(splits):
        if published(one.task, one.split, one.language) is not None:
            progress(done, len(splits), f"{one.task} {one.split} {one.language}")
            records = memory.of_split(data, one)[0]["records"]
            if records is not None and far_too_few(one.task, one.split, one.language, records):
                said.append(_said(one.task, one.split, one.language, records))
    progress(len(splits), len(splits), "")
    memory.save()
    require_enough(said, str(data))


def require_enough(said: Iterable[str], where: str) -> None:
    """Raise `InputError` with what is far too few, if anything is."""
    if problems := [Problem(one) for one in said]:
        raise InputError(f"{where}: far fewer records than are published. {_ALLOW}:", problems)


def _splits(data: Path, used: Usage) -> Iterable[Split]:
    for source in used.finetuning:
        yield from source_splits(data, source)
    for task, languages in used.intermediate.items():
        yield from intermediate_splits(data, task, languages)
    for task, languages in used.targets.items():
        yield from target_splits(data, task, languages)


def _said(task: str, split: str, language: str, records: int) -> str:
    return f"{task} {split} {language}: {count(records, 'record')}, {published(task, split, language):,} are published"
