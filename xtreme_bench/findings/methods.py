"""The tables of the experiment on methods of training: scores, gap to English, what learned and how long it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xtreme_bench.benchmark import TASKS
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import Json, Records


def tables(records: Records) -> Iterator[str]:
    """The tables, of the targets that all arms have."""
    arms = list(records.arms.values())
    tasks = [task for task in TASKS if all(task in run["scores"] for arm in arms for run in arm["runs"])]
    yield _scores(arms, tasks)
    yield _training(arms, tasks)


def _scores(arms: Sequence[Json], tasks: Sequence[str]) -> str:
    rows = []
    for arm in arms:
        row = [arm["name"], pieces.listed(arm)]
        for task in tasks:
            scores = [run["scores"][task] for run in arm["runs"]]
            means = [pieces.mean(list(one.values())) for one in scores]
            row += [pieces.span(means), pieces.span([_gap(one) for one in scores])]
        rows.append(row)
    columns = [text for task in tasks for text in (f"{task}, mean of {_count(arms[0], task)} languages", "gap")]
    return pieces.table(["arm", "seeds", *columns], rows)


def _training(arms: Sequence[Json], tasks: Sequence[str]) -> str:
    rows = []
    for arm in arms:
        known = {task: [run["finetuning"][task] for run in arm["runs"] if task in run["finetuning"]] for task in tasks}
        one = next((found[0] for found in known.values() if found), None)
        learned = f"{one['weights']:,} ({100 * one['weights'] / one['of']:.2f} %)" if one else ""
        seconds = [
            f"{pieces.mean([each['cpu_seconds'] for each in found]):.0f}" if found else "" for found in known.values()
        ]
        rows.append([arm["name"], learned, *seconds])
    return pieces.table(["arm", "weights of the encoder that learn", *(f"CPU seconds, {task}" for task in tasks)], rows)


def _gap(scores: dict[str, float]) -> float:
    return scores["en"] - pieces.mean([value for code, value in scores.items() if code != "en"])


def _count(arm: Json, task: str) -> int:
    return len(arm["runs"][0]["scores"][task])
