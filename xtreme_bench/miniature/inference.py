"""Natural language inference on trees: premise, hypothesis and what follows, with surface cues balanced.

A hypothesis is the premise's fact with edits. What an edit does to the label depends on whether premise and
hypothesis are negated (`LABEL`), so that neither negation nor length tells the label, nor in ANLI shared words. The
closed world has two conventions beside logic: an event has one place and one time of day, and the two adjectives of a
pair of opposites leave no third ("not big" is "small").
"""

from __future__ import annotations

import random
from collections.abc import Hashable
from dataclasses import dataclass, replace

from xtreme_bench.miniature import edits, sample
from xtreme_bench.miniature.balance import concepts, forms, rake
from xtreme_bench.miniature.speech import Joined, Sentence
from xtreme_bench.miniature.world import CATEGORY, HYPERNYM, OPPOSITE, Clause

LABELS = ("contradiction", "entailment", "neutral")
_C, _E, _N = LABELS

# Relation of the hypothesis' fact to the premise's -> label for (premise, hypothesis) said or negated:
# both said, only the hypothesis negated, only the premise negated, both negated.
LABEL: dict[str, tuple[str, str, str, str]] = {
    "equal": (_E, _C, _C, _E),
    "general": (_E, _C, _N, _N),
    "specific": (_N, _N, _C, _E),
    "exclusive": (_C, _E, _N, _N),
    "opposite": (_C, _E, _E, _C),
    "independent": (_N, _N, _N, _N),
}
NEGATED = 0.15  # share of the second clauses that are negated, and of the hypotheses in most tasks, before balancing
MIXED = 0.35  # share of the changed facts in which something is also left out


@dataclass(frozen=True)
class Inference:
    """A premise, a hypothesis and its label; `verb` is that of the fact that was edited."""

    premise: Sentence
    hypothesis: Clause
    label: str
    verb: str


def inference(rng: random.Random, *, joined: float, embedded: float, negated: float, denied: float) -> Inference | None:
    """Draw an example; None where the edits drawn do not fit the fact drawn.

    The premise has a second clause in the share `joined` of draws, is embedded ("Anna knows that ...") in the share
    `embedded`, and its fact is negated in the share `negated`; the hypothesis is in the share `denied`.
    """
    fact = _fact(rng)
    pick = rng.random()
    other = _companion(rng, fact) if pick < joined else None
    edited = _edit(rng, fact, other)
    if edited is None:
        return None
    premise, hypothesis, relation = edited
    premise = replace(premise, negated=rng.random() < negated)
    hypothesis = replace(hypothesis, negated=rng.random() < denied)
    if any(clause and sample.nobody_says(clause) for clause in (premise, hypothesis, other)):
        return None
    label = LABEL[relation][2 * premise.negated + hypothesis.negated]
    if other and relation == "independent" and _speak_of_the_same(hypothesis, other):
        return None
    if other:
        clauses = (premise, other) if rng.random() < 0.5 else (other, premise)
        joint = Joined(clauses[0], rng.choice(("and", "but")), clauses[1])
        return Inference(joint, hypothesis, label, fact.verb)
    if pick < joined + embedded:
        return _embedded(rng, premise, hypothesis, relation)
    return Inference(premise, hypothesis, label, fact.verb)


def _fact(rng: random.Random) -> Clause:
    """A statement with enough in it to edit."""
    kinds = ("transitive", "transitive", "intransitive", "ditransitive", "motion", "property", "property", "identity",
             "location", "possession")  # fmt: skip
    kind = rng.choice(kinds)
    subject = sample.named(rng, family=0.1) if rng.random() < 0.85 else None
    return sample.dress(rng, sample.core(rng, kind, subject), extras=0.3)


def _companion(rng: random.Random, fact: Clause) -> Clause:
    """A second fact, about somebody else; mostly like the first, so that their parts could be confused."""
    subject = sample.named(rng, but=(fact.subject.head,), family=0.1)
    if rng.random() < 0.3:
        return sample.dress(rng, sample.core(rng, rng.choice(sample.KINDS), subject), extras=0.3, negated=NEGATED)
    other = sample.dress(rng, sample.core(rng, _kind(fact), subject), extras=0.3, negated=NEGATED)
    other = replace(other, tense=fact.tense, time=fact.time)
    if fact.place and not other.place:
        other = replace(other, place=sample.place(rng, other.verb))
    if rng.random() < 0.4 and CATEGORY.get(fact.verb) != "transitive":
        other = replace(other, verb=fact.verb)
    return other


def _speak_of_the_same(one: Clause, other: Clause) -> bool:
    """Whether two clauses could affect each other: the same action on the same kind of thing, or the same state."""
    if one.subject.head != other.subject.head or one.verb not in (other.verb, OPPOSITE.get(other.verb)):
        return False
    if one.adjective and other.adjective:
        return one.adjective in (other.adjective, OPPOSITE.get(other.adjective)) or {
            one.adjective, other.adjective} <= set(sample.COLOURS)  # fmt: skip
    if one.object and other.object:
        kinds = [HYPERNYM.get(what.head, what.head) for what in (one.object, other.object)]
        return one.object.head in (other.object.head, kinds[1]) or other.object.head == kinds[0]
    return True


