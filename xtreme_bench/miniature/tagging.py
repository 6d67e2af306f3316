"""Tagging on trees: parts of speech and names, read off the words of a sentence; and sentences with names to find."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from xtreme_bench.miniature import sample
from xtreme_bench.miniature.grammar import Token
from xtreme_bench.miniature.speech import WITHOUT_SPACES
from xtreme_bench.miniature.world import CATEGORY, CONCEPTS, NP, Clause

Tagged = list[tuple[str, str]]  # words with their tags


def parts_of_speech(tokens: Sequence[Token]) -> Tagged:
    """Universal POS tags."""
    return [(token.text, token.upos) for token in tokens]


def names(tokens: Sequence[Token], language: str) -> Tagged:
    """B-/I- tags of persons, places and organisations; zh and ja by character, as in XTREME."""
    out: Tagged = []
    before: tuple[str, str | None] = ("", None)
    for token in tokens:
        here = (token.slot, token.entity)
        for unit in token.text if language in WITHOUT_SPACES else (token.text,):
            out.append((unit, "O" if token.entity is None else ("I-" if here == before else "B-") + token.entity))
            before = here
    return out


def naming(rng: random.Random, *, known: bool) -> Clause:
    """A statement about people, places and organisations. With `known` every fourth name is never used.

    A city is a place by itself and part of an organisation elsewhere ("the Bank of Arden"), so only context tells.
    """
    what = NP(rng.choice(CONCEPTS["organisation"]), city=_name(rng, "city", known))
    pick = rng.random()
    if pick < 0.25:
        subject = what if pick < 0.12 else NP(_name(rng, "city", known))
        adjective = rng.choice(sample.adjectives_of(subject.head))
        return sample.dress(rng, Clause("be", subject, adjective=adjective), extras=0.3)
    who = _person(rng, known)
    clause = sample.statement(rng, subject=who, extras=0.4)
    where = rng.choice((what, NP(_name(rng, "city", known))))
    clause = replace(clause, place=where if clause.place or clause.verb not in ("be", "have") else None)
    if clause.recipient:
        clause = replace(clause, recipient=_person(rng, known, but=who))
    if clause.object and CATEGORY[clause.object.head] == "given":
        clause = replace(clause, object=_person(rng, known, but=who))
    return clause


def _person(rng: random.Random, known: bool, but: NP | None = None) -> NP:
    """A person by name, not the one of `but`."""
    given = _name(rng, "given", known)
    if but and given == but.head:
        return _person(rng, known, but)
    return NP(given, family=_name(rng, "family", known) if rng.random() < 0.5 else None)


def _name(rng: random.Random, kind: str, known: bool) -> str:
    return rng.choice([key for place, key in enumerate(CONCEPTS[kind]) if not known or place % 4])
