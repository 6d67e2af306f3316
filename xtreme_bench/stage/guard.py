"""Keep a stage out of folders that it must not use: above all gold labels, and what other stages made.

The worker sets this up around each stage. Where folders are nested the innermost decides, so gold labels within the
data stay closed, and an input within the store is open.

Stopped, in every thread: what Python opens, lists, links, renames, removes or changes by path, through links, relative
paths and `dir_fd`, by an `opener`, or from a descriptor that leads into a closed folder; the renaming of a folder above
a closed one. A thread that outlives its stage stays restricted. Gold labels are read in processes of their own
(`kinds.Kind.gold`), so nothing of them is left in the memory or the descriptors of another stage's process.

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
# Where each event has its paths, and for each path the place of the descriptor that it is relative to, if any. (For
# "open" Python does not give it.)
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
    """What is closed, what is open inside it, and the thread that is free: the worker's own, between stages."""

    closed: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    free: int | None = None
    installed = False


@contextmanager
def guarded(closed: Sequence[Path], opened: Sequence[Path]) -> Iterator[None]:
    """Refuse with `StageError` what lies in `closed` folders, unless it lies in one of `opened` further inside.

    Afterwards this thread is free again. Others stay restricted until the next rule: a stage may have left them behind.
    """
    if not _Rule.installed:  # a hook cannot be removed, so there is only one, which follows the current rule
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
            if event == "os.symlink":  # what it leads to is relative to where it is
                _check(os.path.realpath(Path(place).parent / os.fsdecode(arguments[0])), moves=False)


def _places(event: str, path: Any, descriptor: int | None) -> Iterator[str]:
    """The real places that a path, or a descriptor in its stead, may lead to."""
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
    """Errors: `StageError` for what is closed, and with `moves` for a folder with something closed in it."""
    if _depth(path, _Rule.closed) >= max(1, _depth(path, _Rule.opened)) or (
        moves and any(_within(folder, path) for folder in _Rule.closed)
    ):
        raise StageError(
            f"{path} is closed to this stage: it is neither one of its inputs nor its own folder, and only scoring "
            "may read gold labels"
        )


def _depth(path: str, folders: Sequence[str]) -> int:
    """How long the name of the innermost of `folders` is that `path` lies in; 0 where it lies in none."""
    return max((len(folder) for folder in folders if _within(path, folder)), default=0)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
