"""The content of a data folder compared with the published counts, and how to get what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench import wording
from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.counts import Memory, Split, intermediate_splits, source_splits, target_splits
from xtreme_bench.data.published import published
from xtreme_bench.files import Digests
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.official.gold import gold_path, read_gold

Progress = Callable[[int, int, str], None]

# The releases that `data prepare` needs for each task, by their official names.
RELEASES: Mapping[str, str] = {
    **{name: task.release for name, task in TASKS.items()},
    **{name: task.release.name for name, task in INTERMEDIATE.items()},
}


@dataclass(frozen=True)
class Entry:
    """One split of a task in one language.

    `records`: the number of records that the readers find; None if files are missing or faulty. `labels`: the number of
    gold labels of a test set (BUCC: pairs). `checksum`: "new" if the files were never seen, "known" if they are
    unchanged since the last time, else "changed". `problems`: what is missing or wrong.
    """

    task: str
    split: str
    language: str
    files: tuple[str, ...]
    records: int | None
    published: int | None
    labels: int | None
    checksum: str | None
    problems: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether its files are there."""
        return self.checksum is not None

    @property
    def differs(self) -> bool:
        """Whether the number of records differs from the published one, if both are known."""
        return None not in (self.records, self.published) and self.records != self.published


def status(
    data: Path,
    labels: Path | None,
    memory: Path,
    tasks: Sequence[str] = (),
    progress: Progress = lambda done, total, note: None,
) -> list[Entry]:
    """Look at `tasks` (all without any) in a data folder: one entry a split and language, in the order of the tables.

    The readers of training read every file completely, to find its faults. `memory` is a file that remembers counts: a
    file whose size and times have not changed is not read again.
    """
    for task in tasks:
        layout.known(task, (*TASKS, *INTERMEDIATE), "task")
    splits = [one for task in tasks or (*TASKS, *INTERMEDIATE) for one in _splits(data, task)]
    digests = Digests(memory.with_name("digests.json"))
    remembered = Memory(memory, digests)
    entries = []
    for done, one in enumerate(splits):
        progress(done, len(splits), f"{one.task} {one.split} {one.language}")
        entries.append(_entry(data, labels, one, remembered))
    remembered.save()
    digests.save()
    progress(len(splits), len(splits), "")
    return entries


def _entry(data: Path, labels: Path | None, one: Split, memory: Memory) -> Entry:
    problems = [f"missing: {file}" for file in one.files if not (data / file).is_file()]
    records = gold = state = None
    if not problems:
        known, state = memory.of_split(data, one)
        records = known["records"]
        problems += [known["problem"]] if known["problem"] else []
    if one.split == "test" and labels is not None:
        gold, faults = _labels(labels, one, records, memory)
        problems += faults
    expected = published(one.task, one.split, one.language)
    return Entry(one.task, one.split, one.language, one.files, records, expected, gold, state, tuple(problems))


def _labels(labels: Path, one: Split, records: int | None, memory: Memory) -> tuple[int | None, list[str]]:
    path = gold_path(labels, one.task, one.language)
    if path is None:
        return None, ["no gold labels: can be predicted, not scored"] if records is not None else []
    count = partial(_count_gold, path, one.task, one.language)
    known, _ = memory.of(f"{path.name} of {one.task}", labels, layout.gold_files(one.task, one.language), count)
    if known["problem"]:
        return None, [known["problem"]]
    found = int(known["records"])
    if one.task != "bucc2018" and records is not None and found != records:
        return found, [f"{wording.count(found, 'gold label')} for {wording.count(records, 'record')}"]
    return found, []


def _count_gold(path: Path, task: str, language: str) -> int:
    return len(read_gold(path, task, language))


def _splits(data: Path, task: str) -> Iterator[Split]:
    """Everything that a task reads: training and development sets, then the test set of each language."""
    if task in INTERMEDIATE:
        yield from intermediate_splits(data, task)
        return
    if TASKS[task].source == task:
        yield from source_splits(data, task)
    yield from target_splits(data, task, TASKS[task].languages)


def to_dict(data: Path, entries: Sequence[Entry]) -> dict[str, Any]:
    """The entries as JSON values, with the forms of the releases where `data prepare` made the folder."""
    return {"data": str(data), "prepared_from": prepared_from(data), "entries": [asdict(entry) for entry in entries]}


def prepared_from(data: Path) -> dict[str, list[str]]:
    """For each corpus the forms of releases that `data prepare` found; empty for a folder it did not make."""
    try:
        found = json.loads((data / "prepare.json").read_text(encoding="utf-8"))["found"]
        return {corpus: list(forms) for corpus, forms in found.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}
