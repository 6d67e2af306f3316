"""The report page of a run or of several bundles: one file with everything in it, for a browser or for paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from xtreme_bench import page_facts, plots
from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.markup import cell, command, figure, heat_cell, paragraph, rich_table, section, table, text
from xtreme_bench.score import cells, headline
from xtreme_bench.store import Store, write_text
from xtreme_bench.tables import CHANCE, Run, Scores, difference, languages_of, measures_of, tasks_of
from xtreme_bench.tables import cell as number
from xtreme_bench.training import reference_of, zero_shot
from xtreme_bench.verdict import expectations, verdict

if TYPE_CHECKING:
    from xtreme_bench.run import Outcome

Manifest = Mapping[str, Any]
# Plots with a bar or a dot for each run are drawn for up to so many; tables hold any number.
PLOTTED = 6


def write_page(outcome: Outcome, folder: Path, store: Store | None = None) -> Path:
    """Write `index.html` of a finished run; `store` has the learning curves of its stages, left out without it."""
    main, baseline = outcome.main, outcome.baseline
    manifests = [one.manifest for one in (main, baseline) if one is not None]
    finished = [one for one in (main, baseline) if one is not None]
    parts = [
        f"<h1>{text(main.manifest['name'])}</h1>",
        paragraph(main.plan.recipe.description, kind="lead"),
        _verdict(main.manifest, baseline.manifest if baseline else None),
        _expectations(main.manifest, baseline.manifest if baseline else None),
        *_score_sections(manifests, 1 if baseline else None),
        page_facts.trained_section(main.manifest),
        *page_facts.run_sections(finished, store),
        page_facts.reproduce_section(main),
    ]
    return _write(folder, main.manifest["name"], parts)


def write_comparison_page(manifests: Sequence[Manifest], folder: Path) -> Path:
    """Write `index.html` with the tables and plots of several bundles, from their manifests alone."""
    reference = reference_of(manifests)
    names = [one["name"] for one in manifests]
    title = " · ".join(names) if len(names) < 4 else f"{len(names)} runs compared"
    about = f"Differences are to {names[reference]}." if reference is not None else ""
    parts = [f"<h1>{text(title)}</h1>", paragraph(f"{len(names)} bundles, read from their manifests.", about, kind="lead")]
    parts += _score_sections(manifests, reference)
    parts += [page_facts.trained_section(one, name=one["name"]) for one in manifests]
    return _write(folder, title, parts)


def _write(folder: Path, title: str, parts: Sequence[str]) -> Path:
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    body = "\n".join(part for part in parts if part)
    path = folder / "index.html"
    write_text(path, template.substitute(title=text(title), body=body))
    return path


def _verdict(main: Manifest, baseline: Manifest | None) -> str:
    missed = any(not line.holds for line in expectations(main, baseline))
    return paragraph(*verdict(main, baseline), kind="verdict missed" if missed else "verdict")


def _expectations(main: Manifest, baseline: Manifest | None) -> str:
    rows = [
        [line.name, line.wanted, number(line.found, 2), "holds" if line.holds else "MISSED"]
        for line in expectations(main, baseline)
    ]
    return section("What the recipe expects", table(("score", "expected", "found", ""), rows, kind="words"))


def _score_sections(manifests: Sequence[Manifest], reference: int | None) -> list[str]:
    runs = [(one["name"], one["scores"]) for one in manifests]
    if not any(scores for _, scores in runs):
        return []
    others = [at for at in range(len(runs)) if at != reference]
    parts = [section("Summary", _summary(runs, reference))]
    if len(runs) <= PLOTTED:
        colors = _colors(len(runs), reference)
        parts.append(section("Mean score by task", figure(plots.bars(runs, colors), _bars_caption(runs))))
    if reference is not None:
        for at in others if len(others) == 1 else ():
            parts.append(section(f"Difference to {runs[reference][0]}, by language", _heat_map(runs[at][1], runs[reference][1])))
    if len(runs) <= PLOTTED:
        parts.append(_gap_section(runs, colors))
    parts.append(section("Scores by language", *(_language_table(one) for one in manifests)))
    parts.append(section("All metrics", _metrics(runs)))
    return parts


def _colors(count: int, reference: int | None) -> list[int]:
    """The reference is grey (1), the others take the remaining colours in turn."""
    free = iter([0, *range(2, PLOTTED + 1)])
    return [1 if at == reference else next(free, 1) for at in range(count)]


def _summary(runs: Sequence[Run], reference: int | None) -> str:
    others = [at for at in range(len(runs)) if at != reference] if reference is not None else []
    headings = ["", *(name for name, _ in runs), *(f"{runs[at][0]}: difference" for at in others)]
    if len(others) == 1:
        headings[-1] = "difference"
        headings.append("difference without English")
    rows: list[list[str]] = []
    previous = ""
    for key in measures_of(*(scores for _, scores in runs)):
        kind = "task" if key in TASKS else "overall" if key == "overall" else "group"
        rows += [[]] if previous not in ("", kind) else []
        previous = kind
        base: Scores = runs[reference][1] if reference is not None else {}
        row = [cell(key), *(cell(number(headline(scores, key))) for _, scores in runs)]
        row += [_change(difference(runs[at][1], base, key)) for at in others]
        if len(others) == 1:
            row.append(_change(difference(runs[others[0]][1], base, f"{key}/transfer")) if key in TASKS else cell(""))
        rows.append(row)
    note = "Percent: accuracy, F1, for question answering the mean of F1 and exact match; means over languages, then tasks."
    return rich_table(headings, rows, note=note)


def _change(points: float | None) -> str:
    return heat_cell(number(points, sign=True), points)


def _bars_caption(runs: Sequence[Run]) -> str:
    chance = [f"{value:.1f} in {task}" for task, value in CHANCE.items() if any(task in scores for _, scores in runs)]
    return f"Means over the languages of each task.{f' Dashed: chance, {_listing(chance)}.' if chance else ''}"


def _listing(parts: Sequence[str]) -> str:
    return " and ".join(parts)


def _heat_map(scores: Scores, base: Scores) -> str:
    tasks = [task for task in tasks_of(scores) if task in base]
    changes = {
        task: {code: value - old[code] for code, value in cells(scores, task).items() if code in old}
        for task in tasks
        for old in (cells(base, task),)
    }
    rows: list[list[str]] = []
    family = ""
    for code in languages_of(scores):
        found = [changes[task].get(code) for task in tasks]
        if all(change is None for change in found):
            continue
        language = LANGUAGES[code]
        shown = "" if language.family == family and code != "en" else language.family
        family = "" if code == "en" else language.family
        row = [cell(f"{language.name} ({code})"), cell(shown, "family"), cell(language.script, "family")]
        rows.append([*row, *(_change(change) if change is not None else cell("", "none") for change in found)])
    note = (
        "Points: blue is better than the baseline, orange is worse. English, on top, is what the tasks are trained on; "
        "empty where a task does not have the language."
    )
    return rich_table(["", "family", "script", *tasks], rows, kind="heat", note=note)


def _gap_section(runs: Sequence[Run], colors: Sequence[int]) -> str:
    svg = plots.gaps(runs, colors)
    caption = (
        "Hollow: English, the language of fine-tuning. Filled: mean of the other languages. The line between them is "
        "the transfer gap. Retrieval has no English column."
    )
    return section("Transfer gap", figure(svg, caption)) if svg else ""


def _language_table(manifest: Manifest) -> str:
    scores = manifest["scores"]
    tasks = tasks_of(scores)
    unseen = {task: zero_shot(manifest, task) for task in tasks}
    by_task = {task: cells(scores, task) for task in tasks}
    rows = [
        [
            cell(f"{LANGUAGES[code].name} ({code})"),
            *(cell(number(by_task[task].get(code)), "" if code in unseen[task] else "seen") for task in tasks),
        ]
        for code in languages_of(scores)
    ]
    means = {"mean": "{}", "mean without English": "{}/transfer"}
    rows += [[]] if rows else []
    rows += [
        [cell(name), *(cell(number(headline(scores, key.format(task)))) for task in tasks)] for name, key in means.items()
    ]
    note = "In italics: languages with labelled training data of the task. Everything else is zero-shot."
    return f"<h3>{text(manifest['name'])}</h3>{rich_table(['', *tasks], rows, note=note)}" if tasks else ""


def _metrics(runs: Sequence[Run]) -> str:
    rows = [
        [f"{task}, {metric.replace('_', ' ')}", *(number(_average(scores, task, metric), 2) for _, scores in runs)]
        for task in tasks_of(*(scores for _, scores in runs))
        for metric in TASKS[task].metric
    ]
    return table(["mean over languages", *(name for name, _ in runs)], rows)


def _average(scores: Scores, task: str, metric: str) -> float | None:
    value: float | None = scores.get(task, {}).get(f"avg_{metric}")
    return value
