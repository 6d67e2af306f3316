"""The most memory that this process has held since a stage began, although it may have run other stages before."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import re
import resource
from pathlib import Path

_PROCESS = Path("/proc/self")


def begin() -> None:
    """Give back what the stages before have left, and count the peak from now on, each where the system can."""
    gc.collect()
    give_back()
    with contextlib.suppress(OSError):
        (_PROCESS / "clear_refs").write_text("5", encoding="ascii")


def give_back() -> None:
    """Give back what is free, where the system can.

    The C library otherwise keeps it between pieces that are still in use: after a training gigabytes, and while one
    runs ever more, because batches of ever new shapes leave gaps that fit no other.
    """
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # of glibc alone
        trim(0)


def peak() -> int:
    """The peak in bytes: of the memory held at once, the files that were read through it included."""
    try:
        status = (_PROCESS / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        status = ""
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, flags=re.MULTILINE)
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
