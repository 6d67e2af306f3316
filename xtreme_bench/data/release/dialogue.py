"""Dialogues with states, as Multilingual WoZ 2.0 was released, and their ontologies.

What is asked of the system (`act: request`) is no part of a state. Slots and values stay in the language of the file,
so the ontology of each language goes beside it and beside the gold labels; all of a task have their slots and values in
the same order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.dialogues import OUTSIDE, ontology_faults, state_fault
from xtreme_bench.data.files import json_document, reading
from xtreme_bench.data.release.preparation import Preparation
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.rows import DialogueRow, Turn
from xtreme_bench.wording import listing, quoted

Ontology = dict[str, tuple[str, ...]]

# "Any will do", a value of each slot that the released ontologies leave out.
WOZ_ANY = {"en": "dontcare", "de": "es ist egal", "it": "non importa"}
# What stands in place of the split in the names of ontologies.
_ONTOLOGY = "dstc2"
WOZ_SPLITS = {"train": "train", "validate": "dev", "test": "test"}


def prepare_woz(preparation: Preparation) -> None:
    """Write what was found of Multilingual WoZ 2.0: the ontology of each language with dialogues, and their splits."""
    found = preparation.files("woz", "WoZ 2.0", "split", "language")
    found = {key: path for key, path in sorted(found.items()) if key[1] in TASKS["woz"].languages}
    ontologies = {language: path for (split, language), path in found.items() if split == _ONTOLOGY}
    read = {one: read_woz_ontology(preparation.use("woz", path), one) for one, path in ontologies.items()}
    _require_one_order("woz", read, ontologies)
    for (released, language), path in found.items():
        if released in WOZ_SPLITS:
            preparation.use("woz", path)
            rows = read_woz(path, f"dialogues of woz in {language}", _needed(read, "woz", language, path))
            write(preparation, "woz", WOZ_SPLITS[released], language, rows)
    write_ontologies(preparation, "woz", read)


def read_woz_ontology(path: Path, language: str) -> Ontology:
    """The slots that a user can inform about, and their values, "any will do" last. Errors: `InputError`."""
    with reading(path, f"slots and values of woz in {language}") as faults:
        document = json_document(path, faults)
        informable = document.get("informable") if isinstance(document, dict) else None
        if not isinstance(informable, dict) or not all(isinstance(values, list) for values in informable.values()):
            faults.append(Problem("`informable` expected, an object that maps slots to lists of values", str(path)))
            informable = {}
        read = {slot: (*values, WOZ_ANY[language]) for slot, values in informable.items() if slot != "request"}
        faults += [Problem(fault, str(path), language=language) for fault in ontology_faults(read)]
    return read


def read_woz(path: Path, purpose: str, ontology: Ontology) -> list[DialogueRow]:
    """The dialogues of a file. Errors: `InputError` with all faults, each with the id of its dialogue."""
    return dialogues_of(path, purpose, ontology, _woz_dialogues)


def _woz_dialogues(document: Any) -> Iterator[tuple[str, Any]]:
    for dialogue in document:
        yield (
            str(dialogue["dialogue_idx"]),
            [
                (turn["system_transcript"], turn["transcript"], _informed(turn["belief_state"]))
                for turn in dialogue["dialogue"]
            ],
        )


def _informed(beliefs: Any) -> dict[str, str]:
    """The state of a turn; of two values of one slot the later one, which corrects the other."""
    return {slot: value for belief in beliefs if belief["act"] == "inform" for slot, value in belief["slots"]}


def dialogues_of(
    path: Path, purpose: str, ontology: Ontology, dialogues: Callable[[Any], Iterator[tuple[str, Any]]]
) -> list[DialogueRow]:
    """Rows from (id, turns) with turns (system, user, state). What is not there is a fault of the last dialogue."""
    rows: dict[str, DialogueRow] = {}
    with reading(path, purpose) as faults:
        document, name = json_document(path, faults), "the first"
        try:
            for name, turns in dialogues(document if document is not None else {}):
                said = [Turn(system.strip(), user.strip()) for system, user, _ in turns]
                states = [state for _, _, state in turns]
                wrong = [
                    f"turn {n}: {one}" for n, state in enumerate(states, 1) if (one := state_fault(state, ontology))
                ]
                wrong += ["a dialogue without turns"] if not turns else []
                wrong += ["this id occurs twice"] if name in rows else []
                faults += [Problem(one, str(path), example=name) for one in wrong[:1]]
                rows[name] = DialogueRow(name, tuple(said), ontology, tuple(states))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"not the form of a release, at or after this dialogue ({type(error).__name__}: {error})"
            faults.append(Problem(message, str(path), example=name))
        if document is not None and not faults and not any(any(row.states or ()) for row in rows.values()):
            faults.append(Problem("no dialogue has a slot", str(path)))
    return list(rows.values())


def _needed(read: Mapping[str, Ontology], task: str, language: str, path: Path) -> Ontology:
    if language not in read:
        raise InputError(f"{path}: the ontology of {task} in {language} was not found, which says what its slots are")
    return read[language]


def _require_one_order(task: str, read: Mapping[str, Ontology], paths: Mapping[str, Path]) -> None:
    """Ontologies of one task have as many slots, each with as many values, as the first of them."""
    shapes = {language: [len(values) for values in ontology.values()] for language, ontology in read.items()}
    first = next(iter(shapes), "")
    odd = [language for language, shape in shapes.items() if shape != shapes[first]]
    if odd:
        said = [
            Problem(f"slots with {listing(map(str, shapes[one]))} values", str(paths[one]), language=one)
            for one in (first, *odd)
        ]
        raise InputError(f"{task}: the ontologies are not translations of each other", said)


def write_ontologies(preparation: Preparation, task: str, read: Mapping[str, Ontology]) -> None:
    """Write the ontology of each language, beside the dialogues and beside the gold labels."""
    for language, ontology in read.items():
        text, file = json.dumps(ontology, ensure_ascii=False, indent=0), layout.ontology_file(task, language)
        preparation.write(file, f"{text}\n")
        preparation.write_labels(task, Path(file).name, f"{text}\n")


def write(preparation: Preparation, task: str, split: str, language: str, rows: Sequence[DialogueRow]) -> None:
    """A split of a task: the states of a test set go to the labels."""
    if split == "test":
        rows = preparation.spread(rows)
    preparation.count(task, f"{split} {language}", len(rows))
    outside = Counter(
        f"{slot}={value}"
        for row in rows
        for state in row.states or ()
        for slot, value in state.items()
        if value not in row.ontology[slot]
    )
    if outside:
        named = listing((quoted(one) for one in outside), 3)
        what = "no prediction can be right there" if split == "test" else "not learned from"
        preparation.remark(task, f"{split} {language}: {outside.total()} {OUTSIDE} ({named}): {what}")
    file = f"{split}-{language}.json"
    preparation.write(f"{task}/{file}", _text({row.id: _turns(row, states=split != "test") for row in rows}))
    if split == "test":
        preparation.write_labels(task, file, _text({row.id: list(row.states or ()) for row in rows}))


def _turns(row: DialogueRow, *, states: bool) -> list[dict[str, Any]]:
    said = [{"system": turn.system, "user": turn.user} for turn in row.turns]
    if not states:
        return said
    return [{**turn, "state": dict(state)} for turn, state in zip(said, row.states or (), strict=True)]


def _text(value: Mapping[str, Any]) -> str:
    lines = (f"{json.dumps(one)}: {json.dumps(value[one], ensure_ascii=False)}" for one in value)
    return "{\n" + ",\n".join(lines) + "\n}\n"
