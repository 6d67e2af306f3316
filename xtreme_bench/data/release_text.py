"""Raw text and translations for pretraining: what the corpora offered, without anything that a test set contains."""

from __future__ import annotations

from contextlib import ExitStack

from xtreme_bench.data import layout
from xtreme_bench.data.releases import Preparation
from xtreme_bench.data.spool import fingerprint


def prepare_text(preparation: Preparation) -> None:
    """Write what was offered. Compared verbatim but for case and spacing; lines that occur twice are written once."""
    for language in preparation.spool.languages():
        _text(preparation, language)
    for language in preparation.spool.languages(translations=True):
        _translations(preparation, language)


def _text(preparation: Preparation, language: str) -> None:
    held_out = preparation.spool.held_out(language)
    seen: set[int] = set()
    with preparation.writing(layout.text_file(language)) as stream:
        for line in preparation.spool.texts(language):
            key = hash(line)
            if not line or key in seen:
                continue
            seen.add(key)
            kept = fingerprint(line) not in held_out
            if kept:
                stream.write(f"{line}\n")
            preparation.count("text" if kept else "text: left out as in a test set", language)


def _translations(preparation: Preparation, language: str) -> None:
    held_out, english_held_out = preparation.spool.held_out(language), preparation.spool.held_out("en")
    seen: set[int] = set()
    with ExitStack() as stack:
        streams = [stack.enter_context(preparation.writing(file)) for file in layout.parallel_files(language)]
        for pair in preparation.spool.translations(language):
            key = hash(pair)
            foreign, english = pair
            if not foreign or not english or key in seen:
                continue
            seen.add(key)
            if fingerprint(foreign) not in held_out and fingerprint(english) not in english_held_out:
                for stream, text in zip(streams, pair, strict=True):
                    stream.write(f"{text}\n")
                preparation.count("parallel", language)
