"""Write a bundle: predictions by task and language, a manifest, and a zip whose bytes depend only on these."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_bench import locks
from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.format import BUNDLE_NAME, SCHEMA_VERSION, file_entry, parse_manifest
from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.bundle.read import opened
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.files import digest, tree_digests, write_json
from xtreme_bench.official.predictions import examine
from xtreme_bench.wording import quoted

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
# Arguments of renameat2(2): AT_FDCWD and RENAME_EXCHANGE.
_HERE, _EXCHANGE = -100, 2


def require_place(out: Path, name: str) -> None:
    """Check the place of a bundle. Errors: `InputError` if the name is not allowed, or `out` holds something else."""
    if not re.fullmatch(BUNDLE_NAME, name):
        reason = "at most 100 letters, digits, `.`, `_` and `-`, starting with a letter or digit"
        raise InputError(f"{quoted(name)} cannot name a bundle: use {reason}")
    if out.exists() and not (out / MANIFEST).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out}: exists and is not a bundle; name another folder or remove it")


def write(out: Path, manifest: Mapping[str, Any], predictions: Mapping[str, Path]) -> Path:
    """Write the bundle folder `out`, with its zip `<name>.zip` inside, and return `out`.

    `predictions` maps a task to the folder that holds its `test-<language>.<ext>`. This function adds
    `schema_version`, `recipe_sha256` and the measured part of `files` to `manifest`. It keeps other facts about a file,
    such as `candidates` (the number of foreign sentences of Tatoeba). It replaces an older bundle at `out` in one step
    at the end, so a kill leaves the old bundle or the new one. A bundle with equal content stays untouched.

    Errors: `InputError` with all faults of the predictions or the manifest, or if `out` holds something else.
    """
    name = str(manifest.get("name"))
    fresh, old = out.with_name(f".{out.name}.writing"), out.with_name(f".{out.name}.old")
    out.parent.mkdir(parents=True, exist_ok=True)
    with locks.alone(out.with_name(f".{out.name}.lock")):
        _tidy(out, fresh, old)  # what a killed writer left
        require_place(out, name)
        try:
            _fill(fresh, name, manifest, predictions)
            if not out.exists() or tree_digests(out) != tree_digests(fresh):
                _put(fresh, out, old)
        finally:
            _tidy(out, fresh, old)
    return out


def _put(fresh: Path, out: Path, old: Path) -> None:
    """Move the folder `fresh` to `out`. Afterwards the previous folder is at `fresh` or at `old`."""
    if not out.exists():
        fresh.rename(out)
    elif not exchange(fresh, out):  # without exchange there is a moment when the bundle is only at `old`
        out.rename(old)
        fresh.rename(out)


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, which Linux offers. Returns whether this worked."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _tidy(out: Path, fresh: Path, old: Path) -> None:
    if old.exists() and not out.exists():  # stopped between two renames
        old.rename(out)
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, name: str, manifest: Mapping[str, Any], predictions: Mapping[str, Path]) -> None:
    folder.mkdir(parents=True)
    entries = _copy(predictions, folder, manifest.get("files", {}))
    measured = {"schema_version": SCHEMA_VERSION, "recipe_sha256": digest(manifest.get("recipe")), "files": entries}
    write_json(folder / MANIFEST, {**manifest, **measured})
    _, problems = parse_manifest((folder / MANIFEST).read_bytes())
    if problems:
        raise InputError("the manifest is not complete", problems)
    _zip(folder, [MANIFEST, *entries], folder / f"{name}.zip")


def _copy(predictions: Mapping[str, Path], folder: Path, facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Check and copy the predictions; returns the manifest's entries. A faulty file never enters a bundle."""
    problems: list[Problem] = []
    entries = {}
    for task, source in sorted(predictions.items()):
        paths = {language: source / Path(TASKS[task].file(language)).name for language in TASKS[task].languages}
        present = {language: path for language, path in paths.items() if path.is_file()}
        if not present:
            problems.append(Problem("no predictions here", str(source), task=task))
        for language, path in present.items():
            raw = path.read_bytes()
            found = examine(raw, task, language)
            problems += found.problems
            if not found.problems:
                name = TASKS[task].file(language)
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(raw)
                entries[name] = {**facts.get(name, {}), **file_entry(found, hashlib.sha256(raw).hexdigest())}
    if problems:
        raise InputError("these predictions cannot be bundled", problems)
    return entries


def _zip(folder: Path, names: list[str], path: Path) -> None:
    """Pack files so that equal content gives equal bytes: fixed times, permissions, order, compression level."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(names):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            archive.writestr(info, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=6)


def read_manifest(bundle: Path) -> dict[str, Any]:
    """The manifest of a bundle's folder or zip. Errors: `InputError` when it is missing or malformed."""
    with opened(bundle) as contents:
        if MANIFEST not in contents.names:
            raise InputError(f"{bundle}: no {MANIFEST} in the bundle")
        manifest, problems = parse_manifest(contents.read(MANIFEST))
    if manifest is None or problems:
        raise InputError(f"{bundle}: the manifest cannot be used", problems)
    return manifest
