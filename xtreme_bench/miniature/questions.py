"""Reading comprehension: passages of confusable facts, and questions on one part of one of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xtreme_bench.miniature import realise, sample
from xtreme_bench.miniature.speech import gap, say
from xtreme_bench.miniature.world import CATEGORY, CONCEPTS, NP, Clause

# How often each part is asked for: reading of known names and things, or of when and how many.
SQUAD_MIX = {"subject": 3, "object": 3, "place": 2, "recipient": 2, "number": 0.5, "time": 0.5}
TYDI_MIX = {"subject": 1, "object": 1, "place": 2, "recipient": 1, "number": 3, "time": 3}


@dataclass(frozen=True)
class Question:
    """A question as a clause that asks for a part, and the fact of the passage that answers it (None: none does)."""

    asked: Clause
    fact: int | None


@dataclass(frozen=True)
class Passage:
    """Facts, told one after the other, and questions on them."""

    facts: tuple[Clause, ...]
    questions: tuple[Question, ...]


def passages(
    rng: random.Random, size: int, *, mix: Mapping[str, float] = SQUAD_MIX, impossible: float = 0.0, each: int = 3
) -> list[Passage]:
    """Passages with `size` questions in all, `each` per passage, a share `impossible` of them without an answer."""
    out: list[Passage] = []
    left = size
    while left:
        facts = _facts(rng, rng.randint(4, 6), mix)
        asked = _questions(rng, facts, mix, min(each, left), impossible)
        if asked:
            out.append(Passage(facts, tuple(asked)))
            left -= len(asked)
    return out


def _facts(rng: random.Random, size: int, mix: Mapping[str, float]) -> tuple[Clause, ...]:
    """Facts about few people who do few kinds of things, so that several facts share each part."""
    people = [NP(head) for head in rng.sample(CONCEPTS["given"], 3)]
    people[0] = replace(people[0], family=rng.choice(CONCEPTS["family"]) if rng.random() < 0.3 else None)
    verbs = [rng.choice(CONCEPTS[kind]) for kind in ("transitive", "ditransitive", "motion")]
    counted = mix.get("number", 0) > 1
    out: list[Clause] = []
    while len(out) < size:
        verb = rng.choice(verbs)
        fact = _fact(rng, verb, people, number=0.6 if counted else 0.15)
        tense = rng.choice(("past", "future", "present")) if mix.get("time", 0) > 1 else "past"
        timed = rng.random() < (0.9 if mix.get("time", 0) > 1 else 0.25)
        fact = replace(fact, tense=tense, time=sample.TIME_OF_TENSE[tense] if timed else None)
        if all(_parts(fact) != _parts(known) for known in out):
            out.append(fact)
    return tuple(out)


def _fact(rng: random.Random, verb: str, people: Sequence[NP], *, number: float) -> Clause:
    who, whom = rng.sample(list(people), 2)
    where = sample.place(rng, verb, organisation=0.1, city=0.3)
    if CATEGORY[verb] == "motion":
        return Clause(verb, who, place=where)
    what = sample.common(rng, ("object", "food"), adjective=0.25, number=number)
    if CATEGORY[verb] == "ditransitive":
        return Clause(verb, who, object=what, recipient=whom, place=where if rng.random() < 0.3 else None)
    if rng.random() < 0.2 and verb in sample.PERSON_OBJECTS:
        what = whom
    else:
        categories = [name for name in sample.objects_of(verb) if name not in ("given", "role", "animal")]
        what = sample.common(rng, categories, adjective=0.25, number=number)
    return Clause(verb, who, object=what, place=where if rng.random() < 0.7 else None)


def _parts(fact: Clause) -> dict[str, object]:
    """The parts by which a question can tell facts apart."""
    return {
        "verb": fact.verb,
        "subject": fact.subject.head,
        "object": fact.object.head if fact.object else None,
        "recipient": fact.recipient.head if fact.recipient else None,
        "place": (fact.place.head, fact.place.city) if fact.place else None,
        "time": fact.time,
    }


def _questions(
    rng: random.Random, facts: Sequence[Clause], mix: Mapping[str, float], size: int, impossible: float
) -> list[Question]:
    """At most `size` questions, each answered by exactly one fact (or by none), no two on the same part of a fact."""
    options = [(rng.random() ** (1 / mix[part]), index, part)
               for index, fact in enumerate(facts) for part in sample.askable(fact)]  # fmt: skip
    chosen: list[Question] = []
    for _, index, part in sorted(options, reverse=True):
        question = Question(_shortened(rng, facts[index], part), index)
        if [i for i, fact in enumerate(facts) if _answers(fact, question.asked)] != [index]:
            continue
        chosen.append(_unanswerable(rng, facts, question) if rng.random() < impossible else question)
        if len(chosen) == size:
            break
    return chosen


def _shortened(rng: random.Random, fact: Clause, part: str) -> Clause:
    """The fact as a question for `part`, with a place or time left out in some."""
    asked = replace(fact, asks=part)
    if part != "time" and rng.random() < 0.5:
        asked = replace(asked, time=None)
    if part != "place" and rng.random() < 0.5 and CATEGORY[fact.verb] != "motion":
        asked = replace(asked, place=None)
    return asked


def _answers(fact: Clause, asked: Clause) -> bool:
    """Whether the fact says all that the question says, and the part it asks for."""
    said, wanted = _parts(fact), _parts(asked)
    part = "object" if asked.asks == "number" else str(asked.asks)
    if asked.asks == "number" and (
        fact.object is None or fact.object.number < 2 or fact.object.head != wanted["object"]
    ):
        return False
    same = all(said[name] == value for name, value in wanted.items() if value is not None and name != part)
    return same and said[part] is not None and (fact.tense == asked.tense or part == "time")


def _unanswerable(rng: random.Random, facts: Sequence[Clause], question: Question) -> Question:
    """The question with one part taken from elsewhere, so that no fact answers it; unchanged if that fails."""
    asked = question.asked
    parts = [
        part for part in ("subject", "object", "recipient", "place") if getattr(asked, part) and part != asked.asks
    ]
    rng.shuffle(parts)
    for part in parts:
        values = [getattr(fact, part) for fact in facts if getattr(fact, part)]
        rng.shuffle(values)
        for value in values:
            if asked.asks == "number" and part == "object":
                continue
            wrong = replace(asked, **{part: value})
            if not sample.nobody_says(wrong) and not any(_answers(fact, wrong) for fact in facts):
                return Question(wrong, None)
    return question


def told(passage: Passage, language: str) -> tuple[str, list[int]]:
    """The passage as text, and where each sentence starts (code points)."""
    said = [say(fact, language) for fact in passage.facts]
    starts = [0]
    for sentence in said:
        starts.append(starts[-1] + len(sentence) + len(gap(language)))
    return gap(language).join(said), starts[:-1]


def answer(fact: Clause, question: Question, language: str, context: str, start: int) -> tuple[int, str]:
    """Where the answer starts in `context` and what it says; the sentence of the `fact` begins at `start`."""
    wanted = realise.answer(replace(fact, asks=question.asked.asks), language)
    return context.index(wanted, start), wanted
