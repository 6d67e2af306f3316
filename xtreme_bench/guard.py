"""Keep a stage from folders that are none of its business: gold labels before all, and what other stages made.

The worker asks for this around each stage. It holds for everything that Python opens or lists in this process, through
links and relative paths too, but not for native code and child processes; the container engine mounts nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xtreme_bench.errors import StageError

_EVENTS = frozenset({"open", "os.listdir", "os.scandir", "os.link", "os.symlink", "os.rename", "os.truncate"})


class _Rule:
    """What is closed at the moment, and which folders below that are open all the same."""

    closed: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    installed = False


@contextmanager
def guarded(closed: Sequence[Path], opened: Sequence[Path]) -> Iterator[None]:
    """Refuse with `StageError` whatever is opened or listed in `closed` folders but outside of those in `opened`."""
    if not _Rule.installed:  # a hook cannot be removed, so there is one, which looks at the rule of the moment
        sys.addaudithook(_watch)
        _Rule.installed = True
    _Rule.opened = tuple(os.path.realpath(path) for path in opened)
    _Rule.closed = tuple(os.path.realpath(path) for path in closed)
    try:
        yield
    finally:
        _Rule.closed = _Rule.opened = ()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _Rule.closed or event not in _EVENTS:
        return
    for argument in arguments[:2]:
        if isinstance(argument, str | bytes | os.PathLike):
            _check(os.path.realpath(os.fsdecode(argument)))


def _check(path: str) -> None:
    if any(_within(path, folder) for folder in _Rule.closed) and not any(_within(path, f) for f in _Rule.opened):
        raise StageError(
            f"{path} is closed to this stage: it is neither one of its inputs nor its own folder, and gold labels are "
            "open to scoring alone"
        )


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
