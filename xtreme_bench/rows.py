"""One row type per family of tasks: readers yield rows, and families turn them into features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two texts and their relation (NLI, paraphrase). `label` is the class name, None in test files."""

    id: str
    text_a: str
    text_b: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """A prompt and the texts that may continue or answer it. `label` is the index of the right one."""

    id: str
    prompt: str
    choices: tuple[str, ...]
    label: int | None = None


@dataclass(frozen=True, slots=True)
class TaggedRow:
    """A sentence as words, with one tag per word (None in test files)."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it stands in the context. `start` is in code points."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question on a passage. `answers` is empty in test files and for impossible questions (SQuAD 2.0)."""

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...] = ()
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """One sentence of a retrieval corpus. Tatoeba has no ids of its own: there it is the 0-based line number."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What the system said (empty in the first turn) and what the user answered."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class DialogueRow:
    """A dialogue: its turns, and after each turn the state, slot -> value (None in test files).

    A slot of which nothing is known yet is missing in a state. `ontology` maps the slots, as the language of the
    dialogue calls them, to their values. Slots and values have the same order in all languages.
    """

    id: str
    turns: tuple[Turn, ...]
    ontology: Mapping[str, tuple[str, ...]]
    states: tuple[Mapping[str, str], ...] | None = None


Row = DialogueRow | PairRow | ChoiceRow | TaggedRow | QuestionRow | SentenceRow
