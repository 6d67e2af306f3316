"""The page of findings (`docs/findings.md`), made from the records of finished arms alone.

python -m xtreme_bench.findings.page [--records docs/findings] [--to docs/findings.md]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError, XtremeBenchError
from xtreme_bench.files import write_text
from xtreme_bench.findings import dialogue, methods, pieces
from xtreme_bench.findings.pieces import RECORDS, RECORDS_MODULE, Json
from xtreme_bench.findings.text import (
    CAVEATS,
    CLAIMS,
    ENOUGH_SEEDS,
    HEAD,
    INTERVALS,
    METHOD,
    Column,
)
from xtreme_bench.findings.words import words
from xtreme_bench.wording import count, duration, say

PAGE = Path("docs/findings.md")


def page(records: Path) -> str:
    """The page of all records below a folder. Errors: `InputError` if there are none, or one is not a record."""
    arms, differences = pieces.read(records)
    if not arms:
        raise InputError(f"{records}: no record of an arm; make them with `python -m {RECORDS_MODULE}`")
    ordered = sorted(arms.values(), key=lambda arm: (pieces.breadth(pieces.languages(arm)), arm["name"]))
    columns = _columns(ordered)
    parts = [
        HEAD,
        "## In words\n\n" + "\n".join(words(arms, differences)),
        "## Arms\n\n" + _arms(ordered),
        f"## Scores\n\n{METHOD}\n\n{_scores(ordered, columns)}",
        f"## Differences\n\n{INTERVALS}\n\n{_differences(differences, columns)}",
        "## Claims\n\n" + _claims(differences),
        "## Caveats\n\n" + CAVEATS,
        "## Computing\n\n" + _computing(ordered),
        "## Again\n\n" + _commands(ordered),
        *methods.section(records),
        *dialogue.section(records),
    ]
    return "\n\n".join(parts) + "\n"


def _columns(arms: Sequence[Json]) -> list[Column]:
    """Targets in the benchmark's order; those without training once for each layer."""
    runs = [run for arm in arms for run in arm["runs"]]
    layers = sorted({run["layer"] for run in runs if run["layer"] is not None})
    tasks = [task for task in TASKS if any(task in run["scores"] for run in runs)]
    return [(task, layer) for task in tasks for layer in (layers if TASKS[task].source is None else [None])]


def _heading(column: Column) -> str:
    task, layer = column
    return task if layer is None else f"{task}, layer {layer}"


def _arms(arms: Sequence[Json]) -> str:
    rows = []
    for arm in arms:
        run = arm["runs"][0]
        sizes = "; ".join(f"{task} {_sizes(run['items'][task])}" for task in TASKS if task in run["items"])
        tokens = f"{run['tokens']:,}" if run["tokens"] else ""
        codes = " ".join(pieces.languages(arm)) or "none"
        rows.append([arm["name"], codes, f"{run['examples']:,}", tokens, pieces.seeds(arm), sizes])
    headings = ("arm", "intermediate languages", "items", "tokens", "seeds", "test items a language")
    return pieces.table(headings, rows)


def _sizes(numbers: Sequence[int]) -> str:
    return f"{numbers[0]:,}" if numbers[0] == numbers[-1] else f"{numbers[0]:,} to {numbers[-1]:,}"


def _scores(arms: Sequence[Json], columns: Sequence[Column]) -> str:
    rows = [[arm["name"], *(_score(arm, column) for column in columns)] for arm in arms]
    return pieces.table(["arm", *map(_heading, columns)], rows)


def _score(arm: Json, column: Column) -> str:
    """The mean over the languages of a target, then over seeds."""
    task, layer = column
    runs = {run["seed"]: run for run in arm["runs"] if layer in (None, run["layer"]) and task in run["scores"]}
    means = [pieces.mean(list(run["scores"][task].values())) for run in runs.values()]
    return pieces.span(means) if means else ""


def _differences(differences: Sequence[Json], columns: Sequence[Column]) -> str:
    pairs = dict.fromkeys((one["a"], one["b"]) for one in differences)
    if not pairs:
        return "None is on record yet: they need the bundles of two arms with the same seed."
    rows = [[f"{b} minus {a}", *(_change(differences, a, b, column) for column in columns)] for a, b in pairs]
    return pieces.table(["arms", *map(_heading, columns)], rows)


def _change(differences: Sequence[Json], a: str, b: str, column: Column) -> str:
    task, layer = column
    found = pieces.between(differences, (a, b), "task", task, layer)
    if found is None:
        return ""
    difference, estimate = found
    seeds = len(difference["seeds"])
    sure = "*" if estimate["verdict"] != "cannot tell" and seeds >= ENOUGH_SEEDS else ""
    few = f" ({count(seeds, 'seed')})" if seeds < ENOUGH_SEEDS else ""
    return f"{pieces.points(*found, b)}{sure}{few}"


def _claims(differences: Sequence[Json]) -> str:
    rows = []
    for claim in CLAIMS:
        task, layer = claim.column
        found = pieces.between(differences, (claim.than, claim.better), "task", task, layer)
        answer, why = ("not tested", "No record of both arms on this target.")
        change = ""
        if found:
            answer, why = pieces.answer(*found, claim.better)
            change = pieces.points(*found, claim.better)
        rows.append([claim.text, f"**{answer}**", change, why])
    return pieces.table(["claim", "answer", "difference", "why"], rows)


def _computing(arms: Sequence[Json]) -> str:
    stages = {key: seconds for arm in arms for run in arm["runs"] for key, seconds in run["seconds"].items()}
    devices = sorted({device for arm in arms for run in arm["runs"] for device in run["device"]})
    runs = count(sum(len(arm["runs"]) for arm in arms), "run")
    took = f"{count(len(stages), 'stage')} of {runs} took {duration(sum(stages.values()))} on {', '.join(devices)}"
    return (
        f"{took}. Stages that runs share count once. Two ran at a time, beside other work: the sum is an upper bound."
    )


def _commands(arms: Sequence[Json]) -> str:
    made = pieces.commands(
        arms,
        "xtreme-bench data prepare DATA --to D --dev-as-test xnli --dev-as-test panx --sample 100 --allow-partial",
        "make findings BUNDLES=OUT LABELS=D-labels STORE=store",
    )
    return f"DATA has the releases that [data](data.md) lists.\n\n{made}"


@contextmanager
def told() -> Iterator[None]:
    """Turn a wrong input into one message and its exit code."""
    try:
        yield
    except XtremeBenchError as error:
        say(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, default=RECORDS, help="folder of the records")
    parser.add_argument("--to", type=Path, default=PAGE, help="the page")
    given = parser.parse_args()
    with told():
        write_text(given.to, page(given.records))
    say(str(given.to))


if __name__ == "__main__":
    main()
