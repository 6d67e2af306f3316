"""udpos and panx: from treebanks, WikiAnn, and files in XTREME's form to training, development and test files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby, islice
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.formats import read_tagged
from xtreme_bench.data.release.conllu import Sentence, read_conllu, where_conversion_stops
from xtreme_bench.data.release.preparation import Preparation
from xtreme_bench.data.release.treebanks import RELEASE, other_release
from xtreme_bench.data.release.wikiann import read_wikiann
from xtreme_bench.errors import InputError, Problem

UNSPACED = ("ja", "zh", "th")
SPLITS = ("train", "dev", "test")
CHUNK = 1024


def prepare_udpos(preparation: Preparation) -> None:
    """Write the parts of udpos whose files were found: all treebanks of a language, in the order of file names."""
    found = preparation.files("udpos", "Universal Dependencies", "language", "split", "treebank")
    if other := other_release(preparation.found):
        preparation.remark("udpos", f"release {other} of Universal Dependencies: scores of XTREME are on {RELEASE}")
    for language in sorted(TASKS["udpos"].languages):
        for split in SPLITS:
            treebanks = sorted((p for key, p in found.items() if key[:2] == (language, split)), key=lambda p: p.name)
            _prepare(preparation, "udpos", split, language, treebanks)


def prepare_panx(preparation: Preparation) -> None:
    """Write the parts of panx whose files were found."""
    found = preparation.files("panx", "WikiAnn", "language", "split")
    for language in sorted(TASKS["panx"].languages):
        for split in SPLITS:
            path = found.get((language, split))
            _prepare(preparation, "panx", split, language, [path] if path else [])


def _prepare(preparation: Preparation, task: str, split: str, language: str, released: Sequence[Path]) -> None:
    """One file of one language. Released test sets have tags; for the other splits XTREME's own file comes first."""
    ready = preparation.files(task, "XTREME", "split", "language")
    path = ready.get((split, language))
    stand_in = task in preparation.dev_as_test and not _test_has_tags(preparation, task, language)
    if split == "test" and stand_in and _has_dev(preparation, task, language):
        return
    if path is not None and (split != "test" or not released):
        sentences = _ready(preparation, task, split, language, path)
    elif released:
        sentences, path = _released(preparation, task, language, released), None
    else:
        return
    if split == "dev" and stand_in:
        _stand_in(preparation, task, language, list(sentences))
    elif path is None or (split == "test" and preparation.sample):
        _write(preparation, task, split, language, sentences, tagged=path is None)
    else:
        number = sum(1 for _ in _told(preparation, split, language, sentences))
        preparation.copy(task, path, f"{task}/{split}-{language}.tsv")
        preparation.count(task, f"{split} {language}", number)


def _has_dev(preparation: Preparation, task: str, language: str) -> bool:
    forms = ("XTREME", "Universal Dependencies", "WikiAnn")
    return any(("dev", language) in preparation.files(task, form, "split", "language") for form in forms)


def _test_has_tags(preparation: Preparation, task: str, language: str) -> bool:
    forms = ("Universal Dependencies", "WikiAnn")
    return any(("test", language) in preparation.files(task, form, "split", "language") for form in forms)


def _ready(preparation: Preparation, task: str, split: str, language: str, path: Path) -> Iterator[Sentence]:
    """The sentences of a file in XTREME's form; those of a test set have empty tags."""
    tags = TASKS[task].labels if split != "test" else None
    if tags is None:
        preparation.remark(task, f"{language}: no tags were found, so it can be predicted but not scored")
    for row in read_tagged(preparation.use(task, path), f"{split} data of {task} in {language}", tags):
        if row.id == "0" and all(word.startswith(f"{language}:") for word in row.words):
            raise InputError(
                f"{path} (panx in {language}) has `{language}:` before its words, as WikiAnn's release and not as "
                f"XTREME's files: rename it to {language}-{split}"
            )
        yield [*zip(row.words, row.tags or ("",) * len(row.words), strict=True)]


