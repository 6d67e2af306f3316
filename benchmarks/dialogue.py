"""What dialogue states are worth that need no encoder: to read the scores of a tracker beside them.

`python benchmarks/dialogue.py --data DATA --labels DATA-labels` prints, for each test set of woz, or of
`--task`, joint goal accuracy and slot accuracy of two trackers: one that never knows anything, and one that looks for
the words of each value in what the user says, and otherwise keeps the state of the turn before. The second one is given
the ontology in the language of the dialogues, which a zero-shot tracker is not; `--ontology en` gives it the English
one everywhere.

`--encoder FOLDER` prints something else: how far apart an encoder puts the values of each slot, in English.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from xtreme_bench.benchmark import TASKS, of_group
from xtreme_bench.data import layout, targets
from xtreme_bench.data.dialogues import read_ontology
from xtreme_bench.files import write_json
from xtreme_bench.official.dialogue import dialogue_scores
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.rows import DialogueRow

Ontology = dict[str, tuple[str, ...]]


def words(text: str) -> list[str]:
    """The words of a text, in lower case and without punctuation."""
    kept = (letter if letter.isalnum() else " " for letter in text.casefold())
    return "".join(kept).split()


def mentioned(said: list[str], values: tuple[str, ...]) -> int | None:
    """Which of some values is said, all its words in a row: the longest, then the last one; None if none is."""
    found = []
    for number, value in enumerate(values):
        parts = words(value)
        places = [at for at in range(len(said)) if parts and said[at : at + len(parts)] == parts]
        found += [(len(parts), places[-1], number)] if places else []
    return max(found)[2] if found else None


def by_words(row: DialogueRow, ontology: Ontology) -> Iterator[dict[str, str]]:
    """The state after each turn; `ontology` has the words to look for, in the order of the row's own."""
    state: dict[str, str] = {}
    for turn in row.turns:
        said = words(turn.user)
        for (slot, names), values in zip(row.ontology.items(), ontology.values(), strict=True):
            number = mentioned(said, values)
            state = state if number is None else {**state, slot: names[number]}
        yield state


def scores(data: Path, labels: Path, task: str, language: str, names: str) -> list[tuple[str, float, float]]:
    """(tracker, joint goal accuracy, slot accuracy) on one test set, with the ontology of the language `names`."""
    path = gold_path(labels, task, language)
    if path is None:
        raise SystemExit(f"{labels} has no gold labels of {task} in {language}")
    rows = [row for row in targets.read_test(data, task, language) if isinstance(row, DialogueRow)]
    ontology = read_ontology(data / layout.ontology_file(task, names), f"slots and values of {task} in {names}")
    trackers = {
        "nothing is known": {row.id: [{} for _ in row.turns] for row in rows},
        f"words of the {names} ontology": {row.id: list(by_words(row, ontology)) for row in rows},
    }
    gold = read_gold(path, task, language)
    return [(name, *dialogue_scores(gold, states).values()) for name, states in trackers.items()]


def distances(encoder: Path, ontology: Ontology) -> Iterator[tuple[str, float, float]]:
    """(slot, how far its values are apart on average, how long the vectors are that the tracker compares with them)."""
    from xtreme_bench.training import encoder as encoders  # here, because the scores need no torch
    from xtreme_bench.training.families.dialogue import vectors

    loaded = encoders.load(encoder)
    for slot, values in ontology.items():
        found = vectors(loaded, values, "mean")
        apart = (found[:, None] - found).norm(dim=-1).sum() / (len(values) * (len(values) - 1))
        yield slot, float(apart), loaded.width**0.5


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=of_group("dialogue"), default="woz")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--encoder", type=Path, help="a folder, as `xtreme-bench model fetch` names it")
    parser.add_argument("--ontology", help="a language; without it that of each test set")
    parser.add_argument("--json", type=Path, help="a file for the page of findings")
    given = parser.parse_args()
    if given.encoder:
        ontology = read_ontology(given.data / layout.ontology_file(given.task, "en"), f"values of {given.task}")
        rows = distances(given.encoder, ontology)
        print(tabulate(rows, headers=["slot", "values apart", "length compared with"], floatfmt=".1f"))
        return
    if given.labels is None:
        parser.error("--labels is missing")
    there = [
        code for code in TASKS[given.task].languages if (given.data / layout.test_file(given.task, code)).is_file()
    ]
    rows = [
        (code, *row)
        for code in there
        for row in scores(given.data, given.labels, given.task, code, given.ontology or code)
    ]
    print(tabulate(rows, headers=["language", "tracker", "joint goal", "slot"], floatfmt=".1f"))
    if given.json:
        named = {"language's own": {code: code for code in there}, "English": dict.fromkeys(there, "en")}
        runs: dict[str, dict[str, float]] = {}
        for which, names in named.items():
            for code, name in names.items():
                nothing, by_value = scores(given.data, given.labels, given.task, code, name)
                runs.setdefault("nothing is known", {})[code] = round(nothing[1], 4)
                runs.setdefault(f"words of the {which} ontology", {})[code] = round(by_value[1], 4)
        write_json(
            given.json, {"runs": [{"name": name, "scores": {given.task: found}} for name, found in runs.items()]}
        )


if __name__ == "__main__":
    main()
