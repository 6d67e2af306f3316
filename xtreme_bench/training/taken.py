"""What a training step has given, fetched from a GPU without waiting for the steps after it."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Taken:
    """A step that was taken but not checked yet: a GPU may still be computing it.

    `figures` are loss and gradient norm, on the CPU once `ready` has come.
    """

    number: int
    task: str
    rate: float
    figures: torch.Tensor
    ready: torch.cuda.Event | None

    def outcome(self) -> tuple[float, float]:
        """Loss and norm; waits for this step alone, not for what a GPU was given after it."""
        if self.ready is not None:
            self.ready.synchronize()
        loss, norm = self.figures.tolist()
        return loss, norm


def taken(number: int, task: str, rate: float, loss: torch.Tensor, norm: torch.Tensor) -> Taken:
    """A step whose loss and norm a GPU has been asked for."""
    figures, ready = torch.stack([loss, norm]), None
    if figures.is_cuda:
        figures = torch.empty(2, pin_memory=True).copy_(figures, non_blocking=True)
        ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
        ready.record()
    return Taken(number, task, rate, figures, ready)
