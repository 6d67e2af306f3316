"""The part of the page that sets published scores beside those of a run, for tasks whose test sets are XTREME's."""

from __future__ import annotations

from collections.abc import Mapping

from xtreme_bench.benchmark import OVERALL, TASKS
from xtreme_bench.data.published import published
from xtreme_bench.official.published import SYSTEMS
from xtreme_bench.official.scores import headline
from xtreme_bench.report.claims import Manifest, scores_of
from xtreme_bench.report.markup import Section, paragraph, section, table
from xtreme_bench.report.tables import cell, tasks_of
from xtreme_bench.wording import listing


def published_section(manifest: Manifest) -> Section | None:
    """The run beside zero-shot systems of papers; says why, where a task has no published score beside it."""
    scores = scores_of(manifest)
    if not scores:
        return None
    tasks = [task for task in tasks_of(scores) if _is_whole(manifest, task)]
    others = [task for task in tasks_of(scores) if task not in tasks]
    why = f"No published scores are shown for {listing(others)}: this run does not have the whole test sets of XTREME."
    systems = [one for one in SYSTEMS if one.zero_shot]
    keys = [*tasks, *(["overall"] if set(tasks) == set(OVERALL) else [])]
    rows = [[key, cell(headline(scores, key)), *(cell(one.score(key)) for one in systems)] for key in keys]
    sources = [f"{one.name}: {one.source}{f' ({one.note})' if one.note else ''}." for one in systems]
    return section(
        "Published scores",
        paragraph(why) if others else None,
        table(("", manifest["name"], *(one.name for one in systems)), rows, note=" ".join(sources)),
    )


def _is_whole(manifest: Manifest, task: str) -> bool:
    """Whether a task was tested on XTREME's test sets: in all languages, with all records, no other set in place."""
    data, of = manifest["recipe"].get("data"), manifest["data"]
    if not isinstance(data, Mapping):  # anybody's recipe
        return False
    stand_ins = data.get("dev_as_test") or []
    if of.get("source") == "miniature" or data.get("sample") or not isinstance(stand_ins, list) or task in stand_ins:
        return False
    files = manifest["files"]
    found = {code: files.get(TASKS[task].file(code), {}).get("records") for code in TASKS[task].languages}
    # Of BUCC nobody publishes the pairs; of other files without a published size, that they are there must do.
    return all(
        size is not None and (task == "bucc2018" or published(task, "test", code) in (None, size))
        for code, size in found.items()
    )
