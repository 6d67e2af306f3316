"""How a command is ended from outside: by Ctrl-C, by SIGTERM (batch systems) or by a terminal that closes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def install() -> None:
    """From now on SIGTERM and SIGHUP end this process as Ctrl-C does, by `KeyboardInterrupt` in its main thread.

    What was started with SIGINT or SIGHUP ignored (`nohup`, `&` in a script) goes on ignoring these, as its user wants.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


@contextmanager
def shielded() -> Iterator[None]:
    """Ignore further requests to end, so that an impatient user cannot cut off the clean-up."""
    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread alone
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
