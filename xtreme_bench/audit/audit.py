"""What makes a result less than zero-shot or too good: training text in test sets, seen languages, repeats.

Texts are compared within each language, without gold labels. Training texts are streamed; only hashes of the test
texts stay in memory (see `overlap`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from xtreme_bench.audit.overlap import CHARACTERS, UNSPACED, WORDS, Index, whole
from xtreme_bench.audit.scope import dev_file, relations, seen
from xtreme_bench.benchmark import TASKS, Group, of_group, spoken
from xtreme_bench.data import formats, intermediate, targets, text
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.data.usage import Usage
from xtreme_bench.files import write_json
from xtreme_bench.rows import ChoiceRow, DialogueRow, PairRow, QuestionRow, Row, SentenceRow, TaggedRow
from xtreme_bench.stage.job import Job

CHUNK = 2048
EXAMPLES, SEARCHED = 2, 40  # examples shown per finding, and searched for in each corpus
SNIPPET = 100
Texts = tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A corpus that a recipe trains on, or selects checkpoints with. `use`: its purpose. `rows`: yields its texts."""

    name: str
    use: str
    language: str
    rows: Callable[[], Iterator[Texts]]


def audit_stage(job: Job[Usage]) -> dict[str, Any]:
    """Stage: audit what a recipe trains on. Input: data.

    Writes `audit.json` and returns its content as facts.
    """
    facts = audit(job.inputs["data"], job.params, job.progress)
    write_json(job.out / "audit.json", facts)
    return facts


