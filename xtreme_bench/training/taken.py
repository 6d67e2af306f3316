"""What a training step has given, fetched from a GPU without waiting for the steps after it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from xtreme_bench.errors import StageError
from xtreme_bench.wording import listing

# Of a batch, in an error.
MOST_ROWS = 20


@dataclass(frozen=True)
class Taken:
    """A step that was taken but not checked yet: a GPU may still be computing it. `rows` are those of its batch.

    `figures` are loss and gradient norm, on the CPU once `ready` has come.
    """

    number: int
    task: str
    rows: list[int]
    rate: float
    figures: torch.Tensor
    ready: torch.cuda.Event | None

    def outcome(self) -> tuple[float, float]:
        """Loss and norm; waits for this step alone, not for what a GPU was given after it.

        Raises StageError if one is not finite.
        """
        if self.ready is not None:
            self.ready.synchronize()
        loss, norm = self.figures.tolist()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise StageError(
                f"step {self.number + 1}, task {self.task}, a batch of the training rows "
                f"{listing(map(str, self.rows), MOST_ROWS)} (from 0): the loss is {loss} (gradient norm {norm}) at "
                f"learning rate {self.rate:.3g}; lower `learning_rate`, raise `warmup`, or use "
                "`resources.precision: fp32`"
            )
        return loss, norm


def taken(number: int, task: str, rows: list[int], rate: float, loss: torch.Tensor, norm: torch.Tensor) -> Taken:
    """A step whose loss and norm a GPU has been asked for."""
    figures, ready = torch.stack([loss, norm]), None
    if figures.is_cuda:
        figures = torch.empty(2, pin_memory=True).copy_(figures, non_blocking=True)
        ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
        ready.record()
    return Taken(number, task, rows, rate, figures, ready)
