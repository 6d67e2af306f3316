"""Universal Dependencies' CoNLL-U files, reduced to the words and tags that XTREME's udpos files have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from xtreme_bench.benchmark import UPOS_TAGS
from xtreme_bench.data.files import lines, reading
from xtreme_bench.errors import Problem

# XTREME joins contracted words ("du" = "de" + "le") again and gives them the tag of the word nearest to the root of
# the sentence; among equally near ones the tag that comes first here. Three languages have an order of their own.
_ORDER = "VERB NOUN PROPN PRON ADJ NUM ADV INTJ AUX ADP DET PART CCONJ SCONJ X PUNCT"
_ORDERS: Mapping[str, str] = {
    "es": "VERB AUX PRON ADP DET",
    "fr": "VERB AUX PRON NOUN ADJ ADV ADP DET PART SCONJ CONJ",
    "it": "VERB AUX ADV PRON ADP DET INTJ",
}
_COLUMNS = 10
_CONTRACTION = re.compile(r"[0-9]+-")
_ID = re.compile(r"([0-9]{1,6})(?:(-|\.)([0-9]{1,6}))?")
_AGAIN = "this number occurs twice in its sentence: the line is repeated, or an empty line before it is missing"
Sentence = list[tuple[str, str]]  # (word, tag)


class _Word(NamedTuple):
    form: str
    tag: str
    head: str
    enhanced: str  # heads and relations in the enhanced graph
    line: int


@dataclass
class _Block:
    """One sentence of a file: its words by number, and its contractions."""

    words: dict[int, _Word] = field(default_factory=dict)
    spans: dict[int, tuple[int, str]] = field(default_factory=dict)  # first word -> (last word, form)


def read_conllu(path: Path, language: str, dropped: Callable[[str], None]) -> Iterator[Sentence]:
    """The sentences of one treebank file as (word, UPOS) lists, by the rules of XTREME's preprocessing.

    Comments and empty nodes ("8.1") go; a contraction ("3-4") is one word with the tag of its most prominent part;
    spaces and U+200C inside words go. XTREME drops a sentence whose words are all, or all but one, "_" (texts that a
    treebank may not distribute), and a last one that no empty line ends: `dropped` is told of each.
    Errors: `InputError` with every malformed line, and with every tag in the remaining sentences that is not of UD 2,
    after the last sentence.
    """
    order = _ORDERS.get(language, _ORDER).split()
    with reading(path, f"treebank of {language}") as faults:
        for rows in _sentences(path, faults, dropped):
            block = _block(rows, path, faults)
            if block is None:
                continue
            sentence = [(form.strip(), tag.strip()) for form, tag in _joined(block, order)]
            withheld = sum(word == "_" for word, _ in sentence)
            if 0 < withheld >= len(sentence) - 1:
                dropped("sentences without their words")
            else:
                faults += _unknown_tags(block, path)
                yield [(word.replace("\u200c", "").replace(" ", ""), tag) for word, tag in sentence]


def where_conversion_stops(path: Path, language: str) -> int | None:
    """The line of the sentence at which XTREME's conversion of this file ends in an error; None if it does not.

    It ends at a contraction of which several parts are nearest to the root, one with a tag that the order above lacks;
    at contractions that share a word; and at a word that depends on itself beside a contraction. XTREME then has no
    sentence of the whole file.
    """
    order = _ORDERS.get(language, _ORDER).split()
    for rows in _sentences(path, [], lambda what: None):
        if not any(_CONTRACTION.match(row) for _, row in rows):
            continue
        block = _block(rows, path, [])
        if block is not None and _stops(block, order):
            return rows[-1][0]
    return None


def _stops(block: _Block, order: Sequence[str]) -> bool:
    if any(number in _heads(word) for number, word in block.words.items()):
        return True
    for first, (last, _) in block.spans.items():
        nearest = _nearest(block, first, last)
        if len(nearest) > 1 and any(block.words[part].tag not in order for part in nearest):
            return True
    parts = [part for first, last, _ in _fused(block, order).values() for part in range(first, last + 1)]
    return len(set(parts)) < len(parts)


def _sentences(path: Path, faults: list[Problem], dropped: Callable[[str], None]) -> Iterator[list[tuple[int, str]]]:
    """The rows of each sentence with the numbers of their lines, without comments."""
    rows: list[tuple[int, str]] = []
    for number, line in lines(path, faults):
        if not line:
            if rows:
                yield rows
                rows = []
        elif not line.startswith("#"):
            rows.append((number, line))
    if rows:
        dropped("last sentences without an empty line after them")


def _unknown_tags(block: _Block, path: Path) -> Iterator[Problem]:
    """Tags of words outside the 17 of UD 2: of UD 1 (CONJ), mistyped, or missing ("_")."""
    for word in block.words.values():
        if word.tag.strip() not in UPOS_TAGS:
            message = f"unknown part of speech {word.tag!r} (fourth column); UD 2 has {', '.join(UPOS_TAGS)}"
            yield Problem(message, str(path), word.line)


def _block(rows: Sequence[tuple[int, str]], path: Path, faults: list[Problem]) -> _Block | None:
    """A sentence, without its empty nodes; None if it has faults."""
    block, before = _Block(), len(faults)
    for number, row in rows:
        fault = _add(block, row.split("\t"), number)
        if fault:
            faults.append(Problem(f"{fault}: {row[:60]!r}", str(path), number))
        if fault == _AGAIN:
            break  # so will every number after it
    if len(faults) == before and (fault := _fault(block)):
        faults.append(Problem(fault, str(path), rows[-1][0]))
    return block if len(faults) == before and block.words else None


def _add(block: _Block, row: Sequence[str], number: int) -> str | None:
    """Add the row of a line to its sentence; returns what is wrong with it."""
    match = _ID.fullmatch(row[0])
    if len(row) != _COLUMNS or match is None:
        return "ten columns with an id in the first expected"
    first, mark, last = match.groups()
    if mark == "-":
        if int(first) in block.spans:
            return _AGAIN
        block.spans[int(first)] = (int(last), row[1])
    elif mark is None:
        if not row[6].isdecimal():
            return "the head (seventh column) must be a number"
        if int(first) in block.words:
            return _AGAIN
        block.words[int(first)] = _Word(row[1], row[3], row[6], row[8], number)
    return None


def _fault(block: _Block) -> str | None:
    """What is wrong with a sentence whose rows are right."""
    if list(block.words) != list(range(1, len(block.words) + 1)):
        return "the words of this sentence are not numbered 1, 2, 3, ..."
    heads = {int(word.head) for word in block.words.values()}
    if max(heads, default=0) > len(block.words):
        return f"a head is word {max(heads)}, but this sentence has {len(block.words)} words"
    if block.spans and 0 not in heads:
        return "no word of this sentence is its root (head 0)"
    for first, (last, _) in block.spans.items():
        if not 0 < first <= last <= len(block.words):
            return f"the contraction {first}-{last} is not of words of this sentence"
    return None


def _joined(block: _Block, order: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(form, tag) of each surface word: contractions as one word, other words as they are."""
    fused = _fused(block, order)
    inside = {part for first, last, _ in fused.values() for part in range(first, last + 1)}
    for number, word in block.words.items():
        if number in fused:
            yield fused[number][2], word.tag
        elif number not in inside:
            yield word.form, word.tag


