"""Where finished stages live: `<store>/stages/<key>/` holds `out/` and, written last by rename, `record.json`.

A folder without a valid record does not exist. Work in progress is in `<store>/partial/<key>/` and survives a
kill, so that the next run of the same stage goes on from its last checkpoint.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench import locks
from xtreme_bench.errors import Problem

SCHEMA_VERSION = 1


def canonical(value: Any) -> str:
    """JSON text that is equal for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """The sha256 (hex) of a JSON value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """The sha256 (hex) of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_digests(folder: Path) -> dict[str, dict[str, Any]]:
    """For each file below `folder`: relative path -> {"sha256", "bytes"}, in sorted order."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): {"sha256": file_digest(path), "bytes": path.stat().st_size}
        for path in files
    }


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: to a temporary name in the same folder, then moved."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


@dataclass(frozen=True)
class Store:
    """A folder of finished stages, addressed by their keys."""

    root: Path

    def out(self, key: str) -> Path:
        """Where the outputs of a finished stage are."""
        return self.root / "stages" / key / "out"

    def partial(self, key: str) -> Path:
        """Where a stage works before it is finished."""
        return self.root / "partial" / key

    def record(self, key: str) -> dict[str, Any] | None:
        """The record of a finished stage, or None where there is no valid one."""
        try:
            record = json.loads((self.root / "stages" / key / "record.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(record, dict) or record.get("key") != key:
            return None
        return record if all(isinstance(record.get(part), dict) for part in ("outputs", "facts")) else None

    def damage(self, key: str) -> list[Problem]:
        """What is wrong with the outputs of a recorded stage: files missing, added or changed."""
        record = self.record(key)
        if record is None:
            return []
        folder, expected = self.out(key), record["outputs"]
        found = tree_digests(folder) if folder.is_dir() else {}
        problems = []
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                fault = "is missing" if name not in found else "was added" if name not in expected else "has changed"
                problems.append(Problem(f"{fault} since the stage was finished", file=str(folder / name)))
        return problems

    def commit(self, key: str, record: Mapping[str, Any]) -> None:
        """Make a partial stage a finished one; `record` is completed with the key and the hashes of the outputs."""
        final, partial = self.root / "stages" / key, self.partial(key)
        outputs = tree_digests(partial / "out")
        self.discard(key)
        final.mkdir(parents=True)
        (partial / "out").replace(final / "out")
        write_json(final / "record.json", {**record, "schema_version": SCHEMA_VERSION, "key": key, "outputs": outputs})
        shutil.rmtree(partial, ignore_errors=True)

    def discard(self, key: str) -> None:
        """Forget a finished stage: the record goes first, so that a kill in between leaves nothing half valid."""
        folder = self.root / "stages" / key
        (folder / "record.json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def locked(
        self, key: str, *, waiting: Callable[[str], None], stop: Callable[[], bool]
    ) -> contextlib.AbstractContextManager[None]:
        """Hold a stage for this process; another run on the same store waits (`locks.held`)."""
        return locks.held(self.root / "locks" / key, waiting=waiting, stop=stop)


class Digests:
    """Hashes of files outside the store, remembered by path, size and time of change so that each is read once."""

    def __init__(self, file: Path) -> None:
        self._file, self._learned = file, False
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        found = known.items() if isinstance(known, dict) else ()
        self._known: dict[str, list[Any]] = {name: entry for name, entry in found if isinstance(entry, list)}

    def of(self, folder: Path, files: Iterable[str]) -> str:
        """One digest over the names and contents of `files` (relative to `folder`); what is no file is left out."""
        paths = {name: folder / name for name in sorted(files) if (folder / name).is_file()}
        return digest({name: self._one(path) for name, path in paths.items()})

    def save(self) -> None:
        """Remember for the next run what was hashed in this one."""
        if self._learned:
            write_json(self._file, self._known)

    def _one(self, path: Path) -> str:
        status = path.stat()
        known = self._known.get(str(path.resolve()))
        if known is None or known[:2] != [status.st_size, status.st_mtime_ns]:
            known = [status.st_size, status.st_mtime_ns, file_digest(path)]
            self._known[str(path.resolve())], self._learned = known, True
        return str(known[2])
