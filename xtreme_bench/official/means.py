"""Several official results: their mean, and the difference of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.official.scores import headline, summary

Result = Mapping[str, Any]


def mean_of_runs(runs: Sequence[Result]) -> Result:
    """The official result of several runs: the mean of each language that all have, then the means over them."""
    return runs[0] if len(runs) == 1 else _combined(runs, runs)


def difference(scores: Result, reference: Result, key: str) -> float | None:
    """How much more than another run a task, group, `overall` or `<task>/transfer` has, in points.

    Over the languages that both have: means over unequal languages tell nothing of the runs. None where one has none.
    """
    both = [scores, reference]
    if not alike(*both):
        both = [_combined([one], [scores, reference]) for one in both]
    after, before = (headline(one, key) for one in both)
    return None if after is None or before is None else after - before


def alike(*runs: Result) -> bool:
    """Whether all runs that have a task have it in the same languages."""
    found = [{task: _languages(run, task) for task in TASKS if task in run} for run in runs]
    return all(len({one[task] for one in found if task in one}) < 2 for task in TASKS)


def _combined(counted: Sequence[Result], runs: Sequence[Result]) -> Result:
    """The means of `counted` in the languages that all of `runs` have."""
    table = {
        task: {
            language: {metric: fmean(one[task][metric][language] for one in counted) for metric in row.metric}
            for language in row.languages
            if all(task in run and language in _languages(run, task) for run in runs)
        }
        for task, row in TASKS.items()
    }
    return summary({task: found for task, found in table.items() if found})


def _languages(run: Result, task: str) -> frozenset[str]:
    return frozenset(run[task][TASKS[task].metric[0]])
