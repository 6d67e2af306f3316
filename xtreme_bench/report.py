"""What a person reads about runs: text for the terminal here, the page in `page`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from xtreme_bench import audit_text, compare, tables
from xtreme_bench.benchmark import TASKS
from xtreme_bench.check import Report
from xtreme_bench.claims import Manifest, Scores, reference_of, scores_of, trained, zero_shot
from xtreme_bench.findings import count
from xtreme_bench.page import write_comparison_page, write_page
from xtreme_bench.plan import TRAINS, Plan
from xtreme_bench.progress import duration
from xtreme_bench.stage import Folder, Stage
from xtreme_bench.store import Store
from xtreme_bench.tables import cell
from xtreme_bench.verdict import expectations, verdict

if TYPE_CHECKING:
    from xtreme_bench.run import Outcome

__all__ = [
    "check_text", "comparison_text", "plan_table", "score_table", "summary_table", "terminal", "write_comparison_page",
    "write_page",
]  # fmt: skip

SHOWN = 20


def terminal(outcome: Outcome) -> str:
    """What a run found: scores by language, the summary beside the baseline, expectations, what was trained on."""
    main = outcome.main.manifest
    before = outcome.baseline.manifest if outcome.baseline else None
    parts = [f"{main['name']}: {' '.join(outcome.main.plan.recipe.description.split())}"]
    if scores_of(main):
        runs = [(one["name"], scores_of(one)) for one in (main, before) if one]
        parts += [tables.language_table(scores_of(main)), tables.summary_table(runs, 1 if before else None)]
    parts += [_languages_text(main), _audit_text(main), _expect_text(main, before), "\n".join(verdict(main, before))]
    return "\n\n".join(part for part in parts if part)


def _languages_text(manifest: Manifest) -> str:
    lines = [f"  {what}: {' '.join(languages)}" for what, languages in trained(manifest)]
    seen: dict[str, list[str]] = {}
    for task, target in TASKS.items():
        known = [code for code in target.languages if target.file(code) in manifest["files"]]
        if known := [code for code in known if code not in zero_shot(manifest, task)]:
            seen.setdefault(" ".join(known), []).append(task)
    but = "; ".join(f"{codes} in {', '.join(tasks)}" for codes, tasks in seen.items())
    return "\n".join(["trained on", *lines, f"zero-shot: everything{f' but {but}' if but else ''}"])


def _audit_text(manifest: Manifest) -> str:
    facts = manifest.get("audit")
    found = audit_text.lines(facts) if facts else []
    return "\n".join(["to know of the corpora", *(f"  {line}" for line in found)]) if found else ""


def _expect_text(main: Manifest, before: Manifest | None) -> str:
    rows = [[line.state, line.name, line.wanted, f"found {cell(line.found, 2)}"] for line in expectations(main, before)]
    return f"expect\n{tabulate(rows, tablefmt='plain', disable_numparse=True)}" if rows else ""


def plan_table(plans: Sequence[Plan], store: Store) -> str:
    """The stages of recipes, shared ones once: what is done, how long it took, and what is missing to go on."""
    stages = list({stage.key: stage for one in plans for stage in one.stages}.values())
    records = [store.record(stage.key) for stage in stages]
    rows = [
        [number, stage.name, stage.kind, *_state(stage, record), _work(stage), stage.key[:12]]
        for number, (stage, record) in enumerate(zip(stages, records, strict=True), 1)
    ]
    headings = ("", "stage", "kind", "state", "took", "work", "key")
    done = [record for record in records if record is not None]
    took = duration(sum(map(_seconds, done)))
    lines = [
        tabulate(rows, headers=headings, disable_numparse=True),
        "",
        f"{len(done)} of {count(len(stages), 'stage')} done{f' in {took} of computing' if done else ''}; "
        f"to do: {_to_do(stages, records)}",
    ]
    return "\n".join([*lines, *_lacking(plans)])


def _state(stage: Stage, record: Mapping[str, Any] | None) -> tuple[str, str]:
    if record is not None:
        return "done", duration(_seconds(record))
    lacks = any(isinstance(source, Folder) and source.key == "missing" for source in stage.inputs.values())
    return ("cannot run: files are missing" if lacks else "to do: not in the store"), ""


def _seconds(record: Mapping[str, Any]) -> float:
    return float(record.get("seconds") or 0.0)


def _work(stage: Stage) -> str:
    """How much a stage has to do, as far as the recipe says."""
    params = stage.params
    if stage.kind in TRAINS:
        length = f"{params['steps']:,} steps" if params.get("steps") else f"{params.get('epochs'):g} epochs"
        return f"{length} in batches of {params['batch']}"
    return count(len(params["languages"]), "language") if stage.kind in ("predict", "retrieve") else ""


def _to_do(stages: Sequence[Stage], records: Sequence[Mapping[str, Any] | None]) -> str:
    waiting = [stage for stage, record in zip(stages, records, strict=True) if record is None]
    if not waiting:
        return "nothing"
    training = [stage for stage in waiting if stage.kind in TRAINS]
    examples = [stage.params["steps"] * stage.params["batch"] for stage in training if stage.params.get("steps")]
    known = f" with {sum(examples):,} training examples" if examples and len(examples) == len(training) else ""
    return f"{len(waiting)}, of which {len(training)} train{known}"


def _lacking(plans: Iterable[Plan]) -> list[str]:
    plans = list(plans)
    weights = dict.fromkeys(f"weights to fetch from the hub first: {one.weights}" for one in plans if one.weights)
    missing = list(dict.fromkeys(problem for one in plans for problem in one.missing))
    lines = [*weights, *(["not there:"] if missing else []), *(f"  {problem}" for problem in missing[:SHOWN])]
    if len(missing) > SHOWN:
        lines.append(f"  {len(missing) - SHOWN:,} more")
    unscored = [one.recipe.name for one in plans if one.score is None]
    if unscored:
        lines.append(f"no gold labels, so no scores: {', '.join(unscored)} (give their folder with --labels)")
    return lines


def score_table(scores: Scores) -> str:
    """Scores of one folder of predictions: by language, then by task, group and overall."""
    return f"{tables.language_table(scores)}\n\n{tables.summary_table([('score', scores)])}"


def check_text(result: Report) -> str:
    """The problems and notes of a check, and what was checked against what."""
    found = count(len(result.problems), "problem") if result.problems else "no problems"
    covered = sum(map(len, result.coverage.values()))
    kind = "partial bundle" if result.partial else "complete bundle"
    summary = (
        f"{kind}, {count(covered, 'file')} of {count(len(result.coverage), 'task')}; sizes from {result.sizes_from}"
    )
    return "\n".join(
        [
            *(f"problem: {problem}" for problem in result.problems),
            *(f"note: {note}" for note in result.notes),
            f"{found}: {summary}",
        ]
    )


def comparison_text(comparison: Mapping[str, Any]) -> str:
    """Tables of a comparison made by `compare.compare`: by task, by language, by language family and script."""
    parts = [
        tabulate(rows, headers=headings, stralign="right", colalign=("left",), disable_numparse=True)
        for headings, rows in (f(comparison) for f in (compare.table, compare.language_table, compare.group_table))
        if rows
    ]
    for side in ("a", "b"):
        for task, languages in comparison[f"only_{side}"].items():
            parts.append(f"only {comparison[side]} has {task} in {' '.join(languages)}")
    head = f"{comparison['a']} (a) and {comparison['b']} (b); differences are b minus a, in points"
    return "\n\n".join([head, *(parts or ["there is no task and language that both have a score for"])])


def summary_table(manifests: Sequence[Manifest]) -> str:
    """Bundles side by side: tasks, groups, overall, and differences to the one that is the others' baseline."""
    return tables.summary_table([(one["name"], scores_of(one)) for one in manifests], reference_of(manifests))
