"""The processes that share a stage, as torch.distributed has them; most stages have one.

Every process holds all weights, unless a recipe asks for shards (`sharding.py`). Gradients are summed once a step,
after all of its parts and not while the last one is still computed, so that a process whose memory is full can say so
before any other waits for its share, and so that the order of the sums follows from the sizes of the weights alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed

from xtreme_bench.stage.ranks import GROUP

T = TypeVar("T")
# Values that are summed at once: enough to keep the wires busy, few enough to need little memory.
BUCKET = 1 << 24
# One may work alone for hours while the others wait, and whoever started them sees it if one dies.
PATIENCE = timedelta(days=7)


@dataclass(frozen=True)
class Group:
    """Some processes, of which this is number `rank`, from 0. What they do together, all of them do in one order."""

    rank: int
    world: int

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """The items that this process works on: each `world`-th, so that long and short ones are dealt out evenly."""
        return items[self.rank :: self.world]

    def in_step(self, items: Sequence[T]) -> Sequence[T]:
        """As `share`, but all get as many, for work that they do together: some items are then done twice."""
        rounds = -(-len(items) // self.world)
        return [items[min(at * self.world + self.rank, len(items) - 1)] for at in range(rounds)]

    def most(self, number: int) -> int:
        """The highest of all processes' numbers."""
        return max(self.together(number))

    def together(self, value: T) -> list[T]:
        """What all processes have, in their order; each gets all of it."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        distributed.all_gather_object(found, value)
        return found

    def first_alone(self, make: Callable[[], T]) -> T:
        """What `make` gives; the others call it once the first has done so, and nobody goes on before all have."""
        found = [make()] if self.rank == 0 else []
        self.together(None)
        found = found or [make()]
        self.together(None)
        return found[0]

    def any_of(self, flag: bool) -> bool:
        """Whether it holds in any of the processes. Nothing waits for a GPU."""
        if self.world == 1:
            return flag
        said = torch.tensor(int(flag))
        distributed.all_reduce(said, distributed.ReduceOp.MAX)
        return bool(said)

    def sum_up(self, values: Iterable[torch.Tensor]) -> None:
        """Replace each tensor by the sum of those of all processes, which have as many of the same sizes."""
        if self.world == 1:
            return
        for bucket in _buckets(values):
            flat = torch.cat([value.reshape(-1) for value in bucket])
            distributed.all_reduce(flat)
            for value, total in zip(bucket, torch.split(flat, [value.numel() for value in bucket]), strict=True):
                value.copy_(total.view_as(value))


ALONE = Group(0, 1)


def begin() -> Group:
    """Meet the other processes of this stage, if it has several."""
    if GROUP in os.environ and not distributed.is_initialized():
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            init_method=f"file://{os.environ[GROUP]}",
            rank=int(os.environ["RANK"]),
            world_size=int(os.environ["WORLD_SIZE"]),
            timeout=PATIENCE,
        )
    return group()


def group() -> Group:
    """The processes of this stage, which have met."""
    if not distributed.is_initialized():
        return ALONE
    return Group(distributed.get_rank(), distributed.get_world_size())


def _buckets(values: Iterable[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Tensors that are summed together; one that is larger than a bucket is cut along its first dimension."""
    bucket: list[torch.Tensor] = []
    size = 0
    for value in values:
        rows = max(1, BUCKET // max(1, value[0].numel())) if value.ndim else 1
        for piece in torch.split(value, rows) if value.ndim else [value]:
            if bucket and size + piece.numel() > BUCKET:
                yield bucket
                bucket, size = [], 0
            bucket.append(piece)
            size += piece.numel()
    if bucket:
        yield bucket
