"""Paraphrase pairs on trees: much the same words in both texts, and the same meaning or not.

Two facts change places, and in half of the pairs they also exchange a part (who, what, where, how many), so that the
same words say something else; as in PAWS, only who did what tells the label. Such are all pairs of questions. Of the
statements most are of a second kind: one fact is told of somebody else, which the words tell. In a third the facts
stay in place and opposites and negations move: "is big" against "is not small".
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from xtreme_bench.miniature import sample
from xtreme_bench.miniature.speech import Joined, Sentence
from xtreme_bench.miniature.world import OPPOSITE, Clause


@dataclass(frozen=True)
class Paraphrase:
    """Two texts and whether they mean the same."""

    first: tuple[Sentence, ...]
    second: tuple[Sentence, ...]
    same: bool


# Shares of the statements. A small encoder learns from some hundred pairs that a name is new, but not who did what.
FLIPPED, RENAMED = 0.05, 0.8
EXCHANGED = ("subject", "object", "place", "recipient", "complement", "adjective")


def statements(rng: random.Random, size: int) -> list[Paraphrase]:
    """`size` pairs of statements, half of them paraphrases (PAWS-X)."""
    kinds = (_flipped, _renamed, _reordered)
    shares = (FLIPPED, RENAMED, 1 - FLIPPED - RENAMED)
    out = [rng.choices(kinds, shares)[0](rng, turn % 2 == 0) for turn in range(size)]
    rng.shuffle(out)
    return out


def questions(rng: random.Random, size: int) -> list[Paraphrase]:
    """`size` pairs of texts that ask two questions, half of them duplicates (QQP)."""
    out = [_reordered(rng, turn % 2 == 0, asked=True) for turn in range(size)]
    rng.shuffle(out)
    return out


def _renamed(rng: random.Random, same: bool) -> Paraphrase:
    """Two facts in the other order, one of them of somebody else unless `same`."""
    pair = _reordered(rng, True)
    if same:
        return pair
    clauses = [
        clause for one in pair.second for clause in ((one.first, one.second) if isinstance(one, Joined) else (one,))
    ]
    but = [who.head for clause in clauses for who in (clause.subject, clause.object, clause.recipient) if who]
    at = rng.randrange(2)
    clauses[at] = replace(clauses[at], subject=sample.named(rng, but=but))
    joined = isinstance(pair.second[0], Joined)
    return replace(pair, second=(Joined(clauses[0], "and", clauses[1]),) if joined else tuple(clauses), same=False)


def _reordered(rng: random.Random, same: bool, *, asked: bool = False) -> Paraphrase:
    """Two facts in the other order, with a part exchanged unless `same`."""
    while True:
        kind = rng.choice(sample.KINDS)
        first = replace(sample.statement(rng, kind, sample.named(rng), extras=0.3), time=None, daytime=None)
        other = sample.core(rng, kind if rng.random() < 0.7 else rng.choice(sample.KINDS),
                            sample.named(rng, but=(first.subject.head,)))  # fmt: skip
        second = replace(sample.dress(rng, other, extras=0.3), tense=first.tense, time=None, daytime=None)
        first, second = (replace(clause, negated=rng.random() < 0.15) for clause in (first, second))
        if asked:
            first, second = (replace(clause, asks=rng.choice([*sample.askable(clause), "polar"]))
                             for clause in (first, second))  # fmt: skip
        exchanged = _exchange(rng, first, second)
        if exchanged is None or any(map(sample.nobody_says, (first, second, *exchanged))):
            continue
        one, two = (first, second) if same else exchanged
        if asked or rng.random() < 0.3:
            return Paraphrase((first, second), (two, one), same)
        return Paraphrase((Joined(first, "and", second),), (Joined(two, "and", one),), same)


def _exchange(rng: random.Random, first: Clause, second: Clause) -> tuple[Clause, Clause] | None:
    """The two facts with one part exchanged that both have and that no question asks for."""
    parts = [
        part
        for part in EXCHANGED
        if getattr(first, part) and getattr(second, part) and getattr(first, part) != getattr(second, part)
        and part not in (first.asks, second.asks)
        and not (part in ("object", "adjective") and first.verb != second.verb)
        and not (first.asks == "number" or second.asks == "number")
    ]  # fmt: skip
    if not parts:
        return None
    part = rng.choice(parts)
    one, two = replace(first, **{part: getattr(second, part)}), replace(second, **{part: getattr(first, part)})
    return None if {_spoken(one), _spoken(two)} == {_spoken(first), _spoken(second)} else (one, two)


def _spoken(clause: Clause) -> Clause:
    """The clause without the part that its question does not tell."""
    untold: dict[str, Any] = {clause.asks: None} if clause.asks in EXCHANGED else {}
    return replace(clause, **untold)


def _flipped(rng: random.Random, same: bool) -> Paraphrase:
    """Two descriptions: each changes to its opposite and its negation (same), or one of the two changes in each."""
    somebody = sample.named(rng)
    first, second = (
        replace(sample.statement(rng, "property", who, extras=0.2), adjective=rng.choice(_PAIRED),
                negated=rng.random() < 0.5)
        for who in (somebody, sample.named(rng, but=(somebody.head,)))
    )  # fmt: skip
    one, two = _negate(_oppose(first)), _negate(_oppose(second))
    if not same:
        one, two = (_negate(first), _oppose(second)) if rng.random() < 0.5 else (_oppose(first), _negate(second))
    return Paraphrase((Joined(first, "and", second),), (Joined(one, "and", two),), same)


_PAIRED = ("happy", "sad", "strong", "weak", "good", "bad")


def _oppose(clause: Clause) -> Clause:
    return replace(clause, adjective=OPPOSITE[str(clause.adjective)])


def _negate(clause: Clause) -> Clause:
    return replace(clause, negated=not clause.negated)
