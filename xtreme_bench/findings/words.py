"""The answer to the question of the page of findings, in words, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from xtreme_bench.benchmark import TASKS
from xtreme_bench.comparison import contrast
from xtreme_bench.comparison.arms import Cell
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import Json
from xtreme_bench.findings.text import ENOUGH_SEEDS, QUESTION, UNTRAINED
from xtreme_bench.wording import listing


def words(arms: Mapping[str, Json], differences: Sequence[Json]) -> Iterator[str]:
    """The answer of each contrast, how its arms stand beside the one without intermediate training, and a warning."""
    asked = [one for one in differences if {one["a"], one["b"]} == set(QUESTION)]
    found = [(one, estimate) for one in asked if (estimate := pieces.estimate(one, "contrast"))]
    for one, estimate in found:
        where = f"{' minus '.join(QUESTION)}, {estimate['name']}, retrieval at layer {one['layer']}"
        answer = pieces.answered("Diverse is better", one, estimate, QUESTION[0])
        beside = _beside(arms, one, estimate["name"])
        yield f"- {where}: {pieces.points(one, estimate, QUESTION[0])} points. {answer}{beside}"
    if not found:
        yield f"- The question is open: no comparison of {' and '.join(QUESTION)} is on record yet."
    fewest = min(len({run["seed"] for run in arm["runs"]}) for arm in arms.values())
    if fewest == 1:
        yield "- Some arms have one seed. **One seed is an anecdote**: its interval leaves out what the seed does."
    elif fewest < ENOUGH_SEEDS:
        yield f"- Some arms have {fewest} seeds. Nothing is decided with fewer than {ENOUGH_SEEDS}."


def _beside(arms: Mapping[str, Json], difference: Json, name: str) -> str:
    """How both arms of a contrast stand beside the arm without intermediate training; nothing without its runs.

    The better of two may be the one that loses less.
    """
    names = (UNTRAINED, *QUESTION)
    scores = [_scores(arms[one], difference) for one in names if one in arms]
    cells = [cell for cell in scores[0] if len(scores) == len(names) and all(cell in one for one in scores)]
    trained = {code for one in QUESTION for code in pieces.languages(arms[one])}
    groups = contrast.families(cells, name.removeprefix(contrast.NAME), trained)
    unseen = [[cells[at] for at in places] for places in groups.values()]
    if not unseen:
        return ""
    without, *after = means = [_mean(one, unseen) for one in scores]
    stand = [("loses", "stays", "gains")[(mean > without) - (mean < without) + 1] for mean in after]
    both = (
        f"both {stand[0].removesuffix('s')}"
        if len({*stand}) == 1
        else f"{QUESTION[0]} {stand[0]}, {QUESTION[1]} {stand[1]}"
    )
    by_task = {task: [[cell for cell in group if cell[0] == task] for group in unseen] for task in TASKS}
    targets = "; ".join(
        f"{task} {', '.join(f'{_mean(one, own):.1f}' for one in scores)}"
        for task, groups in by_task.items()
        if (own := [group for group in groups if group])
    )
    first, *others = (f"{mean:.1f} ({one})" for mean, one in zip(means, names, strict=True))
    return (
        f" Without intermediate training the mean of these scores is {first}, after it {listing(others)}: {both} "
        f"(not tested). By target: {targets}."
    )


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
