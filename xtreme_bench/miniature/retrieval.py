"""Sentences for retrieval, and raw and parallel text for pretraining, none of which is ever in a retrieval test."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from xtreme_bench.miniature import sample
from xtreme_bench.miniature.mixed import say_mixed
from xtreme_bench.miniature.scope import File, Scope, lines
from xtreme_bench.miniature.speech import Sentence, say
from xtreme_bench.miniature.world import CATEGORY, CONCEPTS, NP, Clause

BUCC_SPLITS = ("dev", "test")
MIXED = 0.7  # share of the lines of text that are code-mixed
TRANSLATED = 0.2  # share of the sentences of a BUCC side that have a translation on the other


@cache
def tatoeba(scope: Scope, language: str) -> tuple[list[str], list[str], list[int]]:
    """Foreign sentences, English ones sorted by code point, and for each sorted one the index of its translation."""
    rng = scope.rng("tatoeba", language)
    foreign: list[str] = []
    english: list[str] = []
    while len(foreign) < scope.size(250):
        sentence = sample.sentence(rng)
        here, there = say(sentence, language), say(sentence, "en")
        if here not in foreign and there not in english:
            foreign.append(here)
            english.append(there)
    order = sorted(range(len(english)), key=lambda index: english[index])
    return foreign, [english[index] for index in order], order


@dataclass(frozen=True)
class Comparable:
    """Two sides of a comparable corpus, as id and text, and the pairs of ids that are translations."""

    foreign: list[tuple[str, str]]
    english: list[tuple[str, str]]
    gold: list[tuple[str, str]]


@cache
def bucc(scope: Scope, language: str, split: str) -> Comparable:
    """A fifth of each side has a translation; the rest differ from such sentences in one or two parts."""
    rng = scope.rng("bucc2018", language, split)
    size = scope.size(420)
    pairs: list[Clause] = []
    taken: set[str] = set()  # both texts of every clause, so that no distractor is a translation by chance
    while len(pairs) < round(size * TRANSLATED):
        _take(sample.statement(rng, extras=0.5, negated=0.1), language, pairs, taken)
    sides = []
    for code in (language, "en"):
        distractors: list[Clause] = []
        while len(pairs) + len(distractors) < size:
            _take(near(rng, rng.choice(pairs)), language, distractors, taken)
        side: list[tuple[str, int | None]] = [(say(clause, code), index) for index, clause in enumerate(pairs)]
        side += [(say(clause, code), None) for clause in distractors]
        rng.shuffle(side)
        sides.append(side)
    return _numbered(sides[0], sides[1], language)


def _take(clause: Clause, language: str, clauses: list[Clause], taken: set[str]) -> None:
    """Append the clause if neither of its texts is taken."""
    texts = {say(clause, language), say(clause, "en")}
    if not texts & taken:
        clauses.append(clause)
        taken |= texts


def _numbered(
    foreign: list[tuple[str, int | None]], english: list[tuple[str, int | None]], language: str
) -> Comparable:
    """Give both sides their ids and find the pairs."""
    where: dict[int, str] = {}
    left = [(f"{language}-{number:09d}", text) for number, (text, _) in enumerate(foreign, start=1)]
    right = [(f"en-{number:09d}", text) for number, (text, _) in enumerate(english, start=1)]
    for (identifier, _), (_, pair) in zip(right, english, strict=True):
        if pair is not None:
            where[pair] = identifier
    gold = [
        (identifier, where[pair])
        for (identifier, _), (_, pair) in zip(left, foreign, strict=True)
        if pair is not None and pair in where
    ]
    return Comparable(left, right, gold)


def near(rng: random.Random, clause: Clause) -> Clause:
    """The clause with one or two parts changed: who, what, where, when, or whether."""
    for _ in range(rng.randint(1, 2)):
        clause = _change(rng, clause)
    return clause


def _change(rng: random.Random, clause: Clause) -> Clause:
    options = [replace(clause, negated=not clause.negated), replace(clause, subject=_other(rng, clause))]
    if clause.place:
        options.append(replace(clause, place=sample.place(rng, clause.verb)))
    if clause.object and CATEGORY[clause.object.head] != "given":
        same = [key for key in CONCEPTS[CATEGORY[clause.object.head]] if key != clause.object.head]
        options.append(replace(clause, object=replace(clause.object, head=rng.choice(same))))
    if clause.complement:
        options.append(replace(clause, complement=replace(clause.complement, head=rng.choice(CONCEPTS["role"]))))
    tense = rng.choice([tense for tense in sample.TIME_OF_TENSE if tense != clause.tense])
    options.append(replace(clause, tense=tense, time=sample.TIME_OF_TENSE[tense] if clause.time else None))
    return rng.choice([option for option in options if not sample.nobody_says(option)])


def _other(rng: random.Random, clause: Clause) -> NP:
    """Another subject of the same kind."""
    head = clause.subject.head
    taken = [phrase.head for phrase in (clause.subject, clause.object, clause.recipient) if phrase]
    return replace(clause.subject, head=rng.choice([key for key in CONCEPTS[CATEGORY[head]] if key not in taken]))


def reserved(scope: Scope) -> dict[str, set[str]]:
    """For each language the sentences of the retrieval tests: never in text for pretraining."""
    out: dict[str, set[str]] = {language: set() for language in scope.languages}
    for language in scope.covered("tatoeba"):
        foreign, english, _ = tatoeba(scope, language)
        out[language] |= set(foreign)
        out["en"] |= set(english)
    for language in scope.covered("bucc2018"):
        for split in BUCC_SPLITS:
            corpus = bucc(scope, language, split)
            out[language] |= {text for _, text in corpus.foreign}
            out["en"] |= {text for _, text in corpus.english}
    return out


def retrieval_files(scope: Scope) -> Iterator[File]:
    """tatoeba and bucc2018 in XTREME's layout; gold pairs of the development split only."""
    for language in scope.covered("tatoeba"):
        foreign, english, _ = tatoeba(scope, language)
        yield f"tatoeba/{language}-en.{language}", lines(foreign)
        yield f"tatoeba/{language}-en.en", lines(english)
    for language in scope.covered("bucc2018"):
        for split in BUCC_SPLITS:
            corpus = bucc(scope, language, split)
            stem = f"bucc2018/{language}-en.{split}"
            yield f"{stem}.{language}", lines("\t".join(row) for row in corpus.foreign)
            yield f"{stem}.en", lines("\t".join(row) for row in corpus.english)
            if split == "dev":
                yield f"{stem}.gold", lines("\t".join(pair) for pair in corpus.gold)


