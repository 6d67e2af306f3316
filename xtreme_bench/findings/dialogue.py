"""The table of the experiment on dialogues: a tracker with and without cross-lingual intermediate training."""

from __future__ import annotations

from collections.abc import Iterator

from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import Records

TASK = "woz"


def tables(records: Records) -> Iterator[str]:
    """Scores by language, after those of what needs no encoder."""
    arms = list(records.arms.values())
    codes = [code for code in TASKS[TASK].languages if all(code in run["scores"][TASK] for run in arms[0]["runs"])]
    rows = [[run["name"], "", *(f"{run['scores'][TASK][code]:.1f}" for code in codes)] for run in records.plain]
    for arm in arms:
        spans = [pieces.span([run["scores"][TASK][code] for run in arm["runs"]]) for code in codes]
        rows.append([arm["name"], pieces.listed(arm), *spans])
    yield pieces.table(["arm", "seeds", *(LANGUAGES[code].name for code in codes)], rows)
