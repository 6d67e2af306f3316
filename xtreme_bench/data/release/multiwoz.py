"""Parallel MultiWOZ 2.1, English and Chinese, as ConvLab-2 released it.

In both languages the states are those of the English dialogues, as in Moghe et al. 2021 (nikitacs16/xlift_dst): slots
and values stay in the language of training. The two files have the same dialogues, turn by turn. Nothing reads the
Chinese states: a machine translated many of them, and different values have one translation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench.data.dialogues import ontology_faults
from xtreme_bench.data.files import json_document, reading
from xtreme_bench.data.release.dialogue import Ontology, dialogues_of, write, write_ontologies
from xtreme_bench.data.release.preparation import Preparation
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.rows import DialogueRow
from xtreme_bench.wording import count, listing, quoted

TASK = "multiwoz"
SPLITS = {"train": "train", "val": "dev", "test": "test"}
# The first one that is there is taken; it is the one that the tracker of ConvLab-2 has.
ONTOLOGIES = ("ontology_sumbt", "ontology")

# What stands in a state for a slot of which nothing is known.
NOT_SAID = ("", "none", "not mentioned", "not given")
_ANY = "do not care"
# How a value is spelled in the ontology, as in ConvLab-2's tracker.
_SPELLINGS = {
    **dict.fromkeys(("doesn't care", "don't care", "dont care", "does not care", "dontcare", "do n't care"), _ANY),
    **dict.fromkeys(("guesthouse", "guesthouses"), "guest house"),
    **dict.fromkeys(
        ("city center", "town centre", "town center", "centre of town", "center", "center of town"), "centre"
    ),
    "west part of town": "west",
    "mutliple sports": "multiple sports",
    "swimmingpool": "swimming pool",
    "concerthall": "concert hall",
}
_NAMES = {"leaveAt": "leave at", "arriveBy": "arrive by", "pricerange": "price range"}
# Slots of states that the ontologies leave out.
_LEFT_OUT = ("bus-arriveBy", "bus-book people", "train-book ticket")


def prepare_multiwoz(preparation: Preparation) -> None:
    """Write what was found: English dialogues and, of training and test sets, the Chinese ones."""
    found = preparation.files(TASK, "ConvLab-2", "language", "split")
    english, chinese = (
        {split: path for (language, split), path in found.items() if language == code} for code in ("", "zh")
    )
    _require_whole(english, chinese)
    splits = [split for split in SPLITS if split in english]
    if not splits:
        return
    named = next(one for one in ONTOLOGIES if one in english)
    ontology = read_multiwoz_ontology(preparation.use(TASK, english[named]))
    if named != ONTOLOGIES[0]:
        preparation.remark(TASK, f"{named}.json was taken; {ONTOLOGIES[0]}.json, which the paper uses, has more values")
    for released in splits:
        split, purpose = SPLITS[released], f"dialogues of {TASK} in"
        rows = dialogues_of(preparation.use(TASK, english[released]), f"{purpose} en", ontology, _english)
        write(preparation, TASK, split, "en", rows)
        if released in chinese and split != "dev":
            path = preparation.use(TASK, chinese[released])
            translated = partial(_translated, path=path, rows=rows)
            write(preparation, TASK, split, "zh", dialogues_of(path, f"{purpose} zh", ontology, translated))
    write_ontologies(
        preparation, TASK, dict.fromkeys(("en", "zh") if chinese.keys() & SPLITS.keys() else ("en",), ontology)
    )


def _require_whole(english: Mapping[str, Path], chinese: Mapping[str, Path]) -> None:
    """English dialogues have an ontology, and Chinese ones are there in English, whose states they have."""
    problems = [
        Problem("its states are those of the English dialogues, which were not found", str(path), language="zh")
        for split, path in chinese.items()
        if split in SPLITS and split not in english
    ]
    dialogues = [split for split in SPLITS if split in english]
    if dialogues and not any(one in english for one in ONTOLOGIES):
        message = f"the ontology, {' or '.join(f'{one}.json' for one in ONTOLOGIES)} beside it, was not found"
        problems.append(Problem(message, str(english[dialogues[0]]), language="en"))
    if problems:
        raise InputError(f"{TASK}: files of the release are missing", problems)


def read_multiwoz_ontology(path: Path) -> Ontology:
    """The slots and their values, as states spell them. Errors: `InputError`."""
    with reading(path, f"slots and values of {TASK}") as faults:
        document = json_document(path, faults)
        if document is not None and not isinstance(document, dict):
            faults.append(Problem("an object that maps slots to lists of values expected", str(path)))
            document = None
        read = {slot: _values(found) for slot, found in (document or {}).items()}
        faults += [Problem(fault, str(path), language="en") for fault in ontology_faults(read)]
    return read


def _values(found: Any) -> Any:
    """The values of a slot, each once; without those that say nothing, which no state has."""
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return found
    return tuple(one for one in dict.fromkeys(map(spelled, found)) if one not in NOT_SAID)


def _english(document: Any) -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    for name, dialogue in document.items():
        log = dialogue["log"]
        states = [_state(turn["metadata"]) for turn in log[1::2]]
        yield name, [(*said, state) for said, state in zip(_said(log), states, strict=True)]


def _translated(document: Any, path: Path, rows: Sequence[DialogueRow]) -> Iterator[tuple[str, list[Any]]]:
    """The dialogues of a translation, with the states of the originals `rows`, in their order."""
    turns = {name: list(_said(dialogue["log"])) for name, dialogue in document.items()}
    originals = {row.id: len(row.turns) for row in rows}
    odd = [name for name in {**originals, **turns} if len(turns.get(name, ())) != originals.get(name)]
    if odd:
        message = f"{count(len(odd), 'dialogue')} ({listing(map(quoted, odd), 3)}) not as in English, turn by turn"
        raise InputError(f"{path}: {message}; take both languages from one release")
    for row in rows:
        yield row.id, [(*said, state) for said, state in zip(turns[row.id], row.states or (), strict=True)]


def _said(log: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What the system said before each turn of the user, and that turn; the user begins, and the system ends."""
    if len(log) % 2:
        raise ValueError("the last turn of the user has no answer, which would hold its state")
    before = ["", *(turn["text"] for turn in log[1::2])]
    yield from zip(before, (turn["text"] for turn in log[::2]), strict=False)


def _state(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The state after a turn, in the ontology's words."""
    if not metadata:
        raise ValueError("an answer of the system without a state")
    state = {}
    for domain, parts in metadata.items():
        for part in ("semi", "book"):
            for name, value in parts[part].items():
                slot = f"{domain}-{_slot(domain, part, name)}"
                if name != "booked" and slot not in _LEFT_OUT and (said := spelled(value)) not in NOT_SAID:
                    state[slot] = said
    return state


def _slot(domain: str, part: str, name: str) -> str:
    if part == "book":
        return f"book {name}"
    return name if domain == "bus" else _NAMES.get(name, name)


def spelled(value: str) -> str:
    """A value of an English state, or of the ontology, as this spells it."""
    value = value.strip().lower()
    return _SPELLINGS.get(value, value)
