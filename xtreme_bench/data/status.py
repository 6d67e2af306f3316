"""What a data folder has of every corpus, beside the published counts, and how to get what it lacks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench import environment
from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import intermediate, layout, targets
from xtreme_bench.data.published import published
from xtreme_bench.errors import InputError
from xtreme_bench.gold import gold_path, read_gold
from xtreme_bench.store import digest, file_digest, write_json

Progress = Callable[[int, int, str], None]

# What to give `data prepare`: names of releases, as their projects call them.
RELEASES: Mapping[str, str] = {
    "xnli": "XNLI-1.0 and XNLI-MT-1.0",
    "pawsx": "PAWS-X (x-final)",
    "udpos": "Universal Dependencies 2.5 (ud-treebanks-v2.5)",
    "panx": "WikiAnn as split by Rahimi et al. (panx_dataset)",
    "xquad": "XQuAD",
    "mlqa": "MLQA_V1",
    "tydiqa": "TyDiQA-GoldP 1.1",
    "bucc2018": "the sample and training sets of BUCC 2018",
    "tatoeba": "data/tatoeba/v1 of LASER",
    "anli_plus": "SNLI 1.0, MultiNLI 1.0 and ANLI 1.0",
    "mnli": "MultiNLI 1.0",
    "qqp": "GLUE's QQP",
    "squad_v1": "SQuAD 1.1",
    "squad_v2": "SQuAD 2.0",
    "hellaswag": "HellaSwag",
    "ccg": "CCGbank (LDC2005T13) as `words TAB tags`, with tags_to_id.json",
    "cosmosqa": "Cosmos QA",
    "commonsenseqa": "CommonsenseQA 1.11 (random split)",
}


@dataclass(frozen=True)
class Entry:
    """One split of a task in one language.

    `records`: what the readers give, None where files are missing or faulty. `labels`: gold labels of a test set, for
    BUCC pairs. `checksum`: "new" at the first sight of the files, "known" when they are as they were the last time,
    "changed" when they are not. `problems`: what is missing or wrong.
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
        """Whether the number of records is known not to be the published one."""
        return None not in (self.records, self.published) and self.records != self.published


@dataclass(frozen=True)
class _Split:
    task: str
    split: str
    language: str
    files: tuple[str, ...]
    count: Callable[[], int]


class _Memory:
    """Counts and checksums of earlier runs: a split whose files kept size, time and path is not read again."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        found = known.items() if isinstance(known, dict) else ()
        self.known: dict[str, Any] = {name: entry for name, entry in found if isinstance(entry, dict)}
        self.code = environment.code_digest(__name__)

    def of(self, name: str, paths: Sequence[Path], count: Callable[[], int]) -> tuple[dict[str, Any], str]:
        """What is known about `paths`, counted where that is needed, and how their checksum compares with before."""
        stamp = [[path.stat().st_size, path.stat().st_mtime_ns] for path in paths]
        before = self.known.get(name)
        if before is not None and [before.get("stamp"), before.get("code")] == [stamp, self.code]:
            return before, "known"
        sums = digest([file_digest(path) for path in paths])
        state = "new" if before is None else "known" if before.get("sha256") == sums else "changed"
        now: dict[str, Any] = {"stamp": stamp, "code": self.code, "sha256": sums, "records": None, "problem": None}
        try:
            now["records"] = count()
        except InputError as error:
            now["problem"] = str(error)
        self.known[name] = now
        return now, state


def memory_file() -> Path:
    """Where counts and checksums are remembered from run to run, apart from the data, which may be read-only."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "xtreme-bench" / "status.json"


def status(
    data: Path,
    labels: Path | None,
    memory: Path,
    tasks: Sequence[str] = (),
    progress: Progress = lambda done, total, note: None,
) -> list[Entry]:
    """Look at `tasks` (all without any) in a data folder: one entry a split and language, in the order of the tables.

    Files are read whole, by the readers that training uses, so their faults are found. `memory` is a file that
    remembers counts and checksums; what kept its size and time of change is not read again.
    """
    for task in tasks:
        layout.known(task, (*TASKS, *layout.INTERMEDIATE), "task")
    splits = [one for task in tasks or (*TASKS, *layout.INTERMEDIATE) for one in _splits(data, task)]
    remembered = _Memory(memory)
    entries = []
    for done, one in enumerate(splits):
        progress(done, len(splits), f"{one.task} {one.split} {one.language}")
        entries.append(_entry(data, labels, one, remembered))
    write_json(memory, remembered.known)
    progress(len(splits), len(splits), "")
    return entries


