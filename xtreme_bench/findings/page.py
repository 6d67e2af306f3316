"""The page of findings (`docs/findings.md`), made from the records of finished arms alone; README repeats its answers.

python -m xtreme_bench.findings.page [--records docs/findings] [--to docs/findings.md] [--readme README.md]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from xtreme_bench.errors import InputError, XtremeBenchError
from xtreme_bench.files import write_text
from xtreme_bench.findings import dialogue, methods, pieces, plot, series, summary
from xtreme_bench.findings.experiments import EXPERIMENTS, Experiment, Question
from xtreme_bench.findings.pieces import RECORDS, RECORDS_MODULE, Records
from xtreme_bench.findings.series import by_layer
from xtreme_bench.findings.text import CAVEATS, CLAIMED, CURVES, ENOUGH_SEEDS, FOUND, HEAD, KEY, NEAR, PLOTTED
from xtreme_bench.findings.words import Answer, answers
from xtreme_bench.wording import duration, say

PAGE = Path("docs/findings.md")
PLOT = "findings.svg"
# Where README says what was found.
MARKED = re.compile(r"(?<=<!-- findings -->\n\n).*?(?=\n\n<!-- end findings -->)", re.DOTALL)
# The tables of the experiments that are not about the languages or tasks of intermediate training.
TABLES: Mapping[str, Callable[[Records], Iterator[str]]] = {"methods": methods.tables, "dialogue": dialogue.tables}
Found = Mapping[Experiment, Records]


def page(records: Path) -> tuple[str, dict[str, str]]:
    """The page of all records below a folder, and its pictures by name: those of contrasts and curves on record.

    Errors: `InputError` if there are none, one is not a record, or one is in the folder of no experiment.
    """
    found = {one: pieces.read(records / one.folder) for one in EXPERIMENTS}
    _require_all_read(records)
    answered = answers(found)
    there = {one: known for one, known in found.items() if known.arms}
    curves = {one: by_layer(known) for one, known in there.items()}
    pictures = {curves_file(one): plot.curves(CURVES, drawn) for one, drawn in curves.items() if drawn}
    parts = [
        HEAD,
        "## In short\n\n" + "\n\n".join(_short(found, answered)),
        *(part for one, known in there.items() for part in _section(one, known, answered[one], pictures)),
        "## Caveats\n\n" + CAVEATS,
        "## Computing\n\n" + _computing(there),
    ]
    return "\n\n".join(parts) + "\n", {**_plot(answered), **pictures}


def curves_file(experiment: Experiment) -> str:
    """The name of the picture of an experiment's scores at every layer."""
    return f"findings-{experiment.folder}.svg"


def repeated(readme: str, text: str) -> str:
    """README with the answers of the page `text`, and what they are made of, between its markers."""
    answers = "\n".join(line for line in text.splitlines() if line.startswith(("- **Layer ", "- After ")))
    # In README brackets are links.
    said = re.sub(r" \[(\S+), (\S+)\]", r", \1 to \2", answers)
    said = re.sub(r"(?<!\w)-(?=\d)", "−", said)
    return MARKED.sub(lambda _: said, readme)


def _plot(answered: Mapping[Experiment, Sequence[Answer]]) -> dict[str, str]:
    """What the contrasts found, an experiment and layer a row; nothing if none is on record."""
    rows = [
        (f"{one.title}, layer {said.column[1]}", said.change, said.answer in ("yes", "no"))
        for one, every in answered.items()
        for said in every
        if said.change and not said.question.columns
    ]
    return {PLOT: plot.intervals(PLOTTED, rows)} if rows else {}


def _require_all_read(records: Path) -> None:
    there = set(records.rglob("*.json"))
    if not there:
        raise InputError(f"{records}: no record of an arm; make them with `python -m {RECORDS_MODULE}`")
    if lost := sorted(path for path in there if path.parent not in {records / one.folder for one in EXPERIMENTS}):
        folders = ", ".join(one.folder for one in EXPERIMENTS)
        raise InputError(f"{lost[0]}: is a record of no experiment; it belongs in one of the folders {folders}")


def _short(records: Found, answered: Mapping[Experiment, Sequence[Answer]]) -> Iterator[str]:
    """What was found, in words; the questions of the page as a table; then a line for each of the others."""
    if found := [f"- {one}" for one in summary.sentences(answered)]:
        yield "\n".join((FOUND, "", *found))
    said = [one for every in answered.values() for one in every]
    rows = [
        [one.question.text, one.where, f"**{one.answer}**", one.points, one.rests_on, one.standing.beside]
        for one in said
        if not one.question.columns
    ]
    heads = ["question", "where", "answer", "difference", "rests on", "both arms against no intermediate training"]
    yield pieces.table(heads, rows)
    if any(one.change and not one.question.columns for one in said):
        yield f"![{PLOTTED}]({PLOT})"
    if near := summary.by_nearness(records):
        yield f"{NEAR}\n\n{near}"
    yield "\n".join(_line(question, places) for question, places in _by_question(said) if question.columns)
    yield f"{CLAIMED}\n\n{_claims(answered)}"
    yield KEY


