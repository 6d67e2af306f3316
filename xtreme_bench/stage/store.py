"""Where finished stages live: `<store>/stages/<key>/` holds `out/` and, written last by rename, `record.json`.

A folder without a valid record does not exist. Work in progress is in `<store>/partial/<key>/` and survives a
kill, so that the next run of the same stage goes on from its last checkpoint.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.errors import Problem
from xtreme_bench.stage import locks
from xtreme_bench.untrusted import flaw, parse_json

SCHEMA_VERSION = 1
# What the key of a stage is made from, as its record holds it: see `stage.Stage.description`.
DESCRIBED = ("schema_version", "kind", "params", "rows", "inputs", "image", "versions", "code")
# What other parts read from a record.
_HOLDS: Mapping[str, type] = {
    "kind": str, "params": dict, "rows": dict, "inputs": dict, "code": dict,
    "name": str, "files": dict, "outputs": dict, "facts": dict, "seconds": float, "ran": dict,
}  # fmt: skip
_RAN = ("device", "versions", "peak_memory_bytes")
# How many records are looked through for those that are like a stage.
MOST_RECORDS = 5_000
# A file that changed this shortly before it was read may change again without its times telling.
SETTLED_SECONDS = 2.0


def canonical(value: Any) -> str:
    """JSON text that is equal for equal values: sorted keys, no spaces, no NaN."""
    return document(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def document(value: Any, **style: Any) -> str:
    """JSON in which a path may have bytes that are not UTF-8: what Python puts in their place is escaped."""
    text = json.dumps(value, ensure_ascii=False, **style)
    return re.sub("[\udc80-\udcff]", lambda byte: f"\\u{ord(byte[0]):x}", text)


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
    """Write a whole file or nothing: to a temporary name in the same folder, then moved.

    A file has one temporary name, which is locked while somebody writes there: several writers take turns, and what a
    killed one left is used by the next.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locks.alone(path.with_name(f".{path.name}.tmp")) as temporary:
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except OSError as error:  # that of a full disk names no file
            raise OSError(error.errno, error.strerror, str(path)) from error


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with sorted keys, whole or not at all."""
    write_text(path, document(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


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
        return self._read(key)[0]

    def fault(self, key: str) -> str | None:
        """What is wrong with the record of a stage that was finished, in words; None where it is right, or absent."""
        return self._read(key)[1]

    def records(self) -> list[dict[str, Any]]:
        """The valid records of the store, the newest first; of very many only so many."""
        with contextlib.suppress(FileNotFoundError):
            folders = sorted(os.scandir(self.root / "stages"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
            found = (self.record(folder.name) for folder in folders[:MOST_RECORDS])
            return [record for record in found if record is not None]
        return []

    def damage(self, key: str) -> list[Problem]:
        """What is wrong with a stage that was finished: its record, or outputs that are missing, added or changed."""
        record, fault = self._read(key)
        if fault is not None:
            return [Problem(fault, file=str(self._record_file(key)))]
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

    def _record_file(self, key: str) -> Path:
        return self.root / "stages" / key / "record.json"

    def _read(self, key: str) -> tuple[dict[str, Any] | None, str | None]:
        """The record of a stage and what is wrong with it; neither where there is none."""
        try:
            record = parse_json(self._record_file(key).read_text(encoding="utf-8"))
            fault = _record_fault(key, record)
        except FileNotFoundError:
            return None, None
        except (OSError, ValueError, RecursionError):
            return None, "cannot be read"
        return (record, None) if fault is None else (None, fault)

    def commit(self, key: str, record: Mapping[str, Any]) -> None:
        """Make a partial stage a finished one; `record` is completed with the key and the hashes of the outputs."""
        final, partial = self.root / "stages" / key, self.partial(key)
        outputs = tree_digests(partial / "out")
        self.discard(key)
        final.mkdir(parents=True)
        (partial / "out").replace(final / "out")
        whole = {**record, "key": key, "outputs": outputs}
        write_json(self._record_file(key), {**whole, "sha256": digest(whole)})
        shutil.rmtree(partial, ignore_errors=True)

    def discard(self, key: str) -> None:
        """Forget a finished stage: the record goes first, so that a kill in between leaves nothing half valid."""
        self._record_file(key).unlink(missing_ok=True)
        shutil.rmtree(self.root / "stages" / key, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what a kill left in `partial/` of stages that had just been finished."""
        for folder in (self.root / "partial").glob("*"):
            if self.record(folder.name) is not None:
                with locks.held(self.root / "locks" / folder.name):
                    if self.record(folder.name) is not None:
                        shutil.rmtree(folder, ignore_errors=True)

    def locked(
        self, key: str, *, waiting: Callable[[str], None] = locks.silent, stop: Callable[[], bool] = locks.never
    ) -> contextlib.AbstractContextManager[None]:
        """Hold a stage for this process; another run on the same store waits (`locks.held`)."""
        return locks.held(self.root / "locks" / key, waiting=waiting, stop=stop)


def _record_fault(key: str, record: Any) -> str | None:
    """Why a record is not one of the stage `key`, in words; None where it is."""
    if not isinstance(record, dict):
        return "is no record of a stage"
    if fault := flaw(record):
        return f"is no record of a stage: {fault}"
    if record.get("key") != key or digest({name: record[name] for name in DESCRIBED if name in record}) != key:
        return "does not describe the stage that the folder is named after"
    if record.get("sha256") != digest({name: value for name, value in record.items() if name != "sha256"}):
        return "has changed since the stage was finished"
    lacks = [name for name, kind in _HOLDS.items() if not isinstance(record.get(name), kind)]
    lacks += [f"ran.{name}" for name in _RAN if "ran" not in lacks and name not in record["ran"]]
    return f"lacks {', '.join(lacks)}" if lacks else None


Stamp = list[int]


def stamp(path: Path) -> Stamp:
    """What tells of a change without reading a file or folder: its size, and the times of change of content and of all.

    The second time cannot be put back, and also tells of a file that is moved to another's place.
    """
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


class Digests:
    """Hashes of files outside the store, remembered by path, `stamp` and inode so that each is read once."""

    def __init__(self, file: Path) -> None:
        self._file, self._learned = file, False
        self._unsettled: set[str] = set()
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        found = known.items() if isinstance(known, dict) else ()
        self._known: dict[str, list[Any]] = {name: entry for name, entry in found if isinstance(entry, list)}

    def of(self, folder: Path, files: Iterable[str]) -> dict[str, str]:
        """The sha256 (hex) of each of `files` (relative to `folder`); what is no file is left out."""
        paths = {name: folder / name for name in sorted(files) if (folder / name).is_file()}
        return {name: self._one(path) for name, path in paths.items()}

    def save(self) -> None:
        """Remember for the next run what was hashed in this one, but for files that had changed just before."""
        if self._learned:
            known = {name: entry for name, entry in self._known.items() if name not in self._unsettled}
            write_json(self._file, known)

    def _one(self, path: Path) -> str:
        # With its number on the disk, for file systems that keep no second time; on some the number changes at will,
        # which costs no more here than to read a file again.
        name, now = str(path.resolve()), [*stamp(path), path.stat().st_ino]
        known = self._known.get(name)
        if known is None or known[:-1] != now:
            known = [*now, file_digest(path)]
            self._known[name], self._learned = known, True
            if time.time() - max(path.stat().st_mtime, path.stat().st_ctime) < SETTLED_SECONDS:
                self._unsettled.add(name)
        return str(known[-1])
