"""The store of finished stages: `<store>/stages/<key>/` has `out/` and `record.json`, which a rename adds last.

A folder without a valid record counts as absent. Work in progress is in `<store>/partial/<key>/` and survives a kill,
so that the next run of the same stage continues from its last checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench import locks
from xtreme_bench.errors import Problem
from xtreme_bench.files import digest, tree_digests, write_json
from xtreme_bench.stage.job import PACE
from xtreme_bench.untrusted import flaw, parse_json

SCHEMA_VERSION = 1
# The fields of a record that make the key: see `stage.Stage.description`.
DESCRIBED = ("schema_version", "kind", "params", "rows", "inputs", "image", "versions", "code")
# The fields that other code reads from a record, with their types.
_HOLDS: Mapping[str, type] = {
    "kind": str, "params": dict, "rows": dict, "inputs": dict, "code": dict,
    "name": str, "files": dict, "outputs": dict, "facts": dict, "seconds": float, "ran": dict,
}  # fmt: skip
_RAN = ("device", "versions", "peak_memory_bytes", "cpu_seconds", "gpus", "joules")
# The number of records to search for stages similar to a given one.
MOST_RECORDS = 5_000


@dataclass(frozen=True)
class Store:
    """A folder of finished stages, addressed by their keys."""

    root: Path

    def out(self, key: str) -> Path:
        """The folder of the outputs of a finished stage."""
        return self.root / "stages" / key / "out"

    def pace(self, key: str) -> Path:
        """The folder, there or not, of what a finished stage tells of its speed; it is no output."""
        return self.root / "stages" / key / PACE

    def partial(self, key: str) -> Path:
        """The folder in which a stage works until it is finished."""
        return self.root / "partial" / key

    def record(self, key: str) -> dict[str, Any] | None:
        """The record of a finished stage; None if there is no valid one."""
        return self._read(key)[0]

    def fault(self, key: str) -> str | None:
        """What is wrong with the record of a finished stage; None if it is valid or absent."""
        return self._read(key)[1]

    def records(self) -> list[dict[str, Any]]:
        """The valid records of the store, newest first, up to a limit."""
        with contextlib.suppress(FileNotFoundError):
            folders = sorted(os.scandir(self.root / "stages"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
            found = (self.record(folder.name) for folder in folders[:MOST_RECORDS])
            return [record for record in found if record is not None]
        return []

    def whole(self, key: str) -> bool:
        """Whether a stage is finished and its outputs are as its record says, also while another run removes it."""
        record = self.record(key)
        try:
            return record is not None and not self._changed(key, record)
        except FileNotFoundError:
            return False

    def damage(self, key: str) -> list[Problem]:
        """The problems of a finished stage: a faulty record, or missing, added or changed outputs."""
        record, fault = self._read(key)
        if fault is not None:
            return [Problem(fault, file=str(self._record_file(key)))]
        return [] if record is None else self._changed(key, record)

    def _changed(self, key: str, record: Mapping[str, Any]) -> list[Problem]:
        """The outputs that are not as a record says. Errors: `FileNotFoundError` if another run removes one now."""
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
        """(record, fault) of a stage, either may be None; both are None if there is no record."""
        try:
            record = parse_json(self._record_file(key).read_text(encoding="utf-8"))
            fault = _record_fault(key, record)
        except FileNotFoundError:
            return None, None
        except (OSError, ValueError, RecursionError):
            return None, "cannot be read"
        return (record, None) if fault is None else (None, fault)

    def commit(self, key: str, record: Mapping[str, Any]) -> None:
        """Turn a partial stage into a finished one. Adds the key and the hashes of the outputs to `record`."""
        final, partial = self.root / "stages" / key, self.partial(key)
        outputs = tree_digests(partial / "out")
        self.discard(key)
        final.mkdir(parents=True)
        (partial / "out").replace(final / "out")
        with contextlib.suppress(FileNotFoundError):
            (partial / "work" / PACE).replace(final / PACE)
        whole = {**record, "key": key, "outputs": outputs}
        write_json(self._record_file(key), {**whole, "sha256": digest(whole)})
        shutil.rmtree(partial, ignore_errors=True)

    def discard(self, key: str) -> None:
        """Remove a finished stage. Removes the record first, so that a kill leaves no half-valid stage."""
        self._record_file(key).unlink(missing_ok=True)
        shutil.rmtree(self.root / "stages" / key, ignore_errors=True)

    def tidy(self) -> None:
        """Remove leftovers in `partial/` of finished stages, after a kill."""
        for folder in (self.root / "partial").glob("*"):
            if self.record(folder.name) is not None:
                with locks.held(self.root / "locks" / folder.name):
                    if self.record(folder.name) is not None:
                        shutil.rmtree(folder, ignore_errors=True)

    def locked(
        self, key: str, *, waiting: Callable[[str], None] = locks.silent, stop: Callable[[], bool] = locks.never
    ) -> contextlib.AbstractContextManager[None]:
        """Lock a stage for this process; other runs on the same store wait (`locks.held`)."""
        return locks.held(self.root / "locks" / key, waiting=waiting, stop=stop)


def _record_fault(key: str, record: Any) -> str | None:
    """Why a record does not belong to the stage `key`; None if it does."""
    if not isinstance(record, dict):
        return "is not a record of a stage"
    if fault := flaw(record):
        return f"is not a record of a stage: {fault}"
    if record.get("key") != key or digest({name: record[name] for name in DESCRIBED if name in record}) != key:
        return "describes another stage than the name of its folder"
    if record.get("sha256") != digest({name: value for name, value in record.items() if name != "sha256"}):
        return "has changed since the stage was finished"
    lacks = [name for name, kind in _HOLDS.items() if not isinstance(record.get(name), kind)]
    lacks += [f"ran.{name}" for name in _RAN if "ran" not in lacks and name not in record["ran"]]
    return f"lacks {', '.join(lacks)}" if lacks else None
