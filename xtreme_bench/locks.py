"""A lock file between processes that names its holder, so that a waiting run can show it and can stop waiting."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from xtreme_bench.errors import StageError

POLL_SECONDS = 0.2
# Read at most this much of a lock file, because another user of a shared folder may have written it.
LONGEST = 200


def silent(owner: str) -> None:
    """Tell nobody about the wait."""


def never() -> bool:
    """Wait until the lock is free."""
    return False


@contextlib.contextmanager
def held(path: Path, *, waiting: Callable[[str], None] = silent, stop: Callable[[], bool] = never) -> Iterator[None]:
    """Hold the lock file `path` for this process; it is created if it is absent, and never removed.

    If another process holds it, `waiting` is called once with the holder ("process 7 on host, since ..."). `stop` is
    called before every try, and again when the lock is held. Errors: `StageError` as soon as `stop` returns true.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8", errors="replace") as stream:
        told = False
        while not _locked(stream.fileno(), stop):
            if not told:
                waiting(_owner(path))
                told = True
            time.sleep(POLL_SECONDS)
        _require(stop)
        stream.truncate(0)
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        stream.write(f"process {os.getpid()} on {platform.node()}, since {since}\n")
        stream.flush()
        yield


def _locked(descriptor: int, stop: Callable[[], bool]) -> bool:
    _require(stop)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _require(stop: Callable[[], bool]) -> None:
    if stop():
        raise StageError("not started, because the run was ended")


def _owner(path: Path) -> str:
    """The holder of a lock as printable text; a new holder may not have written its name yet."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(LONGEST).partition("\n")[0]
    return "".join(letter for letter in text if letter.isprintable()) or "another process"


@contextlib.contextmanager
def alone(path: Path) -> Iterator[Path]:
    """Hold a lock for a moment: the file `path` is made for this, may hold anything, and is removed afterwards.

    A file that a killed process left is taken over.
    """
    while True:
        with path.open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if not _stands_at(stream, path):  # the last holder has moved or removed it
                continue
            try:
                yield path
            finally:
                if _stands_at(stream, path):
                    path.unlink()
            return


def _stands_at(stream: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False
