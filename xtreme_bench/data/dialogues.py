"""Dialogues with a state after each turn, and the ontologies that say which slots and values there are.

A file maps the id of a dialogue to its turns, `{"system": text, "user": text, "state": {slot: value}}`; test files have
no `state`. Beside the files of a task lies one ontology for each language, `{slot: [value, ...]}`. Slots and values
stand in the same order in all of them, so that a value is known by its place and the names differ by language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.data.files import json_document, reading
from xtreme_bench.data.usable import LeftOut, Unusable, usable
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.rows import DialogueRow, Turn
from xtreme_bench.wording import listing, quoted

Ontology = Mapping[str, tuple[str, ...]]
State = Mapping[str, str]

# The first candidate of each slot: nothing was said about it.
NONE = "none"
OUTSIDE = "values outside the ontology"
FAULTY = "dialogues with a fault"


def candidates(ontology: Ontology) -> tuple[str, ...]:
    """All that the slots can have, each as "slot=value", "slot=none" first; a slot's candidates stand together."""
    return tuple(f"{slot}={value}" for slot, values in ontology.items() for value in (NONE, *values))


def places(ontology: Ontology) -> dict[str, dict[str, int]]:
    """Slot -> value, or NONE -> the number of that candidate."""
    found: dict[str, dict[str, int]] = {}
    number = 0
    for slot, values in ontology.items():
        found[slot] = {value: number + at for at, value in enumerate((NONE, *values))}
        number += 1 + len(values)
    return found


def read_ontology(path: Path, purpose: str) -> dict[str, tuple[str, ...]]:
    """The slots of a task in one language and their values. Errors: `InputError` with all faults."""
    with reading(path, purpose) as faults:
        document = json_document(path, faults)
        if document is not None and not (isinstance(document, dict) and document):
            faults.append(Problem("an object that maps slots to lists of values expected", str(path)))
            document = None
        faults += [Problem(fault, str(path)) for fault in ontology_faults(document or {})]
    return {slot: tuple(values) for slot, values in document.items()}


def ontology_faults(ontology: Mapping[str, Any]) -> Iterator[str]:
    """Why these are no slots with the values that a user can say."""
    for slot, values in ontology.items():
        if "=" in slot or not slot:
            yield f"slot {quoted(slot)}: its name is empty or has an equals sign"
        if (
            not isinstance(values, list | tuple)
            or not values
            or not all(isinstance(one, str) and one for one in values)
        ):
            yield f"slot {quoted(slot)}: a list of values expected, each a text"
        elif NONE in values:
            yield f"slot {quoted(slot)}: leave out {quoted(NONE)}, which stands for a slot of which nothing is known"
        elif twice := [value for value, times in Counter(values).items() if times > 1]:
            yield f"slot {quoted(slot)}: {quoted(twice[0])} stands there twice"


def read_dialogues(path: Path, purpose: str, *, states: bool, left_out: LeftOut | None = None) -> Iterator[DialogueRow]:
    """The dialogues of a file; with `states` each turn has one. The ontology lies beside the file.

    A value that the ontology lacks stays in its state, and is counted in `left_out`.
    Errors: `InputError` with all faults, each with its dialogue, after the last row.
    """
    language = path.stem.rpartition("-")[2]
    beside = path.with_name(f"ontology-{language}.json")
    ontology = read_ontology(beside, f"slots and values of the {purpose}")
    if language != "en":
        _require_alike(ontology, beside)
    outside: Counter[str] = Counter()

    def rows(faults: list[Problem]) -> Iterator[DialogueRow]:
        document, informed = json_document(path, faults), 0
        if document is not None and not isinstance(document, dict):
            faults.append(Problem("an object that maps the id of a dialogue to its turns expected", str(path)))
            return
        for name, turns in (document or {}).items():
            row, wrong = _row(name, turns, ontology, states=states)
            for place, fault in enumerate(wrong):
                reason = "" if place else FAULTY
                faults.append(Unusable(fault, str(path), example=name, reason=reason))
            if row is not None and not wrong:
                informed += sum(map(len, row.states or ()))
                outside.update(_outside(row))
                yield row
        if states and document and not faults and not informed:
            faults.append(Problem("no dialogue has a slot: these states are all empty", str(path)))

    yield from usable(rows, path, purpose, left_out)
    if left_out is not None and outside:
        left_out.counts[OUTSIDE] += outside.total()


def _require_alike(ontology: Ontology, path: Path) -> None:
    """An ontology has as many slots, each with as many values, as the English one beside it, which is learned from."""
    trained = path.with_name("ontology-en.json")
    english = read_ontology(trained, "slots and values in English")
    shapes = [[len(values) for values in one.values()] for one in (ontology, english)]
    if shapes[0] != shapes[1]:
        own, learned = (f"slots with {listing(map(str, shape))} values" for shape in shapes)
        raise InputError(f"{path}: {own}, but {trained.name} has {learned}; both must be translations of one ontology")


def _outside(row: DialogueRow) -> Iterator[str]:
    for state in row.states or ():
        yield from (f"{slot}={value}" for slot, value in state.items() if value not in row.ontology[slot])


def _row(name: str, turns: Any, ontology: Ontology, *, states: bool) -> tuple[DialogueRow | None, list[str]]:
    """A dialogue, and what is wrong with it."""
    if not isinstance(turns, list) or not turns:
        return None, ["a dialogue without turns"]
    wrong: list[str] = []
    for number, turn in enumerate(turns, 1):
        if not isinstance(turn, dict) or not all(isinstance(turn.get(side), str) for side in ("system", "user")):
            wrong.append(f"turn {number}: `system` and `user` expected, each a text")
        elif not states and "state" in turn:
            wrong.append(f"turn {number}: a test file has no state")
        elif states and (fault := state_fault(turn.get("state"), ontology)):
            wrong.append(f"turn {number}: {fault}")
    if wrong:
        return None, wrong
    said = tuple(Turn(turn["system"], turn["user"]) for turn in turns)
    return DialogueRow(name, said, ontology, tuple(turn["state"] for turn in turns) if states else None), []


def state_fault(state: Any, ontology: Ontology) -> str | None:
    """Why this is no state of an ontology; None if it is one. Its values may be others than those of the ontology."""
    if not isinstance(state, dict):
        return "no state: a dialogue without slots cannot be trained on or scored"
    if not all(isinstance(value, str) and value and value != NONE for value in state.values()):
        return f"the value of a slot is a text; leave out a slot of which nothing is known, in place of {quoted(NONE)}"
    unknown = [slot for slot in state if slot not in ontology]
    if unknown:
        return (
            f"the ontology has no slot {quoted(unknown[0])}, but {listing(list(ontology))}: "
            "is it that of another language?"
        )
    return None
