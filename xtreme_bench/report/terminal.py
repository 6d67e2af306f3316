"""What a person reads about runs: text for the terminal here, the page in `page`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.check import UNKNOWN, Report
from xtreme_bench.bundle.lenient import Lenient
from xtreme_bench.bundle.manifest import ACCEPTED
from xtreme_bench.report import audit, tables
from xtreme_bench.report import manifest_differences as differences
from xtreme_bench.report.claims import (
    Manifest,
    Scores,
    accepted,
    claimed,
    near,
    origins,
    reference_of,
    scores_of,
    trained,
    tuned,
    whose_scores,
    zero_shot,
)
from xtreme_bench.report.page import write_comparison_page, write_page
from xtreme_bench.report.tables import cell
from xtreme_bench.report.verdict import expectations, verdict
from xtreme_bench.report.versus import NOT_TESTED, Versus
from xtreme_bench.wording import count

if TYPE_CHECKING:
    from xtreme_bench.run.outcome import Outcome

__all__ = [
    "bundles_text", "check_text", "comparison_text", "lenient_text", "score_table", "terminal",
    "write_comparison_page", "write_page",
]  # fmt: skip


def terminal(outcome: Outcome, tested: Versus = NOT_TESTED) -> str:
    """What a run found: scores by language, the summary beside the baseline, expectations, what was trained on."""
    main = outcome.main.manifest
    before = outcome.baseline.manifest if outcome.baseline else None
    parts = [f"{main['name']}: {' '.join(outcome.main.plan.recipe.description.split())}"]
    if scores_of(main):
        runs = [(one["name"], scores_of(one)) for one in (main, before) if one]
        parts += [
            tables.language_table(scores_of(main), origins(main)),
            tables.summary_table(runs, 1 if before else None),
        ]
        parts += ["\n".join(line for one in (main, before) if one for line in tables.chosen_layer(one))]
        parts += tuned(one for one in (main, before) if one)
    parts += [_accepted_text(one) for one in (main, before) if one]
    parts += [_languages_text(main), _audit_text(main), _expect_text(main, before)]
    parts.append("\n".join(verdict(main, before, tested)))
    return "\n\n".join(part for part in parts if part)


def _languages_text(manifest: Manifest) -> str:
    lines = [f"  {what}: {' '.join(languages)}" for what, languages in trained(manifest)]
    seen: dict[str, list[str]] = {}
    for task, target in TASKS.items():
        known = [code for code in target.languages if target.file(code) in manifest["files"]]
        if known := [code for code in known if code not in zero_shot(manifest, task)]:
            seen.setdefault(" ".join(known), []).append(task)
    but = "; ".join(f"{codes} in {', '.join(tasks)}" for codes, tasks in seen.items())
    marked = [f"  {mark}: {' '.join(codes)}" for mark, codes in near(manifest)]
    beside = ["scored languages beside those of intermediate training", *marked] if marked else []
    return "\n".join(["trained on", *lines, f"zero-shot: everything{f' but {but}' if but else ''}", *beside])


def _accepted_text(manifest: Manifest) -> str:
    lines = [f"  {name}: {differs}" for name, differs in accepted(manifest)]
    return "\n".join([f"results of {manifest['name']} {ACCEPTED}", *lines]) if lines else ""


def _audit_text(manifest: Manifest) -> str:
    facts = manifest.get("audit")
    found = audit.lines(facts) if facts else []
    return "\n".join(["notes on the corpora", *(f"  {line}" for line in found)]) if found else ""


def _expect_text(main: Manifest, before: Manifest | None) -> str:
    rows = [[line.state, line.name, line.wanted, f"found {cell(line.found, 2)}"] for line in expectations(main, before)]
    return f"expect\n{tabulate(rows, tablefmt='plain', disable_numparse=True)}" if rows else ""


def score_table(scores: Scores) -> str:
    """Scores of one folder of predictions: by language, then by task, group and overall."""
    return f"{tables.language_table(scores)}\n\n{tables.summary_table([('score', scores)])}"


def lenient_text(result: Lenient) -> str:
    """Lenient scores; the text says so above and below the table."""
    faults, stops = len(result.warnings), len(result.stops)
    parts = [
        "lenient: scored as the official scorer would, without refusing faults",
        score_table(result.scores) if result.scores else "the official scorer would score no file",
        f"lenient: {count(faults, 'fault')} listed as warnings"
        + (
            f"; the official scorer would end without a score at {count(stops, 'file')}, so means are left out"
            if stops
            else ""
        ),
    ]
    return "\n\n".join(parts)


def check_text(result: Report) -> str:
    """The problems and notes of a check, and what was checked."""
    found = count(len(result.problems), "problem") if result.problems else "no problems"
    covered = sum(map(len, result.coverage.values()))
    kind = "partial bundle" if result.partial else "complete bundle"
    sizes = UNKNOWN if result.sizes_from == UNKNOWN else f"from {result.sizes_from}"
    summary = f"{kind}, {count(covered, 'file')} of {count(len(result.coverage), 'task')}; sizes {sizes}"
    return "\n".join(
        [
            *(f"problem: {problem}" for problem in result.problems),
            *(f"note: {note}" for note in result.notes),
            f"{found}: {summary}",
        ]
    )


def comparison_text(comparison: Mapping[str, Any]) -> str:
    """Tables of what `manifest_differences` found: by task, by language, by language family and script."""
    parts = [
        tabulate(rows, headers=headings, stralign="right", colalign=("left",), disable_numparse=True)
        for headings, rows in (
            made(comparison) for made in (differences.table, differences.language_table, differences.group_table)
        )
        if rows
    ]
    for side in ("a", "b"):
        for task, languages in comparison[f"only_{side}"].items():
            parts.append(f"only {comparison[side]} has {task} in {' '.join(languages)}")
    head = f"{comparison['a']} (a) and {comparison['b']} (b); differences are b minus a, in points"
    return "\n\n".join([head, *(parts or ["the two have no scored task and language in common"])])


def bundles_text(manifests: Sequence[Manifest], computed: Collection[int] = ()) -> str:
    """Bundles side by side: tasks, groups, overall, and differences to the one that is the others' baseline.

    `computed`: the indices of those whose scores were computed here; the others claim theirs.
    """
    runs = [(one["name"], scores_of(one)) for one in claimed(manifests, computed)]
    at = reference_of(manifests)
    about = tables.unequal(*(scores for _, scores in runs)) if at is not None else []
    return "\n".join([tables.summary_table(runs, at), "", *about, *tuned(manifests), whose_scores(manifests, computed)])
