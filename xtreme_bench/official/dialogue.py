"""Dialogue state tracking: joint goal accuracy and slot accuracy, and the form of predicted states.

A file maps the id of a dialogue to the states after its turns, `[{slot: value}, ...]`. Gold labels and predictions have
the same form, in the words of the language's ontology, which lies beside the gold labels: these name only the slots and
values that occur in them. Requests ("what is the address?") are no part of a state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_bench.data.dialogues import NONE, Ontology, state_fault
from xtreme_bench.official.findings import Findings, Size, examine_count, ids_sha256, listed
from xtreme_bench.untrusted import Malformed, parse_json, text_fault
from xtreme_bench.wording import count, did_you_mean, quoted

State = Mapping[str, str]
States = Mapping[str, Sequence[State]]

_WANTED = "write one JSON object that maps each dialogue id to a list of states, {slot: value}, one for each turn"


@dataclass(frozen=True)
class Gold:
    """The states of a test set, and the slots and values of its language. A state may have other values."""

    states: States
    ontology: Ontology

    def __len__(self) -> int:
        """The number of dialogues."""
        return len(self.states)


def dialogue_scores(gold: Gold, predictions: States) -> dict[str, float]:
    """Joint goal accuracy and slot accuracy in percent, over the turns of all dialogues.

    A turn counts as right in the joint goal if its whole state is (Henderson et al. 2014); in slot accuracy each slot
    of the ontology counts alike in each turn, those of which nothing is known too.
    Errors: `ValueError` for a dialogue with another number of turns, `KeyError` for one that is missing.
    """
    pairs = [pair for one, states in gold.states.items() for pair in zip(states, predictions[one], strict=True)]
    single = sum(right.get(slot) == found.get(slot) for right, found in pairs for slot in gold.ontology)
    return {
        "joint_goal_accuracy": joint_goal_accuracy(gold.states, predictions),
        "slot_accuracy": 100 * single / (len(pairs) * len(gold.ontology)),
    }


def joint_goal_accuracy(gold: States, predictions: States) -> float:
    """The share of turns whose whole state is right, in percent. Errors as above."""
    right, turns = map(sum, zip(*dialogue_items(gold, predictions).values(), strict=True))
    return 100 * right / turns


def dialogue_items(gold: States, predictions: States) -> dict[str, tuple[float, float]]:
    """Dialogue -> (turns whose whole state is right, turns). A state holds what earlier turns said, so that the turns
    of a dialogue are right or wrong together."""
    both = {one: list(zip(states, predictions[one], strict=True)) for one, states in gold.items()}
    return {one: (float(sum(right == found for right, found in turns)), len(turns)) for one, turns in both.items()}


def empty(states: States) -> bool:
    """Whether no state says anything."""
    return not any(state for turns in states.values() for state in turns)


def examine_states(text: str, size: Size, findings: Findings) -> None:
    """Parse a file of states into `findings.value` and report what is wrong with it."""
    repeated: list[str] = []
    try:
        value = parse_json(text, repeated)
    except Malformed as error:
        findings.report(findings.fault(f"not JSON: {error}; {_WANTED}", error.line))
        return
    if not isinstance(value, dict):
        findings.report(findings.fault(_WANTED))
        return
    findings.value = value
    findings.report_each(repeated, lambda one: findings.fault("this id occurs twice", example=one), len(repeated))
    wrong = [(one, fault) for one, states in value.items() if (fault := _no_states(one, states, size.ontology))]
    findings.report_each(wrong, lambda pair: findings.fault(pair[1], example=pair[0]), len(wrong))
    _examine_dialogues(value, size, findings, whole=not wrong)
    if value and not wrong and empty(value):
        findings.note("all states are empty")


def _no_states(one: str, states: Any, ontology: Ontology | None) -> str | None:
    """Why these are no states of a dialogue."""
    if fault := text_fault(one):
        return f"the id {fault}"
    if not isinstance(states, list) or not states:
        return "not a list of states, one for each turn"
    for turn, state in enumerate(states, 1):
        if not isinstance(state, dict):
            return f"turn {turn}: not an object that maps slots to values"
        for slot, value in state.items():
            if not isinstance(value, str) or not value:
                return f"turn {turn}: the value of {quoted(slot)} is not a text; leave out a slot without a value"
            if value == NONE:
                return f"turn {turn}: leave out a slot of which nothing is known, in place of {quoted(NONE)}"
            if fault := text_fault(slot) or text_fault(value):
                return f"turn {turn}: a slot or value {fault}"
            if ontology is not None and (fault := _unknown(slot, value, ontology)):
                return f"turn {turn}: {fault}"
    return None


def _unknown(slot: str, value: str, ontology: Ontology) -> str | None:
    """Why an ontology has no such slot, or no such value of it."""
    if slot not in ontology:
        return f"{quoted(slot)} is not a slot of this language ({', '.join(ontology)})"
    if value not in ontology[slot]:
        near = did_you_mean(value, ontology[slot]) or f"; it has {count(len(ontology[slot]), 'value')}"
        return f"{quoted(value)} is not a value of {quoted(slot)} in the ontology{near}"
    return None


def gold_of(states: States, ontology: Ontology, findings: Findings) -> Gold:
    """The gold labels of a test set, and reports of states that its ontology cannot have."""
    faults = ((one, turn, state_fault(state, ontology)) for one in states for turn, state in enumerate(states[one], 1))
    wrong = [(one, f"turn {turn}: {fault}") for one, turn, fault in faults if fault]
    findings.report_each(wrong, lambda pair: findings.fault(pair[1], example=pair[0]), len(wrong))
    if empty(states):
        findings.report(findings.fault("no state has a slot, so there is nothing to track: is this a test file?"))
    return Gold(states, ontology)


def _examine_dialogues(value: Mapping[str, Any], size: Size, findings: Findings, *, whole: bool) -> None:
    """Whether there is each dialogue of the test set and no other, each with its number of turns."""
    if size.ids is None:
        examine_count(value, size, findings, "dialogue", "dialogue")
        return
    known = set(size.ids)
    for what, names in (
        ("missing", [one for one in size.ids if one not in value]),
        ("not in this test set", [one for one in value if one not in known]),
    ):
        if names:
            findings.report(findings.fault(f"{count(len(names), 'dialogue')} {what}: {listed(names)}"))
    if whole:
        odd = list(_other_turns(value, size))
        findings.report_each(odd, lambda pair: findings.fault(pair[1], example=pair[0]), len(odd))


def _other_turns(value: Mapping[str, Any], size: Size) -> Iterator[tuple[str, str]]:
    """The dialogues with another number of turns than the test set."""
    for one, turns in zip(size.ids or (), size.lengths or (), strict=False):
        if one in value and len(value[one]) != turns:
            yield one, f"{count(turns, 'state')} expected, one for each turn, {len(value[one]):,} found"


def known_of(gold: Gold) -> dict[str, Any]:
    """What gold labels show of a test set beside the number of dialogues: fields of `Size`."""
    return {
        "ids": tuple(gold.states),
        "ids_sha256": ids_sha256(gold.states),
        "lengths": tuple(map(len, gold.states.values())),
        "ontology": gold.ontology,
    }
