"""Turn upstream releases into the download layout, with the gold labels of test sets in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.layout import known
from xtreme_bench.data.release_pairs import prepare_pairs
from xtreme_bench.data.release_questions import prepare_questions
from xtreme_bench.data.release_retrieval import prepare_retrieval
from xtreme_bench.data.release_tagging import prepare_tagging
from xtreme_bench.data.release_training import prepare_intermediate, prepare_text
from xtreme_bench.data.releases import Preparation, find, write_json
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.job import Job

NOTES = "prepare.json"
# In this order: SQuAD must not have passages of test sets, and text is what no test set contains.
_STEPS: tuple[tuple[str, Callable[[Preparation], None]], ...] = (
    ("sentence pairs", prepare_pairs),
    ("tagging", prepare_tagging),
    ("retrieval", prepare_retrieval),
    ("questions", prepare_questions),
    ("intermediate tasks", prepare_intermediate),
    ("text", prepare_text),
)


def prepare(
    sources: Sequence[Path], to: Path, labels: Path, *, dev_as_test: Collection[str] = (), sample: int = 0
) -> dict[str, Any]:
    """Write what the folders `sources` hold to `to` (download layout) and `labels` (one folder per task).

    Files are recognised by their names, wherever they lie below the folders; a folder in the download layout is a
    release like any other. `dev_as_test` names target tasks whose development set stands in for a test set without
    labels; what is cut from it for training or development is then no part of the test set. `sample` keeps that many
    test examples per language, 0 all. Returns the notes that are also written to `<to>/prepare.json`: per task what it
    was made from, how many examples each file has, and where it is not what XTREME has.

    Errors: `InputError` when a source is missing or malformed, or nothing in it is known.
    """
    return _prepare(sources, to, labels, dev_as_test, sample, lambda done, total, note: None)


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


def make_corpus(job: Job) -> dict[str, Any]:
    """Stage: the data folder from the releases (input `releases`; parameters `dev_as_test`, `sample`)."""
    return _stage(job, job.out, None)


def make_labels(job: Job) -> dict[str, Any]:
    """Stage: the gold labels that belong to what `make_corpus` makes of the same releases and parameters."""
    return _stage(job, None, job.out)


def _stage(job: Job, to: Path | None, labels: Path | None) -> dict[str, Any]:
    options = (job.params.get("dev_as_test", ()), job.params.get("sample", 0))
    return _prepare([job.inputs["releases"]], to, labels, *options, job.progress)


def _prepare(
    sources: Sequence[Path],
    to: Path | None,
    labels: Path | None,
    dev_as_test: Collection[str],
    sample: int,
    progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    _require_apart(sources, to, labels)
    for name in dev_as_test:
        known(name, tuple(TASKS), "task in dev_as_test")
    preparation = Preparation(find(sources), to, labels, frozenset(dev_as_test), sample)
    for done, (name, step) in enumerate(_STEPS):
        progress(done, len(_STEPS), name)
        step(preparation)
    progress(len(_STEPS), len(_STEPS), "done")
    if not preparation.made_from:
        names = ", ".join(str(source) for source in sources)
        raise InputError(f"no file below {names} has a name that a release of XTREME's data sets has")
    notes = {"dev_as_test": sorted(dev_as_test), "sample": sample, "tasks": preparation.notes()}
    if to is not None:
        write_json(to / NOTES, notes)
    return notes
