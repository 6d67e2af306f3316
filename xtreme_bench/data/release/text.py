"""Raw text and translations for pretraining: what the corpora offered, except what a test set contains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain

from xtreme_bench.data import layout
from xtreme_bench.data.release.preparation import Preparation
from xtreme_bench.data.release.spool import fingerprint


def prepare_text(preparation: Preparation) -> None:
    """Write what was offered. Texts are compared without case and spacing; lines that occur twice are written once.

    If nothing is left, there is no file.
    """
    for language in preparation.spool.languages():
        _write(preparation, [layout.text_file(language)], ((line,) for line in _texts(preparation, language)))
    for language in preparation.spool.languages(translations=True):
        _write(preparation, layout.parallel_files(language), _translations(preparation, language))


def _write(preparation: Preparation, files: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    """Write one column of the rows to each file."""
    first = next(rows, None)
    if first is None:
        return
    with ExitStack() as stack:
        streams = [stack.enter_context(preparation.writing(file)) for file in files]
        for row in chain([first], rows):
            for stream, text in zip(streams, row, strict=True):
                stream.write(f"{text}\n")


def _texts(preparation: Preparation, language: str) -> Iterator[str]:
    held_out = preparation.spool.held_out(language)
    seen: set[int] = set()
    for line in preparation.spool.texts(language):
        key = hash(line)
        if not line or key in seen:
            continue
        seen.add(key)
        kept = fingerprint(line) not in held_out
        if kept:
            yield line
        preparation.count("text" if kept else "text: left out as in a test set", language)


def _translations(preparation: Preparation, language: str) -> Iterator[tuple[str, str]]:
    held_out, english_held_out = preparation.spool.held_out(language), preparation.spool.held_out("en")
    seen: set[int] = set()
    for pair in preparation.spool.translations(language):
        key = hash(pair)
        foreign, english = pair
        if not foreign or not english or key in seen:
            continue
        seen.add(key)
        if fingerprint(foreign) not in held_out and fingerprint(english) not in english_held_out:
            yield pair
            preparation.count("parallel", language)