def _fused(block: _Block, order: Sequence[str]) -> dict[int, tuple[int, int, str]]:
    """The most prominent word of each contraction -> first word, last word, form.

    Where nested contractions have the same one, XTREME's script joins the last.
    """
    fused = {}
    for first, (last, form) in sorted(block.spans.items()):
        tags = {part: block.words[part].tag for part in _nearest(block, first, last)}
        head = min(tags, key=lambda part: order.index(tags[part]) if tags[part] in order else len(order))
        fused[head] = (first, last, form)
    return fused


def _nearest(block: _Block, first: int, last: int) -> list[int]:
    """Those of the words from `first` to `last` that have the fewest ancestors."""
    ancestors = {part: len(_ancestors(part, block.words)) for part in range(first, last + 1)}
    fewest = min(ancestors.values())
    return [part for part, number in ancestors.items() if number == fewest]


def _ancestors(word: int, words: Mapping[int, _Word]) -> set[int]:
    """All words above a word, and the root (0). An enhanced graph may have cycles."""
    found: set[int] = set()
    waiting = [word]
    while waiting:
        at = waiting.pop()
        if at in words:
            above = _heads(words[at]) - found
            found |= above
            waiting += above
    return found - {word}


def _heads(word: _Word) -> set[int]:
    """What a word depends on, also in the enhanced graph, which XTREME's script counts too."""
    if word.enhanced == "_":
        return {int(word.head)}
    enhanced = (entry.partition(":")[0] for entry in word.enhanced.split("|"))
    return {int(head) for head in (word.head, *enhanced) if head.isdecimal()}
