"""Compare two experiments: every difference with its confidence interval, its p-value and a verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from xtreme_bench.benchmark import TASKS
from xtreme_bench.comparison import contrast
from xtreme_bench.comparison.arms import Arm, Cell
from xtreme_bench.comparison.averages import Average, averages, read_before
from xtreme_bench.comparison.estimate import LEVEL, Estimate, estimate
from xtreme_bench.comparison.resample import Array, bootstrap, holm, seed_weights, swaps
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.official.items import Items, score_of

RESAMPLES = 10_000
# Parallel test sets: their items are the same in every language, so all languages are resampled together.
PARALLEL = ("xnli", "pawsx", "xquad", "mlqa", "woz", "multiwoz")


@dataclass(frozen=True)
class Comparison:
    """B compared with A, over their common tasks and languages. `only`: arm -> cells that the other arm lacks."""

    a: str
    b: str
    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    paired: bool
    estimates: tuple[Estimate, ...]
    only: Mapping[str, tuple[Cell, ...]]
    resamples: int
    notes: tuple[str, ...] = ()

    def level(self, name: str) -> list[Estimate]:
        """The estimates of one level: overall, group, task, transfer, cell, family, script, ..."""
        return [one for one in self.estimates if one.level == name]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "a": self.a,
            "b": self.b,
            "seeds": {"a": list(self.seeds[0]), "b": list(self.seeds[1]), "paired": self.paired},
            "method": {"resamples": self.resamples, "interval": 1 - LEVEL, "correction": "holm, within each level"},
            "estimates": [{**asdict(one), "verdict": one.verdict} for one in self.estimates],
            "only": {name: [list(cell) for cell in cells] for name, cells in self.only.items()},
            "notes": list(self.notes),
        }


def compare(reference: Arm, *others: Arm, resamples: int | None = None, seed: int = 0) -> tuple[Comparison, ...]:
    """Compare each of the other arms with `reference`, on the items that both predicted.

    Each arm has a name of its own (`arms.read_arms`). The same arms and `seed` give the same numbers. With one run per
    arm, p comes from approximate randomisation over items (Noreen 1989). With several seeds it comes from the bootstrap
    distribution over items and seeds, as the interval does. Holm's correction covers all arms. `resamples`: by default
    `RESAMPLES`, or as many as the largest family of tests needs. Errors: `InputError` if there is nothing to compare,
    or the test items differ.
    """
    wanted = [_wanted(reference, other) for other in others]
    families = Counter(one.level for found in wanted for one in found)
    families["contrast"] = len(others)
    enough = resamples or max(RESAMPLES, least_resamples(max(families.values())))
    return _corrected(
        [_compare(reference, other, found, families, enough, seed) for other, found in zip(others, wanted, strict=True)]
    )


def least_resamples(family: int) -> int:
    """How many resamples a family of so many tests needs: with fewer even the smallest p is none after Holm."""
    return math.ceil(2 * family / LEVEL)


def _common(a: Arm, b: Arm) -> list[Cell]:
    return [cell for cell in a.cells if cell in b.cells]


def _wanted(a: Arm, b: Arm) -> list[Average]:
    """All differences to estimate: means, then single cells."""
    cells = _common(a, b)
    if not cells:
        raise InputError(f"{a.name} and {b.name} have no scored task and language in common")
    if problems := _other_items(a, b, cells):
        raise InputError(f"{a.name} and {b.name} were not tested on the same items", problems)
    alone = [Average(f"{task} {language}", "cell", {(task, language): 1.0}) for task, language in cells]
    return [*averages(cells, [*a.manifests, *b.manifests]), *alone]


def _compare(
    a: Arm, b: Arm, wanted: Sequence[Average], families: Mapping[str, int], resamples: int, seed: int
) -> Comparison:
    """The comparison of B with A."""
    cells = _common(a, b)
    generator = np.random.default_rng(seed)
    paired = a.seeds == b.seeds
    single = len(a.seeds) == len(b.seeds) == 1
    scores, moved, null = _draw(a, b, cells, resamples, generator, with_null=single)
    moved = moved + seed_part([scores[1] - scores[0]] if paired else scores, resamples, generator)
    estimates = []
    for one in wanted:
        weights = np.array([one.weights.get(cell, 0.0) for cell in cells])
        estimates.append(estimate(one, weights, scores, moved @ weights, null @ weights if single else None, families))
    unmatched = contrast.unmatched(a, b)
    estimates += [] if unmatched else _contrast(a, b, cells, scores, moved, generator, families)
    only = {one.name: tuple(cell for cell in one.cells if cell not in other.cells) for one, other in ((a, b), (b, a))}
    return Comparison(
        a.name, b.name, (a.seeds, b.seeds), paired, tuple(estimates), only, resamples, _notes(a, b, unmatched)
    )


def _contrast(
    a: Arm,
    b: Arm,
    cells: Sequence[Cell],
    scores: tuple[Array, Array],
    moved: Array,
    generator: np.random.Generator,
    families: Mapping[str, int],
) -> list[Estimate]:
    """The contrast that a recipe of the two names, if any. It is alone on its level: corrected for other arms only."""
    manifests = [*a.manifests, *b.manifests]
    over = contrast.asked(manifests)
    groups = contrast.families(cells, over, read_before(manifests)) if over else {}
    if not groups:
        return []
    weights = contrast.weights_of(groups, len(cells))
    mean = weights.mean(axis=0)
    average = Average(
        f"{contrast.NAME}{over}", "contrast", {cells[at]: mean[at] for at in map(int, np.flatnonzero(mean))}
    )
    return [estimate(average, mean, scores, contrast.drawn(moved, weights, generator), None, families)]


def _other_items(a: Arm, b: Arm, cells: Sequence[Cell]) -> list[Problem]:
    """Test sets whose items differ. For BUCC the items are the sentences that a run pairs, so they may differ."""
    return [
        Problem("the test items differ", TASKS[task].file(language), task=task, language=language)
        for task, language in cells
        if task != "bucc2018" and len({frozenset(run) for arm in (a, b) for run in arm.cells[task, language]}) > 1
    ]


def _notes(a: Arm, b: Arm, unmatched: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if a.manifests[0]["data"] != b.manifests[0]["data"]:
        notes.append("the two runs used different data: the test items agree, but the corpora differ")
    if unmatched:
        notes.append(f"no contrast, since its arms must have the same items and settings: {'; '.join(unmatched)}")
    if len(a.seeds) == len(b.seeds) == 1:
        notes.append("one run each: the intervals do not cover the effect of the random seed")
    return tuple(notes)


def blocks(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Groups of cells that are resampled together: all languages of a parallel test set, or one cell alone."""
    together: dict[Any, list[Cell]] = {}
    for cell in cells:
        together.setdefault(cell[0] if cell[0] in PARALLEL else cell, []).append(cell)
    return list(together.values())


