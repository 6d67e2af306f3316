"""The memory of a stage is its own, not that of the stages before it in the same process."""

from xtreme_bench.stage import memory


def test_the_peak_begins_anew_and_rises_with_what_is_held() -> None:
    large = bytearray(b"x" * (200 << 20))
    assert memory.peak() > 200 << 20
    before = memory.peak()
    del large
    memory.reset_peak()
    fresh = memory.peak()
    assert fresh < before - (150 << 20)
    held = bytearray(b"x" * (80 << 20))
    assert memory.peak() > fresh + (60 << 20)
    assert held
