"""Find the texts of one collection in another: the same but for case, spacing and punctuation, or many words in a row.

The n-gram criterion is that of Brown et al. 2020 (arXiv 2005.14165, appendix C): 13 words in a row. Languages written
without spaces are compared by characters, 26 of them in a row.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS, CHARACTERS = 13, 26
UNSPACED = frozenset({"ja", "my", "th", "zh"})
# Texts of fewer words are often the same by chance ("Yes.", a name); they are counted, and counted apart.
SHORT_WORDS, SHORT_CHARACTERS = 4, 8
MAX_CACHED = 1 << 20  # token hashes kept

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]

# A translation table is much faster than a regular expression with so many characters.
_MARKS = {code: " " for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] in "PS"}
_FACTOR = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def tokens(text: str, language: str) -> list[str]:
    """The words of a text, or its characters where words are not set apart, without case, punctuation and symbols."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_MARKS)
    return list("".join(plain.split())) if language in UNSPACED else plain.split()


def whole(texts: Iterable[str], language: str) -> int:
    """64 bits of a row of texts as `tokens` sees them."""
    return _hash("\n".join(" ".join(tokens(text, language)) for text in texts))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


class Hasher:
    """Texts of one language as numbers: one for the whole text, and one for each n-gram in it."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.length, self.short = (CHARACTERS, SHORT_CHARACTERS) if language in UNSPACED else (WORDS, SHORT_WORDS)
        self._known: dict[str, int] = {}
        factors = [1]
        while len(factors) < self.length:
            factors.append(factors[-1] * _FACTOR & _MASK)
        self._factors = np.array(factors, dtype=np.uint64)

    def hash(self, texts: Sequence[str]) -> tuple[Hashes, NDArray[np.bool_], Hashes, Rows]:
        """(hash of each text, whether it is short, n-grams of all texts, number of the text each comes from)."""
        cut = [tokens(text, self.language) for text in texts]
        if len(self._known) > MAX_CACHED:
            self._known.clear()
        exact = np.array([_hash(" ".join(words)) for words in cut], dtype=np.uint64)
        short = np.array([len(words) < self.short for words in cut], dtype=bool)
        long = [at for at, words in enumerate(cut) if len(words) >= self.length]
        flat = np.array([self._token(word) for at in long for word in cut[at]], dtype=np.uint64)
        if not len(flat):
            return exact, short, np.empty(0, np.uint64), np.empty(0, np.int64)
        owner = np.repeat(np.array(long, dtype=np.int64), [len(cut[at]) for at in long])
        last = len(flat) - self.length + 1
        grams = np.zeros(last, dtype=np.uint64)
        for offset, factor in enumerate(self._factors):
            grams += flat[offset : offset + last] * factor
        inside = owner[:last] == owner[self.length - 1 :]
        return exact, short, grams[inside], owner[:last][inside]

    def _token(self, word: str) -> int:
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = _hash(word)
        return known


@dataclass(frozen=True)
class Found:
    """What of the searched collection stands in the index: items with an equal text, and with an n-gram in common.

    `long` are those of `exact` that are not short. `examples` are (searched text, item) of the first few.
    """

    exact: Rows
    long: Rows
    ngram: Rows
    exact_examples: list[tuple[str, int]]
    ngram_examples: list[tuple[str, int]]


class Table:
    """Sorted hashes with the items that have them."""

    def __init__(self, hashes: Hashes, items: Rows) -> None:
        order = np.argsort(hashes, kind="stable")
        self._items = items[order]
        self._values, self._starts = np.unique(hashes[order], return_index=True)
        self._ends = np.append(self._starts[1:], len(order))

    def positions(self, hashes: Hashes) -> tuple[Rows, Rows]:
        """(which of `hashes` are here, at which position)."""
        if not len(self._values):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(self._values, hashes), len(self._values) - 1)
        which = np.flatnonzero(self._values[at] == hashes)
        return which, at[which]

    def marks(self) -> NDArray[np.bool_]:
        """A mark for each position, none set."""
        return np.zeros(len(self._values), dtype=bool)

    def items(self, marks: NDArray[np.bool_]) -> Rows:
        """All items that have a marked hash."""
        sizes = self._ends - self._starts
        return np.unique(self._items[np.repeat(marks, sizes)])

    def item(self, position: int) -> int:
        """The first item at a position."""
        return int(self._items[self._starts[position]])


class Index:
    """The texts of test items in one language, to look others up in. Items are numbered by whoever adds them."""

    def __init__(self, language: str) -> None:
        self.hasher = Hasher(language)
        self._parts: list[tuple[Hashes, Rows, Hashes, Rows]] = []
        self._tables: tuple[Table, Table] | None = None

    def add(self, texts: Sequence[str], items: Sequence[int]) -> None:
        """Add texts, each with the number of its item; an item may have several."""
        exact, _, grams, owner = self.hasher.hash(texts)
        numbers = np.array(items, dtype=np.int64)
        self._parts.append((exact, numbers, grams, numbers[owner]))

    def search(self, chunks: Iterable[Sequence[str]], examples: int = 3) -> Found:
        """Look up texts, given in chunks; memory does not grow with their number."""
        if self._tables is None:
            columns: list[Any] = [np.concatenate(column) for column in zip(*self._parts, strict=True)]
            self._tables = Table(columns[0], columns[1]), Table(columns[2], columns[3])
            self._parts.clear()
        whole_texts, ngrams = self._tables
        exact_marks, long_marks, ngram_marks = whole_texts.marks(), whole_texts.marks(), ngrams.marks()
        exact_examples: list[tuple[str, int]] = []
        ngram_examples: list[tuple[str, int]] = []
        for texts in chunks:
            exact, short, grams, owner = self.hasher.hash(texts)
            which, at = whole_texts.positions(exact)
            _exemplify(exact_examples, examples, texts, which, at, exact_marks, whole_texts)
            exact_marks[at] = True
            long_marks[at[~short[which]]] = True
            which, at = ngrams.positions(grams)
            _exemplify(ngram_examples, examples, texts, owner[which], at, ngram_marks, ngrams)
            ngram_marks[at] = True
        return Found(
            whole_texts.items(exact_marks),
            whole_texts.items(long_marks),
            ngrams.items(ngram_marks),
            exact_examples,
            ngram_examples,
        )


def _exemplify(
    found: list[tuple[str, int]],
    most: int,
    texts: Sequence[str],
    which: Rows,
    at: Rows,
    marks: NDArray[np.bool_],
    table: Table,
) -> None:
    """Keep the first few hits of different texts."""
    for number, position in zip(which.tolist(), at.tolist(), strict=True):
        if len(found) >= most:
            return
        if not marks[position] and all(texts[number] != known for known, _ in found):
            found.append((texts[number], table.item(position)))
