"""Recorded differences are those of the recorded scores: none is left from older runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from xtreme_bench.benchmark import TASKS
from xtreme_bench.comparison import contrast
from xtreme_bench.comparison.arms import Cell
from xtreme_bench.comparison.averages import averages
from xtreme_bench.findings import pieces
from xtreme_bench.findings.experiments import EXPERIMENTS, Experiment
from xtreme_bench.findings.pieces import Json

ROOT = Path(__file__).parents[2]
# Scores and differences are rounded to four digits each.
ROUNDED = 1.01e-4
Weights = Mapping[Cell, float]


def scores(arm: Json, difference: Json) -> dict[Cell, float]:
    """Of an arm the mean over the seeds of a difference of each score, at its layer."""
    runs = [one for one in arm["runs"] if one["layer"] == difference["layer"] and one["seed"] in difference["seeds"]]
    known = [
        {(task, code): one["scores"][task][code] for task in TASKS for code in one["scores"].get(task, {})}
        for one in runs
    ]
    return {cell: pieces.mean([one[cell] for one in known]) for cell in known[0] if all(cell in one for one in known)}


def means(cells: Collection[Cell], intermediate: list[dict[str, list[str]]]) -> dict[tuple[str, str], Weights]:
    """The weights of every mean that a difference may have of these cells, by level and name."""
    known = averages(cells, [{"trained_on": {"intermediate": one}} for one in intermediate])
    found: dict[tuple[str, str], Weights] = {(one.level, one.name): one.weights for one in known}
    placed = list(cells)
    for over in contrast.LANGUAGES_OF:
        trained = {code for one in intermediate for code in pieces.trained_in(one)}
        groups = contrast.families(placed, over, trained).values()
        weights = {placed[at]: 1 / len(places) / len(groups) for places in groups for at in places}
        found["contrast", f"{contrast.NAME}{over}"] = weights
    return found


def stale(arms: Mapping[str, Json], difference: Json) -> Iterator[str]:
    """The rows of a difference that are not those of the scores on record, and the targets that it lacks."""
    found = {side: scores(arms[difference[side]], difference) for side in ("a", "b")}
    cells = [cell for cell in found["a"] if cell in found["b"]]
    intermediate = [run["intermediate"] for side in found for run in arms[difference[side]]["runs"]]
    wanted = means(cells, intermediate)
    for one in difference["estimates"]:
        weights = wanted.get((one["level"], one["name"]), {})
        if len(weights) != one["cells"]:
            yield f"{one['name']} ({one['level']}): of {one['cells']} scores, on record are {len(weights)}"
            continue
        for side, known in found.items():
            mean = sum(weight * known[cell] for cell, weight in weights.items())
            if abs(mean - one[side]) > ROUNDED:
                yield f"{one['name']} ({one['level']}): {difference[side]} has {one[side]:.4f}, on record is {mean:.4f}"
    there = {one["name"] for one in difference["estimates"] if one["level"] == "task"}
    yield from (f"{task}: not compared" for task in dict.fromkeys(task for task, _ in cells) if task not in there)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.folder)
def test_recorded_differences_are_those_of_the_recorded_scores(experiment: Experiment) -> None:
    records = pieces.read(ROOT / pieces.RECORDS / experiment.folder)
    found = [
        f"{experiment.folder}, layer {one['layer']}, {one['b']} minus {one['a']}, {row}"
        for one in records.differences
        for row in stale(records.arms, one)
    ]
    assert not found, "record these arms anew with `make findings`:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ({}, []),
        ({"a": 50.0002}, ["xnli (task): none has 50.0002, on record is 50.0000"]),
        ({"cells": 1}, ["xnli (task): of 1 scores, on record are 2"]),
        ({"name": "xnli/transfer", "level": "transfer", "a": 60.0, "b": 80.0, "cells": 1}, ["xnli: not compared"]),
    ],
)
def test_a_stale_row_is_named_with_what_is_on_record(change: Json, row: list[str]) -> None:
    def arm(*xnli: float) -> Json:
        runs = [
            {"layer": 7, "seed": seed, "intermediate": {}, "scores": {"xnli": {"de": one, "en": 40.0}}}
            for seed, one in enumerate(xnli)
        ]
        return {"runs": runs}

    estimate = {"name": "xnli", "level": "task", "a": 50.0, "b": 60.0, "cells": 2} | change
    difference = {"layer": 7, "a": "none", "b": "more", "seeds": [0, 1], "estimates": [estimate]}
    assert [*stale({"none": arm(50.0, 70.0), "more": arm(70.0, 90.0)}, difference)] == row
