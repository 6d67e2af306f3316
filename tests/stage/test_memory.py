"""The memory of a stage is its own, not that of the stages before it in the same process."""

from xtreme_bench.stage import memory


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
    pieces = [bytearray(b"x" * (64 << 10)) for _ in range(3_200)]
    kept = pieces[-1]  # above all the others, which the C library could not give back for it
    del pieces
    before = memory.peak()
    memory.begin()
    assert memory.peak() < before - (150 << 20)
    assert kept
