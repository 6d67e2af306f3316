"""Edits of facts: what may be left out, said in general words, or changed, and what that means for the fact."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from xtreme_bench.miniature import sample
from xtreme_bench.miniature.world import CATEGORY, CONCEPTS, HYPERNYM, NP, OPPOSITE, Clause, heads_of

T = TypeVar("T")
VERB_OPPOSITES = ("love", "hate", "laugh", "cry", "find", "lose", "buy", "sell", "open", "close", "work", "rest")


def removable(fact: Clause) -> list[str]:
    """The parts that can be left out or said in general words."""
    parts = [part for part in ("time", "daytime") if getattr(fact, part)]
    if fact.place and CATEGORY.get(fact.verb) not in (None, "motion"):
        parts.append("place")
    if fact.object and fact.object.adjective:
        parts.append("adjective")
    if fact.object and fact.object.head in HYPERNYM:
        parts.append("kind")
    return parts


def without(fact: Clause, part: str) -> Clause:
    """The fact with less said: `part` left out, or the object named by its class."""
    what = fact.object
    if what and part == "kind":
        return replace(fact, object=replace(what, head=HYPERNYM[what.head]))
    if what and part == "adjective":
        return replace(fact, object=replace(what, adjective=None))
    left_out: dict[str, Any] = {part: None}
    return replace(fact, **left_out)


def exclusive(rng: random.Random, fact: Clause, other: Clause | None) -> tuple[Clause, str] | None:
    """Another value where the fact can have only one: place, part of the day, number, work, colour, opposite verb."""
    options: list[tuple[Clause, str]] = []
    if fact.place:
        there = other.place if other and other.place else sample.place(rng, fact.verb)
        options += [(replace(fact, place=there), "place")] * 2
    if fact.daytime:
        options.append((replace(fact, daytime=_another(rng, CONCEPTS["daytime"], fact.daytime)), "daytime"))
    if fact.object and fact.object.number > 1:
        number = _another(rng, range(2, 11), fact.object.number)
        options.append((replace(fact, object=replace(fact.object, number=number)), "number"))
    if fact.complement:
        role = other.complement.head if other and other.complement else rng.choice(CONCEPTS["role"])
        options.append((replace(fact, complement=replace(fact.complement, head=role)), "complement"))
    if fact.adjective in sample.COLOURS:
        options.append((replace(fact, adjective=_another(rng, sample.COLOURS, fact.adjective)), "adjective"))
    if fact.verb in VERB_OPPOSITES:
        options.append((replace(fact, verb=OPPOSITE[fact.verb]), "verb"))
    return _changed(rng, fact, options)


def opposite(rng: random.Random, fact: Clause, other: Clause | None) -> tuple[Clause, str] | None:
    """The other adjective of a pair."""
    if fact.adjective in OPPOSITE and fact.adjective not in sample.COLOURS:
        return replace(fact, adjective=OPPOSITE[fact.adjective]), "adjective"
    return None


def independent(rng: random.Random, fact: Clause, other: Clause | None) -> tuple[Clause, str] | None:
    """Another person or object, or the roles of two persons swapped: nothing follows."""
    who = other.subject if other else sample.named(rng, but=(fact.subject.head,), family=0.1)
    options = [(replace(fact, subject=who), "subject")] * (2 if other else 1)
    what = fact.object
    if what and CATEGORY[what.head] != "given":
        options.append((replace(fact, object=_similar(rng, what, fact.verb)), "kind"))
    if fact.adjective:
        fitting = sample.adjectives_of(fact.subject.head)
        excluded = (fact.adjective, OPPOSITE.get(fact.adjective), *sample.COLOURS)
        options.append(
            (replace(fact, adjective=_another(rng, [key for key in fitting if key not in excluded], "")), "adjective")
        )
    if fact.recipient:
        options += [(replace(fact, subject=fact.recipient, recipient=fact.subject), "recipient")] * 2
    elif what and CATEGORY[what.head] == "given":
        options += [(replace(fact, subject=what, object=fact.subject), "kind")] * 3
    return _changed(rng, fact, options)


def _changed(rng: random.Random, fact: Clause, options: list[tuple[Clause, str]]) -> tuple[Clause, str] | None:
    """One of the options that do change the fact."""
    options = [option for option in options if option[0] != fact]
    return rng.choice(options) if options else None


def _another(rng: random.Random, values: Sequence[T], but: T) -> T:
    """One of `values` that is not `but`."""
    return rng.choice([value for value in values if value != but])


def _similar(rng: random.Random, what: NP, verb: str) -> NP:
    """Another thing of the same category that the verb may have as its object."""
    fitting = [key for key in heads_of(sample.objects_of(verb)) if CATEGORY[key] == CATEGORY[what.head]]
    return replace(what, head=_another(rng, fitting, what.head))


EDITS = {"exclusive": exclusive, "opposite": opposite, "independent": independent}
