"""Bundles for a board: of few languages, or of all with made-up test items that are right with a chosen probability."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from small_bundle import PREDICTIONS, manifest, put, recipe_of

from xtreme_bench.benchmark import OVERALL, TASKS
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.manifest import trained_on, zero_shot
from xtreme_bench.bundle.write import write
from xtreme_bench.files import Digests
from xtreme_bench.plan.stages import plan

HOSTILE = '<script>alert(1)</script><a href="javascript:x">"\'{{ 7 * 7 }}'
ITEMS = 12
NINE = {task: TASKS[task] for task in OVERALL}
_TAGS = {"udpos": ("NOUN", "VERB", "ADJ"), "panx": ("B-PER", "B-LOC", "B-ORG")}


def _lines(values: list[str]) -> str:
    return "".join(f"{value}\n" for value in values)


# What line or question `at` of a file should be, and what it is where the prediction is wrong.
_RIGHT: Mapping[str, Callable[[str, int], str]] = {
    "classification": lambda task, at: TASKS[task].labels[at % 2],
    "tagging": lambda task, at: _TAGS[task][at % 3],
    "qa": lambda task, at: f"right{at}",
    "retrieval": lambda task, at: str(at),
}
_WRONG: Mapping[str, Callable[[str, int], str]] = {
    "classification": lambda task, at: TASKS[task].labels[1 - at % 2],
    "tagging": lambda task, at: _TAGS[task][(at + 1) % 3],
    "qa": lambda task, at: "else",
    "retrieval": lambda task, at: str((at + 1) % ITEMS),
}


def _file(task: str, language: str, values: list[str]) -> str:
    group = TASKS[task].group
    if task == "bucc2018":
        return _lines([f"{language}-{at:09d}\ten-{int(value):09d}" for at, value in enumerate(values)])
    if group == "tagging":
        return "".join(f"{value}\nPUNCT\n\n" if task == "udpos" else f"{value}\nO\n\n" for value in values)
    return json.dumps({f"q{at}": value for at, value in enumerate(values)}) if group == "qa" else _lines(values)


def _values(task: str, skill: float, rng: random.Random) -> list[str]:
    group = TASKS[task].group
    return [(_RIGHT if rng.random() < skill else _WRONG)[group](task, at) for at in range(ITEMS)]


def put_labels(folder: Path) -> Path:
    """Gold labels of all tasks and languages."""
    files: dict[str, Any] = {}
    for task, row in NINE.items():
        for language in row.languages:
            right = [_RIGHT[row.group](task, at) for at in range(ITEMS)]
            answers = {f"q{at}": [value] for at, value in enumerate(right)}
            files[row.file(language)] = answers if row.group == "qa" else _file(task, language, right)
    return put(folder, files)


def put_whole(
    place: Path, name: str, skill: float, labels: Path, *, seed: int = 1, draw: int = 0, **recipe: Any
) -> Path:
    """A bundle of all files; a share `skill` of its predictions is right, other ones with another `draw`."""
    rng = random.Random(draw)
    files = {
        row.file(language): _file(task, language, _values(task, min(1.0, skill + 0.1 * (language == "en")), rng))
        for task, row in NINE.items()
        for language in row.languages
    }
    folder = put(place.parent / f".{place.name}-predictions", files)
    targets = {task: {"languages": list(row.languages)} for task, row in NINE.items()}
    made = recipe_of(targets=targets, seed=seed, **recipe)
    stages = plan(made, data=Path("none"), labels=Path("none"), digests=Digests(Path("none"))).stages
    content = {
        "name": name,
        "recipe": made.to_dict(),
        "model": made.to_dict()["model"],
        "data": {"source": "download"},
        "seed": seed,
        "stages": [
            {"kind": stage.kind, "name": stage.name.replace("(small)", f"({name})"), "key": "0" * 64}
            for stage in stages
        ],
        "versions": {},
        "image": None,
        "device": ["cpu"],
        "scores": evaluate(folder, labels),
        "trained_on": trained_on(made),
        "zero_shot": zero_shot(made),
    }
    return write(place, content, {task: folder / task for task in NINE})


def put_named(place: Path, name: str, labels: Path, files: dict[str, str] | None = None, **changes: Any) -> Path:
    """A bundle of nine tasks in few languages; `files` replace some of its predictions."""
    folder = put(place.parent / f".{place.name}-predictions", {**PREDICTIONS, **(files or {})})
    content = manifest(name=name, scores=evaluate(folder, labels), **changes)
    for stage in content["stages"]:
        stage["name"] = stage["name"].replace("(small)", f"({name})")
    return write(place, content, {one.name: one for one in folder.iterdir()})
