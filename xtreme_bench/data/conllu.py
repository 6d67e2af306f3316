"""Universal Dependencies' CoNLL-U files, reduced to the words and tags that XTREME's udpos files have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xtreme_bench.data.files import lines, reading
from xtreme_bench.errors import Problem

# XTREME joins contracted words ("du" = "de" + "le") again and gives them the tag of the word nearest to the root of
# the sentence; of equally near ones the tag that comes first here. Three languages have an order of their own.
_ORDER = "VERB NOUN PROPN PRON ADJ NUM ADV INTJ AUX ADP DET PART CCONJ SCONJ X PUNCT"
_ORDERS: Mapping[str, str] = {
    "es": "VERB AUX PRON ADP DET",
    "fr": "VERB AUX PRON NOUN ADJ ADV ADP DET PART SCONJ CONJ",
    "it": "VERB AUX ADV PRON ADP DET INTJ",
}
_COLUMNS = 10
_ID = re.compile(r"[0-9]{1,6}(?:[-.][0-9]{1,6})?")
Sentence = list[tuple[str, str]]  # (word, tag)


def read_conllu(path: Path, language: str) -> list[Sentence]:
    """The sentences of one treebank file as (word, UPOS) lists, by the rules of XTREME's preprocessing.

    Comments and empty nodes ("8.1") go; a contraction ("3-4") is one word with the tag of its most prominent part;
    spaces and U+200C inside words go; a sentence whose words are all, or all but one, "_" (texts that the treebank may
    not distribute) goes. Errors: `InputError` with every malformed line.
    """
    order = _ORDERS.get(language, _ORDER).split()
    sentences = []
    with reading(path, f"treebank of {language}") as faults:
        for block in _blocks(path, faults):
            sentence = _joined(block, order)
            withheld = sum(word == "_" for word, _ in sentence)
            if withheld == 0 or withheld < len(sentence) - 1:
                sentences.append([(_clean(word), tag) for word, tag in sentence])
    return sentences


def _blocks(path: Path, faults: list[Problem]) -> Iterator[list[list[str]]]:
    """The rows of each sentence, without comments and empty nodes."""
    block: list[list[str]] = []
    for number, line in lines(path, faults):
        if not line.strip():
            if block:
                yield block
            block = []
        elif not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != _COLUMNS or not _ID.fullmatch(fields[0]):
                faults.append(
                    Problem(f"ten columns with an id in the first expected: {line[:60]!r}", str(path), number)
                )
            elif "." not in fields[0]:
                block.append(fields)
    if block:
        yield block


def _joined(block: Sequence[Sequence[str]], order: Sequence[str]) -> Sentence:
    """(form, tag) of each surface word: contractions as one word, other words as they are."""
    words = {row[0]: row for row in block if row[0].isdecimal()}
    sentence: Sentence = []
    inside: set[str] = set()
    for row in block:
        if "-" in row[0]:
            first, _, last = row[0].partition("-")
            parts = [word for word in words if int(first) <= int(word) <= int(last)]
            inside.update(parts)
            sentence.append((row[1], _prominent_tag(parts, words, order)))
        elif row[0] not in inside:
            sentence.append((row[1], row[3]))
    return sentence


def _prominent_tag(parts: Sequence[str], words: Mapping[str, Sequence[str]], order: Sequence[str]) -> str:
    def rank(part: str) -> tuple[int, int]:
        tag = words[part][3]
        return _depth(part, words), order.index(tag) if tag in order else len(order)

    return words[min(parts, key=rank)][3] if parts else "X"


def _depth(word: str, words: Mapping[str, Sequence[str]]) -> int:
    """The number of ancestors of a word; bounded, as a malformed tree may have cycles."""
    depth = 0
    while word in words and depth < len(words):
        word = words[word][6]
        depth += 1
    return depth


def _clean(word: str) -> str:
    return word.replace("\u200c", "").replace(" ", "")
