"""Keep a stage out of folders that it must not read: above all gold labels, and the outputs of other stages.

The worker starts the guard around each stage. For nested folders the innermost decides: gold labels inside the data
stay closed, and an input inside the store is open.

What it stops, in every thread: opening, listing, linking, renaming, removing or changing a path by Python, also through
links, relative paths, `dir_fd`, an `opener`, or a descriptor inside a closed folder; and renaming a parent of a closed
folder. A thread that outlives its stage stays restricted. Stages that read gold labels have their own processes
(`kinds.Kind.gold`), so no labels stay in the memory or the descriptors of another stage.

Not stopped: native code (a tokenizer, a database, torch, `ctypes`, that opens files itself), child processes, `chroot`,
hard links made before,
descriptors that another process sends, another process that changes a link between the look and the opening, names and
sizes (`stat`), and code that sets out to undo this module. So it stops mistakes and planted links, not hostile code;
the container engine, which mounts nothing else, stops both.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xtreme_bench.errors import StageError

_DESCRIPTORS = "/proc/self/fd"
# Event -> (position of a path in the arguments, position of its `dir_fd` or None). Python does not report the `dir_fd`
# of "open".
_EVENTS: dict[str, tuple[tuple[int, int | None], ...]] = {
    "open": ((0, None),),
    "mmap.__new__": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.getxattr": ((0, None),),
    "os.link": ((0, 2), (1, 3)),
    "os.listdir": ((0, None),),
    "os.listxattr": ((0, None),),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.removexattr": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.scandir": ((0, None),),
    "os.setxattr": ((0, None),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
    "sqlite3.connect": ((0, None),),
}


class _Rule:
    """The closed folders, the open folders in them, and the unrestricted thread: the worker's own, between stages."""

    closed: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    free: int | None = None
    installed = False


@contextmanager
def guarded(closed: Sequence[Path], opened: Sequence[Path]) -> Iterator[None]:
    """Raise `StageError` for access to the `closed` folders, except to the folders `opened` inside them.

    Afterwards this thread is free again. Other threads stay restricted: they may be left over from the stage.
    """
    if not _Rule.installed:  # hooks cannot be removed, so one hook follows the current rule
        sys.addaudithook(_watch)
        _Rule.installed = True
    _Rule.opened = tuple(os.path.realpath(path) for path in opened)
    _Rule.closed = tuple(os.path.realpath(path) for path in closed)
    _Rule.free = None
    try:
        yield
    finally:
        _Rule.free = threading.get_ident()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    where = _EVENTS.get(event)
    if where is None or not _Rule.closed or _Rule.free == threading.get_ident():
        return
    for position, relative_to in where:
        for place in _places(event, arguments[position], None if relative_to is None else arguments[relative_to]):
            _check(place, moves=event == "os.rename")
            if event == "os.symlink":  # the target is relative to the folder of the link
                _check(os.path.realpath(Path(place).parent / os.fsdecode(arguments[0])), moves=False)


def _places(event: str, path: Any, descriptor: int | None) -> Iterator[str]:
    """The real paths that a path or a file descriptor may stand for."""
    if path is None:  # `os.listdir()`
        path = "."
    if isinstance(path, int):
        path = f"{_DESCRIPTORS}/{path}"
    if not isinstance(path, str | bytes | os.PathLike):
        return
    text = os.fsdecode(path)
    yield os.path.realpath(f"{_DESCRIPTORS}/{descriptor}/{text}" if _is_relative(text, descriptor) else text)
    if event == "open" and not text.startswith(os.sep):
        for number in os.listdir(_DESCRIPTORS):  # noqa: PTH208
            if Path(_DESCRIPTORS, number).is_dir():  # any of these may be the `dir_fd`
                yield os.path.realpath(f"{_DESCRIPTORS}/{number}/{text}")


def _is_relative(text: str, descriptor: int | None) -> bool:
    return descriptor is not None and descriptor >= 0 and not text.startswith(os.sep)


def _check(path: str, *, moves: bool) -> None:
    """Errors: `StageError` for a closed path; with `moves` also for a parent of a closed folder."""
    if _depth(path, _Rule.closed) >= max(1, _depth(path, _Rule.opened)) or (
        moves and any(_within(folder, path) for folder in _Rule.closed)
    ):
        raise StageError(
            f"{path} is closed to this stage: it is not one of its inputs or its own folder, and only scoring may "
            "read gold labels"
        )


def _depth(path: str, folders: Sequence[str]) -> int:
    """The length of the path of the innermost of `folders` that contains `path`; 0 if none does."""
    return max((len(folder) for folder in folders if _within(path, folder)), default=0)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
