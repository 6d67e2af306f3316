"""How the arms of a contrast stand: what each target adds to it, and the means beside no intermediate training."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from xtreme_bench.benchmark import TASKS
from xtreme_bench.comparison import contrast
from xtreme_bench.comparison.arms import Cell
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import Json
from xtreme_bench.wording import listing

Scores = Mapping[Cell, float]


@dataclass(frozen=True)
class Standing:
    """The arms of a contrast by name, that without intermediate training first where it is on record.

    `adds`: target -> the points that it adds to the difference. `means`: arm -> the mean over families of the scores
    that all arms have. `by_target`: target -> the same of its scores alone. `families`: how many the contrast has.
    """

    adds: Mapping[str, float]
    means: Mapping[str, float]
    by_target: Mapping[str, Mapping[str, float]]
    families: int = 0

    @property
    def lose(self) -> bool:
        """Whether both arms lie below the one without intermediate training."""
        return self._stand() == ["loses", "loses"]

    @property
    def beside(self) -> str:
        """How both arms stand beside the one without intermediate training; nothing without its scores."""
        if not (stand := self._stand()):
            return ""
        each = [f"{name} {how}" for name, how in zip([*self.means][1:], stand, strict=True)]
        both = f"both {stand[0].removesuffix('s')}" if len({*stand}) == 1 else ", ".join(each)
        return f"{both} (not tested)"

    @property
    def detail(self) -> str:
        """The same with numbers. The words say which targets the arm without intermediate training lacks."""
        if not self._stand():
            return ""
        first, *others = (f"{mean:.1f} ({name})" for name, mean in self.means.items())
        lacking = [task for task in self.adds if task not in self.by_target]
        but = f", but for {listing(lacking)}, where {next(iter(self.means))} has none," if lacking else ""
        targets = (
            f"{task} {', '.join(f'{mean:.1f}' for mean in own.values())}" for task, own in self.by_target.items()
        )
        return (
            f"Without intermediate training the mean of these scores{but} is {first}, after it {listing(others)}. "
            f"By target: {'; '.join(targets)}."
        )

    def _stand(self) -> list[str]:
        if len(self.means) < 3:
            return []
        without, *after = self.means.values()
        return [("loses", "stays", "gains")[(mean > without) - (mean < without) + 1] for mean in after]


# Of a contrast without scores.
NOWHERE = Standing({}, {}, {})


def standing(untrained: str, better: str, than: str, arms: Mapping[str, Json], difference: Json, over: str) -> Standing:
    """How the arms `better` and `than` stand at the layer of a difference, over the languages of a contrast."""
    both = {name: _scores(arms[name], difference) for name in (better, than) if name in arms}
    trained = {code for name in both for code in pieces.languages(arms[name])}
    asked = _families(both.values(), over, trained) if len(both) == 2 else []
    if not asked:
        return NOWHERE
    points = {cell: both[better][cell] - both[than][cell] for group in asked for cell in group}
    adds = {
        task: sum(sum(points[cell] for cell in own if cell[0] == task) / len(own) for own in asked) / len(asked)
        for task in _targets(asked)
    }
    known = ({untrained: _scores(arms[untrained], difference)} if untrained in arms else {}) | both
    shared = _families(known.values(), over, trained)
    if not shared:
        known, shared = both, asked
    means = {name: _mean(scores, shared) for name, scores in known.items()}
    by_target = {
        task: {name: _mean(scores, own) for name, scores in known.items()}
        for task in _targets(shared)
        if (own := [[cell for cell in group if cell[0] == task] for group in shared])
    }
    return Standing(adds, means, by_target, len(asked))


def _scores(arm: Json, difference: Json) -> Scores:
    """The scores of an arm at the layer of a difference, each the mean over its seeds."""
    runs = [run for run in arm["runs"] if run["layer"] == difference["layer"] and run["seed"] in difference["seeds"]]
    found: dict[Cell, list[float]] = {}
    for run in runs:
        for task, scores in run["scores"].items():
            for code, value in scores.items():
                found.setdefault((task, code), []).append(value)
    return {cell: pieces.mean(values) for cell, values in found.items()}


def _families(known: Iterable[Scores], over: str, trained: Collection[str]) -> list[list[Cell]]:
    """The cells of a contrast that all arms have, by family."""
    first, *others = known
    cells = [cell for cell in first if all(cell in one for one in others)]
    return [[cells[at] for at in places] for places in contrast.families(cells, over, trained).values()]


def _targets(groups: Sequence[Sequence[Cell]]) -> list[str]:
    """The targets of some cells, in the benchmark's order."""
    there = {task for group in groups for task, _ in group}
    return [task for task in TASKS if task in there]


def _mean(scores: Scores, groups: Iterable[Collection[Cell]]) -> float:
    """The mean over families, of which each is the mean of its cells, as in a contrast."""
    return pieces.mean([pieces.mean([scores[cell] for cell in group]) for group in groups if group])
