"""The `data` commands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from xtreme_bench.cli.options import ALLOW_PARTIAL, EXISTING_FOLDER, FOLDER, emit, json_option
from xtreme_bench.data import layout
from xtreme_bench.data.usable import MOST_UNUSABLE
from xtreme_bench.errors import InputError
from xtreme_bench.wording import say

_PREPARE = "`xtreme-bench data prepare RELEASES --to FOLDER` makes such a folder, and --data names it"


@click.group()
def data() -> None:
    """Corpora: fetch, prepare, inspect and audit them, or write the built-in ones."""


@data.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="SOURCE...")
@click.option("--to", type=FOLDER, required=True, help="Folder for the corpora, in XTREME's download layout.")
@click.option("--labels", type=FOLDER, help="Where gold labels are written; the default is TO with `-labels` added.")
@click.option(
    "--dev-as-test",
    multiple=True,
    metavar="TASK",
    help="Use this task's development set as its test set if no labelled test set is found.",
)
@click.option(
    "--sample", type=click.IntRange(min=0), default=0, help="Keep this many test examples per language; 0 = all."
)
@click.option(
    "--unusable",
    type=click.FloatRange(0, 1),
    default=MOST_UNUSABLE,
    show_default=True,
    help="Largest share of unusable rows in a training or development file; these rows are left out.",
)
@ALLOW_PARTIAL
@json_option("what was found and written")
def prepare(
    sources: tuple[Path, ...],
    to: Path,
    labels: Path | None,
    dev_as_test: tuple[str, ...],
    sample: int,
    unusable: float,
    allow_partial: bool,
    json_file: Path | None,
) -> None:
    """Convert the released corpora in SOURCE (folders or archives) to XTREME's download layout and gold labels."""
    from xtreme_bench.data.release.prepare import prepare as prepare_releases
    from xtreme_bench.data.release.prepared import said
    from xtreme_bench.run.progress import Display

    labels = labels or layout.labels_beside(to)
    with Display(1).work("prepare") as progress:
        notes = prepare_releases(
            sources, to, labels, dev_as_test=dev_as_test, sample=sample, unusable=unusable, progress=progress
        )
    emit(json_file, notes, lambda: said(notes))
    say(f"data: {to}\nlabels: {labels}", err=True)
    _require_whole(notes, to, allow_partial)


def _require_whole(notes: Mapping[str, Any], to: Path, allow_partial: bool) -> None:
    """Raise the error for far too few records; it comes last, after everything is written and reported."""
    from xtreme_bench.data.plausible import require_enough

    if not allow_partial:
        require_enough(notes["too_few"], str(to))


@data.command()
@click.argument("tasks", nargs=-1, metavar="[TASK]...")
@click.option("--to", type=FOLDER, required=True, help="The data folder; downloads are kept in TO/releases.")
@click.option("--labels", type=FOLDER, help="Where gold labels are written; the default is TO with `-labels` added.")
@click.option(
    "--origin",
    type=click.Choice(["hub", "upstream"]),
    help="Fetch only from the Hugging Face hub, or only from the authors' own addresses.",
)
@ALLOW_PARTIAL
def fetch(tasks: tuple[str, ...], to: Path, labels: Path | None, origin: str | None, allow_partial: bool) -> None:
    """Fetch and prepare the corpora of TASKs (default: all free ones); checksums are kept in TO/data.lock."""
    from xtreme_bench.data.fetch.corpora import RELEASES, at_rest
    from xtreme_bench.data.fetch.corpora import fetch as fetch_corpora
    from xtreme_bench.data.release.prepare import prepare as prepare_releases
    from xtreme_bench.data.release.prepared import said
    from xtreme_bench.run.progress import Display

    labels = labels or layout.labels_beside(to)
    display = Display(2)
    with display.work("fetch") as progress:
        remarks = fetch_corpora(tasks, to, origin=origin, progress=progress)
    for remark in remarks:
        say(remark, err=True)
    with display.work("prepare") as progress, at_rest(to, progress):
        notes = prepare_releases([to / RELEASES], to, labels, progress=progress)
    say(said(notes))
    say(f"data: {to}\nlabels: {labels}", err=True)
    _require_whole(notes, to, allow_partial)