def _entry(data: Path, labels: Path | None, one: _Split, memory: _Memory) -> Entry:
    problems = [f"missing: {file}" for file in one.files if not (data / file).is_file()]
    records = gold = state = None
    if not problems:
        paths = [data / file for file in one.files]
        name = f"{data.resolve()}: {one.task} {one.split} {one.language}"
        known, state = memory.of(name, paths, one.count)
        records = known["records"]
        problems += [known["problem"]] if known["problem"] else []
    if one.split == "test" and labels is not None:
        gold, faults = _labels(labels, one, records, memory)
        problems += faults
    expected = published(one.task, one.split, one.language)
    return Entry(one.task, one.split, one.language, one.files, records, expected, gold, state, tuple(problems))


def _labels(labels: Path, one: _Split, records: int | None, memory: _Memory) -> tuple[int | None, list[str]]:
    path = gold_path(labels, one.task, one.language)
    if path is None:
        return None, ["no gold labels: can be predicted, not scored"] if records is not None else []
    count = partial(_count_gold, path, one.task, one.language)
    known, _ = memory.of(f"{path.resolve()}: labels", [path], count)
    if known["problem"]:
        return None, [known["problem"]]
    found = int(known["records"])
    if one.task != "bucc2018" and records is not None and found != records:
        return found, [f"{found:,} gold labels for {records:,} records"]
    return found, []


def _count_gold(path: Path, task: str, language: str) -> int:
    return len(read_gold(path, task, language))


def _splits(data: Path, task: str) -> Iterator[_Split]:
    """Everything that a task reads: training and development sets, then the test set of each language."""
    if task in layout.INTERMEDIATE:
        for split in layout.SPLITS:
            tags = [layout.ccg_tags_file("en")] if task == "ccg" else []
            files = (*layout.intermediate_split_files(task, split), *tags)
            yield _Split(task, split, "en", files, partial(_count_intermediate, data, task, split))
        return
    if TASKS[task].source == task:
        for split in layout.SPLITS if task != "tydiqa" else ("train",):
            file = layout.source_file(task, split)
            yield _Split(task, split, "en", (file,), partial(_count_train, data, task, split))
    if task == "bucc2018":
        for language in TASKS[task].languages:
            files = (*layout.bucc_files(language, "dev"), layout.bucc_gold_file(language))
            yield _Split(task, "dev", language, files, partial(_count_bucc, data, language, "dev"))
    for language in TASKS[task].languages:
        yield _test_split(data, task, language)


def _test_split(data: Path, task: str, language: str) -> _Split:
    if task == "bucc2018":
        files = layout.bucc_files(language, "test")
        return _Split(task, "test", language, files, partial(_count_bucc, data, language, "test"))
    count = partial(_count_test, data, task, language)
    return _Split(task, "test", language, tuple(layout.test_files(task, language)), count)


def _count_train(data: Path, task: str, split: str) -> int:
    # TyDiQA's development questions are cut from its training file, which is counted whole.
    splits = layout.SPLITS if task == "tydiqa" else (split,)
    return sum(1 for each in splits for _ in targets.read_train(data, task, each))


def _count_intermediate(data: Path, task: str, split: str) -> int:
    return sum(1 for _ in intermediate.read(data, task, split))


def _count_bucc(data: Path, language: str, split: str) -> int:
    if split == "dev":
        targets.read_bucc_gold(data, language)
    return sum(map(len, targets.read_bucc(data, language, split)))


def _count_test(data: Path, task: str, language: str) -> int:
    if task == "tatoeba":
        return len(targets.read_tatoeba(data, language)[1])
    return sum(1 for _ in targets.read_test(data, task, language))


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
