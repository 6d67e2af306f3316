"""The parts of the page with scores: means, differences and heat maps, by task, language and kind of language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from xtreme_bench.benchmark import GROUPS, LANGUAGES, TASKS
from xtreme_bench.official.means import difference
from xtreme_bench.official.scores import cells, headline
from xtreme_bench.report import manifest_differences, plots
from xtreme_bench.report.claims import Manifest, Scores, origins, scores_of, zero_shot
from xtreme_bench.report.markup import (
    Block,
    Cell,
    Figure,
    Section,
    Table,
    cell,
    change_cell,
    details,
    level_cell,
    part,
    rich_table,
    section,
    table,
)
from xtreme_bench.report.tables import CHANCE, Run, languages_of, measures_of, tasks_of, unequal
from xtreme_bench.report.tables import cell as number
from xtreme_bench.report.versus import NOT_TESTED, Versus
from xtreme_bench.wording import listing

if TYPE_CHECKING:
    from xtreme_bench.comparison.estimate import Estimate

# Plots with a bar or a dot for each run are drawn for up to so many; tables hold any number.
PLOTTED = 6


def score_sections(
    manifests: Sequence[Manifest], reference: int | None, tested: Mapping[int, Versus]
) -> Iterator[Section | None]:
    """All sections about scores. `reference`: the run that the others are compared with; `tested`: by their indices."""
    runs = [(one["name"], scores_of(one)) for one in manifests]
    if not any(scores for _, scores in runs):
        return
    few = len(runs) <= PLOTTED
    colors = _colors(len(runs), reference) if few else []
    bars = Figure(plots.bars(runs, colors), _bars_caption(runs)) if few else None
    if len(runs) == 2 and reference is not None:
        main, base = manifests[1 - reference], manifests[reference]
        against = tested.get(1 - reference, NOT_TESTED)
        yield section("Summary", _pair_summary(main, base, against), bars)
        yield section(f"Difference to {base['name']}, by language", _heat_map(main, base, against))
        yield section(f"Difference to {base['name']}, by kind of language", *_kinds(main, base, against))
    else:
        yield section("Summary", _summary(runs), bars)
        if reference is not None and len(runs) > 2:
            yield section(f"Difference to {runs[reference][0]}", _difference_table(runs, reference, tested))
    yield section("Scores by language", *(part(one["name"], _language_table(one)) for one in manifests))
    if few and (svg := plots.gaps(runs, colors)):
        yield section("Transfer gap", Figure(svg, _GAPS))
    yield section("All metrics", details("Every metric of every task", _metrics(runs)))


_GAPS = (
    "Hollow: English, the language of fine-tuning. Filled: mean of the other languages. The line between them is the "
    "transfer gap. Retrieval has no English column."
)
_PERCENT = "Percent: accuracy or F1, in question answering the mean of F1 and exact match; averages over languages."
_GREY = "Grey: the data cannot tell (Holm's correction over all rows of a kind)."


def _colors(count: int, reference: int | None) -> list[int]:
    """The reference is grey (1), the others take the remaining colours in turn."""
    free = iter([0, *range(2, PLOTTED + 1)])
    return [1 if at == reference else next(free, 1) for at in range(count)]


def _bars_caption(runs: Sequence[Run]) -> str:
    chance = [f"{value:.1f} in {task}" for task, value in CHANCE.items() if any(task in scores for _, scores in runs)]
    return f"Means over the languages of each task.{f' Dashed: chance, {listing(chance)}.' if chance else ''}"


def _level_of(key: str) -> str:
    return "task" if key in TASKS else "group" if key in GROUPS else "overall"


def _summary(runs: Sequence[Run]) -> Table | None:
    keys = measures_of(*(scores for _, scores in runs))
    rows = [[cell(key), *(cell(number(headline(scores, key))) for _, scores in runs)] for key in keys]
    return rich_table(["", *(name for name, _ in runs)], _spaced(keys, rows), note=_PERCENT)


def _pair_summary(main: Manifest, base: Manifest, tested: Versus) -> Table | None:
    """Both runs, their difference with its interval, and the smallest difference that the test items would show."""
    scores, before = scores_of(main), scores_of(base)
    keys = measures_of(scores, before)
    rows = []
    for key in keys:
        one = tested.find(_level_of(key), key)
        foreign = f"{key}/transfer"
        row = [cell(key), *(cell(number(headline(run, key))) for run in (scores, before))]
        row.append(_change(difference(scores, before, key), one))
        if tested.comparison is not None:
            row += [cell(_interval(one)), cell(one.verdict if one else ""), cell(number(one.detectable) if one else "")]
        if key in TASKS:
            row.append(_change(difference(scores, before, foreign), tested.find("transfer", foreign)))
        else:
            row.append(cell(""))
        rows.append(row)
    extra = ["95 % interval", "verdict", "detectable"] if tested.comparison is not None else []
    headings = ["", main["name"], base["name"], "difference", *extra, "without English"]
    detectable = "Detectable: a true difference of this size would be found in 80 % of such experiments."
    about = f"{_GREY} {detectable}" if extra else _not_tested(tested)
    return rich_table(
        headings, _spaced(keys, rows), kind="pair", note=" ".join([_PERCENT, about, *unequal(scores, before)])
    )


def _not_tested(tested: Versus) -> str:
    return f"The differences are grey because they are not tested: {tested.why}."


def _interval(one: Estimate | None) -> str:
    return f"{number(one.low, sign=True)} to {number(one.high, sign=True)}" if one else ""


def _change(points: float | None, one: Estimate | None) -> Cell:
    """A difference, coloured where the comparison is sure of it."""
    if one is None:
        return change_cell(number(points, sign=True), points, sure=False)
    sure, about = one.verdict != "cannot tell", f"{_interval(one)}, {one.verdict}"
    return change_cell(number(one.difference, sign=True), one.difference, sure=sure, title=about)


def _spaced(keys: Sequence[str], rows: Sequence[list[Cell]]) -> list[list[Cell]]:
    """Empty rows between tasks, groups and overall."""
    spaced: list[list[Cell]] = []
    for at, (key, row) in enumerate(zip(keys, rows, strict=True)):
        if at and _level_of(key) != _level_of(keys[at - 1]):
            spaced.append([])
        spaced.append(row)
    return spaced


def _difference_table(runs: Sequence[Run], reference: int, tested: Mapping[int, Versus]) -> Table | None:
    base = runs[reference][1]
    others = [(at, *run) for at, run in enumerate(runs) if at != reference]
    keys = measures_of(*(scores for _, scores in runs))
    rows = [
        [
            cell(key),
            *(
                _change(difference(scores, base, key), tested.get(at, NOT_TESTED).find(_level_of(key), key))
                for at, _, scores in others
            ),
        ]
        for key in keys
    ]
    note = " ".join([_GREY if tested else _not_tested(NOT_TESTED), *unequal(*(scores for _, scores in runs))])
    return rich_table(["", *(name for _, name, _ in others)], _spaced(keys, rows), kind="heat", note=note)


def _heat_map(main: Manifest, base: Manifest, tested: Versus) -> Table | None:
    scores, before = scores_of(main), scores_of(base)
    tasks = [task for task in tasks_of(scores) if task in before]
    new, old = ({task: cells(run, task) for task in tasks} for run in (scores, before))
    rows: list[list[Cell]] = []
    for code in languages_of(scores):
        both = [task for task in tasks if code in new[task] and code in old[task]]
        if both:
            rows.append([
                *_language(code),
                *(
                    _change(new[task][code] - old[task][code], tested.find("cell", f"{task} {code}"))
                    if task in both
                    else cell("", "none")
                    for task in tasks
                ),
            ])  # fmt: skip
    colors = (
        f"Points: blue is better than the baseline, orange is worse. {_GREY}"
        if tested.comparison is not None
        else f"Points. {_not_tested(tested)}"
    )
    note = f"{colors} English, on top, is what the tasks are trained on; empty where a task does not have the language."
    return rich_table([*_LANGUAGE, *tasks], _english_apart(rows), kind="heat languages", note=note)


_LANGUAGE = ("", "language", "family", "script")


def _language(code: str) -> list[Cell]:
    about = LANGUAGES[code]
    return [cell(code), *(cell(value, "side") for value in (about.name, about.family, about.script))]


def _english_apart(rows: Sequence[list[Cell]]) -> list[list[Cell]]:
    english = [row for row in rows if row[0].text == "en"]
    return [*english, [], *(row for row in rows if row not in english)]


def _kinds(main: Manifest, base: Manifest, tested: Versus) -> Iterator[Block | None]:
    """Differences by family, script, word order, pretraining text, and nearness to intermediate data: plot, table."""
    about = "Means over all pairs of a task and a language that both runs have, English left out; so many cells each."
    if tested.comparison is None:
        yield _untested_kinds(main, base, about)
        return
    from xtreme_bench.comparison.forms import LEVELS, NAMES

    kinds = [level for level in LEVELS if level not in ("overall", "group", "task", "transfer")]
    by_kind = [(level, one) for level in kinds for one in tested.comparison.level(level)]
    found = [(NAMES.get(level, "{}").format(one.name), one) for level, one in by_kind]
    if not found:
        return
    yield Figure(
        plots.intervals([(name, one.difference, one.low, one.high, one.verdict) for name, one in found]),
        "Difference in points with its 95 % interval; grey: the data cannot tell.",
    )
    rows = [
        [
            *map(cell, (name, number(one.b), number(one.a))),
            _change(None, one),
            *map(cell, (_interval(one), one.verdict, one.cells)),
        ]
        for name, one in found
    ]
    headings = ["", main["name"], base["name"], "difference", "95 % interval", "verdict", "cells"]
    yield rich_table(headings, rows, kind="pair", note=f"{about} CC-100 is the text that XLM-R was pretrained on.")


def _untested_kinds(main: Manifest, base: Manifest, about: str) -> Table | None:
    (name, _, *headings), rows = manifest_differences.group_table(manifest_differences.compare(base, main))
    # As everywhere on the page, the run stands before its baseline.
    headings = [name, headings[0], base["name"], *headings[1:]]
    return table(headings, [[name, ours, theirs, *rest] for name, theirs, ours, *rest in rows], note=about)


def _language_table(manifest: Manifest) -> Table | None:
    scores = scores_of(manifest)
    tasks = tasks_of(scores)
    if not tasks:
        return None
    unseen = {task: zero_shot(manifest, task) for task in tasks}
    by_task = {task: cells(scores, task) for task in tasks}
    rows = [
        [
            *_language(code),
            *(
                level_cell(number(value), value, "" if code in unseen[task] else "seen")
                if (value := by_task[task].get(code)) is not None
                else cell("", "none")
                for task in tasks
            ),
        ]
        for code in languages_of(scores)
    ]
    rows = [*_english_apart(rows), []]
    for short, key in (("all", "{}"), ("not en", "{}/transfer")):
        found = [number(headline(scores, key.format(task))) for task in tasks]
        rows.append([cell(short), cell("mean", "side"), *[cell("", "side")] * 2, *map(cell, found)])
    if origin := origins(manifest):
        rows.append([cell("from"), *[cell("", "side")] * 3, *(cell(origin.get(task, "–")) for task in tasks)])
    note = (
        "Percent; the stronger the colour, the higher. In italics: languages with labelled training data of the task. "
        "Everything else is zero-shot."
    )
    return rich_table([*_LANGUAGE, *tasks], rows, kind="heat languages", note=note)


def _metrics(runs: Sequence[Run]) -> Table | None:
    rows = [
        [f"{task}, {metric.replace('_', ' ')}", *(number(_average(scores, task, metric), 2) for _, scores in runs)]
        for task in tasks_of(*(scores for _, scores in runs))
        for metric in TASKS[task].metric
    ]
    return table(["mean over languages", *(name for name, _ in runs)], rows)


def _average(scores: Scores, task: str, metric: str) -> float | None:
    value: float | None = scores.get(task, {}).get(f"avg_{metric}")
    return value
