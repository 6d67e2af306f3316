"""The memory of a stage is its own, not that of the stages before it in the same process."""

import re
from pathlib import Path

import pytest

from xtreme_bench.stage import memory, worker


def held() -> int:
    """Bytes of memory that this process holds now."""
    (found,) = re.findall(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found) * 1024


def gaps() -> bytearray:
    """Leaves 200 MB free below a piece that is still in use, which the C library cannot give back for it."""
    return [bytearray(b"x" * (64 << 10)) for _ in range(3_200)][-1]


def test_the_peak_begins_anew_and_rises_with_what_is_held() -> None:
    large = bytearray(b"x" * (200 << 20))
    assert memory.peak() > 200 << 20
    before = memory.peak()
    del large
    memory.begin()
    fresh = memory.peak()
    assert fresh < before - (150 << 20)
    held = bytearray(b"x" * (80 << 20))
    assert memory.peak() > fresh + (60 << 20)
    assert held


def test_what_was_freed_between_pieces_that_are_still_in_use_is_given_back() -> None:
    kept = gaps()
    before = held()
    memory.begin()
    assert held() < before - (150 << 20)
    assert memory.peak() < before - (150 << 20)
    assert kept


def test_a_stage_gives_memory_back_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "GIVE_BACK_SECONDS", 0.0)
    told: list[dict[str, object]] = []
    progress = worker._throttled(told.append)
    kept = gaps()
    before = held()
    progress(2, 2)
    assert held() < before - (150 << 20)
    assert told == [{"progress": [2, 2, ""]}]
    assert kept
