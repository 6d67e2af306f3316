"""Find texts of one collection in another: equal apart from case, spacing and punctuation, or with a common n-gram.

The n-grams have 13 words, as in Brown et al. 2020 (arXiv 2005.14165, appendix C), or 26 characters in languages
written without spaces.
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
# Shorter texts are often equal by chance ("Yes.", a name), so they are counted separately.
SHORT_WORDS, SHORT_CHARACTERS = 4, 8
MAX_CACHED = 1 << 20  # token hashes in memory

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]

# For so many characters a translation table is much faster than a regular expression.
_MARKS = {code: " " for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] in "PS"}
_FACTOR = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def tokens(text: str, language: str) -> list[str]:
    """The words of a text (characters in languages without spaces), without case, punctuation and symbols."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_MARKS)
    return list("".join(plain.split())) if language in UNSPACED else plain.split()


def whole(texts: Iterable[str], language: str) -> int:
    """A 64-bit hash of a row of texts, after `tokens`."""
    return _hash("\n".join(" ".join(tokens(text, language)) for text in texts))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


class Hasher:
    """Hashes the texts of one language: one hash for the whole text and one for each of its n-grams."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.length, self.short = (CHARACTERS, SHORT_CHARACTERS) if language in UNSPACED else (WORDS, SHORT_WORDS)
        self._known: dict[str, int] = {}
        factors = [1]
        while len(factors) < self.length:
            factors.append(factors[-1] * _FACTOR & _MASK)
        self._factors = np.array(factors, dtype=np.uint64)

    def hash(self, texts: Sequence[str]) -> tuple[Hashes, NDArray[np.bool_], Hashes, Rows]:
        """(hash of each text, whether it is short, hashes of all n-grams, index of the text of each n-gram)."""
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
    """The items of the index that share a text (`exact`) or an n-gram (`ngram`) with the searched texts.

    `long`: the items of `exact` whose text is not short. The examples are the first few (searched text, item).
    """

    exact: Rows
    long: Rows
    ngram: Rows
    exact_examples: list[tuple[str, int]]
    ngram_examples: list[tuple[str, int]]


class Table:
    """A sorted table of hashes with the items that have them."""

    def __init__(self, hashes: Hashes, items: Rows) -> None:
        order = np.argsort(hashes, kind="stable")
        self._items = items[order]
        self._values, self._starts = np.unique(hashes[order], return_index=True)
        self._ends = np.append(self._starts[1:], len(order))

    def positions(self, hashes: Hashes) -> tuple[Rows, Rows]:
        """(indices of the `hashes` that are in the table, their positions in the table)."""
        if not len(self._values):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(self._values, hashes), len(self._values) - 1)
        which = np.flatnonzero(self._values[at] == hashes)
        return which, at[which]

    def marks(self) -> NDArray[np.bool_]:
        """One False for each position."""
        return np.zeros(len(self._values), dtype=bool)

    def items(self, marks: NDArray[np.bool_]) -> Rows:
        """All items that have a marked hash."""
        sizes = self._ends - self._starts
        return np.unique(self._items[np.repeat(marks, sizes)])

    def item(self, position: int) -> int:
        """The first item at a position."""
        return int(self._items[self._starts[position]])


class Index:
    """An index of the texts of test items in one language. The caller numbers the items."""

    def __init__(self, language: str) -> None:
        self.hasher = Hasher(language)
        self._parts: list[tuple[Hashes, Rows, Hashes, Rows]] = []
        self._tables: tuple[Table, Table] | None = None

    def add(self, texts: Sequence[str], items: Sequence[int]) -> None:
        """Add texts with their item numbers; an item may have several texts."""
        exact, _, grams, owner = self.hasher.hash(texts)
        numbers = np.array(items, dtype=np.int64)
        self._parts.append((exact, numbers, grams, numbers[owner]))

    def search(self, chunks: Iterable[Sequence[str]], examples: int = 3) -> Found:
        """Search the index for texts, given in chunks; memory does not grow with their number."""
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
    """Keep the first few hits, each with a different text."""
    for number, position in zip(which.tolist(), at.tolist(), strict=True):
        if len(found) >= most:
            return
        if not marks[position] and all(texts[number] != known for known, _ in found):
            found.append((texts[number], table.item(position)))
