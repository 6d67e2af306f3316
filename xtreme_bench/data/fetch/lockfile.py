"""The lock of what `data fetch` has fetched: `<data>/data.lock`, JSON.

    {"schema_version": 1,
     "corpora": {"panx": {"origin": "hub", "repository": "unimelb-nlp/wikiann", "revision": "<commit>"},
                 "mlqa": {"origin": "upstream"}},
     "files": {"releases/mlqa/MLQA_V1.zip": {"sha256": "<hex>", "bytes": 75719050, "url": "https://..."}}}

Paths are POSIX and relative to the data folder. A file's checksum is recorded when it is first seen and required from
then on; so is the revision of a hub data set. Several processes may fetch into one folder: one at a time holds a
corpus, and every change of the lock keeps what the others have written.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from xtreme_bench.errors import CheckFailed, InputError, Problem
from xtreme_bench.files import file_digest, write_json

NAME = "data.lock"
SCHEMA_VERSION = 1
HELD = ".held"  # below the data folder: an empty file for each corpus that was ever fetched
POLL = 0.2  # seconds


@dataclass
class Lock:
    """What is locked below the data folder `data`; `record` and `settle` write it to disk at once."""

    data: Path
    corpora: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sha256(self, name: str) -> str | None:
        """The checksum that is required of a file, or None if it was never seen."""
        return self.files[name]["sha256"] if name in self.files else None

    def record(self, name: str, sha256: str, size: int, url: str) -> None:
        """Lock a file that is seen for the first time."""
        with self._changing():
            self.files[name] = {"sha256": sha256, "bytes": size, "url": url}

    def settle(self, corpus: str, **origin: str) -> None:
        """Record where a corpus comes from, now and later."""
        if self.corpora.get(corpus) != origin:
            with self._changing():
                self.corpora[corpus] = origin

    def require(self, name: str, url: str) -> None:
        """Check a file on disk against its locked checksum; a new file is locked, as coming from `url`.

        Errors: `CheckFailed` with both checksums when it is another file.
        """
        path, required = self.data / name, self.sha256(name)
        found = file_digest(path)
        if found != (required or found):
            raise CheckFailed(
                f"{path} has changed since it was fetched: its sha256 is {found}, {NAME} requires {required}. Remove "
                "the file and fetch again."
            )
        if required is None:
            self.record(name, found, path.stat().st_size, url)

    def refresh(self) -> None:
        """Read what other processes have written."""
        now = read_lock(self.data)
        self.corpora, self.files = now.corpora, now.files

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with alone(self.data, NAME):
            self.refresh()
            yield
            write_json(
                self.data / NAME, {"schema_version": SCHEMA_VERSION, "corpora": self.corpora, "files": self.files}
            )


@contextmanager
def alone(data: Path, name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold `name` in a data folder for this process; `waiting` is called again and again while another holds it."""
    path = data / HELD / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                time.sleep(POLL)
        yield


def read_lock(data: Path) -> Lock:
    """The lock of a data folder, empty if there is none yet. Errors: `InputError` when it is malformed."""
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
    if not isinstance(corpora, dict) or not all(_texts(entry) for entry in corpora.values()):
        return ["`corpora` must hold one object of texts for each corpus"]
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


def _texts(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(value, str) for value in entry.values())
