"""The tables of `data status`: a row a task, or a row a language, then what to do about what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from xtreme_bench.benchmark import TASKS
from xtreme_bench.intermediate import parts_of
from xtreme_bench.report.status import RELEASES, Entry
from xtreme_bench.wording import cut, listing

LISTED = 8


def said(entries: Sequence[Entry], forms: Mapping[str, Sequence[str]], *, by_language: bool) -> str:
    """All entries as text; `forms` are the releases that `data prepare` found, by corpus."""
    tables = [_by_language(entries)] if by_language else [_by_task(entries, forms)]
    faults = [f"{one.task} {one.split} {one.language}: {each}" for one in entries for each in _faults(one)]
    if faults:
        tables.append("\n  ".join(["Wrong:", *cut(faults, LISTED, "; --json FILE has all")]))
    lacking = [task for task in _tasks(entries) if any(not one.found for one in entries if one.task == task)]
    if lacking:
        lines = [f"  {task}: {RELEASES[task]}" for task in lacking]
        how = "Missing, made from these releases by `xtreme-bench data prepare RELEASES --to FOLDER`:"
        tables.append("\n".join([how, *lines]))
    return "\n\n".join(tables)


def _tasks(entries: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(one.task for one in entries))


def _faults(entry: Entry) -> list[str]:
    """What is wrong, without what is only not there."""
    return [each for each in entry.problems if not each.startswith(("missing: ", "no gold labels"))]


def _by_task(entries: Sequence[Entry], forms: Mapping[str, Sequence[str]]) -> str:
    rows = [
        _task_row(task, split, [one for one in entries if (one.task, one.split) == (task, split)], forms)
        for task in _tasks(entries)
        for split in dict.fromkeys(one.split for one in entries if one.task == task)
    ]
    headings = ["task", "split", "found", "records", "published", "as published", "checksum", "labels", "from"]
    return tabulate(rows, headers=headings, disable_numparse=True, colalign=_align("lllrrlll", "l"))


def _align(letters: str, *more: str) -> list[str]:
    return [{"l": "left", "r": "right"}[letter] for letter in (*letters, *more)]


def _task_row(task: str, split: str, entries: Sequence[Entry], forms: Mapping[str, Sequence[str]]) -> list[str]:
    there = [one for one in entries if one.found]
    known = [one.published for one in entries if one.published is not None]
    total = f"{sum(known):,}" if len(known) == len(entries) else f"{sum(known):,} or more" if known else "not known"
    records = sum(one.records or 0 for one in there)
    made_from = dict.fromkeys(form for part in parts_of(task) for form in forms.get(part, ()))
    return [
        task,
        split,
        f"{len(there)} of {len(entries)}",
        f"{records:,}" if there else "–",
        total,
        _agreement(there),
        _counted([one.checksum or "" for one in there]),
        f"{sum(one.labels is not None for one in entries)} of {len(entries)}" if split == "test" else "",
        (", ".join(made_from) or "download layout") if there else "",
    ]


def _agreement(entries: Sequence[Entry]) -> str:
    differ = sum(one.differs for one in entries)
    unknown = sum(one.published is None or one.records is None for one in entries)
    same = len(entries) - differ - unknown
    parts = [("yes", same), ("no", differ), ("not known", unknown)]
    return ", ".join(f"{word} {number}" if len(entries) > 1 else word for word, number in parts if number)


def _counted(states: Sequence[str]) -> str:
    found = {state: states.count(state) for state in dict.fromkeys(states)}
    return next(iter(found)) if len(found) == 1 else ", ".join(f"{state} {number}" for state, number in found.items())


def _by_language(entries: Sequence[Entry]) -> str:
    rows = [
        [
            one.task,
            one.split,
            one.language,
            listing(one.files, most=1),
            "–" if one.records is None else f"{one.records:,}",
            "not known" if one.published is None else f"{one.published:,}",
            _note(one),
            one.checksum or "",
            "" if one.labels is None else f"{one.labels:,}",
        ]
        for one in entries
    ]
    headings = ["task", "split", "language", "file", "records", "published", "", "checksum", "labels"]
    return tabulate(rows, headers=headings, disable_numparse=True, colalign=_align("llllrrllr"))


def _note(entry: Entry) -> str:
    if not entry.found:
        return "missing"
    if entry.records is None:
        return "faulty"
    if entry.differs:
        return f"{entry.records - (entry.published or 0):+,}"
    return "no labels" if entry.split == "test" and entry.task in TASKS and entry.labels is None else ""
