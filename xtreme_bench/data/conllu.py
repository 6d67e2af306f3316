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


def read_conllu(path: Path, language: str) -> Iterator[Sentence]:
    """The sentences of one treebank file as (word, UPOS) lists, by the rules of XTREME's preprocessing.

    Comments and empty nodes ("8.1") go; a contraction ("3-4") is one word with the tag of its most prominent part;
    spaces and U+200C inside words go. XTREME also drops sentences whose text is `withheld`; these are still here.
    Errors: `InputError` with every malformed line, after the last sentence.
    """
    order = _ORDERS.get(language, _ORDER).split()
    with reading(path, f"treebank of {language}") as faults:
        for block in _blocks(path, faults):
            yield [(_clean(word), tag) for word, tag in _joined(block, order)]


def withheld(sentence: Sentence) -> bool:
    """Whether all words, or all but one, are "_": a text that the treebank may not distribute."""
    hidden = sum(word == "_" for word, _ in sentence)
    return 0 < hidden >= len(sentence) - 1


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
    words = {int(row[0]): row for row in block if "-" not in row[0]}
    spans = {int(first): (int(last), row[1]) for row in block for first, dash, last in [row[0].partition("-")] if dash}
    if not spans:
        return [(row[1], row[3]) for row in words.values()]
    parents = {number: _parents(row) for number, row in words.items()}
    sentence: Sentence = []
    inside = 0
    for number, row in words.items():
        if number in spans:
            inside, form = spans[number]
            parts = [part for part in words if number <= part <= inside]
            sentence.append((form, _prominent_tag(parts, words, parents, order)))
        elif number > inside:
            sentence.append((row[1], row[3]))
    return sentence


def _parents(row: Sequence[str]) -> set[int]:
    """The words that a word depends on: its head, and those of the enhanced graph, which XTREME's script counts too."""
    enhanced = [entry.partition(":")[0] for entry in row[8].split("|")]
    return {int(head) for head in (row[6], *enhanced) if head.isdecimal()}


def _prominent_tag(
    parts: Sequence[int], words: Mapping[int, Sequence[str]], parents: Mapping[int, set[int]], order: Sequence[str]
) -> str:
    """The tag of the part with the fewest ancestors; of several, the tag that comes first in `order`."""

    def rank(part: int) -> tuple[int, int]:
        tag = words[part][3]
        return len(_ancestors(part, parents)), order.index(tag) if tag in order else len(order)

    return words[min(parts, key=rank)][3]


def _ancestors(word: int, parents: Mapping[int, set[int]]) -> set[int]:
    """All words above a word, and the root (0); an enhanced graph, or a malformed tree, may have cycles."""
    found: set[int] = set()
    waiting = list(parents[word])
    while waiting:
        above = waiting.pop()
        if above not in found:
            found.add(above)
            waiting += parents.get(above, ())
    return found - {word}


def _clean(word: str) -> str:
    return word.strip().replace("\u200c", "").replace(" ", "")
