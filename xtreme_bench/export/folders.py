"""The folder that an export writes: a model and a data set of predictions, each as a repository of the hub."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xtreme_bench.errors import InputError
from xtreme_bench.export import cards, encoder, predictions
from xtreme_bench.export.run import read
from xtreme_bench.files import write_json, write_text
from xtreme_bench.stage.store import Store

MODEL, PREDICTIONS = "model", "predictions"


def write(
    bundle: Path,
    to: Path,
    store: Store,
    *,
    which: str | None = None,
    licence: str | None = None,
    name: str | None = None,
) -> tuple[Path, Path]:
    """Write `<to>/model` and `<to>/predictions` from a bundle and the store of its run; returns both.

    `which` names the encoder, `licence` that of the model as the hub writes it, `name` the model on the hub, for its
    cards. Errors: `InputError` if `to` holds something, or the bundle or the encoder cannot be exported.
    """
    run = read(bundle)
    chosen = encoder.chosen(run, which)
    shown = name or run.bundle.name
    with fresh(to) as folder:
        encoder.copy(run, chosen, store, folder / MODEL)
        write_text(folder / MODEL / "README.md", cards.model_card(run, chosen, licence, shown))
        predictions.write(run.bundle, folder / PREDICTIONS)
        write_text(folder / PREDICTIONS / "README.md", cards.dataset_card(run, f"{shown}-predictions"))
        for part in (MODEL, PREDICTIONS):
            write_json(folder / part / "manifest.json", run.bundle.manifest)
    return to / MODEL, to / PREDICTIONS


@contextmanager
def fresh(to: Path) -> Iterator[Path]:
    """A folder beside `to` that becomes `to` at the end. Errors: `InputError` if `to` holds something."""
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise InputError(f"{to}: not empty; give a new folder with --to")
    folder = to.with_name(f".{to.name}.writing")
    shutil.rmtree(folder, ignore_errors=True)  # what a killed export left
    folder.mkdir(parents=True)
    try:
        yield folder
        if to.exists():
            to.rmdir()
        folder.rename(to)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
