"""The display while stages run: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TextIO

from tqdm import tqdm

from xtreme_bench.wording import duration, one_line, visible

PLAIN_SECONDS = 15.0
# Time left is shown after this share of the work, or after these seconds and units: the first steps are slower.
ENOUGH_SHARE, ENOUGH_SECONDS, ENOUGH_UNITS = 0.1, 10.0, 5


def time_left(seconds: float, done: int, rest: int) -> str:
    """The time left at the speed so far; empty while too little is done to know it."""
    enough = done >= ENOUGH_SHARE * (done + rest) or (seconds >= ENOUGH_SECONDS and done >= ENOUGH_UNITS)
    return f"{duration(seconds / done * rest)} left" if done > 0 and rest > 0 and enough else ""


class _Nowhere(io.StringIO):
    """A stream that keeps nothing."""

    def write(self, text: str, /) -> int:
        return len(text)


class Display:
    """The progress of a run of `total` stages. Several threads may call its methods."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total = total
        self._terminal = self._stream.isatty()
        self._lock = threading.Lock()
        self._bars: dict[str, tqdm[Any]] = {}
        self._begun: dict[str, tuple[float, int]] = {}
        self._said: dict[str, float] = {}
        self._count = 0
        self._ending = False

    def say(self, text: str) -> None:
        """Print one line without disturbing the bars."""
        text = visible(text)
        with self._lock:
            if self._terminal:
                tqdm.write(text, file=self._stream)
            else:
                print(text, file=self._stream, flush=True)

    def skipped(self, name: str, note: str = "") -> None:
        """A stage is in the store already."""
        self.say(f"{self._number()} {name}: already in the store{note}")

    def waiting(self, name: str, owner: str) -> None:
        """A stage waits because another run makes it."""
        self.say(f"  {name}: waiting for another run that makes it ({owner})")

    def started(self, name: str) -> None:
        """A stage starts."""
        self._begun[name] = (time.monotonic(), -1)
        self._said[name] = time.monotonic()
        if self._terminal:
            with self._lock:
                self._bars[name] = tqdm(
                    total=1,
                    desc=one_line(name),
                    unit="",
                    file=self._stream,
                    leave=False,
                    dynamic_ncols=True,
                    bar_format="  {desc} {percentage:3.0f}% |{bar}| {unit}",
                )
        else:
            self.say(f"  {name}: started")

    def progressed(self, name: str, done: int, total: int, note: str) -> None:
        """A stage reports `done` of `total` units of work."""
        now = time.monotonic()
        begun, first = self._begun[name]
        if first < 0:  # a resumed stage starts at its checkpoint; measure time left from there
            first = done
            self._begun[name] = (now, first)
            begun = now
        status = ", ".join(part for part in (note, time_left(now - begun, done - first, total - done)) if part)
        if self._terminal:
            with self._lock:
                bar = self._bars[name]
                bar.total, bar.n = max(total, 1), done
                bar.unit = one_line(status)
                bar.refresh()
        elif now - self._said[name] >= PLAIN_SECONDS:
            self._said[name] = now
            self.say(f"  {name}: {100 * done // max(total, 1)} %{', ' if status else ''}{status}")

    def finished(self, name: str, seconds: float, note: str = "") -> None:
        """A stage succeeded."""
        self._close(name)
        self.say(f"{self._number()} {name}: done in {duration(seconds)}{', ' if note else ''}{note}")

    def failed(self, name: str) -> None:
        """A stage ended with an error, which is shown elsewhere, or was stopped with the run."""
        self._close(name)
        self.say(f"  {name}: {'stopped' if self._ending else 'failed'}")

    def ending(self) -> None:
        """The run is ending early: stages that fail from now on were stopped."""
        self._ending = True

    @contextmanager
    def work(self, name: str) -> Iterator[Callable[[int, int, str], None]]:
        """Show the progress of one piece of work in this process; yields the function that reports it."""
        begun, last = time.monotonic(), ""

        def progress(done: int, total: int, note: str) -> None:
            nonlocal last
            last = note
            self.progressed(name, done, total, note)

        self.started(name)
        try:
            yield progress
        except BaseException:
            self.failed(name)
            raise
        self.finished(name, time.monotonic() - begun, last)

    def _number(self) -> str:
        with self._lock:
            self._count += 1
            return f"[{self._count:{len(str(self._total))}}/{self._total}]"

    def _close(self, name: str) -> None:
        with self._lock:
            bar = self._bars.pop(name, None)
            if bar is not None:
                bar.close()


def showing(stream: TextIO | None) -> Callable[[int], Display]:
    """What makes the displays of a run that writes its progress to `stream`, or to nothing."""
    return partial(Display, stream=stream or _Nowhere())
