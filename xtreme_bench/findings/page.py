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
from xtreme_bench.findings.pieces import DIFFERENCES, RECORDS_MODULE, Json
from xtreme_bench.findings.text import (
    CAVEATS,
    CLAIMS,
    ENOUGH_SEEDS,
    HEAD,
    INTERVALS,
    METHOD,
    QUESTION,
    Column,
)
from xtreme_bench.wording import count, duration, say

RECORDS = Path("docs/findings")
PAGE = Path("docs/findings.md")


def page(records: Path) -> str:
    """The page of all records below a folder. Errors: `InputError` if there are none, or one is not a record."""
    arms = pieces.read(records)
    differences = arms.pop(DIFFERENCES.removesuffix(".json"), {}).get("differences", [])
    if not arms:
        raise InputError(f"{records}: no record of an arm; make them with `python -m {RECORDS_MODULE}`")
    ordered = sorted(arms.values(), key=lambda arm: (len(_languages(arm)), "en" not in _languages(arm), arm["name"]))
    columns = _columns(ordered)
    parts = [
        HEAD,
        "## In words\n\n" + "\n".join(_words(ordered, differences)),
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


def _languages(arm: Json) -> list[str]:
    return sorted({code for codes in arm["runs"][0]["intermediate"].values() for code in codes})


def _seeds(arm: Json) -> list[int]:
    return sorted({run["seed"] for run in arm["runs"]})


def _columns(arms: Sequence[Json]) -> list[Column]:
    """Targets in the benchmark's order; those without training once for each layer."""
    runs = [run for arm in arms for run in arm["runs"]]
    layers = sorted({run["layer"] for run in runs if run["layer"] is not None})
    tasks = [task for task in TASKS if any(task in run["scores"] for run in runs)]
    return [(task, layer) for task in tasks for layer in (layers if TASKS[task].source is None else [None])]


def _heading(column: Column) -> str:
    task, layer = column
    return task if layer is None else f"{task}, layer {layer}"


def _words(arms: Sequence[Json], differences: Sequence[Json]) -> Iterator[str]:
    """The answer to the question, and how far it can be trusted."""
    asked = [one for one in differences if {one["a"], one["b"]} == set(QUESTION)]
    found = [(one, pieces.estimate(one, "contrast")) for one in asked]
    for one, estimate in found:
        if estimate:
            sign = 1 if one["b"] == QUESTION[0] else -1
            where = f"{QUESTION[0]} minus {QUESTION[1]}, {estimate['name']}, retrieval at layer {one['layer']}"
            answer, why = pieces.answer(one, estimate, QUESTION[0])
            yield f"- {where}: {pieces.points(estimate, sign)} points. Diverse is better: **{answer}**. {why}"
    if not any(estimate for _, estimate in found):
        yield f"- The question is open: no comparison of {' and '.join(QUESTION)} is on record yet."
    fewest = min(len(_seeds(arm)) for arm in arms)
    if fewest == 1:
        yield "- Some arms have one seed. **One seed is an anecdote**: its interval leaves out what the seed does."
    elif fewest < ENOUGH_SEEDS:
        yield f"- Some arms have {fewest} seeds. Nothing is decided with fewer than {ENOUGH_SEEDS}."


def _arms(arms: Sequence[Json]) -> str:
    rows = []
    for arm in arms:
        run = arm["runs"][0]
        sizes = "; ".join(f"{task} {_span(run['items'][task])}" for task in TASKS if task in run["items"])
        tokens = f"{run['tokens']:,}" if run["tokens"] else ""
        codes = " ".join(_languages(arm)) or "none"
        rows.append([arm["name"], codes, f"{run['examples']:,}", tokens, ", ".join(map(str, _seeds(arm))), sizes])
    headings = ("arm", "intermediate languages", "items", "tokens", "seeds", "test items a language")
    return pieces.table(headings, rows)


def _span(numbers: Sequence[int]) -> str:
    return f"{numbers[0]:,}" if numbers[0] == numbers[-1] else f"{numbers[0]:,} to {numbers[-1]:,}"


def _scores(arms: Sequence[Json], columns: Sequence[Column]) -> str:
    rows = [[arm["name"], *(_score(arm, column) for column in columns)] for arm in arms]
    return pieces.table(["arm", *map(_heading, columns)], rows)


def _score(arm: Json, column: Column) -> str:
    """The mean over the languages of a target, then over seeds."""
    task, layer = column
    runs = {run["seed"]: run for run in arm["runs"] if layer in (None, run["layer"]) and task in run["scores"]}
    means = [sum(run["scores"][task].values()) / len(run["scores"][task]) for run in runs.values()]
    if not means:
        return ""
    spread = f" ({min(means):.1f} to {max(means):.1f})" if len(means) > 1 else ""
    return f"{sum(means) / len(means):.1f}{spread}"


def _differences(differences: Sequence[Json], columns: Sequence[Column]) -> str:
    pairs = dict.fromkeys((one["a"], one["b"]) for one in differences)
    if not pairs:
        return "None is on record yet: they need the bundles of two arms with the same seed."
    rows = [[f"{b} minus {a}", *(_change(differences, a, b, column) for column in columns)] for a, b in pairs]
    return pieces.table(["arms", *map(_heading, columns)], rows)


def _change(differences: Sequence[Json], a: str, b: str, column: Column) -> str:
    found = _of_column(differences, a, b, column)
    if found is None:
        return ""
    difference, estimate = found
    seeds = len(difference["seeds"])
    sure = "*" if estimate["verdict"] != "cannot tell" and seeds >= ENOUGH_SEEDS else ""
    few = f" ({count(seeds, 'seed')})" if seeds < ENOUGH_SEEDS else ""
    return f"{pieces.points(estimate)}{sure}{few}"


def _of_column(differences: Sequence[Json], a: str, b: str, column: Column) -> tuple[Json, Json] | None:
    """What is known of two arms on a target: of the comparisons that have it the one with the most seeds."""
    task, layer = column
    known = [one for one in differences if (one["a"], one["b"]) == (a, b) and layer in (None, one["layer"])]
    found = [(one, estimate) for one in known if (estimate := pieces.estimate(one, "task", task))]
    return max(found, key=lambda pair: len(pair[0]["seeds"]), default=None)


def _claims(differences: Sequence[Json]) -> str:
    rows = []
    for claim in CLAIMS:
        sides = ((claim.than, claim.better), (claim.better, claim.than))
        found = next((one for pair in sides if (one := _of_column(differences, *pair, claim.column))), None)
        answer, why = ("not tested", "No record of both arms on this target.")
        change = ""
        if found:
            answer, why = pieces.answer(*found, claim.better)
            change = pieces.points(found[1], 1 if found[0]["b"] == claim.better else -1)
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
    lines = [
        f"xtreme-bench run {arm['name']} --data DATA --seed {seed} --set retrieval.layer={layer} "
        f"--out OUT/layer{layer}/seed{seed}"
        for arm in arms
        for layer, seed in sorted((run["layer"], run["seed"]) for run in arm["runs"])
    ]
    labels = "xtreme-bench data prepare DATA --to D --dev-as-test xnli --dev-as-test panx --sample 100 --allow-partial"
    lines += [labels, "make findings BUNDLES=OUT LABELS=D-labels STORE=store"]
    return "DATA has the releases that [data](data.md) lists.\n\n```console\n" + "\n".join(lines) + "\n```"


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