def _draw(
    a: Arm, b: Arm, cells: Sequence[Cell], resamples: int, generator: np.random.Generator, *, with_null: bool
) -> tuple[tuple[Array, Array], Array, Array]:
    """Scores of the runs of both arms, each (cells, seeds). Differences of means, (resamples, cells), for
    resampled items (bootstrap), and for items that are swapped between the arms (randomisation)."""
    place = {cell: at for at, cell in enumerate(cells)}
    scores = (np.zeros((len(cells), len(a.seeds))), np.zeros((len(cells), len(b.seeds))))
    moved = np.zeros((resamples, len(cells)))
    null = np.zeros((resamples, len(cells)))
    for block in blocks(cells):
        at = [place[cell] for cell in block]
        of_a, of_b = _columns(a, b, block)
        for arm, columns in zip(scores, (of_a, of_b), strict=True):
            arm[at] = scored(columns.sum(axis=0))
        size = of_a[0].size
        sums = bootstrap(np.concatenate([flat(of_a), flat(of_b)], axis=1), resamples, generator)
        mean_a = scored(sums[:, :size].reshape(resamples, *of_a.shape[1:])).mean(axis=-1)
        mean_b = scored(sums[:, size:].reshape(resamples, *of_b.shape[1:])).mean(axis=-1)
        moved[:, at] = mean_b - mean_a
        if with_null:
            shift = swaps(flat(of_b - of_a), resamples, generator).reshape(resamples, *of_a.shape[1:])
            left, right = scored(of_a.sum(axis=0) + shift), scored(of_b.sum(axis=0) - shift)
            null[:, at] = (right - left)[..., 0]
    return scores, moved, null


def _columns(a: Arm, b: Arm, block: Sequence[Cell]) -> tuple[Array, Array]:
    """The counts of the items of a block, per arm (items, cells, seeds, sums); 0 if an item is not in a cell."""
    names = sorted({name for cell in block for arm in (a, b) for run in arm.cells[cell] for name in run})
    rows = {name: at for at, name in enumerate(names)}
    return arm_columns(a, block, rows), arm_columns(b, block, rows)


def arm_columns(arm: Arm, block: Sequence[Cell], rows: Mapping[str, int]) -> Array:
    """The counts of the items of a block, (items, cells, seeds, sums). `rows`: item -> its row."""
    width = len(_any(arm.cells[block[0]][0]))
    columns = np.zeros((len(rows), len(block), len(arm.seeds), width))
    for place, cell in enumerate(block):
        for seed, run in enumerate(arm.cells[cell]):
            columns[[rows[name] for name in run], place, seed] = list(run.values())
    return columns


def _any(run: Items) -> tuple[float, ...]:
    return next(iter(run.values()))


def flat(columns: Array) -> Array:
    """Columns as a table: one row for each item."""
    return columns.reshape(len(columns), -1)


def scored(sums: Array) -> Array:
    """The scores of sums over items, which are the last axis."""
    found: Array = score_of(tuple(np.moveaxis(sums, -1, 0)))
    return found


def seed_part(sides: Sequence[Array], resamples: int, generator: np.random.Generator) -> Array:
    """The change of a sum or difference of means with resampled seeds, (resamples, cells); sides are (cells, seeds)."""
    moved = np.zeros((resamples, len(sides[0])))
    for runs in sides:
        deviations = runs - runs.mean(axis=1, keepdims=True)
        moved += seed_weights(runs.shape[1], resamples, generator) @ deviations.T
    return moved


def _corrected(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons with p-values corrected by Holm's method within each level: overall, group, task, ..."""
    levels: dict[str, dict[tuple[int, str], float]] = {}
    for at, comparison in enumerate(comparisons):
        for one in comparison.estimates:
            levels.setdefault(one.level, {})[at, one.name] = one.p
    adjusted = {level: holm(values) for level, values in levels.items()}
    return tuple(
        replace(
            comparison,
            estimates=tuple(replace(one, p_holm=adjusted[one.level][at, one.name]) for one in comparison.estimates),
        )
        for at, comparison in enumerate(comparisons)
    )
