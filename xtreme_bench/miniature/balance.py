"""Balancing: choose examples so that no single surface cue tells the label (raking, Deming and Stephan 1940)."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from xtreme_bench.miniature.speech import Joined, Sentence
from xtreme_bench.miniature.world import NP, Clause

T = TypeVar("T")
Cell = tuple[str, tuple[Hashable, ...]]  # a label and the values of the cues
ROUNDS = 40


def concepts(sentence: Sentence) -> Counter[str]:
    """The bag of concepts of a sentence; negations, connectives and numerals above one count as concepts."""
    if isinstance(sentence, Joined):
        return concepts(sentence.first) + concepts(sentence.second) + Counter((sentence.connective,))
    clause: Clause = sentence
    phrases = (clause.subject, clause.object, clause.recipient, clause.complement, clause.place)
    words = [clause.verb, clause.adjective, clause.time, clause.daytime, "not" if clause.negated else None]
    for phrase in phrases:
        words += _words(phrase) if phrase else []
    bag = Counter(word for word in words if word)
    return bag + concepts(clause.content) if clause.content else bag


def forms(sentence: Sentence) -> set[str]:
    """The concepts of a sentence as a language would inflect them: a verb counts with its tense and negation."""
    clauses = [sentence.first, sentence.second] if isinstance(sentence, Joined) else [sentence]
    out = set(concepts(sentence))
    while clauses:
        clause = clauses.pop()
        out.add(f"{clause.verb} {clause.tense} {clause.negated}")
        clauses += [clause.content] if clause.content else []
    return out


def _words(phrase: NP) -> list[str | None]:
    number = str(phrase.number) if phrase.number > 1 else None
    return [phrase.head, phrase.family, phrase.city, phrase.adjective, number]


def rake(
    rng: random.Random, candidates: Sequence[T], labels: Sequence[str], cues: Sequence[Sequence[Hashable]], size: int
) -> list[T]:
    """Choose `size` of the candidates, the same number of each label, so that each cue says nothing about the label.

    `labels[i]` is the label of candidate i and `cues[i]` its cues, the same number for every candidate. Weights are
    fitted until every value of every cue goes with each label equally often; a value that lacks a label altogether is
    left out. Then each label's candidates are drawn by weight, without replacement. Order of the result: shuffled.
    """
    names = sorted(set(labels))
    kept = _with_every_label(labels, cues, len(names))
    cells = Counter((labels[i], tuple(cues[i])) for i in kept)
    weight = _fit(cells, len(names))
    chosen: list[T] = []
    for turn, name in enumerate(names):
        share = size // len(names) + (turn < size % len(names))
        keyed = [
            (math.log(1.0 - rng.random()) / weight[name, tuple(cues[i])], i) for i in kept if labels[i] == name
        ]  # the largest of u^(1/w) win: Efraimidis and Spirakis 2006
        keyed.sort(reverse=True)
        if len(keyed) < share:
            raise ValueError(f"only {len(keyed)} candidates labelled {name} are left to choose {share} from")
        chosen += [candidates[i] for _, i in keyed[:share]]
    rng.shuffle(chosen)
    return chosen


def _with_every_label(labels: Sequence[str], cues: Sequence[Sequence[Hashable]], count: int) -> list[int]:
    """The candidates whose cue values all occur with every label; others are removed until nothing changes."""
    kept = list(range(len(labels)))
    while True:
        seen: dict[tuple[int, Hashable], set[str]] = defaultdict(set)
        for i in kept:
            for which, value in enumerate(cues[i]):
                seen[which, value].add(labels[i])
        left = [i for i in kept if all(len(seen[which, value]) == count for which, value in enumerate(cues[i]))]
        if len(left) == len(kept):
            return kept
        kept = left


def _fit(cells: Counter[Cell], count: int) -> dict[Cell, float]:
    """A weight for each cell, such that all labels weigh the same for every value of every cue."""
    keys = list(cells)
    number = np.array([cells[key] for key in keys], dtype=np.float64)
    name_of = {name: i for i, name in enumerate(sorted({name for name, _ in keys}))}
    names = np.array([name_of[name] for name, _ in keys])
    columns = []
    for which in range(len(keys[0][1]) if keys else 0):
        seen: dict[Hashable, int] = {}
        columns.append(np.array([seen.setdefault(values[which], len(seen)) for _, values in keys]))
    weight = np.ones(len(keys))
    for _ in range(ROUNDS):
        for column in columns:
            group = column * count + names
            mass = np.bincount(group, weight * number, minlength=(column.max() + 1) * count).reshape(-1, count)
            weight *= (mass.sum(axis=1, keepdims=True) / (count * mass)).reshape(-1)[group]
    return dict(zip(keys, weight.tolist(), strict=True))