@data.command()
@click.option("--to", type=FOLDER, required=True, help="Folder for the corpora.")
@click.option("--labels", type=FOLDER, help="Where gold labels are written; the default is TO with `-labels` added.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
def miniature(to: Path, labels: Path | None, seed: int, scale: float) -> None:
    """Write the built-in corpora to a folder."""
    from xtreme_bench.benchmark import MINIATURE_LANGUAGES
    from xtreme_bench.miniature.corpus import write_corpus, write_labels
    from xtreme_bench.run.progress import Display

    labels = labels or layout.labels_beside(to)
    for folder in (to, labels):
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(f"{folder}: not empty; give a new folder")
    display = Display(2)
    with display.work("corpora") as progress:
        write_corpus(to, seed=seed, scale=scale, languages=MINIATURE_LANGUAGES, progress=progress)
    with display.work("labels") as progress:
        write_labels(labels, seed=seed, scale=scale, languages=MINIATURE_LANGUAGES, progress=progress)
    say(f"data: {to}\nlabels: {labels}", err=True)


@data.command()
@click.option("--data", "folder", type=EXISTING_FOLDER, default=Path("download"), show_default=True)
@click.option("--labels", type=EXISTING_FOLDER, help="Gold labels; the default is DATA with `-labels` added.")
@click.option("--task", "tasks", multiple=True, metavar="TASK", help="Show only this task, one row per language.")
@click.option("--all", "every", is_flag=True, help="Show all tasks, one row per language.")
@json_option("the full result")
def status(folder: Path, labels: Path | None, tasks: tuple[str, ...], every: bool, json_file: Path | None) -> None:
    """Show the corpora in DATA, their sizes and the published sizes, and how to get missing ones."""
    from xtreme_bench.data.counts import memory_file
    from xtreme_bench.report import status as states
    from xtreme_bench.report.status_text import said
    from xtreme_bench.run.progress import Display

    beside = layout.labels_beside(folder)
    labels = labels or (beside if beside.is_dir() else None)
    with Display(1).work("status") as progress:
        entries = states.status(folder, labels, memory_file(), tasks, progress)
    by_language = every or bool(tasks)
    emit(
        json_file,
        states.to_dict(folder, entries),
        lambda: said(entries, states.prepared_from(folder), by_language=by_language),
    )


@data.command()
@click.argument("recipe", required=False)
@click.option("--data", "folder", type=FOLDER, help="Folder of the corpora; without RECIPE, audit everything in it.")
@click.option("--store", type=FOLDER, default=Path("store"), show_default=True, help="Where stages are kept.")
@ALLOW_PARTIAL
@json_option("the findings")
def audit(recipe: str | None, folder: Path | None, store: Path, allow_partial: bool, json_file: Path | None) -> None:
    """Find what may inflate the scores of RECIPE: training text in test sets, languages seen, repeated rows."""
    from xtreme_bench.audit.scope import everything
    from xtreme_bench.report import audit as audit_text
    from xtreme_bench.run.progress import Display

    if recipe is None and folder is None:
        raise InputError("give a RECIPE, or a folder in XTREME's download layout with --data")
    if folder is not None and not any(path.is_file() for path in folder.rglob("*")):
        raise InputError(f"{folder} {'holds no data' if folder.is_dir() else 'does not exist'}: {_PREPARE}")
    if recipe is not None:
        from xtreme_bench.run.reproduce import Places, audit_recipe

        facts = audit_recipe(recipe, Places(data=folder, store=store, partial=allow_partial))
    else:
        from xtreme_bench.audit.audit import audit as audit_corpora

        assert folder is not None
        used = everything(folder)
        if not any(used.targets.values()):
            training = ", ".join([*used.finetuning, *used.intermediate])
            also = f", only training data of {training}" if training else ""
            raise InputError(f"{folder} holds no test sets in XTREME's download layout{also}: {_PREPARE}")
        with Display(1).work("audit") as progress:
            facts = audit_corpora(folder, used, progress)
    found = audit_text.lines(facts, most=1000) or ["nothing was found"]
    emit(json_file, facts, lambda: "\n".join(found))