def _claims(answered: Mapping[Experiment, Sequence[Answer]]) -> str:
    """The published claims, and the answers to the questions that put them to the test."""
    said = [one for every in answered.values() for one in every if one.question.claim]
    claims = list(dict.fromkeys(one.question.claim for one in said))
    rows = [
        [question.claim, question.text, "; ".join(f"{one.where} **{one.answer}**" for one in places)]
        for question, places in sorted(_by_question(said), key=lambda both: claims.index(both[0].claim))
    ]
    return pieces.table(["Phang et al. 2020", "asked here", "answer"], rows)


def _by_question(said: Sequence[Answer]) -> list[tuple[Question, list[Answer]]]:
    return [(question, [*places]) for question, places in groupby(said, lambda one: one.question)]


def _line(question: Question, places: Sequence[Answer]) -> str:
    known = [f"{one.where}: **{one.answer}**, {one.points}" for one in places if one.points]
    return f"- {question.text} {'; '.join(known) or f'**{places[0].answer}**'}."


def _section(
    experiment: Experiment, known: Records, said: Sequence[Answer], pictures: Collection[str]
) -> Iterator[str]:
    """What an experiment is, its answers and tables, its limits, and the commands that repeat it."""
    yield f"## {experiment.title}\n\n{experiment.about}"
    rows = [row for question, places in _by_question(said) for row in _rows(question, places)]
    yield pieces.table(["question", "where", "answer", "difference", "seeds, corrected p"], rows)
    if remarks := [*(f"- {one.where}: {one.standing.detail}" for one in said if one.standing.detail), *_few(known)]:
        yield "\n".join(remarks)
    yield from TABLES.get(experiment.folder, series.tables)(known)
    if (picture := curves_file(experiment)) in pictures:
        yield f"![{CURVES}]({picture})"
    yield f"Limits of this experiment:\n\n{experiment.caveats}"
    prepare = f"xtreme-bench data prepare {experiment.prepare} --to D"
    make = f"make findings BUNDLES=OUT LABELS=D-labels STORE=store EXPERIMENT={experiment.folder}"
    yield pieces.commands(known.arms.values(), *filter(None, (prepare, experiment.more if known.plain else "", make)))


def _rows(question: Question, places: Sequence[Answer]) -> Iterator[list[str]]:
    """A row for each place that a question is asked at, one for all if it is answered at none."""
    if not any(one.points for one in places):
        places = [replace(places[0], column=("; ".join(one.where for one in places), None))]
    for one in places:
        yield [question.text, one.where, f"**{one.answer}**", one.points, one.why]


def _few(known: Records) -> Iterator[str]:
    """A warning if an arm has too few seeds."""
    fewest = min(len(pieces.seeds(arm)) for arm in known.arms.values())
    if fewest == 1:
        yield "- Some arms have one seed. Nothing is decided with one: its interval leaves out what the seed does."
    elif fewest < ENOUGH_SEEDS:
        yield f"- Some arms have {fewest} seeds. Nothing is decided with fewer than {ENOUGH_SEEDS}."


def _computing(found: Found) -> str:
    rows = [_computed(one.title, known) for one, known in found.items()]
    table = pieces.table(["experiment", "runs", "stages", "time", "on"], [*rows, _computed("all", *found.values())])
    return (
        f"{table}\n\nAll ran on machines with two CPU cores. Stages that runs share count once. Two ran at a time, "
        "beside other work: the time is an upper bound. DATA has the releases that [data](data.md) lists."
    )


def _computed(name: str, *found: Records) -> list[str]:
    runs = [run for known in found for arm in known.arms.values() for run in arm["runs"]]
    stages = {key: seconds for run in runs for key, seconds in run.get("seconds", {}).items()}
    devices = sorted({device for run in runs for device in run.get("device", ())})
    return [name, str(len(runs)), str(len(stages)), duration(sum(stages.values())), ", ".join(devices)]


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
    parser.add_argument("--readme", type=Path, help="a page that repeats its answers between two markers")
    given = parser.parse_args()
    with told():
        text, pictures = page(given.records)
        write_text(given.to, text)
        for name, drawn in pictures.items():
            write_text(given.to.with_name(name), drawn)
        if given.readme:
            write_text(given.readme, repeated(given.readme.read_text(encoding="utf-8"), text))
    say(str(given.to))


if __name__ == "__main__":
    main()
