"""The lock of what `data fetch` brought: `<data>/data.lock`, JSON.

    {"schema_version": 1,
     "corpora": {"panx": {"origin": "hub", "repository": "unimelb-nlp/wikiann", "revision": "<commit>"},
                 "mlqa": {"origin": "upstream"}},
     "files": {"releases/mlqa/MLQA_V1.zip": {"sha256": "<hex>", "bytes": 75719050, "url": "https://..."}}}

Paths are POSIX and relative to the data folder. A file's checksum is recorded when it is first seen and required ever
after; so is the revision of a hub data set.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from xtreme_bench.errors import CheckFailed, InputError, Problem
from xtreme_bench.store import file_digest, write_json

NAME = "data.lock"
SCHEMA_VERSION = 1


@dataclass
class Lock:
    """What is locked below the data folder `data`; `record` and `settle` write it to disk at once."""

    data: Path
    corpora: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sha256(self, name: str) -> str | None:
        """The checksum that is required of a file, or None where it was never seen."""
        return self.files[name]["sha256"] if name in self.files else None

    def record(self, name: str, sha256: str, size: int, url: str) -> None:
        """Lock a file at first sight."""
        self.files[name] = {"sha256": sha256, "bytes": size, "url": url}
        self._write()

    def settle(self, corpus: str, **origin: str) -> None:
        """Record where a corpus comes from, now and later."""
        if self.corpora.get(corpus) != origin:
            self.corpora[corpus] = origin
            self._write()

    def require(self, name: str) -> None:
        """Raise `CheckFailed` with both checksums when the file on disk is not the one that was locked."""
        required, found = self.files[name]["sha256"], file_digest(self.data / name)
        if found != required:
            raise CheckFailed(
                f"{self.data / name} has changed since it was fetched: its sha256 is {found}, {NAME} requires "
                f"{required}. Remove the file and fetch again."
            )

    def _write(self) -> None:
        write_json(self.data / NAME, {"schema_version": SCHEMA_VERSION, "corpora": self.corpora, "files": self.files})


def read_lock(data: Path) -> Lock:
    """The lock of a data folder, empty where there is none yet. Errors: `InputError` when it is malformed."""
    path = data / NAME
    if not path.is_file():
        return Lock(data)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(
            f"{path} is not JSON ({error}): restore it, or remove it to record what is fetched anew"
        ) from error
    problems = [Problem(fault, file=str(path)) for fault in _faults(value)]
    if problems:
        raise InputError(f"{path} is not a lock of fetched data: restore it, or remove it to record anew", problems)
    return Lock(data, value["corpora"], value["files"])


def _faults(value: Any) -> list[str]:
    if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
        return [f"`schema_version: {SCHEMA_VERSION}` expected"]
    corpora, files = value.get("corpora"), value.get("files")
    if not isinstance(corpora, dict) or not all(isinstance(entry, dict) for entry in corpora.values()):
        return ["`corpora` must hold one object for each corpus"]
    if not isinstance(files, dict):
        return ["`files` must hold one object for each file"]
    faults = []
    for name, entry in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            faults.append(f"{name!r} leads out of the data folder")
        elif not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            faults.append(f"{name!r} has no `sha256`")
    return faults
