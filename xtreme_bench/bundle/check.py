"""Check a bundle before scoring: report every fault with its task, language and line."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import OVERALL, TASKS, Group, of_group
from xtreme_bench.bundle.format import entry_size, parse_manifest
from xtreme_bench.bundle.paths import MANIFEST, known_path, path_problem
from xtreme_bench.bundle.read import Contents, opened
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.official.findings import Size, listed
from xtreme_bench.official.gold import gold_path
from xtreme_bench.official.predictions import examine
from xtreme_bench.official.sizes import data_size, has_data, label_size, merged, published_size
from xtreme_bench.wording import count, quoted

Place = tuple[str, str]

MOST_INSIDE = 20  # bundles of a folder that are named
UNKNOWN = "not known"  # in place of the source of a size
# What is wrong with a file that a manifest lists.
MISSING = "listed in the manifest, but missing"
CHANGED = "changed since the manifest was written: its sha256 differs"


@dataclass(frozen=True)
class Report:
    """What a check found.

    `problems`: the faults; a good bundle has none. `notes`: remarks that are not faults. `sizes_from`: the source of
    the expected number of records. `coverage`: task -> languages that have predictions.
    """

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    sizes_from: str
    coverage: Mapping[str, tuple[str, ...]]

    @property
    def partial(self) -> bool:
        """Whether the bundle lacks a task or a language of XTREME."""
        return any(self.coverage.get(name) != TASKS[name].languages for name in OVERALL)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values, for `--json`."""
        return {
            "problems": [vars(problem) | {"text": str(problem)} for problem in self.problems],
            "notes": list(self.notes),
            "sizes_from": self.sizes_from,
            "coverage": {task: list(languages) for task, languages in self.coverage.items()},
            "partial": self.partial,
        }


def check(bundle: Path, *, labels: Path | None = None, data: Path | None = None) -> Report:
    """Check a bundle's folder or zip against its manifest, gold labels, test data, or the published sizes.

    The first of these sources that knows a size decides it. It is also a problem when the manifest disagrees with the
    labels or the data. The report holds the faults of the bundle itself. Errors: `InputError` when there is no bundle,
    or several, or the labels or data cannot be read.
    """
    _require_one(bundle)
    for given, option in ((labels, "--labels"), (data, "--data")):
        if given is not None and not given.is_dir():
            raise InputError(f"{given}: no such folder; {option} takes a folder")
        if given is not None and not any((given / task).is_dir() for task in TASKS):
            raise InputError(
                f"{given}: has no folder of a task; {option} takes the folder that contains the task folders"
            )
    with opened(bundle) as contents:
        manifest, problems = _manifest(contents)
        files = {place: name for name in contents.names if (place := known_path(name))}
        files = {place: files[place] for place in _places() if place in files}
        problems += [*contents.problems, *_other_files(bundle, contents, manifest)]
        # Use the published sizes only without a manifest: an unreadable manifest may describe a smaller sample.
        bare = MANIFEST not in {*contents.names, *(problem.file for problem in contents.problems)}
        notes = ["no manifest: nothing says what was run, or what each file holds"] if bare else []
        known = {place: _known_size(place, manifest, labels, data, published=bare) for place in files}
        problems += _missing_files(files, contents, manifest, labels, data) if manifest or bare else []
        for place, name in files.items():
            size, conflicts = known[place]
            found, remarks = _examine(contents, name, place, size, manifest)
            problems += [*conflicts, *found]
            notes += remarks
    sizes = {place: size for place, (size, _) in known.items()}
    coverage = _coverage(files)
    notes += [*_coverage_notes(coverage), *_size_notes(sizes)]
    return Report(tuple(problems), tuple(notes), _sources(sizes), coverage)


