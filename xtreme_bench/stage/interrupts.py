"""Interrupts from outside: Ctrl-C, SIGTERM (batch systems), or a closed terminal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def install() -> None:
    """Make SIGTERM and SIGHUP end this process like Ctrl-C: by `KeyboardInterrupt` in the main thread.

    If the process started with SIGINT or SIGHUP ignored (`nohup`, `&` in a script), it keeps ignoring them.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


@contextmanager
def shielded() -> Iterator[None]:
    """Ignore further interrupts, so that a second Ctrl-C cannot stop the clean-up."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread gets signals
        yield
        return
    before = {one: signal.signal(one, signal.SIG_IGN) for one in ENDING}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
