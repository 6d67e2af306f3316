"""A lock between processes: one at a time, the others say for whom they wait, and a wait can be ended."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from xtreme_bench import locks
from xtreme_bench.errors import StageError

HOLDER = """
import sys, pathlib
from xtreme_bench import locks
with locks.held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that holds a lock until its standard input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.slow
def test_who_waits_is_told_for_whom_and_goes_on_when_the_lock_is_free(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "key"
    told: list[str] = []
    with holder(path) as other:
        assert other.stdin is not None
        threading.Timer(0.5, other.stdin.close).start()
        with locks.held(path, waiting=told.append):
            assert path.read_text().startswith(f"process {os.getpid()} on ")
    (owner,) = told
    assert owner.startswith(f"process {other.pid} on {os.uname().nodename}, since 20")


@pytest.mark.slow
def test_a_wait_ends_at_once_when_it_is_told_to_stop_and_the_lock_is_not_taken(tmp_path: Path) -> None:
    stop = threading.Event()
    with holder(tmp_path / "key") as other:
        threading.Timer(0.3, stop.set).start()
        begun = time.monotonic()
        with pytest.raises(StageError, match="the run was ended"), locks.held(tmp_path / "key", stop=stop.is_set):
            pytest.fail("it is held by another")
        assert time.monotonic() - begun < 5
        assert other.stdin is not None
        other.stdin.close()


def test_nothing_begins_after_a_stop_also_where_the_lock_is_free(tmp_path: Path) -> None:
    with pytest.raises(StageError), locks.held(tmp_path / "key", stop=lambda: True):
        pytest.fail("begun")


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with holder(tmp_path / "key") as other:
        other.kill()
        other.wait()
    told: list[str] = []
    with locks.held(tmp_path / "key", waiting=told.append):
        pass
    assert told == []


@pytest.mark.parametrize(
    ("text", "told"), [("", "another process"), ("\x1b]0;x\x07a\nb", "]0;xa"), ("x" * 999, "x" * 200)]
)
def test_what_stands_in_a_lock_file_is_told_as_short_printable_text(tmp_path: Path, text: str, told: str) -> None:
    heard: list[str] = []
    (tmp_path / "key").write_text(text)
    with (tmp_path / "key").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        held = locks.held(tmp_path / "key", waiting=heard.append, stop=lambda: bool(heard))
        with pytest.raises(StageError, match="not started"), held:
            pytest.fail("begun")
    assert heard == [told]