def _require_one(bundle: Path) -> None:
    """Errors: `InputError` for a folder of bundles, as a run of several seeds leaves it."""
    inside = sorted(path.parent for path in bundle.glob(f"*/{MANIFEST}") if path.parent.name not in TASKS)
    if inside and not (bundle / MANIFEST).exists():
        each = [Problem("a bundle", str(path)) for path in inside[:MOST_INSIDE]]
        raise InputError(
            f"{bundle}: {count(len(inside), 'bundle')} in a folder, one for each seed; give one alone", each
        )


def _places() -> list[Place]:
    return [(task.name, language) for task in TASKS.values() for language in task.languages]


def _manifest(contents: Contents) -> tuple[dict[str, Any] | None, list[Problem]]:
    return parse_manifest(contents.read(MANIFEST)) if MANIFEST in contents.names else (None, [])


def _other_files(bundle: Path, contents: Contents, manifest: Mapping[str, Any] | None) -> list[Problem]:
    """Faults of files that are neither predictions nor the manifest. A bundle folder may also hold its own zip."""
    problems: list[Problem] = []
    own_zip = f"{manifest['name']}.zip" if manifest and bundle.is_dir() else None
    for name in contents.names:
        if name == own_zip:
            problems += _zip_differences(bundle / name, contents)
        elif name != MANIFEST and known_path(name) is None:
            problems.append(path_problem(name))
    return problems


def _zip_differences(path: Path, contents: Contents) -> list[Problem]:
    """A problem if the zip in a bundle's folder differs from the folder."""
    expected = {name for name in contents.names if name != path.name}
    try:
        with opened(path) as packed:
            odd = set(packed.names) ^ expected
            odd |= {name for name in expected - odd if packed.read(name) != contents.read(name)}
            odd |= {str(problem.file) for problem in packed.problems}
    except InputError as error:
        return [Problem(str(error), path.name)]
    message = f"the zip differs from the folder ({listed(sorted(odd))}); make the zip again"
    return [Problem(message, path.name)] if odd else []


def _known_size(
    place: Place, manifest: Mapping[str, Any] | None, labels: Path | None, data: Path | None, *, published: bool
) -> tuple[Size, list[Problem]]:
    """The expected size of one file, and a problem if the manifest contradicts the labels or the data."""
    task, language = place
    name = TASKS[task].file(language)
    tested = data_size(data, task, language) if data else Size()
    given = merged(label_size(labels, task, language, tested.pool) if labels else Size(), tested)
    if manifest is None:
        return merged(given, published_size(task, language) if published else Size()), []
    if name not in manifest["files"]:
        return given, []
    stated = entry_size(manifest["files"][name])
    conflict = _conflict(stated, given)
    if conflict is None:
        return merged(stated, given), []
    return merged(given, stated), [Problem(conflict, name, task=task, language=language)]


def _conflict(stated: Size, given: Size) -> str | None:
    if None not in (stated.records, given.records) and stated.records != given.records:
        return f"the manifest says {count(stated.records or 0, 'record')}, {given.source} {given.records or 0:,}"
    if None not in (stated.lengths, given.lengths) and stated.lengths != given.lengths:
        return f"the manifest and {given.source} have different sentence lengths"
    if None not in (stated.ids_sha256, given.ids_sha256) and stated.ids_sha256 != given.ids_sha256:
        return f"the manifest and {given.source} have different question ids"
    return None


def _missing_files(
    files: Mapping[Place, str],
    contents: Contents,
    manifest: Mapping[str, Any] | None,
    labels: Path | None,
    data: Path | None,
) -> list[Problem]:
    """Files that only the manifest or only the bundle has. Without a manifest: missing languages of each task."""
    if not files:
        return [Problem("the bundle has no predictions; expected `<task>/test-<language>.<tsv|json>`")]
    if manifest is not None:
        listed_files = manifest["files"]
        present = {*files.values(), *(problem.file for problem in contents.problems)}
        missing = [about(name, MISSING) for name in listed_files if name not in present]
        return missing + [
            about(name, "not listed in the manifest") for name in files.values() if name not in listed_files
        ]
    problems = []
    for task in dict.fromkeys(task for task, _ in files):
        absent = [
            language
            for language in TASKS[task].languages
            if (task, language) not in files and _tested(task, language, labels, data)
        ]
        if absent:
            message = f"no predictions for {' '.join(absent)}; the official scorer stops with an error"
            problems.append(Problem(message, f"{task}/", None, task, absent[0] if len(absent) == 1 else None))
    return problems


