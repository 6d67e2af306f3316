"""Tables for the terminal: scores by task and language, and runs side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from tabulate import tabulate

from xtreme_bench.benchmark import GROUPS, LANGUAGES, TASKS, of_group
from xtreme_bench.official.means import alike, difference
from xtreme_bench.official.scores import cells, headline
from xtreme_bench.report.claims import Manifest, Scores, scores_of
from xtreme_bench.run.chance import even

Run = tuple[str, Scores]
MEASURES = (*TASKS, *GROUPS, "overall")
# Accuracy of random guessing, in percent, for tasks with a few labels.
CHANCE = {name: chance for name in of_group("classification") if (chance := even(name)) is not None}


def tasks_of(*runs: Scores) -> list[str]:
    """The tasks that any of the runs has a score for, in XTREME's order."""
    return [task for task in TASKS if any(task in scores for scores in runs)]


def measures_of(*runs: Scores) -> list[str]:
    """The tasks, groups and `overall` that any of the runs has a score for."""
    return [key for key in MEASURES if any(headline(scores, key) is not None for scores in runs)]


def languages_of(*runs: Scores) -> list[str]:
    """The languages that any of the runs has a score for; English first, then by family, script and name."""
    used = {code for scores in runs for task in TASKS for code in cells(scores, task)}
    return sorted(used, key=lambda code: (code != "en", *_place(code)))


def _place(code: str) -> tuple[str, str, str]:
    language = LANGUAGES[code]
    return language.family, language.script, language.name


def unequal(*runs: Scores) -> list[str]:
    """A sentence if runs have a task in unequal languages, so that a difference is not that of the scores beside it."""
    return [] if alike(*runs) else ["Differences are over the languages that both runs have."]


def cell(value: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A number in a table, with a minus sign (not a hyphen); a dash for None."""
    if value is None:
        return "–"
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return text.lstrip("+-") if sign and not float(text) else text.replace("-", "−")


def language_table(scores: Scores, origin: Mapping[str, str] = MappingProxyType({})) -> str:
    """Languages by tasks in percent, with the means below. English is what the tasks are trained on.

    `origin`: task -> the recipe that it is from, if the run is composed of several.
    """
    tasks = tasks_of(scores)
    by_task = {task: cells(scores, task) for task in tasks}
    rows = [
        [f"{code}  {LANGUAGES[code].name}", *(cell(by_task[task].get(code)) for task in tasks)]
        for code in languages_of(scores)
    ]
    means = [
        ["mean", *(cell(headline(scores, task)) for task in tasks)],
        ["mean without en", *(cell(headline(scores, f"{task}/transfer")) for task in tasks)],
    ]
    taken = [["from", *(origin.get(task, "–") for task in tasks)]] if origin else []
    return _table(["", *tasks], [*rows, [], *means, *taken])


def summary_table(runs: Sequence[Run], reference: int | None = None) -> str:
    """Tasks, groups and overall by runs, and each run's difference to `runs[reference]`."""
    others = [at for at in range(len(runs)) if at != reference] if reference is not None else []
    headings = ["", *(name for name, _ in runs), *_difference_headings(runs, others)]
    return _table(headings, list(_summary_rows(runs, reference, others)))


def _summary_rows(runs: Sequence[Run], reference: int | None, others: Sequence[int]) -> Iterator[list[str]]:
    previous = "task"
    for key in measures_of(*(scores for _, scores in runs)):
        kind = "task" if key in TASKS else "group" if key in GROUPS else "overall"
        if kind != previous:
            yield []
        previous = kind
        values = [cell(headline(scores, key)) for _, scores in runs]
        base = runs[reference][1] if reference is not None else {}
        yield [key, *values, *(cell(difference(runs[at][1], base, key), sign=True) for at in others)]


def _difference_headings(runs: Sequence[Run], others: Sequence[int]) -> list[str]:
    return ["difference"] if len(others) == 1 else [f"Δ {runs[at][0]}" for at in others]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text on the left, numbers on the right as they are written; an empty row separates."""
    filled = [[*row, *[""] * (len(headings) - len(row))] for row in rows]
    return tabulate(filled, headers=headings, stralign="right", colalign=("left",), disable_numparse=True)


def chosen_layer(manifest: Manifest) -> Iterator[str]:
    """Scores of retrieval at the layer that development pairs chose, beside those at the recipe's layer."""
    found = manifest.get("chosen_layer")
    if not found:
        return
    layer, scores = manifest["recipe"]["retrieval"]["layer"], scores_of(manifest)
    for task, value in found["averages"].items():
        if task in of_group("retrieval"):
            here, there = cell(value), cell(headline(scores, task))
            yield (
                f"{manifest['name']}: {task} {here} at layer {found['layer']}, which does best on BUCC's development "
                f"pairs; {there} at layer {layer}, the recipe's"
            )
