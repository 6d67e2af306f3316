"""Tagging on trees: parts of speech, names, and supertags of categorial grammar, read off the words of a sentence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from xtreme_bench.miniature import sample
from xtreme_bench.miniature.grammar import Token
from xtreme_bench.miniature.speech import WITHOUT_SPACES, Sentence
from xtreme_bench.miniature.world import CONCEPTS, NP, Clause

Tagged = list[tuple[str, str]]  # words with their tags


def parts_of_speech(tokens: Sequence[Token]) -> Tagged:
    """Universal POS tags."""
    return [(token.text, token.upos) for token in tokens]


def names(tokens: Sequence[Token], language: str) -> Tagged:
    """B-/I- tags of persons, places and organisations; zh and ja by character, as in XTREME."""
    out: Tagged = []
    before: tuple[str, str | None] = ("", None)
    for token in tokens:
        units = list(token.text) if language in WITHOUT_SPACES else [token.text]
        for unit in units:
            here = (token.slot, token.entity)
            tag = "O" if token.entity is None else ("I-" if here == before else "B-") + token.entity
            out.append((unit, tag))
            before = here
    return out


# --- Who and what is named: test sentences have names that no training sentence has

_KNOWN_SHARE = {"given": 18, "family": 11, "city": 8}


def naming(rng: random.Random, *, known: bool) -> Sentence:
    """A sentence with names; with `known` only those that training may use."""
    pool = {name: CONCEPTS[name][:: 4 if not known else 1] for name in _KNOWN_SHARE} if not known else _known()
    given, family, city = (rng.choice(pool[name]) for name in ("given", "family", "city"))
    person = NP(given, family=family if rng.random() < 0.5 else None)
    organisation = NP(rng.choice(CONCEPTS["organisation"]), city=city)
    where = rng.choice((NP(city), organisation, NP(rng.choice(CONCEPTS["site"]))))
    pick = rng.random()
    if pick < 0.2:
        clause: Clause = sample.dress(rng, sample.core(rng, "property", organisation if pick < 0.1 else NP(city)))
        return replace(clause, place=None, adjective=rng.choice(("big", "small", "old", "new", "good", "bad")))
    clause = sample.statement(rng, subject=person if rng.random() < 0.8 else None)
    clause = replace(clause, place=where if clause.place else None)
    if clause.recipient or (clause.object and clause.object.head in CONCEPTS["given"]):
        return clause if not known else replace(clause, subject=person)
    return clause


def _known() -> dict[str, tuple[str, ...]]:
    return {name: tuple(key for i, key in enumerate(CONCEPTS[name]) if i % 4) for name in _KNOWN_SHARE}


# --- Supertags

_PREPOSITION = "ADP"


def supertags(tokens: Sequence[Token]) -> Tagged:
    """A category of categorial grammar for each word, from its slot and the order of the clause's parts.

    A verb takes its parts by direction: (S\\NP)/NP has its subject before it and its object after it. Categories
    follow CCGbank's notation (Hockenmaier and Steedman 2007); what they lack is features beyond S[dcl] and S[q].
    """
    return [(token.text, _category(index, tokens)) for index, token in enumerate(tokens)]


def _category(index: int, tokens: Sequence[Token]) -> str:
    token = tokens[index]
    prefix, _, slot = token.slot.rpartition(".") if not token.slot.endswith((".aux", ".not")) else ("", "", token.slot)
    if token.upos == "PUNCT":
        return token.text
    if token.upos == "VERB":
        return _verb(index, tokens)
    return {
        "AUX": "(S\\NP)/(S\\NP)", "PART": "(S\\NP)\\(S\\NP)", "DET": "NP/N", "NUM": "NP/N", "ADJ": "N/N", "NOUN": "N",
        "PROPN": "NP", "ADP": "PP/NP", "ADV": "(S\\NP)\\(S\\NP)", "SCONJ": "S/S", "CCONJ": "conj", "PRON": "NP",
    }.get(token.upos, "N")  # fmt: skip


def _verb(index: int, tokens: Sequence[Token]) -> str:
    """The verb's category from the parts of its clause."""
    prefix = tokens[index].slot.removesuffix("verb")
    category = "S"
    seen: set[str] = set()
    for other, token in enumerate(tokens):
        part = token.slot.removeprefix(prefix).partition(".")[0] if token.slot.startswith(prefix) else ""
        argument = {"subject": "NP", "object": "NP", "recipient": "NP", "place": "PP", "content": "S"}.get(part)
        if argument and part not in seen:
            seen.add(part)
            category = f"({category}{'/' if other > index else chr(92)}{argument})"
    return category.removeprefix("(").removesuffix(")") if category.startswith("(") else category
