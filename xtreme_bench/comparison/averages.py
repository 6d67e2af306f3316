"""The means over tasks and languages that a comparison reports, as weights of its cells (task, language)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xtreme_bench.benchmark import BANDS, GROUPS, LANGUAGES, NEARNESS, OVERALL, TASKS, WORD_ORDER, band, nearness
from xtreme_bench.bundle.manifest import intermediate_languages
from xtreme_bench.comparison.arms import Cell


@dataclass(frozen=True)
class Average:
    """A weighted mean over cells. `level`: its kind, such as "task". `weights`: sum to 1."""

    name: str
    level: str
    weights: Mapping[Cell, float]


def averages(cells: Collection[Cell], manifests: Iterable[Mapping[str, Any]]) -> list[Average]:
    """All means of these cells: overall, groups, tasks, tasks without English, and kinds of languages.

    As in XTREME, the score of a task is the mean over its languages; a group and overall are means over their tasks,
    and need all of them. The mean of a kind of language is over all cells of these languages, without
    English and without targets beside XTREME's.
    """
    tasks = {task: [cell for cell in cells if cell[0] == task] for task in TASKS}
    tasks = {task: own for task, own in tasks.items() if own}
    by_task = {task: _mean(own) for task, own in tasks.items()}
    found = [Average(task, "task", weights) for task, weights in by_task.items()]
    found += [
        Average(f"{task}/transfer", "transfer", _mean(foreign))
        for task, own in tasks.items()
        if (foreign := [cell for cell in own if cell[1] != "en"])
    ]
    found += [
        Average(name, "group", _over([by_task[task] for task in names]))
        for name, names in GROUPS.items()
        if set(names) <= set(by_task)
    ]
    if set(OVERALL) <= set(by_task):
        found.append(Average("overall", "overall", _over([by_task[task] for task in OVERALL])))
    foreign = [cell for cell in cells if cell[1] != "en" and cell[0] in OVERALL]
    trained = read_before(manifests)
    kinds: dict[str, Callable[[str], str | None]] = {
        "family": lambda code: LANGUAGES[code].family,
        "script": lambda code: LANGUAGES[code].script,
        "word order": WORD_ORDER.get,
        "text in CC-100": band,
        "intermediate data": lambda code: nearness(code, trained),
    }
    for level, kind in kinds.items():
        found += _by_kind(level, foreign, kind)
    return found


def _mean(cells: Collection[Cell]) -> dict[Cell, float]:
    return dict.fromkeys(cells, 1 / len(cells))


def _over(parts: list[dict[Cell, float]]) -> dict[Cell, float]:
    return {cell: weight / len(parts) for part in parts for cell, weight in part.items()}


def _by_kind(level: str, cells: Iterable[Cell], kind: Callable[[str], str | None]) -> Iterator[Average]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        if (name := kind(cell[1])) is not None:
            groups.setdefault(name, []).append(cell)
    if len(groups) > 1:
        yield from (Average(name, level, _mean(groups[name])) for name in sorted(groups, key=_place))


def _place(kind: str) -> tuple[int, str]:
    """Bands and nearness in their order, everything else by name."""
    ordered = (*BANDS, *NEARNESS)
    return (ordered.index(kind) if kind in ordered else len(ordered)), kind


def read_before(manifests: Iterable[Mapping[str, Any]]) -> set[str]:
    """The languages that the intermediate training of any run reads."""
    return set().union(*(intermediate_languages(manifest["trained_on"]) for manifest in manifests))
