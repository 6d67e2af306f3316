"""The report page of a run or of several bundles: one file with everything in it, for a browser or for paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from xtreme_bench.benchmark import GROUPS, LANGUAGES, TASKS
from xtreme_bench.files import write_text
from xtreme_bench.official.scores import cells, headline
from xtreme_bench.report import manifest_differences, page_facts, plots
from xtreme_bench.report.audit import audit_section
from xtreme_bench.report.claims import Manifest, Scores, reference_of, scores_of, zero_shot
from xtreme_bench.report.markup import cell, figure, heat_cell, paragraph, rich_table, section, table, text
from xtreme_bench.report.tables import CHANCE, Run, difference, languages_of, measures_of, tasks_of
from xtreme_bench.report.tables import cell as number
from xtreme_bench.report.verdict import expectations, verdict
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import listing

if TYPE_CHECKING:
    from xtreme_bench.run.outcome import Outcome

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
        *map(page_facts.accepted_section, manifests),
        *_score_sections(manifests, 1 if baseline else None),
        page_facts.trained_section(main.manifest),
        audit_section(main.manifest.get("audit")),
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
    parts = [
        f"<h1>{text(title)}</h1>",
        paragraph(f"{len(names)} bundles, read from their manifests.", about, kind="lead"),
    ]
    parts += map(page_facts.accepted_section, manifests)
    parts += _score_sections(manifests, reference)
    parts += [page_facts.trained_section(one, name=one["name"]) for one in manifests]
    return _write(folder, title, parts)


def write_seeds_page(title: str, manifests: Sequence[Manifest], folder: Path, *parts: str) -> Path:
    """Write `index.html` with `parts` and, below them, the mean scores of a recipe and perhaps its baseline."""
    baseline = manifests[1] if manifests[1:] else None
    sections = [_expectations(manifests[0], baseline), *_score_sections(manifests, 1 if baseline else None)]
    return _write(folder, title, [*parts, *sections, page_facts.trained_section(manifests[0])])


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
    rows = [[line.name, line.wanted, number(line.found, 2), line.state] for line in expectations(main, baseline)]
    return section("What the recipe expects", table(("score", "expected", "found", ""), rows, kind="words"))


def _score_sections(manifests: Sequence[Manifest], reference: int | None) -> list[str]:
    runs = [(one["name"], scores_of(one)) for one in manifests]
    if not any(scores for _, scores in runs):
        return []
    parts = [section("Summary", _summary(runs, reference))]
    few = len(runs) <= PLOTTED
    colors = _colors(len(runs), reference) if few else []
    if few:
        parts.append(section("Mean score by task", figure(plots.bars(runs, colors), _bars_caption(runs))))
    if len(runs) == 2 and reference is not None:
        main, base = manifests[1 - reference], manifests[reference]
        parts.append(_differences(main, base))
    elif len(runs) > 2 and reference is not None:
        parts.append(_difference_table(runs, reference))
    if few:
        parts.append(_gap_section(runs, colors))
    parts.append(section("Scores by language", *(_language_table(one) for one in manifests)))
    parts.append(section("All metrics", _metrics(runs)))
    return parts


def _differences(main: Manifest, base: Manifest) -> str:
    (name, _, *headings), rows = manifest_differences.group_table(manifest_differences.compare(base, main))
    # As everywhere on the page, the run stands before its baseline.
    headings = [name, headings[0], base["name"], *headings[1:]]
    rows = [[name, ours, theirs, *rest] for name, theirs, ours, *rest in rows]
    note = "Means over all pairs of a task and a language that both runs have, English left out; so many cells each."
    return section(
        f"Difference to {base['name']}, by language",
        _heat_map(scores_of(main), scores_of(base)),
        f"<h3>By language family and script</h3>{table(headings, rows, note=note)}" if rows else "",
    )


def _colors(count: int, reference: int | None) -> list[int]:
    """The reference is grey (1), the others take the remaining colours in turn."""
    free = iter([0, *range(2, PLOTTED + 1)])
    return [1 if at == reference else next(free, 1) for at in range(count)]


def _summary(runs: Sequence[Run], reference: int | None) -> str:
    keys = measures_of(*(scores for _, scores in runs))
    note = "Percent: accuracy or F1, in question answering the mean of F1 and exact match; averages over languages."
    if len(runs) == 2 and reference is not None:
        other, base = runs[1 - reference][1], runs[reference][1]
        headings = ["", *(name for name, _ in runs), "difference", "difference without English"]
        rows = [
            [
                *_row(key, runs),
                _change(difference(other, base, key)),
                _change(difference(other, base, f"{key}/transfer")) if key in TASKS else cell(""),
            ]
            for key in keys
        ]
    else:
        headings, rows = ["", *(name for name, _ in runs)], [_row(key, runs) for key in keys]
    return rich_table(headings, _spaced(keys, rows), note=note)


def _row(key: str, runs: Sequence[Run]) -> list[str]:
    return [cell(key), *(cell(number(headline(scores, key))) for _, scores in runs)]


def _spaced(keys: Sequence[str], rows: Sequence[list[str]]) -> list[list[str]]:
    """Empty rows between tasks, groups and overall."""
    spaced: list[list[str]] = []
    for at, (key, row) in enumerate(zip(keys, rows, strict=True)):
        if at and (key in TASKS, key in GROUPS) != (keys[at - 1] in TASKS, keys[at - 1] in GROUPS):
            spaced.append([])
        spaced.append(row)
    return spaced


def _difference_table(runs: Sequence[Run], reference: int) -> str:
    base = runs[reference][1]
    others = [run for at, run in enumerate(runs) if at != reference]
    keys = measures_of(*(scores for _, scores in runs))
    rows = [[cell(key), *(_change(difference(scores, base, key)) for _, scores in others)] for key in keys]
    headings = ["", *(name for name, _ in others)]
    return section(f"Difference to {runs[reference][0]}", rich_table(headings, _spaced(keys, rows), kind="heat"))


def _change(points: float | None) -> str:
    return heat_cell(number(points, sign=True), points)


def _bars_caption(runs: Sequence[Run]) -> str:
    chance = [f"{value:.1f} in {task}" for task, value in CHANCE.items() if any(task in scores for _, scores in runs)]
    return f"Means over the languages of each task.{f' Dashed: chance, {listing(chance)}.' if chance else ''}"


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
    return rich_table(["", "family", "script", *tasks], rows, kind="heat languages", note=note)


def _gap_section(runs: Sequence[Run], colors: Sequence[int]) -> str:
    svg = plots.gaps(runs, colors)
    caption = (
        "Hollow: English, the language of fine-tuning. Filled: mean of the other languages. The line between them is "
        "the transfer gap. Retrieval has no English column."
    )
    return section("Transfer gap", figure(svg, caption)) if svg else ""


def _language_table(manifest: Manifest) -> str:
    scores = scores_of(manifest)
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
        [cell(name), *(cell(number(headline(scores, key.format(task)))) for task in tasks)]
        for name, key in means.items()
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
