"""Results in the JSON of other projects, for those tasks whose test data and metric agree with theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError
from xtreme_bench.export import lm_eval, mteb
from xtreme_bench.export.folders import fresh
from xtreme_bench.export.run import Run, read
from xtreme_bench.files import write_json
from xtreme_bench.wording import listing

Files = Mapping[str, Any]
Languages = Mapping[str, tuple[str, ...]]


def write(bundle: Path, to: Path, form: str, labels: Path | None) -> tuple[list[Path], list[str]]:
    """Write the results of a bundle to the new folder `to`; returns the files, and notes on what is left out and why.

    `labels`: gold labels, which mteb's metric needs. Errors: `InputError` if nothing agrees, or labels are needed.
    """
    run = read(bundle)
    if run.built_in:
        raise InputError(f"{bundle}: a run on the built-in corpora, which no other project has")
    make, left_out = _FORMS[form]
    notes = [f"{task}: left out, {left_out[task]}" for task in run.bundle.languages if task in left_out]
    wanted: dict[str, tuple[str, ...]] = {}
    for task in run.bundle.languages:
        if task not in left_out:
            whole = tuple(_whole(run, task))
            if others := [code for code in run.bundle.languages[task] if code not in whole]:
                notes.append(f"{task}: left out in {' '.join(others)}, which is not the whole published test set")
            wanted |= {task: whole} if whole else {}
    if not wanted:
        raise InputError(f"{bundle}: no result that {form} could take:\n  " + "\n  ".join(notes or ["no predictions"]))
    files = make(run, wanted, labels)
    with fresh(to) as folder:
        for name, content in files.items():
            write_json(folder / name, content)
    return [to / name for name in files], notes


def _whole(run: Run, task: str) -> Iterator[str]:
    """The languages in which a run predicts as many examples as the published test set has."""
    sizes, entries = TASKS[task].test_sizes, run.bundle.manifest["files"]
    for code in run.bundle.languages[task]:
        entry = entries.get(TASKS[task].file(code), {})
        if task not in run.recipe.data.dev_as_test and entry.get("records") == sizes[code]:
            yield code


def _of_mteb(run: Run, wanted: Languages, labels: Path | None) -> Files:
    if labels is None:
        raise InputError(f"mteb's metric of {listing(wanted)} is not in the bundle: give the gold labels with --labels")
    return mteb.files(run.bundle, wanted, labels)


def _of_lm_eval(run: Run, wanted: Languages, labels: Path | None) -> Files:
    return lm_eval.files(run, wanted)


# Form -> what makes its files, and why it has no place for some tasks.
_FORMS: Mapping[str, tuple[Callable[[Run, Languages, Path | None], Files], Mapping[str, str]]] = {
    "mteb": (_of_mteb, mteb.LEFT_OUT),
    "lm-eval": (_of_lm_eval, lm_eval.LEFT_OUT),
}