def about(name: str, message: str) -> Problem:
    """A problem of a file that the manifest names. The name may be any text."""
    task, language = known_path(name) or (None, None)
    return Problem(message, quoted(name).strip("`"), task=task, language=language)


def is_changed(raw: bytes, entry: Mapping[str, Any]) -> bool:
    """Whether a file is not the one that an entry of a manifest is about."""
    return bool(hashlib.sha256(raw).hexdigest() != entry["sha256"])


def _tested(task: str, language: str, labels: Path | None, data: Path | None) -> bool:
    """Whether a task must have a language: by the given labels or data, or else by XTREME."""
    if labels is None and data is None:
        return True
    return bool(labels and gold_path(labels, task, language)) or bool(data and has_data(data, task, language))


def _examine(
    contents: Contents, name: str, place: Place, size: Size, manifest: Mapping[str, Any] | None
) -> tuple[list[Problem], list[str]]:
    task, language = place
    try:
        raw = contents.read(name)
    except InputError as error:
        return [Problem(str(error), name, task=task, language=language)], []
    found = examine(raw, task, language, size)
    entry = manifest["files"].get(name) if manifest else None
    if entry and not found.problems and is_changed(raw, entry):
        found.report(found.fault(CHANGED))
    return found.problems, found.notes


def _coverage(files: Mapping[Place, str]) -> dict[str, tuple[str, ...]]:
    tasks = {task: tuple(language for name, language in files if name == task) for task in TASKS}
    return {task: languages for task, languages in tasks.items() if languages}


def _coverage_notes(coverage: Mapping[str, Sequence[str]]) -> list[str]:
    absent = [task for task in OVERALL if task not in coverage]
    fewer = [
        f"{task} {len(languages)} of {len(TASKS[task].languages)}"
        for task, languages in coverage.items()
        if len(languages) < len(TASKS[task].languages)
    ]
    notes = [f"partial: no {', '.join(absent)}, so no overall score"] if absent else []
    return notes + ([f"partial: some languages are missing ({', '.join(fewer)})"] if fewer else [])


def _size_notes(sizes: Mapping[Place, Size]) -> list[str]:
    notes = []
    counted = [(size.records, published_size(*place).records) for place, size in sizes.items()]
    other = sum(None not in pair and pair[0] != pair[1] for pair in counted)
    if other:
        notes.append(
            f"{count(other, 'file')} with another size than XTREME's test set: not comparable with its leaderboard"
        )
    for group, (what, told) in _CONTENTS.items():
        unknown = {task for (task, _), size in sizes.items() if not told(size)}
        if names := ", ".join(task for task in of_group(group) if task in unknown):
            notes.append(f"{names}: {what} not checked; give --labels or --data to check them")
    return notes


# What is checked in a group besides the number of records, and whether it is known.
_CONTENTS: Mapping[Group, tuple[str, Callable[[Size], object]]] = {
    "tagging": ("sentence lengths", lambda size: size.lengths),
    "qa": ("question ids", lambda size: size.ids or size.ids_sha256),
    "dialogue": ("slots and values", lambda size: size.ontology),
}


def _sources(sizes: Mapping[Place, Size]) -> str:
    """The source of the number of records; several sources with their numbers of files."""
    sources = Counter(size.source or UNKNOWN for (task, _), size in sizes.items() if size.source or task != "bucc2018")
    if len(sources) <= 1:
        return next(iter(sources), UNKNOWN)
    return ", ".join(f"{source} ({count(number, 'file')})" for source, number in sources.most_common())
