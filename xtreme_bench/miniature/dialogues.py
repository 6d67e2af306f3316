"""Dialogues with a state after each turn: a user is asked what somebody eats and where she goes, and changes her mind.

The name of a slot is its question and a value its answer, so that both are said in every language.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from xtreme_bench.miniature import realise
from xtreme_bench.miniature.scope import File, Scope
from xtreme_bench.miniature.speech import say
from xtreme_bench.miniature.world import CONCEPTS, NP, Clause

TASK = "woz"
SIZES = {"train": 400, "dev": 60, "test": 60}
MOST_TURNS = 4
_WHO = NP("anna")
# The statements that fill a slot, one for each of its values.
SLOTS = (
    [Clause("eat", _WHO, NP(food, definite=False), asks="object") for food in CONCEPTS["food"]],
    [Clause("go", _WHO, place=NP(site), asks="place") for site in CONCEPTS["site"]],
)
# Which slot a turn fills, and with which of its values.
Turn = tuple[int, int]


def drawn(rng: Random, count: int) -> list[list[Turn]]:
    """Dialogues without words."""

    def turn() -> Turn:
        slot = rng.randrange(len(SLOTS))
        return slot, rng.randrange(len(SLOTS[slot]))

    return [[turn() for _ in range(rng.randint(1, MOST_TURNS))] for _ in range(count)]


def ontology(language: str) -> dict[str, list[str]]:
    """Slots and values, as a language says them."""
    return {say(slot[0], language): [realise.answer(one, language) for one in slot] for slot in SLOTS}


def told(dialogue: list[Turn], language: str) -> list[dict[str, Any]]:
    """The turns of a dialogue, each with its state."""
    named = [(slot, values) for slot, values in ontology(language).items()]
    state: dict[str, str] = {}
    turns: list[dict[str, Any]] = []
    for slot, value in dialogue:
        question, values = named[slot]
        state = {**state, question: values[value]}
        said = say(replace(SLOTS[slot][value], asks=None), language)
        turns.append({"system": question if turns else "", "user": said, "state": state})
    return turns


def _split(scope: Scope, split: str, language: str) -> dict[str, list[dict[str, Any]]]:
    dialogues = drawn(scope.rng(TASK, split), scope.size(SIZES[split]))
    return {f"{split}-{number}": told(dialogue, language) for number, dialogue in enumerate(dialogues)}


def dialogue_files(scope: Scope) -> Iterator[File]:
    """English development dialogues; in each language training dialogues, an ontology, and test dialogues alone."""
    yield f"{TASK}/dev-en.json", json.dumps(_split(scope, "dev", "en"))
    for language in scope.covered(TASK):
        yield f"{TASK}/train-{language}.json", json.dumps(_split(scope, "train", language))
        yield f"{TASK}/ontology-{language}.json", json.dumps(ontology(language))
        test = _split(scope, "test", language)
        bare = {
            one: [{side: turn[side] for side in ("system", "user")} for turn in turns] for one, turns in test.items()
        }
        yield f"{TASK}/test-{language}.json", json.dumps(bare)


def dialogue_labels(scope: Scope) -> Iterator[File]:
    """The states of the test sets, and the ontologies beside them."""
    for language in scope.covered(TASK):
        yield f"{TASK}/ontology-{language}.json", json.dumps(ontology(language))
        gold = {one: [turn["state"] for turn in turns] for one, turns in _split(scope, "test", language).items()}
        yield f"{TASK}/test-{language}.json", json.dumps(gold)
