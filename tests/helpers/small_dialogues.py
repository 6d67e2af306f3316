"""Small dialogues about restaurants in two languages: as they are released, and as a data folder holds them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

ONTOLOGY = {
    "en": {"food": ["cat", "dog", "bird"], "area": ["red", "blue"]},
    "de": {"essen": ["Katze", "Hund", "Vogel"], "gegend": ["rot", "blau"]},
}
ANY = {"en": "dontcare", "de": "es ist egal"}


def ontology(language: str) -> dict[str, list[str]]:
    """The slots of a data folder and their values, of which the last one is "any will do"."""
    return {slot: [*values, ANY[language]] for slot, values in ONTOLOGY[language].items()}


def dialogues(language: str, count: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Id -> turns. The same seed gives translations of the same dialogues."""
    generator, named = random.Random(seed), ontology(language)
    found: dict[str, list[dict[str, Any]]] = {}
    for number in range(count):
        state: dict[str, str] = {}
        turns: list[dict[str, Any]] = []
        for at in range(generator.randrange(1, 4)):
            slot, pick = generator.randrange(2), generator.random()
            name = list(named)[slot]
            value = named[name][int(pick * len(named[name]))]
            state = {**state, name: value}
            turns.append({"system": f"what {name}" if at else "", "user": f"{name} {value}", "state": dict(state)})
        found[f"{seed}-{number}"] = turns
    return found


def write_dialogues(data: Path) -> Path:
    """The data of woz below `data` in both languages, and its gold labels below `<data>-labels`."""
    for language in ("en", "de"):
        _write(data / f"woz/ontology-{language}.json", ontology(language))
        test = dialogues(language, 12, 3)
        _write(data / f"woz/test-{language}.json", {one: without_states(turns) for one, turns in test.items()})
        gold = {one: [turn["state"] for turn in turns] for one, turns in test.items()}
        labels = data.with_name(f"{data.name}-labels") / "woz"
        _write(labels / f"test-{language}.json", gold)
        _write(labels / f"ontology-{language}.json", ontology(language))
    for split, count, seed in (("train", 40, 1), ("dev", 12, 2)):
        _write(data / f"woz/{split}-en.json", dialogues("en", count, seed))
    return data


def without_states(turns: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Turns as a test file has them."""
    return [{"system": turn["system"], "user": turn["user"]} for turn in turns]


def released(language: str, count: int, seed: int) -> list[dict[str, Any]]:
    """The same in the form of Multilingual WoZ 2.0: each turn also asks for something."""
    return [
        {
            "dialogue_idx": number,
            "dialogue": [
                {
                    "turn_idx": at,
                    "system_transcript": turn["system"],
                    "transcript": turn["user"],
                    "belief_state": [
                        {"slots": [["slot", "phone"]], "act": "request"},
                        *({"slots": [[slot, value]], "act": "inform"} for slot, value in turn["state"].items()),
                    ],
                }
                for at, turn in enumerate(turns)
            ],
        }
        for number, turns in enumerate(dialogues(language, count, seed).values())
    ]


def write_release(folder: Path) -> Path:
    """Multilingual WoZ 2.0 below `folder`: English whole, of German the test set."""
    for split, language, count in (
        ("train", "en", 9), ("validate", "en", 4), ("test", "en", 5), ("test", "de", 5),
    ):  # fmt: skip
        _write(folder / f"woz_{split}_{language}.json", released(language, count, len(split)))
    for language, slots in ONTOLOGY.items():
        informable = {"request": ["phone"], **slots}
        _write(folder / f"ontology_dstc2_{language}.json", {"requestable": ["phone"], "informable": informable})
    return folder


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