def _kind(clause: Clause) -> str:
    """The kind of statement that a clause is."""
    if clause.verb == "be":
        return "property" if clause.adjective else "identity" if clause.complement else "location"
    return "possession" if clause.verb == "have" else CATEGORY[clause.verb]


def _edit(rng: random.Random, fact: Clause, other: Clause | None) -> tuple[Clause, Clause, str] | None:
    """Premise's fact, hypothesis' fact and their relation: one change of meaning at most, and something left out."""
    relation = rng.choice(("equal", "equal", "exclusive", "opposite", "independent", "independent"))
    edited = edits.EDITS[relation](rng, fact, other) if relation in edits.EDITS else (fact, "")
    if edited is None:
        return None
    changed, touched = edited
    side = rng.choice(("general", "specific"))
    if relation == "opposite" or rng.random() > (0.75 if relation == "equal" else MIXED):
        return fact, changed, relation
    left_out = [part for part in edits.removable(fact) if part != touched]
    if not left_out:
        return None
    part = rng.choice(left_out)
    if relation == "equal":
        relation = side
    if side == "general":
        return fact, edits.without(changed, part), relation
    return edits.without(fact, part), changed, relation


def _embedded(rng: random.Random, premise: Clause, hypothesis: Clause, relation: str) -> Inference | None:
    """Put the premise into what somebody knows (it is true) or says (it need not be); perhaps the hypothesis too."""
    factive = rng.random() < 0.5
    outer = sample.embed(rng, premise, "know" if factive else rng.choice(sample.ATTITUDES))
    if factive and rng.random() < 0.7:
        label = LABEL[relation][2 * premise.negated + hypothesis.negated]
        return Inference(outer, hypothesis, label, outer.verb)
    if not factive and rng.random() < 0.4:
        return Inference(outer, hypothesis, _N, outer.verb)
    if relation not in ("equal", "general", "specific", "independent") or premise.negated or hypothesis.negated:
        return None
    said, told = replace(outer, negated=rng.random() < 0.3), replace(outer, content=hypothesis)
    told = replace(told, negated=rng.random() < 0.5)
    return Inference(said, told, LABEL[relation][2 * said.negated + told.negated], outer.verb)


def _outer(premise: Sentence) -> str:
    """The verb of a premise that embeds another clause."""
    return premise.verb if isinstance(premise, Clause) and premise.content else ""


def _alone(x: Inference) -> tuple[Hashable, ...]:
    """What lengths and negations show."""
    given, asked = concepts(x.premise), concepts(x.hypothesis)
    return (
        (given["not"], asked["not"]) if not _outer(x.premise) else asked["not"],
        given["not"],
        (given.total() - given["not"], isinstance(x.premise, Joined)),
        asked.total() - asked["not"],
    )


def _cues(x: Inference) -> tuple[Hashable, ...]:
    """What else both show without the order of words."""
    hypothesis, verb = x.hypothesis, x.verb
    given, asked = concepts(x.premise), concepts(hypothesis)
    said, repeated = forms(x.premise), forms(hypothesis)
    shared = (given & asked).total() - (given & asked)["not"]
    new = sorted(asked - given)
    return (
        len(repeated - said) if len(repeated - said) < 4 else 4,
        repeated <= said,
        repeated == said,
        asked.total() - asked["not"] - shared,
        sum(CATEGORY.get(word) == "class" for word in new),
        any(OPPOSITE.get(word) in given for word in new),
        x.premise.connective if isinstance(x.premise, Joined) else "",
        (_outer(x.premise), hypothesis.content is not None),
        (verb if verb in ("be", "have") else CATEGORY[verb], hypothesis.tense),
        (bool(hypothesis.adjective), asked["not"]),
        hypothesis.subject.head in given,
        (bool(hypothesis.time), bool(new)),
    )


def draw(
    rng: random.Random,
    size: int,
    *,
    joined: float,
    embedded: float,
    negated: float = 0.08,
    denied: float = NEGATED,
    adversarial: bool = False,
) -> list[Inference]:
    """`size` examples, a third of each label; shares as in `inference`.

    Lengths and negations are balanced, so that they tell nothing of the label. With `adversarial` the words that both
    share are too; without it these tell much, as in SNLI and MultiNLI.
    """
    pool: list[Inference] = []
    while len(pool) < 5 * size + 800:
        example = inference(rng, joined=joined, embedded=embedded, negated=negated, denied=denied)
        if example and example.premise != example.hypothesis:
            pool.append(example)
    cues = [(*_alone(x), *_cues(x)) if adversarial else _alone(x) for x in pool]
    return rake(rng, pool, [x.label for x in pool], cues, size)
