"""How gradients are put into buckets, in which they are summed over processes."""

import pytest
import torch

from xtreme_bench.training import processes
from xtreme_bench.training.processes import ALONE, Group


@pytest.mark.parametrize("room", [1, 5, 6, 7, 100])
def test_buckets_hold_every_value_once_in_order_and_none_is_larger_than_it_may_be(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "BUCKET", room)
    values = [torch.arange(12.0).view(4, 3), torch.tensor(12.0), torch.arange(13.0, 20.0)]
    buckets = list(processes._buckets(values))
    assert torch.cat([piece.reshape(-1) for bucket in buckets for piece in bucket]).tolist() == list(range(20))
    assert all(sum(piece.numel() for piece in bucket) <= max(room, 3) for bucket in buckets)
    assert len(buckets) > 1 or room == 100
    for bucket in buckets:
        for piece in bucket:
            piece.zero_()
    assert not any(value.any() for value in values), "pieces are views, so a sum reaches the gradient"


def test_items_are_dealt_out_and_one_process_does_all() -> None:
    assert [list(Group(rank, 3).share(range(7))) for rank in range(3)] == [[0, 3, 6], [1, 4], [2, 5]]
    assert [list(Group(rank, 3).in_step(range(7))) for rank in range(3)] == [[0, 3, 6], [1, 4, 6], [2, 5, 6]]
    assert ALONE.together("x") == ["x"]
    assert list(ALONE.share([1, 2])) == [1, 2]
    assert ALONE.first_alone(lambda: 5) == 5
    assert [ALONE.any_of(flag) for flag in (True, False)] == [True, False]
