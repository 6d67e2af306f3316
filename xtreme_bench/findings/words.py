"""The answer to a question in words: what was found, how sure it is, and how both arms stand beside no training."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xtreme_bench.benchmark import TASKS
from xtreme_bench.comparison import contrast
from xtreme_bench.comparison.arms import Cell
from xtreme_bench.findings import pieces
from xtreme_bench.findings.experiments import Column, Experiment, Question
from xtreme_bench.findings.pieces import Change, Json, Records
from xtreme_bench.wording import listing


@dataclass(frozen=True)
class Answer:
    """What is known of a question at one place: yes, no, cannot tell or not tested; why; and the difference.

    `beside` is how both arms of a contrast stand beside the one without intermediate training, `detail` with numbers.
    """

    question: Question
    where: str
    answer: str = "not tested"
    why: str = "No record of both arms here."
    change: Change | None = None
    beside: str = ""
    detail: str = ""

    @property
    def points(self) -> str:
        """The difference in words; nothing without one."""
        return pieces.points(self.change) if self.change else ""


def answers(experiment: Experiment, records: Records) -> Iterator[Answer]:
    """The answers to all questions of an experiment."""
    for question in experiment.questions:
        if question.columns:
            yield from (_at(question, column, records.differences) for column in question.columns)
        else:
            yield from _contrast(question, experiment.untrained, records)


def heading(column: Column) -> str:
    """A column in words, or the name of a contrast at a layer."""
    name, layer = column
    name = name.replace("/transfer", ", without English").replace(contrast.NAME, "all targets, ")
    return name if layer is None else f"{name}, layer {layer}"


def _at(question: Question, column: Column, differences: Sequence[Json]) -> Answer:
    name, layer = column
    level = "transfer" if "/" in name else "task"
    found = pieces.between(differences, (question.than, question.better), level, name, layer)
    if found is None:
        return Answer(question, heading(column))
    answer, why = pieces.answer(*found, question.better)
    return Answer(question, heading(column), answer, why, pieces.change(*found, question.better))


def _contrast(question: Question, untrained: str, records: Records) -> Iterator[Answer]:
    """The contrast of two recipes at each layer on record."""
    pair = {question.better, question.than}
    asked = [one for one in records.differences if {one["a"], one["b"]} == pair]
    found = [(one, estimate) for one in asked if (estimate := pieces.estimate(one, "contrast"))]
    for one, estimate in sorted(found, key=lambda both: both[0]["layer"] or 0):
        where = heading((estimate["name"], one["layer"]))
        answer, why = pieces.answer(one, estimate, question.better)
        change = pieces.change(one, estimate, question.better)
        beside = _beside((untrained, question.better, question.than), records.arms, one, estimate["name"])
        yield Answer(question, where, answer, why, change, *beside)
    if not found:
        yield Answer(question, "contrast of the recipes")


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
