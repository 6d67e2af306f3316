"""Which encoder of a run is exported, and its files out of the store.

The store holds what fine-tuning has changed of an encoder; the export joins it with the encoder that it began with.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from xtreme_bench import models
from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.export.run import Run
from xtreme_bench.files import Digests
from xtreme_bench.stage import loaded
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.stage import Folder
from xtreme_bench.stage.store import Store
from xtreme_bench.stage.versions import require_heavy_half
from xtreme_bench.wording import hint, listing

# The head of the task of a fine-tuned encoder, which transformers does not read.
_HEAD = ("head.json", "head.safetensors")
_JOIN = "xtreme_bench.training.learned:make_whole"


@dataclass(frozen=True)
class Encoder:
    """An encoder of a run: its `name` for the command, the `stage` that made it, and the `tasks` that it served."""

    name: str
    stage: str
    tasks: tuple[str, ...]

    @property
    def finetuned(self) -> bool:
        """Whether it was trained on the task itself."""
        return self.name not in ("pretraining", "intermediate")


def encoders(run: Run) -> dict[str, Encoder]:
    """The encoders that a run trained, by name; the one after intermediate training, or pretraining, comes first."""
    recipe, all_tasks = run.recipe, tuple(run.bundle.languages)
    found = {
        name: Encoder(name, f"{KINDS[kind].title} ({recipe.name})", all_tasks)
        for name, kind, there in (
            ("intermediate", "intermediate", recipe.intermediate),
            ("pretraining", "pretrain", recipe.pretraining),
        )
        if there is not None
    }
    for source, training in recipe.finetuning.items():
        if training.method.train == "full":  # others leave no whole encoder
            tasks = tuple(task for task in all_tasks if TASKS[task].source == source)
            found[source] = Encoder(source, f"{KINDS['finetune'].title} {source} ({recipe.name})", tasks)
    return found


def chosen(run: Run, name: str | None) -> Encoder:
    """The encoder with a name, or the first. Errors: `InputError` if the run trained none that is meant."""
    if run.recipe.members:
        names = listing(one.name for one in run.recipe.members)
        raise InputError(f"{run.recipe.name} is composed of {names}; run one of these, and export its encoder")
    known = encoders(run)
    if name is None and not {"intermediate", "pretraining"} & known.keys():
        what = (
            f"name one that it fine-tuned with --encoder: {listing(known)}" if known else "there is nothing to export"
        )
        raise InputError(f"{run.recipe.name} trained no encoder that its tasks share; {what}")
    if name is not None and name not in known:
        raise InputError(f"{run.recipe.name} trained no encoder '{name}'{hint(name, known)}")
    return known[name] if name else next(iter(known.values()))


def key_of(run: Run, encoder: Encoder) -> str:
    """The key of the stage that made an encoder. Errors: `InputError` if the manifest does not have it."""
    for stage in run.bundle.manifest["stages"]:
        if isinstance(stage, Mapping) and stage.get("name") == encoder.stage:
            key = str(stage.get("key"))
            if re.fullmatch("[0-9a-f]{64}", key):  # it becomes part of a path
                return key
    raise InputError(f"{run.bundle.path}: its manifest has no key of the stage `{encoder.stage}`")


def copy(run: Run, encoder: Encoder, store: Store, to: Path) -> None:
    """Write the files of an encoder to the new folder `to`.

    Errors: `InputError` if the store lacks the stage, its files are damaged or no encoder, or, for a fine-tuned one,
    what it began with is gone or the packages that join the two are not installed.
    """
    key = key_of(run, encoder)
    record = store.record(key)
    if record is None:
        raise InputError(
            f"{store.root}: lacks the stage `{encoder.stage}` of this bundle ({key[:12]}): name its store with "
            f"--store, or make it again: {run.command}"
        )
    _require_whole(encoder, store.damage(key))
    if not encoder.finetuned:
        _require_whole(encoder, models.lacking(store.out(key)))
        to.mkdir(parents=True)
        _copy(store.out(key), models.FILES, to)
        return
    require_heavy_half("an export of a fine-tuned encoder")
    begun_with = _begun_with(run, encoder, record, store)
    loaded.named(_JOIN)(store.out(key), begun_with, to)
    _copy(store.out(key), _HEAD, to)


def _require_whole(encoder: Encoder, problems: Sequence[Problem]) -> None:
    if problems:
        raise InputError(f"{encoder.stage}: its files cannot be exported", problems)


def _copy(folder: Path, patterns: Iterable[str], to: Path) -> None:
    for file in sorted(folder.iterdir()):
        if file.is_file() and any(fnmatch(file.name, pattern) for pattern in patterns):
            shutil.copyfile(file, to / file.name)


def _begun_with(run: Run, encoder: Encoder, record: Mapping[str, Any], store: Store) -> Path:
    """The folder of the encoder that a fine-tuning began with, as it was then: in the store, or outside of it."""
    key = record["inputs"]["encoder"]
    if store.record(key) is not None:
        _require_whole(encoder, store.damage(key))
        return store.out(key)
    place, files = record.get("places", {}).get("encoder"), record["files"].get("encoder")
    if place is None or models.lacking(Path(place)):
        lost = place or f"stage {key[:12]}; make it again: {run.command}"
        raise InputError(f"{encoder.stage}: the encoder that it began with is gone: {lost}")
    if not files or Folder.digested(Path(place), files, Digests(store.root / "digests.json")).key != key:
        raise InputError(f"{encoder.stage}: the encoder that it began with has changed since: {place}")
    return Path(place)
