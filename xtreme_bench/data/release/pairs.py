"""XNLI and PAWS-X: from the releases, or from files in XTREME's form, to training, development and test files."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.formats import read_pairs
from xtreme_bench.data.release.preparation import Preparation, cut
from xtreme_bench.data.release.spool import comparable
from xtreme_bench.data.release.xnli_pawsx import FAILED_TRANSLATION, read_x_final, read_xnli, read_xnli_mt
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.rows import PairRow

# How a development set is cut that serves as train, dev and test at once: the ends of train and of dev, as shares.
TRAIN_END, DEV_END = 2 / 3, 4 / 5

Rows = Iterable[tuple[str, PairRow]]  # with their languages


def prepare_xnli(preparation: Preparation) -> None:
    """Write the parts of xnli whose files were found."""
    native = preparation.files("xnli", "XNLI-1.0", "split", "ending")
    released: dict[str, Path] = {}
    for (split, ending), path in native.items():
        if ending == "tsv" or (split, "tsv") not in native:
            released[split] = path
    train = preparation.files("xnli", "XNLI-MT-1.0", "language").get(("en",))

    def rows(split: str) -> Rows:
        path = released.get(split)
        if path is None:
            return ()
        if path.suffix == ".tsv":
            preparation.say_if_quoted("xnli", path)
        return read_xnli(preparation.use("xnli", path), f"{split} data of xnli")

    labelled = TASKS["xnli"].languages if "test" in released else ()
    _prepare(preparation, "xnli", rows, frozenset(labelled), train, read_xnli_mt)


def prepare_pawsx(preparation: Preparation) -> None:
    """Write the parts of pawsx whose files were found."""
    native = preparation.files("pawsx", "x-final", "split", "language")

    def rows(split: str) -> Rows:
        for (name, language), path in sorted(native.items()):
            if name == f"{split}_2k" and language in TASKS["pawsx"].languages:
                purpose = f"{split} data of pawsx in {language}"
                preparation.say_if_quoted("pawsx", path)
                yield from ((language, row) for row in read_x_final(preparation.use("pawsx", path), purpose))

    labelled = frozenset(language for name, language in native if name == "test_2k")
    _prepare(preparation, "pawsx", rows, labelled, native.get(("train", "en")), read_x_final)


def _prepare(
    preparation: Preparation,
    task: str,
    native: Callable[[str], Rows],
    labelled: frozenset[str],
    native_train: Path | None,
    read_train: Callable[[Path, str, LeftOut], Iterator[PairRow]],
) -> None:
    """Write either task: `native` gives the rows of a split in the release's own form, with labels.

    `labelled` are the languages of the released test set. If it lacks one of the development sets' languages, and
    development sets are to stand in, they do so in all languages, so that all are compared on the same examples.
    """
    ready = preparation.files(task, "XTREME", "split", "language")
    ready = {key: path for key, path in ready.items() if key[1] in TASKS[task].languages}
    dev: dict[str, list[PairRow]] = defaultdict(list)
    for language, row in native("dev"):
        dev[language].append(row)
    for (split, language), path in sorted(ready.items()):
        if split == "dev" and language not in dev:
            purpose = f"development data of {task} in {language}"
            dev[language] = list(read_pairs(preparation.use(task, path), purpose, TASKS[task].labels))
    train, purpose = native_train or ready.get(("train", "en")), f"training data of {task}"
    if native_train is not None:
        preparation.say_if_quoted(task, native_train)
        _write_train(preparation, task, partial(read_train, preparation.use(task, native_train), purpose))
    elif train is not None:
        read = partial(read_pairs, preparation.use(task, train), purpose, TASKS[task].labels)
        deque(preparation.count_rows(task, "train en", read), maxlen=0)
        preparation.copy(task, train, f"{task}/train-en.tsv")
    if task in preparation.dev_as_test and dev and not labelled.issuperset(dev):
        dev = _stand_in(preparation, task, dev, made_train=train is None)
    else:
        _write_tests(preparation, task, native, ready)
        for language in labelled:  # no example in a language is far too few
            preparation.count(task, f"test {language}", 0)
    for language, rows in dev.items():
        _write(preparation, task, "dev", language, rows)
    _offer_text(preparation, dev)


def _write_train(preparation: Preparation, task: str, read: Callable[[LeftOut], Iterable[PairRow]]) -> None:
    with preparation.writing(f"{task}/train-en.tsv") as stream:
        writer = csv.writer(stream, delimiter="\t")
        for row in preparation.count_rows(task, "train en", read):
            writer.writerow([row.text_a, row.text_b, row.label])


def _write_tests(
    preparation: Preparation, task: str, native: Callable[[str], Rows], ready: Mapping[tuple[str, ...], Path]
) -> None:
    """Test files without labels, and the labels where the release has them; streamed, all languages at once."""
    read: Counter[str] = Counter()
    written: Counter[str] = Counter()
    # Where a sample is drawn, how many rows there are is known after a first reading.
    totals = Counter(language for language, _ in native("test")) if preparation.sample else {}
    kept = {language: frozenset(preparation.kept(total)) for language, total in totals.items()}
    with ExitStack() as stack:
        files: dict[str, tuple[Any, TextIO]] = {}
        for language, row in native("test"):
            if language not in files:
                texts = stack.enter_context(preparation.writing(f"{task}/test-{language}.tsv"))
                labels = stack.enter_context(preparation.writing_labels(task, f"test-{language}.tsv"))
                files[language] = csv.writer(texts, delimiter="\t"), labels
            preparation.spool.hold_out(language, (row.text_a, row.text_b))
            read[language] += 1
            if not kept or read[language] - 1 in kept[language]:
                written[language] += 1
                files[language][0].writerow([row.text_a, row.text_b])
                files[language][1].write(f"{row.label}\n")
    for language, count in written.items():
        preparation.count(task, f"test {language}", count)
    for (split, language), path in sorted(ready.items()):
        if split == "test" and language not in written:
            rows = list(read_pairs(preparation.use(task, path), f"test data of {task} in {language}", None))
            preparation.spool.hold_out(language, (text for row in rows for text in (row.text_a, row.text_b)))
            _write(preparation, task, "test", language, preparation.spread(rows))
            preparation.remark(task, f"{language}: no labels were found, so it can be predicted but not scored")


def _stand_in(
    preparation: Preparation, task: str, dev: Mapping[str, Sequence[PairRow]], *, made_train: bool
) -> dict[str, list[PairRow]]:
    """Cut the development sets at the same positions in all languages; the last part becomes the test set.

    Translations of one example have the same position, so no example is on two sides. English training and
    development pairs that share a sentence with a test pair are dropped too. Returns the development part.
    """
    _require_parallel(task, dev)
    base = dev["en"]
    premises = [row.text_a for row in base]
    train_end = cut(premises, TRAIN_END) if made_train else 0
    dev_end = cut(premises, DEV_END if made_train else 1 / 2)
    for language, rows in dev.items():
        test = rows[dev_end:]
        preparation.spool.hold_out(language, (text for row in test for text in (row.text_a, row.text_b)))
        kept = preparation.spread(test)
        _write(preparation, task, "test", language, kept)
        with preparation.writing_labels(task, f"test-{language}.tsv") as stream:
            stream.writelines(f"{row.label}\n" for row in kept)
    preparation.remark(
        task,
        f"test sets are rows {dev_end} to {len(base) - 1} (from 0) of the development sets; the real ones are not used",
    )
    in_dev = _apart(base, range(train_end, dev_end), base[dev_end:])
    in_train = _apart(base, range(train_end), [*base[dev_end:], *(base[i] for i in in_dev)])
    if made_train:
        preparation.remark(
            task,
            f"there is no training set: it is made from rows 0 to {train_end - 1} of the English development set; "
            f"{train_end - len(in_train)} that share a sentence with a development or test pair are left out",
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
    remedy = f"Remove {task} from dev_as_test, or give the whole files"
    if "en" not in dev:
        raise InputError(f"{reason}: the English one is missing. {remedy}")
    sizes = {language: len(rows) for language, rows in dev.items()}
    if len(set(sizes.values())) > 1:
        problems = [Problem(f"{size} rows", task=task, language=language) for language, size in sizes.items()]
        raise InputError(f"{reason}: they must have the same rows in all languages. {remedy}", problems)


def _texts(rows: Sequence[PairRow]) -> set[str]:
    return {comparable(text) for row in rows for text in (row.text_a, row.text_b)}


def _offer_text(preparation: Preparation, rows: Mapping[str, Sequence[PairRow]]) -> None:
    """Sentences as raw text, and each with the English one at the same place as a translation."""
    english = rows.get("en", ())
    for language, pairs in rows.items():
        sentences = [text for row in pairs for text in (row.text_a, row.text_b)]
        preparation.spool.offer_text(language, (text for text in sentences if text != FAILED_TRANSLATION))
        if language != "en" and len(english) == len(pairs):
            originals = [text for row in english for text in (row.text_a, row.text_b)]
            both = zip(sentences, originals, strict=True)
            preparation.spool.offer_translations(language, (pair for pair in both if FAILED_TRANSLATION not in pair))


def _write(preparation: Preparation, task: str, split: str, language: str, rows: Sequence[PairRow]) -> None:
    """In XTREME's form, as Python's csv module writes it: tabs, CR LF, a field with quotes in quotes."""
    with preparation.writing(f"{task}/{split}-{language}.tsv") as stream:
        writer = csv.writer(stream, delimiter="\t")
        for row in rows:
            writer.writerow([row.text_a, row.text_b, *([] if split == "test" else [row.label])])
    preparation.count(task, f"{split} {language}", len(rows))
