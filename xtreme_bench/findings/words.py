"""The answer to a question in words: what was found, how sure it is, and how both arms stand beside no training."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xtreme_bench.benchmark import TASKS
from xtreme_bench.comparison import contrast
from xtreme_bench.comparison.arms import Cell
from xtreme_bench.comparison.estimate import LEVEL
from xtreme_bench.comparison.resample import holm
from xtreme_bench.findings import pieces
from xtreme_bench.findings.experiments import Column, Experiment, Question
from xtreme_bench.findings.pieces import Change, Json, Records
from xtreme_bench.findings.text import ENOUGH_SEEDS
from xtreme_bench.wording import listing


@dataclass(frozen=True)
class Answer:
    """What is known of a question at one place: the difference, if there is one, over how many seeds, and its p.

    `level`: the kind of row, as in a comparison. `beside` is how both arms of a contrast stand beside the one without
    intermediate training, `detail` with numbers.
    """

    question: Question
    where: str
    level: str
    change: Change | None = None
    seeds: int = 0
    p: float = 1.0
    beside: str = ""
    detail: str = ""

    @property
    def answer(self) -> str:
        """Yes, no, cannot tell or not tested."""
        if self.change is None:
            return "not tested"
        if self.seeds < ENOUGH_SEEDS or self.p > LEVEL:
            return "cannot tell"
        return "yes" if self.change[0] > 0 else "no"

    @property
    def why(self) -> str:
        """What the answer rests on."""
        if self.change is None:
            return "No record of both arms here."
        if self.seeds < ENOUGH_SEEDS:
            return "One seed is an anecdote." if self.seeds == 1 else f"{self.seeds} seeds are too few."
        return f"{self.seeds} seeds; p = {self.p:.3f}."

    @property
    def points(self) -> str:
        """The difference in words; nothing without one."""
        return pieces.points(self.change) if self.change else ""


def answers(experiment: Experiment, records: Records) -> list[Answer]:
    """The answers to all questions of an experiment, their p corrected."""
    found: list[Answer] = []
    for question in experiment.questions:
        if question.columns:
            found += (_at(question, column, records.differences) for column in question.columns)
        else:
            found += _contrast(question, experiment.untrained, records)
    return _corrected(found)


def _corrected(found: Sequence[Answer]) -> list[Answer]:
    """Holm's correction over all rows of a level that can be answered: each layer and arm is another chance."""
    levels: dict[str, dict[int, float]] = {}
    for at, one in enumerate(found):
        if one.seeds >= ENOUGH_SEEDS:
            levels.setdefault(one.level, {})[at] = one.p
    corrected = {at: p for family in levels.values() for at, p in holm(family).items()}
    return [replace(one, p=corrected.get(at, one.p)) for at, one in enumerate(found)]


def heading(column: Column) -> str:
    """A column in words, or the name of a contrast at a layer."""
    name, layer = column
    name = name.replace("/transfer", ", without English").replace(contrast.NAME, "all targets, ")
    return name if layer is None else f"{name}, layer {layer}"


def _at(question: Question, column: Column, differences: Sequence[Json]) -> Answer:
    name, layer = column
    level = "transfer" if "/" in name else "task"
    found = pieces.between(differences, (question.than, question.better), level, name, layer)
    known = _known(*found, question) if found else ()
    return Answer(question, heading(column), level, *known)


def _known(difference: Json, estimate: Json, question: Question) -> tuple[Change, int, float]:
    """The difference as the question asks for it, its number of seeds, and its p."""
    return pieces.change(difference, estimate, question.better), len(difference["seeds"]), estimate["p"]


def _contrast(question: Question, untrained: str, records: Records) -> Iterator[Answer]:
    """The contrast of two recipes at each layer on record."""
    pair = {question.better, question.than}
    asked = [one for one in records.differences if {one["a"], one["b"]} == pair]
    found = [(one, estimate) for one in asked if (estimate := pieces.estimate(one, "contrast"))]
    for one, estimate in sorted(found, key=lambda both: both[0]["layer"] or 0):
        where = heading((estimate["name"], one["layer"]))
        beside = _beside((untrained, question.better, question.than), records.arms, one, estimate["name"])
        yield Answer(question, where, "contrast", *_known(one, estimate, question), *beside)
    if not found:
        yield Answer(question, "contrast of the recipes", "contrast")


def _beside(names: Sequence[str], arms: Mapping[str, Json], difference: Json, name: str) -> tuple[str, str]:
    """How two arms stand beside the one without intermediate training, which is the first; nothing without its runs.

    The better of two may be the one that loses less. Where the first has fewer targets, the words say which it lacks.
    """
    scores = [_scores(arms[one], difference) for one in names if one in arms]
    if len(scores) < len(names):
        return "", ""
    trained = {code for one in names[1:] for code in pieces.languages(arms[one])}

    def in_contrast(given: Sequence[Mapping[Cell, float]]) -> list[list[Cell]]:
        """The cells that all of the given have, by family."""
        cells = [cell for cell in given[0] if all(cell in one for one in given)]
        groups = contrast.families(cells, name.removeprefix(contrast.NAME), trained)
        return [[cells[at] for at in places] for places in groups.values()]

    unseen = in_contrast(scores)
    if not unseen:
        return "", ""
    wanted, had = ({task for group in groups for task, _ in group} for groups in (in_contrast(scores[1:]), unseen))
    lacking = [task for task in TASKS if task in wanted - had]
    without, *after = means = [_mean(one, unseen) for one in scores]
    stand = [("loses", "stays", "gains")[(mean > without) - (mean < without) + 1] for mean in after]
    each = ", ".join(f"{one} {how}" for one, how in zip(names[1:], stand, strict=True))
    both = f"both {stand[0].removesuffix('s')}" if len({*stand}) == 1 else each
    by_task = {task: [[cell for cell in group if cell[0] == task] for group in unseen] for task in TASKS}
    targets = "; ".join(
        f"{task} {', '.join(f'{_mean(one, own):.1f}' for one in scores)}"
        for task, groups in by_task.items()
        if (own := [group for group in groups if group])
    )
    but = f", but for {listing(lacking)}, where {names[0]} has none," if lacking else ""
    first, *others = (f"{mean:.1f} ({one})" for mean, one in zip(means, names, strict=True))
    detail = (
        f"Without intermediate training the mean of these scores{but} is {first}, after it {listing(others)}. "
        f"By target: {targets}."
    )
    return f"{both} (not tested)", detail


def _scores(arm: Json, difference: Json) -> dict[Cell, float]:
    """The scores of an arm at the layer of a difference, each the mean over its seeds."""
    runs = [run for run in arm["runs"] if run["layer"] == difference["layer"] and run["seed"] in difference["seeds"]]
    found: dict[Cell, list[float]] = {}
    for run in runs:
        for task, scores in run["scores"].items():
            for code, value in scores.items():
                found.setdefault((task, code), []).append(value)
    return {cell: pieces.mean(values) for cell, values in found.items()}


def _mean(scores: Mapping[Cell, float], groups: Collection[Collection[Cell]]) -> float:
    """The mean over families, of which each is the mean of its cells, as in a contrast."""
    return pieces.mean([pieces.mean([scores[cell] for cell in group]) for group in groups])
