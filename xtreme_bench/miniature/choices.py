"""Multiple choice on trees: how a story goes on, what is true at its end, and what everybody knows.

The choices of a question are made of the same parts, equally often, or of words that are right as often as wrong; so
a choice alone never shows whether it is right.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from xtreme_bench.miniature import realise, sample
from xtreme_bench.miniature.speech import Sentence, say
from xtreme_bench.miniature.world import CONCEPTS, HYPERNYM, NP, OPPOSITE, SUBSETS, Clause, heads_of


@dataclass(frozen=True)
class Choice:
    """A story (may be empty), a question (None where the story just goes on), choices, and the index of the right one.

    A choice that is a question is written as its short answer; None is "none of the above".
    """

    story: tuple[Sentence, ...]
    question: Clause | None
    choices: tuple[Sentence | None, ...]
    right: int


NONE_OF_THE_ABOVE = {
    "en": "None of the above choices .",
    "de": "Keine der obigen Antworten .",
    "es": "Ninguna de las anteriores .",
    "ru": "Ни один из ответов выше .",
    "ar": "لا شيء مما سبق .",
    "hi": "उपरोक्त में से कोई नहीं ।",
    "zh": "以上都不是 。",
    "ja": "どれでもない 。",
    "tr": "Yukarıdakilerin hiçbiri .",
    "sw": "Hakuna jibu sahihi hapo juu .",
}


def said(choice: Sentence | None, language: str) -> str:
    """A choice as text."""
    if choice is None:
        return NONE_OF_THE_ABOVE[language]
    if isinstance(choice, Clause) and choice.asks:
        return realise.answer(choice, language)
    return say(choice, language)


def _shuffled(
    rng: random.Random, story: Sequence[Sentence], question: Clause | None, choices: Sequence[Sentence | None]
) -> Choice:
    """A question whose first choice is the right one, with its choices in random order."""
    order = list(range(len(choices)))
    rng.shuffle(order)
    return Choice(tuple(story), question, tuple(choices[i] for i in order), order.index(0))


# --- HellaSwag: who can still do what with which thing

# What is done with a thing in the end, by its kind, where it fits the thing.
_ENDS = {
    "food": ("eat", "cook_verb"),
    "readable": ("read",),
    "openable": ("open",),
    "object": ("break", "paint", "clean"),
}
_GET = ("buy", "find", "choose")


def continuations(rng: random.Random, size: int) -> list[Choice]:
    """Stories of two people and two things, of which one is gone at the end; the next event needs the other."""
    return [_continuation(rng) for _ in range(size)]


def _continuation(rng: random.Random) -> Choice:
    people = [NP(head) for head in rng.sample(CONCEPTS["given"], 2)]
    kinds = rng.sample(sorted(_ENDS), 2)
    things = [NP(rng.choice(heads_of((kind,)))) for kind in kinds]
    if things[0].head == things[1].head:
        return _continuation(rng)
    ends = [
        rng.choice([verb for verb in _ENDS[kind] if thing.head in heads_of(sample.objects_of(verb))])
        for kind, thing in zip(kinds, things, strict=True)
    ]
    owner = [0, 1]
    story = [_did(rng.choice(_GET), people[owner[i]], things[i]) for i in (0, 1)]
    if rng.random() < 0.5:
        given = rng.randrange(2)
        story.append(_did("give", people[owner[given]], things[given], people[1 - owner[given]]))
        owner[given] = 1 - owner[given]
    gone = rng.randrange(2)
    left = 1 - gone
    middle = [_did("lose", people[owner[gone]], things[gone])]
    middle += [_did(rng.choice(("carry", "see")), people[owner[left]], things[left])] if rng.random() < 0.6 else []
    rng.shuffle(middle)
    story += middle
    right, wrong = owner[left], 1 - owner[left]
    endings = [_did(ends[thing], people[who], things[thing]) for who, thing in
               ((right, left), (wrong, left), (right, gone), (wrong, gone))]  # fmt: skip
    return _shuffled(rng, story, None, endings)


def _did(verb: str, who: NP, what: NP, whom: NP | None = None) -> Clause:
    return Clause(verb, who, object=what, recipient=whom, tense="past")


# --- Cosmos QA: where somebody is, or who has something, after all that was told


def outcomes(rng: random.Random, size: int) -> list[Choice]:
    """Stories of going or giving, partly done, partly denied or in the future; the question asks for the outcome."""
    return [(_whereabouts if turn % 2 else _possession)(rng) for turn in range(size)]


def _whereabouts(rng: random.Random) -> Choice:
    """Two people go to two places each, or do not."""
    people = [NP(head) for head in rng.sample(CONCEPTS["given"], 2)]
    sites = [NP(head) for head in rng.sample(CONCEPTS["site"], 4)]
    happened = [rng.random() < 0.5 for _ in people]
    first = [Clause("go", people[i], place=sites[i], tense="past") for i in (0, 1)]
    then = [_perhaps(rng, Clause("go", people[i], place=sites[2 + i], tense="past"), happened[i]) for i in (0, 1)]
    asked = rng.randrange(2)
    answers = [Clause("be", people[asked], place=site, asks="place") for site in sites]
    return _with_none(rng, _interleaved(rng, first, then), answers, asked + 2 * happened[asked])


def _possession(rng: random.Random) -> Choice:
    """Two people get a thing each and give it to somebody else, or do not."""
    people = [NP(head) for head in rng.sample(CONCEPTS["given"], 4)]
    things = [NP(head) for head in rng.sample(CONCEPTS["object"], 2)]
    happened = [rng.random() < 0.5 for _ in things]
    first = [_did(rng.choice(_GET), people[i], things[i]) for i in (0, 1)]
    then = [_perhaps(rng, _did("give", people[i], things[i], people[2 + i]), happened[i]) for i in (0, 1)]
    asked = rng.randrange(2)
    answers = [Clause("have", who, object=things[asked], asks="subject") for who in people]
    return _with_none(rng, _interleaved(rng, first, then), answers, asked + 2 * happened[asked])


def _perhaps(rng: random.Random, clause: Clause, happened: bool) -> Clause:
    """What happened; or what will happen tomorrow, or did not."""
    if happened:
        return clause
    if rng.random() < 0.5:
        return replace(clause, negated=True)
    return replace(clause, tense="future", time="tomorrow")


def _interleaved(rng: random.Random, first: Sequence[Clause], then: Sequence[Clause]) -> list[Clause]:
    """Two threads of two clauses each, in any order that keeps the order of each thread."""
    turns = [0, 0, 1, 1]
    rng.shuffle(turns)
    threads = [[first[i], then[i]] for i in (0, 1)]
    return [threads[turn].pop(0) for turn in turns]


def _with_none(rng: random.Random, story: Sequence[Clause], answers: Sequence[Clause], right: int) -> Choice:
    """Three of the four answers and "none of the above", which is right in a quarter of the questions."""
    others = [answer for answer in answers if answer is not answers[right]]
    if rng.random() < 0.25:
        return _shuffled(rng, story, answers[0], (None, *others))
    return _shuffled(rng, story, answers[0], (answers[right], *rng.sample(others, 2), None))


# --- CommonsenseQA: kinds, opposites, workplaces, and what one eats or reads

# Of these topics some are the right choice more often than others; how often a wrong choice is one of them.
_OFTEN_RIGHT = {"object": (SUBSETS["readable"], 0.6), "food": (SUBSETS["cookable"], 0.33)}
_TOPICS = {name: CONCEPTS[name] for name in ("animal", "food", "role", "object")}
# Of which one says opposites, with the adjectives of which one says both.
_OPPOSITES = {
    kind: [key for key in sample.ADJECTIVES[kind] if OPPOSITE.get(key) in sample.ADJECTIVES[kind]]
    for kind in ("site", "object", "animal")
}
_WORKERS = {
    "school": ("teacher",), "hospital": ("doctor", "nurse"), "kitchen": ("cook",), "market": ("merchant",),
    "street": ("driver",), "library": ("student",), "garden": ("farmer",),
}  # fmt: skip


def knowledge(rng: random.Random, size: int) -> list[Choice]:
    """Questions that only knowledge of the world answers."""
    kinds = (_kind_question, _kind_question, _opposite_question, _work_question)
    return [kinds[turn % len(kinds)](rng) for turn in range(size)]


def _kind_question(rng: random.Random) -> Choice:
    """What is an animal, what does Anna eat, who reads the book: the one fitting choice has the right topic of four."""
    topics = rng.sample(sorted(_TOPICS), 4)
    right = topics[0]
    verb = rng.choice({"food": ("be", "eat", "cook_verb"), "object": ("be", "read", "write"), "role": ("be", "read"),
                       "animal": ("be",)}[right])  # fmt: skip
    head = rng.choice(_TOPICS[right] if verb == "be" or right == "role" else heads_of(sample.objects_of(verb)))
    heads = [head]
    for topic in (*topics[1:], rng.choice(topics[1:])):
        often, share = _OFTEN_RIGHT.get(topic, ((), 0.0))
        pool = often if rng.random() < share else _TOPICS[topic]
        heads.append(rng.choice([key for key in pool if key not in heads] or _TOPICS[topic]))
    if verb == "be":
        asked = [Clause("be", NP(key), complement=NP(HYPERNYM[head], definite=False), asks="subject") for key in heads]
    elif right == "role":
        asked = [Clause(verb, NP(key), object=NP(rng.choice(SUBSETS["readable"])), asks="subject") for key in heads]
    else:
        who = sample.named(rng, family=0)
        asked = [Clause(verb, who, object=NP(key), asks="object") for key in heads]
    return _shuffled(rng, (), asked[0], asked)


def _opposite_question(rng: random.Random) -> Choice:
    """The house is not big: the house is small."""
    kind = rng.choice(list(_OPPOSITES))
    adjective = rng.choice(_OPPOSITES[kind])
    what = NP(rng.choice(CONCEPTS[kind]))
    others = [key for key in _OPPOSITES[kind] if key not in (adjective, OPPOSITE[adjective])]
    asked = [Clause("be", what, adjective=key) for key in (OPPOSITE[adjective], *rng.sample(others, 4))]
    return _shuffled(rng, (), Clause("be", what, adjective=adjective, negated=True), asked)


def _work_question(rng: random.Random) -> Choice:
    """Where does the doctor work?"""
    sites = rng.sample(sorted(_WORKERS), 5)
    who = NP(rng.choice(_WORKERS[sites[0]]))
    asked = [Clause("work", who, place=NP(site), asks="place") for site in sites]
    return _shuffled(rng, (), asked[0], asked)
