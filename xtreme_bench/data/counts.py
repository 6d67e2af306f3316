"""How many records a data folder has of each split of each task, counted by the readers and remembered."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench.data import intermediate, layout, targets
from xtreme_bench.errors import InputError
from xtreme_bench.files import Digests, write_json
from xtreme_bench.intermediate import CORPORA, SPLITS, readers_of
from xtreme_bench.stage import code


@dataclass(frozen=True)
class Split:
    """One split of a task in one language: its files below the data folder, and what counts its records."""

    task: str
    split: str
    language: str
    files: tuple[str, ...]
    count: Callable[[], int]


class Memory:
    """Counts of earlier runs: a split whose files have the same content as then is not read again.

    `digests` remembers the hashes of files; its owner saves it.
    """

    def __init__(self, file: Path, digests: Digests) -> None:
        self.file, self._digests = file, digests
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        found = known.items() if isinstance(known, dict) else ()
        self.known: dict[str, Any] = {name: entry for name, entry in found if isinstance(entry, dict)}
        self.code = code.digest(f"{__name__}:", *readers_of(CORPORA))

    def of(self, what: str, folder: Path, files: Sequence[str], count: Callable[[], int]) -> tuple[dict[str, Any], str]:
        """What is known about `files`, counted if needed, and whether their checksum is the same as before."""
        name, sums = f"{folder.resolve()}: {what}", self._digests.of(folder, files)
        before = self.known.get(name)
        state = "new" if before is None else "known" if before.get("sha256") == sums else "changed"
        if before is not None and state == "known" and before.get("code") == self.code:
            return before, state
        now: dict[str, Any] = {"code": self.code, "sha256": sums, "records": None, "problem": None}
        try:
            now["records"] = count()
        except InputError as error:
            now["problem"] = str(error)
        self.known[name] = now
        return now, state

    def of_split(self, data: Path, one: Split) -> tuple[dict[str, Any], str]:
        """The same for a split whose files exist."""
        return self.of(f"{one.task} {one.split} {one.language}", data, one.files, one.count)

    def save(self) -> None:
        """Save the counts."""
        write_json(self.file, self.known)


def memory_file() -> Path:
    """The file that keeps counts and checksums from run to run, outside the data folder, which may be read-only."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "xtreme-bench" / "status.json"


def source_splits(data: Path, source: str) -> Iterator[Split]:
    """What fine-tuning on a source reads. TyDiQA's development questions are cut from its training file."""
    for split in SPLITS if source != "tydiqa" else ("train",):
        files = (layout.source_file(source, split), *layout.ontologies(source, ["en"]))
        yield Split(source, split, "en", files, partial(_count_source, data, source, split))


def intermediate_splits(data: Path, task: str, languages: Iterable[str] = ("en",)) -> Iterator[Split]:
    """What intermediate training on a task in some languages reads: development data in English."""
    for split, language in (*(("train", language) for language in languages), ("dev", "en")):
        tags = layout.label_files(task, [language])
        files = (*layout.intermediate_split_files(task, split, language), *tags)
        yield Split(task, split, language, files, partial(_count_intermediate, data, task, split, language))


def target_splits(data: Path, task: str, languages: Sequence[str]) -> Iterator[Split]:
    """The test sets of a target task, after BUCC's development sets."""
    for split in ("dev", "test") if task == "bucc2018" else ():
        for language in languages:
            gold = [layout.bucc_gold_file(language)] if split == "dev" else []
            files = (*layout.bucc_files(language, split), *gold)
            yield Split(task, split, language, files, partial(_count_bucc, data, language, split))
    for language in languages if task != "bucc2018" else ():
        files = tuple(layout.test_files(task, language))
        yield Split(task, "test", language, files, partial(_count_test, data, task, language))


def _count_source(data: Path, source: str, split: str) -> int:
    splits = SPLITS if source == "tydiqa" else (split,)
    return sum(1 for each in splits for _ in targets.read_train(data, source, each))


def _count_intermediate(data: Path, task: str, split: str, language: str) -> int:
    return sum(1 for _ in intermediate.read(data, task, split, language))


def _count_bucc(data: Path, language: str, split: str) -> int:
    if split == "dev":
        targets.read_bucc_gold(data, language)
    return sum(map(len, targets.read_bucc(data, language, split)))


def _count_test(data: Path, task: str, language: str) -> int:
    if task == "tatoeba":
        return len(targets.read_tatoeba(data, language)[1])
    return sum(1 for _ in targets.read_test(data, task, language))
