"""What parallel MultiWOZ is like: the figures of docs/dialogue.md.

`python benchmarks/multiwoz.py FOLDER --labels DATA-labels` takes the states of the test set from the labels that
`data prepare` wrote, and the rest from the release below FOLDER. It counts the values that each ontology which is there
lacks, and says what the Chinese states and ontology, which nothing else reads, have in common with the English ones.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tabulate import tabulate

from xtreme_bench.data.release import multiwoz
from xtreme_bench.official.dialogue import Gold
from xtreme_bench.official.gold import gold_path, read_gold

# What stands in a Chinese state for a slot of which nothing is known.
NOT_SAID = ("", "未提及")
Slot = tuple[str, str, str]


def document(path: Path) -> Any:
    """A JSON file of the release, or the one in its zip."""
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    with zipfile.ZipFile(path.with_name(f"{path.name}.zip")) as packed:
        return json.loads(packed.read(path.name))


def outside(states: Sequence[Mapping[str, str]], ontology: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """How many values of some states the ontology lacks, and how many of these states have one."""
    lacking = [sum(value not in ontology[slot] for slot, value in state.items()) for state in states]
    return sum(lacking), sum(map(bool, lacking))


def slots(metadata: Mapping[str, Any]) -> Iterator[tuple[Slot, str]]:
    """The slots of a state as it is written, in its order, which is the same in both languages."""
    for domain, parts in metadata.items():
        for part in ("semi", "book"):
            yield from (((domain, part, name), value) for name, value in parts[part].items() if name != "booked")


def beside(english: Mapping[str, Any], chinese: Mapping[str, Any]) -> tuple[int, int, int]:
    """(Chinese values of a slot, those that stand for several English ones, turns in which other slots are filled)."""
    meant: dict[tuple[Slot, str], set[str]] = defaultdict(set)
    odd = 0
    for name, dialogue in english.items():
        for one, other in zip(dialogue["log"][1::2], chinese[name]["log"][1::2], strict=True):
            pairs = [
                (slot, multiwoz.spelled(value), translated.strip())
                for (slot, value), (_, translated) in zip(slots(one["metadata"]), slots(other["metadata"]), strict=True)
            ]
            said = [(value not in multiwoz.NOT_SAID, translated not in NOT_SAID) for _, value, translated in pairs]
            odd += any(here != there for here, there in said)
            for (slot, value, translated), both in zip(pairs, said, strict=True):
                if all(both):
                    meant[slot, translated].add(value)
    return len(meant), sum(len(values) > 1 for values in meant.values()), odd


def figures(release: Path, labels: Path) -> Iterator[tuple[str, str]]:
    """What is counted, and the count."""
    english, chinese = release / "data/multiwoz", release / "data/multiwoz_zh"
    path = gold_path(labels, multiwoz.TASK, "en")
    gold = read_gold(path, multiwoz.TASK, "en") if path is not None else None
    if not isinstance(gold, Gold):
        raise SystemExit(f"{labels} has no gold labels of {multiwoz.TASK} in en")
    states = list(chain.from_iterable(gold.states.values()))
    known = sum(map(len, states))
    yield "test dialogues; turns; values", f"{len(gold):,}; {len(states):,}; {known:,}"
    for name in multiwoz.ONTOLOGIES:
        if (place := english / f"{name}.json").is_file():
            values, turns = outside(states, multiwoz.read_multiwoz_ontology(place))
            share = 100 * turns / len(states)
            yield f"{name}.json: values that it lacks", f"{values:,} in {turns:,} turns ({share:.1f} %)"
            yield f"{name}.json: highest joint goal accuracy", f"{100 - share:.1f}"
    for folder in (english, chinese):
        found = document(folder / "ontology.json")
        yield f"{folder.name}/ontology.json: values; slots", f"{sum(map(len, found.values())):,}; {len(found)}"
    values, several, turns = beside(document(english / "test.json"), document(chinese / "test.json"))
    yield "Chinese values of a slot; those for several English ones", f"{values:,}; {several}"
    yield "turns in which other slots are filled in Chinese", f"{turns:,}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path, metavar="FOLDER")
    parser.add_argument("--labels", type=Path, required=True)
    given = parser.parse_args()
    print(tabulate(figures(given.release, given.labels), tablefmt="plain", disable_numparse=True))


if __name__ == "__main__":
    main()