def audit(data: Path, used: Usage, progress: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Compare the training data with the test data, both below `data` in the download layout.

    Returns JSON values: `overlaps` (training text in test items, by language), `repeats` (test rows that occur twice,
    or also in the development set), `relations` between corpora, `seen` (languages that are not zero-shot), and what
    was compared. Errors: `InputError` for unreadable data.
    """
    by_language: dict[str, list[Source]] = defaultdict(list)
    for source in sources(data, used):
        by_language[source.language].append(source)
    overlaps: dict[tuple[str, ...], dict[str, Any]] = {}
    repeats: list[dict[str, Any]] = []
    compared = 0
    languages = sorted({code for codes in used.targets.values() for code in codes} | {"en"})
    for done, language in enumerate(languages):
        progress(done, len(languages), f"test texts in {language}")
        tests = _Tests(data, used.targets, language)
        repeats += tests.repeats
        if not tests.sizes:
            continue
        for source in by_language[language]:
            progress(done, len(languages), f"{source.name} in {language}")
            compared += _compare(source, tests, overlaps)
    progress(len(languages), len(languages), "done")
    return {
        "criteria": {"words": WORDS, "characters": CHARACTERS, "characters_in": sorted(UNSPACED)},
        "compared": {"training_texts": compared, "languages": len(languages)},
        "overlaps": [overlaps[key] for key in sorted(overlaps)],
        "repeats": repeats,
        "relations": relations(used),
        "seen": seen(used),
    }


def sources(data: Path, used: Usage) -> Iterator[Source]:
    """All that a recipe trains on or selects checkpoints with: one source per corpus, language and use."""
    text = used.pretraining
    for code in text.languages if text else ():
        yield Source("text", "pretraining", code, partial(_text, data, code))
    translated = [code for code in text.translated if code != "en"] if text else []
    for code in translated:
        yield Source("translations", "pretraining", code, partial(_side, data, [code], 0))
    if translated:
        yield Source("translations", "pretraining", "en", partial(_side, data, translated, 1))
    for task, codes in used.intermediate.items():
        for code in codes:
            yield Source(
                task, "intermediate", spoken(code), partial(_rows, intermediate.read, data, task, "train", code)
            )
        for code in used.select_on:
            dev = partial(_rows, intermediate.read, data, task, "dev", code)
            yield Source(f"{task} (development)", "choice of checkpoints", code, dev)
    for name, codes in used.finetuning.items():
        for code in codes:
            read = partial(targets.read_train, language=code)
            yield Source(name, "fine-tuning", code, partial(_rows, read, data, name, "train"))
        dev = partial(_rows, targets.read_train, data, name, "dev")
        yield Source(f"{name} (development)", "choice of checkpoints", "en", dev)


def _text(data: Path, language: str) -> Iterator[Texts]:
    return ((line,) for line in text.read_text(data, language))


def _side(data: Path, languages: Sequence[str], side: int) -> Iterator[Texts]:
    return ((pair[side],) for language in languages for pair in text.read_parallel(data, language))


def _rows(read: Callable[..., Iterable[Row]], *where: Any) -> Iterator[Texts]:
    """The texts of training rows. It skips any number of unusable rows; the training stage limits them."""
    return map(texts, read(*where, left_out=LeftOut(1)))


def texts(row: Row) -> Texts:
    """The texts of a row, in a fixed order."""
    match row:
        case PairRow():
            return row.text_a, row.text_b
        case ChoiceRow():
            return row.prompt, *row.choices
        case TaggedRow():
            return (" ".join(row.words),)
        case QuestionRow():
            return row.question, row.context
        case SentenceRow():
            return (row.text,)
        case DialogueRow():
            return ("\n".join(turn.user for turn in row.turns),)


class _Tests:
    """The test items in one language: an index of their texts, the number per task, and repeated rows."""

    def __init__(self, data: Path, wanted: Mapping[str, Sequence[str]], language: str) -> None:
        self.index, self.sizes = Index(language), dict[str, int]()
        self.repeats: list[dict[str, Any]] = []
        self._tasks: list[str] = []
        self._begins: list[int] = []
        items = 0
        for task, codes in wanted.items():
            rows: Counter[int] = Counter()
            count = 0
            self._tasks.append(task)
            self._begins.append(items)
            for chunk in _chunks(_test_rows(data, task, codes, language)):
                rows.update(whole(row, language) for row in chunk)
                numbered = [(part, items + at) for at, row in enumerate(chunk) for part in row]
                self.index.add([part for part, _ in numbered], [item for _, item in numbered])
                items, count = items + len(chunk), count + len(chunk)
            if count:
                self.sizes[task] = count
                self._note_repeats(data, task, language, rows)

    def _note_repeats(self, data: Path, task: str, language: str, rows: Counter[int]) -> None:
        of = self.sizes[task]
        twice = of - len(rows)
        if twice and TASKS[task].group in _DEVELOPMENT:
            self.repeats.append(
                {"task": task, "language": language, "kind": "repeated in the test set", "rows": twice, "of": of}
            )
        dev = _dev_rows(data, task, language)
        if dev is not None:
            both = sum(rows[known] for known in {whole(texts(row), language) for row in dev})
            if both:
                kind = "also in the development set"
                self.repeats.append({"task": task, "language": language, "kind": kind, "rows": both, "of": of})

    def by_task(self, items: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, int]:
        """Task -> how many of the given items belong to it."""
        at = np.searchsorted(self._begins, items, side="right") - 1
        return {self._tasks[task]: int(number) for task, number in enumerate(np.bincount(at)) if number}

    def place(self, item: int) -> tuple[str, int]:
        """The task of an item and its number in that task's test set, from 0."""
        at = int(np.searchsorted(self._begins, item, side="right")) - 1
        return self._tasks[at], item - self._begins[at]


def _test_rows(data: Path, task: str, codes: Sequence[str], language: str) -> Iterator[Texts]:
    """The texts of a task's test items in one language; for retrieval, English is one side of every language pair."""
    if task not in of_group("retrieval"):
        if language in codes:
            yield from map(texts, targets.read_test(data, task, language))
        return
    for code in codes if language == "en" else [code for code in codes if code == language]:
        sides = targets.read_tatoeba(data, code) if task == "tatoeba" else targets.read_bucc(data, code, "test")
        yield from map(texts, sides[language == "en"])


def _dev_rows(data: Path, task: str, language: str) -> Iterable[Row] | None:
    """The development rows in the language of a test set (not English); None if there are none."""
    path = data / dev_file(task, language)
    if not path.is_file():
        return None
    read = _DEVELOPMENT.get(TASKS[task].group)
    return read(path, f"development data of {task} in {language}", TASKS[task].labels) if read else None


# Groups that have development sets in every language.
_DEVELOPMENT: Mapping[Group, Callable[[Path, str, Sequence[str]], Iterable[Row]]] = {
    "classification": formats.read_pairs,
    "tagging": formats.read_tagged,
}


def _chunks(rows: Iterator[Texts]) -> Iterator[list[Texts]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _compare(source: Source, tests: _Tests, overlaps: dict[tuple[str, ...], dict[str, Any]]) -> int:
    """Search the test texts for the texts of a source in the same language, and add the hits to `overlaps`.

    Returns the number of texts of the source.
    """
    counted = 0

    def chunks() -> Iterator[list[str]]:
        nonlocal counted
        last = ""
        for chunk in _chunks(source.rows()):
            parts: list[str] = []
            for row in chunk:
                # Consecutive questions share a passage; look it up once.
                parts += [part for part in row if part != last]
                last = row[-1]
            counted += len(parts)
            yield parts

    found = tests.index.search(chunks(), SEARCHED)
    long = tests.by_task(found.long)
    for kind, items, examples in (
        ("same text", found.exact, found.exact_examples),
        ("n-gram", found.ngram, found.ngram_examples),
    ):
        for task, number in tests.by_task(items).items():
            entry = overlaps.setdefault(
                (task, source.use, source.name, kind),
                {"task": task, "use": source.use, "source": source.name, "kind": kind, "items": {}, "examples": []},
            )
            about = {"items": number, "of": tests.sizes[task]}
            entry["items"][source.language] = about | ({"long": long.get(task, 0)} if kind == "same text" else {})
            for example, item in examples:
                where, at = tests.place(item)
                if where == task and len(entry["examples"]) < EXAMPLES:
                    entry["examples"].append({"language": source.language, "item": at, "text": example[:SNIPPET]})
    return counted
