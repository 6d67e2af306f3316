"""The tables of a board's pages, as plain values that the templates write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_bench.benchmark import GROUPS, LANGUAGES, OVERALL, TASKS
from xtreme_bench.leaderboard import facts
from xtreme_bench.leaderboard.board import Board, Group, Placed
from xtreme_bench.leaderboard.entries import Entry
from xtreme_bench.official.published import SYSTEMS, System
from xtreme_bench.official.scores import cells, headline
from xtreme_bench.wording import count

MEANS = ("overall", *GROUPS, *OVERALL)


@dataclass(frozen=True)
class Cell:
    """One cell. `href`: an address that this program made, never text of a bundle."""

    text: str
    href: str = ""
    kind: str = ""
    title: str = ""


@dataclass(frozen=True)
class Table:
    """Headings, and groups of rows, none empty. The first cell of a row is its heading."""

    headings: Sequence[str]
    groups: Sequence[Sequence[Sequence[Cell]]]


def number(value: float | None) -> str:
    """A score with one decimal; a dash if there is none."""
    return "–" if value is None else f"{value:.1f}"


def group_table(group: Group, board: Board) -> Table:
    """The verified entries that were tested on the same files; after complete ones the published rows."""
    rows = [_row(one, board) for one in group.placed]
    published = [_published(system) for system in SYSTEMS] if group.complete else []
    return Table(_headings(), [part for part in (rows, published) if part])


def published_table() -> Table:
    """The published rows alone, in the columns that papers fill."""
    headings = _headings()
    kept = [at for at, heading in enumerate(headings) if heading in ("system", *MEANS, "zero-shot", "verified")]
    rows = [[row[at] for at in kept] for row in map(_published, SYSTEMS)]
    return Table([headings[at] for at in kept], [rows])


def _headings() -> list[str]:
    about = ("model", "million weights", "zero-shot", "intermediate data", "seeds", "verified", "image")
    return ["system", "rank", MEANS[0], "95 % interval", *MEANS[1:], *about]


def _row(placed: Placed, board: Board) -> list[Cell]:
    entry, manifest = placed.entry, placed.entry.manifests[0]
    scores = [Cell(number(headline(entry.scores, key)), kind="number") for key in MEANS]
    tasks, languages = facts.intermediate(manifest)
    image = facts.image(manifest)
    return [
        Cell(entry.name, f"entries/{entry.slug}.html", title="signs of copied labels" if entry.flags else ""),
        Cell("–" if placed.rank is None else str(placed.rank), kind="number"),
        scores[0],
        Cell(interval(placed), kind="number"),
        *scores[1:],
        Cell(facts.model(manifest)),
        Cell(millions(manifest), kind="number"),
        Cell("yes" if facts.is_zero_shot(manifest) else "no"),
        Cell(f"{len(tasks)} tasks: {' '.join(languages)}" if tasks else "none", title=", ".join(tasks)),
        Cell(facts.seeds(entry)),
        Cell(f"{board.by}, {board.when}"),
        Cell(image[:19] if image.startswith("sha256:") else "none", title=image),
    ]


def _published(system: System) -> list[Cell]:
    """A row from a paper, in the columns of the board: nobody verified it."""
    scores = [Cell(number(system.score(key)), kind="number") for key in MEANS]
    return [
        Cell(system.name, kind="published", title=system.note),
        Cell("", kind="number"),
        scores[0],
        Cell("–", kind="number"),
        *scores[1:],
        Cell(system.name.partition(",")[0]),
        Cell("–", kind="number"),
        Cell("yes" if system.zero_shot else "no"),
        Cell("–"),
        Cell("–"),
        Cell(f"published: {system.source}", title=system.note),
        Cell("–"),
    ]


def interval(placed: Placed) -> str:
    """The interval of the overall score."""
    return "–" if placed.interval is None else f"{placed.interval[0]:.1f} to {placed.interval[1]:.1f}"


def millions(manifest: Mapping[str, Any]) -> str:
    """The number of weights in millions."""
    weights = facts.parameters(manifest)
    return "–" if weights is None else f"{weights / 1e6:,.1f}"


def unverified_table(entries: Iterable[Entry]) -> Table:
    """Entries whose scores nobody has verified: what they claim, and why they are here."""
    headings = ["system", "claimed overall", "why it is not verified", "model"]
    rows = [
        [
            Cell(entry.name, f"entries/{entry.slug}.html"),
            Cell(number(headline(entry.scores, "overall")), kind="number"),
            Cell(reason(entry), kind="words"),
            Cell(facts.model(entry.manifests[0]), kind="words"),
        ]
        for entry in entries
    ]
    return Table(headings, [rows])


def reason(entry: Entry) -> str:
    """Why an entry is not verified."""
    problems = [problem for result in entry.results for problem in result.problems]
    if problems:
        more = f"; and {count(len(problems) - 1, 'more problem')}" if len(problems) > 1 else ""
        return facts.short(problems[0]) + more
    return facts.short(next((one.done for one in entry.results if not one.verified), "not scored"))


def scores_table(scores: Mapping[str, Any]) -> Table:
    """The scores of one entry: a row for each language, a column for each task, and the means."""
    found = {task: cells(scores, task) for task in TASKS}
    tasks = [task for task in TASKS if found[task]]
    rows = [
        [
            Cell(f"{LANGUAGES[code].name} ({code})", f"../languages/{code}.html"),
            *_numbers(found[task].get(code) for task in tasks),
        ]
        for code in _languages(found.values())
    ]
    means = [Cell("mean"), *_numbers(headline(scores, task) for task in tasks)]
    foreign = [Cell("mean without English"), *_numbers(headline(scores, f"{task}/transfer") for task in tasks)]
    headings = ["language", *tasks]
    return Table(headings, [rows, [means, foreign]] if tasks else [])


def task_table(task: str, board: Board) -> Table:
    """The scores of all entries in one task, by language, and what was published."""
    found = {one.entry.slug: cells(one.entry.scores, task) for one in board.placed}
    codes = [code for code in TASKS[task].languages if any(code in scores for scores in found.values())]
    rows = [_score_row(one, task, codes, found[one.entry.slug]) for one in board.placed if found[one.entry.slug]]
    rows.sort(key=lambda row: -_value(row[1]))
    published = [
        [Cell(system.name, kind="published", title=system.source), Cell(number(system.score(task)), kind="number"),
         *(Cell("–", kind="number") for _ in codes), Cell(f"published: {system.source}")]
        for system in SYSTEMS if system.score(task) is not None
    ]  # fmt: skip
    headings = ["system", "mean", *codes, "verified"]
    return Table(headings, [part for part in (rows, published) if part])


def language_table(code: str, board: Board) -> Table:
    """The scores of all entries in one language, by task."""
    found = {one.entry.slug: {task: cells(one.entry.scores, task).get(code) for task in TASKS} for one in board.placed}
    tasks = [task for task in TASKS if code in TASKS[task].languages]
    rows = [
        [_link(one), *_numbers(found[one.entry.slug][task] for task in tasks), _status(one)]
        for one in board.placed
        if any(value is not None for value in found[one.entry.slug].values())
    ]
    headings = ["system", *tasks, "verified"]
    return Table(headings, [rows] if rows else [])


def _score_row(one: Placed, task: str, codes: Sequence[str], scores: Mapping[str, float]) -> list[Cell]:
    mean = Cell(number(headline(one.entry.scores, task)), kind="number")
    return [_link(one), mean, *_numbers(scores.get(code) for code in codes), _status(one)]


def _link(one: Placed) -> Cell:
    return Cell(one.entry.name, f"../entries/{one.entry.slug}.html")


def _status(one: Placed) -> Cell:
    return Cell("yes" if one.entry.verified else "no, claimed", kind="" if one.entry.verified else "claimed")


def _numbers(values: Iterable[float | None]) -> Iterator[Cell]:
    yield from (Cell(number(value), kind="number") for value in values)


def _value(cell: Cell) -> float:
    return float(cell.text) if cell.text != "–" else 0.0


def _languages(found: Iterable[Mapping[str, float]]) -> list[str]:
    """English, then the others by name."""
    codes = {code for scores in found for code in scores}
    return sorted(codes, key=lambda code: (code != "en", LANGUAGES[code].name))
