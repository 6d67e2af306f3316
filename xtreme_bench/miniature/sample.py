"""Drawing statements of the closed world: who does what to whom, where and when, by category."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xtreme_bench.miniature.speech import Joined, Sentence
from xtreme_bench.miniature.world import (
    ANIMALS_DO,
    CATEGORY,
    CONCEPTS,
    DEFAULT_OBJECTS,
    NP,
    OBJECTS,
    PLACES,
    Clause,
    heads_of,
)

COLOURS = ("red", "blue", "green", "white", "black")

# Adjectives that fit a category, or one concept of it. Persons have only states, so "happy" never identifies a thing.
ADJECTIVES: dict[str, tuple[str, ...]] = {
    name: tuple(keys.split())
    for name, keys in {
        "person": "happy sad tired hungry strong weak good bad",
        "animal": "big small old white black happy sad tired hungry strong weak",
        "food": "big small good bad expensive cheap",
        "apple": "big small good bad expensive cheap red green",
        "tomato": "big small good bad expensive cheap red green",
        "egg": "big small good bad expensive cheap white",
        "bread": "good bad expensive cheap white black",
        "meat": "good bad expensive cheap white red",
        "cheese": "good bad expensive cheap white",
        "rice": "good bad expensive cheap white",
        "soup": "good bad expensive cheap red green",
        "object": "big small old new red blue green white black good bad expensive cheap clean_adj dirty",
        "site": "big small old new clean_adj dirty good bad",
    }.items()
}
DESCRIBED_AS = {"given": "person", "role": "person", "city": "site", "organisation": "site"}  # one category as another
LASTING = ("big", "small", "old", "new", *COLOURS)  # what something is not only today
TIME_OF_TENSE = {"past": "yesterday", "present": "today", "future": "tomorrow"}
PERSON_OBJECTS = ("see", "love", "hate", "find", "forget")  # verbs that take a named person
KINDS = ("transitive", "ditransitive", "intransitive", "motion", "property", "identity", "location", "possession")
ATTITUDES = ("say", "think", "believe", "hope")  # verbs whose content need not be true; "know" makes it true


def named(rng: random.Random, *, but: Sequence[str] = (), family: float = 0.12) -> NP:
    """A person by name, none of `but`, with a family name in the share `family` of draws."""
    head = rng.choice([name for name in CONCEPTS["given"] if name not in but])
    return NP(head, family=rng.choice(CONCEPTS["family"]) if rng.random() < family else None)


def common(rng: random.Random, categories: Sequence[str], *, adjective: float = 0.2, number: float = 0.1) -> NP:
    """A common noun of one of `categories` (or subsets of them), perhaps with an adjective or a numeral."""
    category = rng.choice(categories)
    head = rng.choice(heads_of((category,)))
    if category == "given":
        return named(rng)
    return NP(
        head,
        adjective=rng.choice(adjectives_of(head)) if rng.random() < adjective else None,
        number=rng.randint(2, 10) if rng.random() < number else 1,
        definite=rng.random() < 0.5,
    )


def place(rng: random.Random, verb: str, *, organisation: float = 0.1, city: float = 0.2) -> NP:
    """Where something happens, or where a movement goes: a site, a city, or an organisation of a city."""
    pick = rng.random()
    if "site" not in places_of(verb):
        pick *= organisation + city
    if pick < organisation:
        return NP(rng.choice(CONCEPTS["organisation"]), city=rng.choice(CONCEPTS["city"]))
    if pick < organisation + city:
        return NP(rng.choice(CONCEPTS["city"]))
    return NP(rng.choice(CONCEPTS["site"]))


def actor(rng: random.Random, *, but: Sequence[str] = ()) -> NP:
    """Who acts: mostly a named person, else someone by their work, seldom several of them."""
    if rng.random() < 0.7:
        return named(rng, but=but)
    return replace(common(rng, ("role",), adjective=0.15, number=0.1), definite=True)


def objects_of(verb: str) -> tuple[str, ...]:
    """The categories, or subsets of them, that the object of a verb may have."""
    return OBJECTS.get(verb, DEFAULT_OBJECTS)


def places_of(verb: str) -> tuple[str, ...]:
    """The categories that the place of a verb may have."""
    return PLACES.get(verb, ("site", "city", "organisation"))


def adjectives_of(head: str) -> tuple[str, ...]:
    """The adjectives that can be said of a concept."""
    category = CATEGORY[head]
    return ADJECTIVES.get(head) or ADJECTIVES[DESCRIBED_AS.get(category, category)]


def core(rng: random.Random, kind: str, subject: NP | None = None) -> Clause:
    """A statement of one of `KINDS` without time or other extras, in the present."""
    who = subject or actor(rng)
    if kind == "transitive":
        verb = rng.choice(CONCEPTS["transitive"])
        return Clause(verb, who, object=other_than(rng, who, objects_of(verb)))
    if kind == "ditransitive":
        verb = rng.choice(CONCEPTS["ditransitive"])
        return Clause(verb, who, object=common(rng, ("object", "food")), recipient=named(rng, but=(who.head,)))
    if kind == "intransitive":
        animal = subject is None and rng.random() < 0.15
        if animal:
            return Clause(rng.choice(ANIMALS_DO), common(rng, ("animal",)))
        return Clause(rng.choice(CONCEPTS["intransitive"]), who)
    if kind == "motion":
        verb = rng.choice(CONCEPTS["motion"])
        return Clause(verb, who, place=place(rng, verb))
    if kind == "property":
        thing = subject or rng.choice((who, common(rng, ("object", "animal", "food", "site"), adjective=0, number=0)))
        return Clause(
            "be", replace(thing, definite=True, adjective=None), adjective=rng.choice(adjectives_of(thing.head))
        )
    if kind == "identity":
        return Clause("be", subject or named(rng), complement=NP(rng.choice(CONCEPTS["role"]), definite=False))
    if kind == "location":
        what = subject or rng.choice((who, common(rng, ("object", "animal"), adjective=0.2)))
        return Clause("be", replace(what, definite=True), place=place(rng, "be"))
    return Clause("have", who, object=common(rng, ("object", "animal", "food"), number=0.4))


def other_than(rng: random.Random, who: NP, categories: Sequence[str]) -> NP:
    """An object of one of `categories` that is not `who`."""
    while True:
        what = common(rng, categories)
        if what.head != who.head:
            return what


def dress(rng: random.Random, clause: Clause, *, extras: float = 0.35, negated: float = 0.0) -> Clause:
    """The clause with a tense and, each in the share `extras` of draws, a place, a time and a part of the day.

    What lasts has no time, and a count is not denied.
    """
    tense = rng.choice(("past", "past", "present", "future"))
    event = clause.verb not in ("be", "have")
    dressing: dict[str, Any] = {"tense": tense, "negated": rng.random() < negated and not _counts(clause)}
    lasts = clause.complement is not None or clause.adjective in LASTING
    if rng.random() < extras and not lasts:
        dressing["time"] = TIME_OF_TENSE[tense]
    if event and rng.random() < extras * 0.6:
        dressing["daytime"] = rng.choice(CONCEPTS["daytime"])
    if event and clause.place is None and rng.random() < extras:
        dressing["place"] = place(rng, clause.verb)
    return replace(clause, **dressing)


def statement(rng: random.Random, kind: str | None = None, subject: NP | None = None, **options: float) -> Clause:
    """A dressed statement of `kind`, or of any kind."""
    return dress(rng, core(rng, kind or rng.choice(KINDS), subject), **options)


def nobody_says(clause: Clause) -> bool:
    """Whether a clause is one that grammar allows and nobody says.

    It denies a count ("did not have four apples"), names one person twice ("Leo saw Leo"), or joins words that do not
    fit: a verb and its object ("ate a hat") or place, an animal and what people do, a thing and an adjective.
    """
    who, what, where = clause.subject, clause.object, clause.place
    others = [phrase.head for phrase in (what, clause.recipient) if phrase]
    described = [(phrase.head, phrase.adjective) for phrase in (who, what) if phrase] + [(who.head, clause.adjective)]
    return (
        (clause.negated and _counts(clause))
        or who.head in others
        or (what is not None and what.head not in (*heads_of(objects_of(clause.verb)), *CONCEPTS["class"]))
        or (where is not None and CATEGORY[where.head] not in places_of(clause.verb))
        or (CATEGORY[who.head] == "animal" and clause.verb not in ("be", *ANIMALS_DO))
        or any(
            adjective and CATEGORY[head] != "class" and adjective not in adjectives_of(head)
            for head, adjective in described
        )
    )


def _counts(clause: Clause) -> bool:
    """Whether a clause says how many objects there are."""
    return clause.object is not None and clause.object.number > 1


def embed(rng: random.Random, content: Clause, verb: str | None = None) -> Clause:
    """Someone says, thinks, knows, believes or hopes `content`."""
    tense = rng.choice(("past", "present"))
    who = named(rng, but=(content.subject.head,), family=0.1)
    return Clause(verb or rng.choice(CONCEPTS["cognition"]), who, content=content, tense=tense)


def askable(clause: Clause) -> list[str]:
    """The parts of a clause that a question can ask for."""
    parts = [part for part in ("subject", "object", "recipient", "place", "time") if getattr(clause, part)]
    if clause.object and clause.object.number > 1:
        parts.append("number")
    return parts


def sentence(rng: random.Random, *, questions: float = 0.12) -> Sentence:
    """Any sentence of the world: simple, negated, embedded, joined, or a question."""
    pick = rng.random()
    if pick < questions:
        clause = statement(rng, extras=0.15)
        return replace(clause, asks=rng.choice([*askable(clause), "polar"]))
    if pick < questions + 0.06:
        return embed(rng, statement(rng, extras=0.1))
    if pick < questions + 0.12:
        first = statement(rng, extras=0.1, negated=0.1)
        second = statement(rng, extras=0.1, negated=0.1)
        connective = rng.choice(CONCEPTS["connective"])
        if connective == "then":  # what comes next is told in the same tense
            second = replace(second, tense=first.tense, time=TIME_OF_TENSE[first.tense] if second.time else None)
        return Joined(first, connective, second)
    return statement(rng, extras=0.2, negated=0.15)
