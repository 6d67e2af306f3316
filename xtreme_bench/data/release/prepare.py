"""Turn upstream releases into the download layout, with the gold labels of test sets in a folder of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import plausible
from xtreme_bench.data.layout import known
from xtreme_bench.data.release import dialogue, multiwoz, pairs, questions, retrieval, tagging, text, training
from xtreme_bench.data.release.archives import is_archive, unpacked
from xtreme_bench.data.release.found import find, passed_over
from xtreme_bench.data.release.journal import Journal
from xtreme_bench.data.release.params import ReleaseCorpus, Releases
from xtreme_bench.data.release.preparation import Preparation, size_and_time
from xtreme_bench.data.release.prepared import not_used
from xtreme_bench.data.release.recognition import Recognised, recognise
from xtreme_bench.data.release.spool import Spool
from xtreme_bench.data.release.treebanks import keep_one_release
from xtreme_bench.data.usable import MOST_UNUSABLE
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import InputError, Problem, first
from xtreme_bench.files import digest, write_json
from xtreme_bench.intermediate import CORPORA, preparers, readers_of
from xtreme_bench.stage import code
from xtreme_bench.stage.job import Job
from xtreme_bench.stage.loaded import named

NOTES = "prepare.json"
WORK = ".prepare"  # below the data folder: unpacked archives while they are needed, and what a resumed run needs
EVERYTHING = "everything"
Progress = Callable[[int, int, str], None]

# The order matters: SQuAD must not have passages of test sets, and text must have nothing that a test set contains.
STEPS: tuple[tuple[str, Callable[[Preparation], None]], ...] = (
    ("xnli", pairs.prepare_xnli),
    ("pawsx", pairs.prepare_pawsx),
    ("udpos", tagging.prepare_udpos),
    ("panx", tagging.prepare_panx),
    ("tatoeba", retrieval.prepare_tatoeba),
    ("bucc2018", retrieval.prepare_bucc),
    ("xquad", questions.prepare_xquad),
    ("mlqa", questions.prepare_mlqa),
    ("tydiqa", questions.prepare_tydiqa),
    ("woz", dialogue.prepare_woz),
    ("multiwoz", multiwoz.prepare_multiwoz),
    *((row.name, named(row.release.preparer)) for row in CORPORA.values() if row.release.preparer),
    ("xcopa", training.prepare_xcopa),
    ("text", text.prepare_text),
)
# Steps that depend on the results of all steps before them, not on their own files alone.
AFTER_OTHERS = frozenset({"squad_v1", "squad_v2", "text"})


def prepare(
    sources: Sequence[Path],
    to: Path,
    labels: Path,
    *,
    dev_as_test: Collection[str] = (),
    sample: int = 0,
    unusable: float = MOST_UNUSABLE,
    progress: Progress = lambda done, total, note: None,
) -> dict[str, Any]:
    """Write what the folders and archives `sources` hold to `to` (download layout) and `labels` (one folder per task).

    Files are recognised by their names and how they begin, wherever they lie; a folder in the download layout is a
    release like any other. `dev_as_test` names target tasks whose development set stands in for a test set without
    labels; what is cut from it for training or development is then no part of the test set. `sample` keeps that many
    test examples per language, 0 all. The share `unusable` of a training file's rows may be unusable: they are left
    out and counted; in test data one is an error. A second run keeps what is there already and would not change.

    Returns the notes that are also written to `<to>/prepare.json`: per corpus the forms that were found, what it was
    made from, how many examples each file has, where it differs from XTREME's, the files that were not used, and what
    is far less than is published (`too_few`, for `plausible.require_enough`).

    Errors: `InputError` when a source is missing, hostile or malformed, or nothing in it is recognised.
    """
    return _prepare(sources, to, labels, to / WORK, dev_as_test, sample, unusable, progress)


def _require_apart(sources: Sequence[Path], to: Path | None, labels: Path | None) -> None:
    """Results inside a source would be taken for releases by the next run; labels inside the data would be readable."""
    problems = [
        Problem(f"lies in the folder of releases {source}; choose a place outside it", file=str(folder))
        for folder in (to, labels)
        for source in sources
        if folder and folder.resolve().is_relative_to(source.resolve())
    ]
    if to and labels and labels.resolve().is_relative_to(to.resolve()):
        problems.append(Problem(f"lies in the data folder {to}, which training reads", file=str(labels)))
    if problems:
        raise InputError("results cannot be written there", problems)


def make_corpus(job: Job[ReleaseCorpus]) -> dict[str, Any]:
    """Stage: the data folder from the releases (input `releases`).

    Errors: as `prepare`, and for a file that was perhaps meant for what the recipe needs, but is not one; and if it
    gives far fewer records than are published, unless the parameter `partial` is set.
    """
    return _stage(job, job.out, None, job.params.used)


def make_labels(job: Job[Releases]) -> dict[str, Any]:
    """Stage: the gold labels of the corpus that `make_corpus` makes from the same releases and parameters."""
    return _stage(job, None, job.out)


def _stage(job: Job[Releases], to: Path | None, labels: Path | None, used: Usage | None = None) -> dict[str, Any]:
    params = job.params
    options = (params.dev_as_test, params.sample, params.unusable)
    notes = _prepare([job.inputs["releases"]], to, labels, job.work, *options, job.progress, used)
    if not params.partial:
        plausible.require_enough(notes["too_few"], "the releases")
    return notes


def _prepare(
    sources: Sequence[Path],
    to: Path | None,
    labels: Path | None,
    work: Path,
    dev_as_test: Collection[str],
    sample: int,
    unusable: float,
    progress: Progress,
    used: Usage | None = None,
) -> dict[str, Any]:
    _require_apart(sources, to, labels)
    for name in dev_as_test:
        known(name, tuple(TASKS), "task in dev_as_test")
    journal = Journal(work / "journal.json", [folder for folder in (to, labels) if folder])
    listed = find(sources)
    options = {
        "dev_as_test": sorted(dev_as_test),
        "sample": sample,
        "unusable": unusable,
        "to": [str(folder.resolve()) if folder else None for folder in (to, labels)],
        "code": code.digest(f"{__name__}:", *preparers(), *readers_of(CORPORA)),
        "corpora": [row.prepared_from for row in CORPORA.values()],
    }
    skipped = passed_over(sources)
    key = digest([[(name, size_and_time(path)) for name, path in listed], skipped, options])
    done = journal.notes(EVERYTHING, key)
    if done is not None:
        progress(len(STEPS), len(STEPS), "already prepared, and nothing has changed")
        return done
    found = recognise(_files(listed, work / "unpacked", progress))
    found.others += skipped
    _require_data(found, sources, used)
    keep_one_release(found)
    preparation = Preparation(found, to, labels, Spool(work / "spool"), frozenset(dev_as_test), sample, unusable)
    tasks = _run_steps(preparation, journal, options, progress)
    notes = {
        "dev_as_test": sorted(dev_as_test),
        "sample": sample,
        "found": found.summary(),
        "tasks": tasks,
        "too_few": plausible.of_notes(tasks, dev_as_test, sample),
        "not_used": not_used(found, tasks),
    }
    if to is not None:
        write_json(to / NOTES, notes)
    shutil.rmtree(work / "unpacked", ignore_errors=True)
    journal.record(EVERYTHING, key, notes, journal.written(name for name, _ in STEPS))
    return notes


def _files(listed: Sequence[tuple[str, Path]], unpack_to: Path, progress: Progress) -> list[tuple[str, Path]]:
    """The files of all sources, including those inside archives."""
    files: list[tuple[str, Path]] = []
    for name, path in listed:
        if is_archive(name):
            progress(0, len(STEPS), f"unpacking {name}")
            files += unpacked(path, name, unpack_to)
        else:
            files.append((name, path))
    return files


def _require_data(found: Recognised, sources: Sequence[Path], used: Usage | None) -> None:
    """Refuse files that are surely not what their names say, needed files that perhaps are not, and empty sources."""
    if faults := found.imposters if used is None else found.lacking(used):
        message = "these files are not what their names say: get them again, or remove them"
        raise InputError(message, first(faults))
    if not found.matches:
        names = ", ".join(str(source) for source in sources)
        message = f"no file below {names} is what a release of XTREME's corpora holds"
        raise InputError(message, first([Problem(line) for line in not_used(found, {})]))


def _run_steps(
    preparation: Preparation, journal: Journal, options: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Run the steps whose inputs, options or code have changed since the journal was written; returns all notes."""
    tasks: dict[str, Any] = {}
    before: list[str] = []
    for done, (name, step) in enumerate(STEPS):
        inputs = preparation.found.inputs(name, *_borrowed(name))
        key = digest([inputs, dict(options), before if name in AFTER_OTHERS else []])
        before.append(key)
        notes = journal.notes(name, key)
        if notes is None:
            journal.discard(name)
            preparation.begin(name, partial(_tell, progress, done, name))
            try:
                step(preparation)
            except InputError as error:
                raise preparation.by_names(error) from error
            preparation.spool.end()
            notes = preparation.notes.to_dict()
            journal.record(name, key, notes, preparation.written)
        elif inputs:
            progress(done, len(STEPS), f"{name}: prepared before")
        tasks |= notes
    progress(len(STEPS), len(STEPS), "")
    return dict(sorted(tasks.items()))


def _borrowed(step: str) -> tuple[str, ...]:
    """Other corpora from which a step makes training data in other languages than English."""
    return CORPORA[step].release.borrows if step in CORPORA else ()


def _tell(progress: Progress, done: int, step: str, file: str) -> None:
    progress(done, len(STEPS), f"{step}: {file}")