def retrieval_labels(scope: Scope) -> Iterator[File]:
    """Gold of the retrieval tests, as the official scorer reads it."""
    for language in scope.covered("tatoeba"):
        yield f"tatoeba/test-{language}.tsv", lines(map(str, tatoeba(scope, language)[2]))
    for language in scope.covered("bucc2018"):
        gold = bucc(scope, language, "test").gold
        yield f"bucc2018/test-{language}.tsv", lines("\t".join(pair) for pair in gold)


def text_files(scope: Scope) -> Iterator[File]:
    """text/<language>.txt, different facts in each language, and parallel/<language>-en: translations line by line."""
    banned = reserved(scope)
    for language in scope.languages:
        rng = scope.rng("text", language)
        yield f"text/{language}.txt", lines(_fresh(rng, scope, language, banned[language]))
    rng = scope.rng("parallel")
    pool = [(sentence, text) for sentence in _sentences(rng, 2 * scope.size(6000))
            if (text := say(sentence, "en")) not in banned["en"]]  # fmt: skip
    for language in scope.languages:
        if language == "en":
            continue
        chosen = scope.rng("parallel", language).sample(pool, min(len(pool), scope.size(6000)))
        pairs = [(say(sentence, language), english) for sentence, english in chosen]
        pairs = [pair for pair in pairs if pair[0] not in banned[language]]
        yield f"parallel/{language}-en.{language}", lines(foreign for foreign, _ in pairs)
        yield f"parallel/{language}-en.en", lines(english for _, english in pairs)


def _sentences(rng: random.Random, size: int) -> Iterator[Sentence]:
    return (sample.sentence(rng) for _ in range(size))


def _fresh(rng: random.Random, scope: Scope, language: str, banned: set[str]) -> Iterator[str]:
    """Sentences of a language that are not banned; a share `MIXED` of them with parts in another language."""
    others = [code for code in scope.languages if code != language]
    size = scope.size(8000)
    while size:
        sentence = sample.sentence(rng)
        if others and rng.random() < MIXED:
            text = say_mixed(rng, sentence, language, rng.choice(others))
        else:
            text = say(sentence, language)
        if text not in banned:
            size -= 1
            yield text
