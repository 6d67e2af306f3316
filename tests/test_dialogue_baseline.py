"""The tracker that looks for words only: what it finds, and what it keeps from the turn before."""

from __future__ import annotations

from places import script

from xtreme_bench.rows import DialogueRow, Turn

baseline = script("benchmarks/dialogue.py")
EN = {"food": ("north indian", "indian", "any"), "area": ("north", "south")}
DE = {"essen": ("nordindisch", "indisch", "egal"), "gegend": ("norden", "süden")}


def by_words(said: list[str], own: dict[str, tuple[str, ...]], searched: dict[str, tuple[str, ...]]) -> list[dict]:
    return list(baseline.by_words(DialogueRow("1", tuple(Turn("", one) for one in said), own), searched))


def test_a_value_is_found_by_its_words_and_stays_until_another_one_is_said() -> None:
    said = ["Something in the South, please!", "North Indian food", "Thank you.", "I like southern indians; any"]
    assert by_words(said, EN, EN) == [
        {"area": "south"},
        {"food": "north indian", "area": "north"},
        {"food": "north indian", "area": "north"},
        {"food": "any", "area": "north"},
    ]


def test_a_state_is_in_the_words_of_the_dialogue_whatever_is_searched_for() -> None:
    assert by_words(["Essen im Süden, indian"], DE, EN) == [{"essen": "indisch"}]
    assert by_words(["Essen im Süden, indian"], DE, DE) == [{"gegend": "süden"}]
