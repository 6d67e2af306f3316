from __future__ import annotations

import gc
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_server import Site, serving, use_hub

from xtreme_bench.data.fetch import download

# Tests run in one process a core; a thread that waits for work would take another's.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Also where Python is told to write none: processes that tests start then need not compile the package again.
sys.dont_write_bytecode = False
# More would each load torch for little.
MOST_WORKERS = 4
# What is loaded while tests are collected stays, so no search for garbage finds any before that is done.
gc.disable()
# A place for files in memory, and what must be free there: the fast tests write half a gigabyte.
MEMORY, ROOM = Path("/dev/shm"), 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """The fast tests write to memory: on a disk each file that takes the place of another has to be waited for."""
    if "not slow" in config.option.markexpr and _has_room():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _has_room() -> bool:
    """Whether files in memory can be written, and run, and enough of it is free."""
    try:
        place = os.statvfs(MEMORY)
        (free,) = re.findall(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    except (OSError, ValueError):
        return False
    usable = os.access(MEMORY, os.W_OK) and not place.f_flag & os.ST_NOEXEC
    return usable and min(place.f_bavail * place.f_frsize, int(free) << 10) >= ROOM


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All tests run in several processes; those of some files run in this one, where a debugger works."""
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return min(MOST_WORKERS, len(os.sched_getaffinity(0))) if everything else 0


def pytest_collection_finish() -> None:
    """What is loaded by now stays, torch and all: no search for garbage needs to look at it again."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_loss_of_power() -> Iterator[None]:
    """The file systems of tests need not outlive the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on this machine, which is the hub as well, for downloads that do not wait between attempts."""
    monkeypatch.setattr(download, "PAUSES", (0.01, 0.01, 0.01))
    with serving() as site:
        use_hub(monkeypatch, site.address, tmp_path_factory.mktemp("cache"))
        yield site


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def warned() -> Iterator[list[str]]:
    """The warnings that are logged during a test, by whomever.

    In place of pytest's `caplog`, which goes through all loggers of torch six times for every test there is.
    """
    known = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    loggers = [logging.root, *(one for one in known if not one.propagate)]
    kept = _Kept()
    for logger in loggers:
        logger.addHandler(kept)
    yield kept.said
    for logger in loggers:
        logger.removeHandler(kept)
