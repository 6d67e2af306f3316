"""Readers of what an encoder is pretrained on: raw text of each language, and translations to English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xtreme_bench.data import layout
from xtreme_bench.data.files import lines, reading
from xtreme_bench.errors import Problem


def read_text(data: Path, language: str) -> list[str]:
    """The lines of raw text in one language that are not empty."""
    return list(stream_text(data, language))


def stream_text(data: Path, language: str) -> Iterator[str]:
    """The same lines, one by one. Raises InputError after the last one if there are faults, or no lines."""
    path = data / layout.text_file(language)
    with reading(path, f"raw text in {language}") as faults:
        empty = True
        for _, line in lines(path, faults):
            if text := line.strip():
                empty = False
                yield text
        if empty:
            faults.append(Problem("no text", str(path)))


def read_parallel(data: Path, language: str) -> list[tuple[str, str]]:
    """(foreign, English) translations for pretraining; pairs of which one side is empty are left out."""
    foreign_path, english_path = (data / file for file in layout.parallel_files(language))
    with reading(foreign_path, f"sentences in {language} with a translation, for pretraining") as faults:
        foreign = [line.strip() for _, line in lines(foreign_path, faults)]
    with reading(english_path, f"translations of the sentences in {language}, for pretraining") as faults:
        english = [line.strip() for _, line in lines(english_path, faults)]
        if len(foreign) != len(english):
            message = f"{len(english)} lines, but {foreign_path.name} has {len(foreign)}; line i must translate line i"
            faults.append(Problem(message, str(english_path)))
    return [pair for pair in zip(foreign, english, strict=True) if all(pair)]
