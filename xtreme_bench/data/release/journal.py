"""What `data prepare` has done already, so that a run that was killed or is repeated does only the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.data.release.preparation import size_and_time
from xtreme_bench.files import canonical, write_text


class Journal:
    """One entry for each finished step: the key of what it depended on, its notes, and the files that it wrote.

    `roots` are the folders that steps write to: whatever the file says, nothing outside them is removed.
    """

    def __init__(self, file: Path, roots: Sequence[Path]) -> None:
        self._file, self._roots = file, [root.resolve() for root in roots]
        try:
            entries = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            entries = {}
        found = entries.items() if isinstance(entries, dict) else ()
        self._entries: dict[str, dict[str, Any]] = {step: entry for step, entry in found if _whole(entry)}

    def notes(self, step: str, key: str) -> dict[str, Any] | None:
        """The notes of a step if it was finished with this key and what it wrote is still there, untouched."""
        entry = self._entries.get(step)
        if entry is None or entry["key"] != key:
            return None
        try:
            untouched = all(size_and_time(Path(name)) == state for name, state in entry["written"].items())
        except OSError:
            return None
        notes: dict[str, Any] = entry["notes"]
        return notes if untouched else None

    def discard(self, step: str) -> None:
        """Forget a step and remove what it wrote, which a step with other inputs or options might not overwrite."""
        for name in self._entries.pop(step, {"written": ()})["written"]:
            if any(Path(name).resolve().is_relative_to(root) for root in self._roots):
                Path(name).unlink(missing_ok=True)

    def record(self, step: str, key: str, notes: Mapping[str, Any], written: Mapping[str, list[int]]) -> None:
        """Record a finished step, on disk at once."""
        self._entries[step] = {"key": key, "notes": dict(notes), "written": dict(written)}
        write_text(self._file, canonical(self._entries))  # compact, since it is written after each step

    def written(self, steps: Iterable[str]) -> dict[str, list[int]]:
        """All files that finished steps wrote, among `steps`."""
        entries = [self._entries[step] for step in steps if step in self._entries]
        return {name: state for entry in entries for name, state in entry["written"].items()}


def _whole(entry: Any) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(part), kind) for part, kind in (("key", str), ("notes", dict), ("written", dict))
    )
