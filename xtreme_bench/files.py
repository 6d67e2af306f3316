"""Write files whole or not at all, and notice changed ones: hashes of files, and a memory of these hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xtreme_bench import locks

# A file that changed this shortly before it was read may change again, and its times would not show it.
SETTLED_SECONDS = 2.0


def canonical(value: Any) -> str:
    """Canonical JSON text: sorted keys, no spaces, no NaN, so equal values give equal text."""
    return document(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def document(value: Any, **style: Any) -> str:
    """JSON in which a path may have bytes that are not UTF-8: Python's stand-ins for these bytes are escaped."""
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
    """Write a file whole or not at all: write to a temporary name in the same folder, then move it.

    A file has one temporary name, which is locked during a write: writers take turns, and each overwrites what a
    killed one left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locks.alone(path.with_name(f".{path.name}.tmp")) as temporary:
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except OSError as error:  # a full disk's error names no file
            raise OSError(error.errno, error.strerror, str(path)) from error


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with sorted keys, whole or not at all."""
    write_text(path, document(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


Stamp = list[int]


def stamp(path: Path) -> Stamp:
    """Signs of a change that need no reading of the file or folder: its size, mtime and ctime.

    A program cannot set ctime back; ctime also shows that another file was moved to this place.
    """
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


class Digests:
    """Hashes of files outside the store, cached by path, `stamp` and inode, so that each file is read once."""

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
        """The sha256 (hex) of each of `files` (relative to `folder`); names that are not files are left out."""
        paths = {name: folder / name for name in sorted(files) if (folder / name).is_file()}
        return {name: self._one(path) for name, path in paths.items()}

    def save(self) -> None:
        """Save this run's hashes for the next run, except those of files that had changed just before."""
        if self._learned:
            known = {name: entry for name, entry in self._known.items() if name not in self._unsettled}
            write_json(self._file, known)

    def _one(self, path: Path) -> str:
        # The inode number is for file systems without ctime. On some systems it changes by itself,
        # which only costs reading the file again.
        name, now = str(path.resolve()), [*stamp(path), path.stat().st_ino]
        known = self._known.get(name)
        if known is None or known[:-1] != now:
            known = [*now, file_digest(path)]
            self._known[name], self._learned = known, True
            if time.time() - max(path.stat().st_mtime, path.stat().st_ctime) < SETTLED_SECONDS:
                self._unsettled.add(name)
        return str(known[-1])
