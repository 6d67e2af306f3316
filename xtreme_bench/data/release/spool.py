"""What one corpus leaves for later ones: raw text, translations, and which texts are test examples.

Kept on disk, a folder for each step of `prepare`, so that memory does not grow with the corpora and a step that is
skipped because nothing changed has still left its share. Test examples are kept as hashes.
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

_TEXT, _TRANSLATIONS, _HELD_OUT = "text", "translations", "held-out"
_MOST_WAITING = 1 << 16


def comparable(text: str) -> str:
    """`text` without differences of case and spacing, to find test examples that occur elsewhere."""
    return " ".join(text.casefold().split())


def fingerprint(text: str) -> int:
    """64 bits of `comparable(text)`."""
    return int.from_bytes(blake2b(comparable(text).encode(), digest_size=8).digest(), "little")


class Spool:
    """Text on its way to the pretraining corpora, and the fingerprints of test examples, by language."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._step = folder, ""
        self._held_out: dict[str, set[int]] = {}
        self._waiting: dict[str, array[int]] = {}

    def begin(self, step: str) -> None:
        """From now on everything comes from `step`; what it left in an earlier run is dropped."""
        self._step = step
        self._held_out.clear()
        self._waiting.clear()
        shutil.rmtree(self._folder / step, ignore_errors=True)

    def offer_text(self, language: str, texts: Iterable[str]) -> None:
        """Add texts that may be pretrained on, if no test set has them."""
        self._append(_TEXT, language, (" ".join(text.split()) for text in texts))

    def offer_translations(self, language: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Add pairs (text in `language`, the same in English), likewise."""
        self._append(_TRANSLATIONS, language, ("\t".join(" ".join(text.split()) for text in pair) for pair in pairs))

    def hold_out(self, language: str, texts: Iterable[str]) -> None:
        """Add texts of test examples: no pretraining text or training passage of SQuAD may be one of them."""
        waiting = self._waiting.setdefault(language, array("Q"))
        waiting.extend(map(fingerprint, texts))
        if len(waiting) > _MOST_WAITING:
            self.end()

    def end(self) -> None:
        """Write everything to disk; the last call of a step."""
        for language, values in self._waiting.items():
            with self._file(_HELD_OUT, language).open("ab") as stream:
                values.tofile(stream)
        self._waiting.clear()

    def held_out(self, language: str) -> set[int]:
        """Fingerprints of the test examples in `language` that all steps so far have left."""
        self.end()
        if language not in self._held_out:
            found: set[int] = set()
            for path in sorted(self._folder.glob(f"*/{_HELD_OUT}.{language}")):
                found.update(array("Q", path.read_bytes()))
            self._held_out[language] = found
        return self._held_out[language]

    def texts(self, language: str) -> Iterator[str]:
        """What was offered as text in `language`, step by step."""
        return self._lines(_TEXT, language)

    def translations(self, language: str) -> Iterator[tuple[str, str]]:
        """The pairs that were offered as translations."""
        for line in self._lines(_TRANSLATIONS, language):
            foreign, _, english = line.partition("\t")
            yield foreign, english

    def languages(self, *, translations: bool = False) -> list[str]:
        """The languages in which there is text, or in which there are translations."""
        kind = _TRANSLATIONS if translations else _TEXT
        return sorted({path.name.removeprefix(f"{kind}.") for path in self._folder.glob(f"*/{kind}.*")})

    def _append(self, kind: str, language: str, lines: Iterable[str]) -> None:
        with self._file(kind, language).open("a", encoding="utf-8", newline="") as stream:
            stream.writelines(f"{line}\n" for line in lines)

    def _lines(self, kind: str, language: str) -> Iterator[str]:
        for path in sorted(self._folder.glob(f"*/{kind}.{language}")):
            with path.open(encoding="utf-8", newline="\n") as stream:
                for line in stream:
                    yield line.removesuffix("\n")

    def _file(self, kind: str, language: str) -> Path:
        folder = self._folder / self._step
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{kind}.{language}"
