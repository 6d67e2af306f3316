"""Do work in the background, ahead of its use, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")
_END = object()


@contextmanager
def ahead(function: Callable[[In], Out], items: Iterable[In], depth: int = 2) -> Iterator[Iterator[Out]]:
    """What `function` makes of each item, in order; a thread is up to `depth` of them ahead.

    An error of `function` is raised where its result would have been. The thread ends with the context.
    """
    made: queue.Queue[tuple[bool, object]] = queue.Queue(depth)
    ended = threading.Event()

    def put(fine: bool, what: object) -> bool:
        while not ended.is_set():
            try:
                made.put((fine, what), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(True, function(item)):
                    return
            put(True, _END)
        except BaseException as error:  # any error is raised where the result is waited for
            put(False, error)

    def results() -> Iterator[Out]:
        while True:
            fine, what = made.get()
            if not fine:
                assert isinstance(what, BaseException)
                raise what
            if what is _END:
                return
            yield what  # type: ignore[misc]

    thread = threading.Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        yield results()
    finally:
        ended.set()
        thread.join()