def _released(preparation: Preparation, task: str, language: str, paths: Sequence[Path]) -> Iterator[Sentence]:
    """The sentences of released files, one after another, without what XTREME drops; that is counted and noted.

    Errors: as the readers; and if no sentence is left, unless XTREME's conversion drops them all.
    """
    left, stopped = False, False
    for path in paths:
        preparation.use(task, path)
        if task == "panx":
            sentences = read_wikiann(path, language, lambda what: preparation.count("panx", f"dropped: {what}"))
        elif (stop := where_conversion_stops(path, language)) is None:
            sentences = read_conllu(path, language, partial(_count_dropped, preparation, path))
        else:
            preparation.remark("udpos", f"{path.name} is left out, as XTREME's conversion stops at its line {stop}")
            stopped = True
            continue
        for sentence in sentences:
            left = True
            yield sentence
    if not left and not stopped:
        raise InputError(
            f"no sentence of {task} in {language} is left of these files: get them again, or remove them",
            [Problem("no sentence that XTREME's conversion keeps", str(path)) for path in paths],
        )


def _count_dropped(preparation: Preparation, path: Path, what: str) -> None:
    preparation.count("udpos", f"dropped: {what} ({path.name})")


def _stand_in(preparation: Preparation, task: str, language: str, dev: Sequence[Sentence]) -> None:
    """The first half stays a development set: English needs one, and the others may give text to learn from."""
    half = len(dev) // 2
    preparation.remark(
        task, "test sets are the second half of the development sets, where no test set with labels was found"
    )
    _write(preparation, task, "dev", language, iter(dev[:half]), tagged=True)
    _write(preparation, task, "test", language, iter(dev[half:]), tagged=True)


def _write(
    preparation: Preparation, task: str, split: str, language: str, sentences: Iterator[Sentence], *, tagged: bool
) -> None:
    """One item per line, an empty line between sentences and none at the end, as in XTREME's files.

    Test files have words only; their tags, if `tagged`, go to the labels. English training sentences and all
    development sentences are offered as text, test sentences are held out of it.
    """
    file = f"{split}-{language}.tsv"
    written, labelled = 0, False
    with ExitStack() as stack:
        words_to = stack.enter_context(preparation.writing(f"{task}/{file}"))
        tags_to = stack.enter_context(preparation.writing_labels(task, file)) if split == "test" and tagged else None
        for begun, sentence in enumerate(_kept(preparation, split, _told(preparation, split, language, sentences))):
            gap = "\n" if begun else ""
            if split != "test":
                words_to.write(gap + "".join(f"{word}\t{tag}\n" for word, tag in sentence))
            else:
                words_to.write(gap + "".join(f"{word}\n" for word, _ in sentence))
            if tags_to is not None:
                for tags in _as_read(sentence):
                    tags_to.write(("\n" if labelled else "") + "".join(f"{tag}\n" for tag in tags))
                    labelled = True
            written += bool(sentence)
    preparation.count(task, f"{split} {language}", written)


def _kept(preparation: Preparation, split: str, sentences: Iterator[Sentence]) -> Iterable[Sentence]:
    """All sentences, or the sample of a test set, in which those without words are not counted."""
    if split != "test" or not preparation.sample:
        return sentences
    return preparation.spread([sentence for sentence in sentences if sentence])


def _as_read(sentence: Sentence) -> Iterator[list[str]]:
    """The tags of a test sentence as a reader of the test file sees it: an empty word ends it."""
    for empty, words in groupby(sentence, key=lambda word: not word[0]):
        if not empty:
            yield [tag for _, tag in words]


def _told(preparation: Preparation, split: str, language: str, sentences: Iterator[Sentence]) -> Iterator[Sentence]:
    """The sentences, unchanged; they are also added to the spool, many at a time."""
    if split == "train" and language != "en":
        yield from sentences
        return
    while chunk := list(islice(sentences, CHUNK)):
        texts = [("" if language in UNSPACED else " ").join(word for word, _ in sentence) for sentence in chunk]
        tell = preparation.spool.hold_out if split == "test" else preparation.spool.offer_text
        tell(language, texts)
        yield from chunk
