"""The optimizer of all trainings and its learning rate: AdamW, with linear warm-up and decay (Devlin et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.distributed.tensor import DTensor

from xtreme_bench.training.params import Learning

EPSILON = 1e-8


def adamw(network: nn.Module, params: Learning) -> torch.optim.Optimizer:
    """AdamW over the weights of a network that learn; biases and norms do not decay."""
    # Biases and the weights of norms are the vectors among the parameters. A group is all in shards, or all whole.
    groups = [
        {"params": some, "weight_decay": params.weight_decay if matrices else 0.0}
        for sharded in (False, True)
        for matrices in (True, False)
        if (some := [value for value in network.parameters() if value.requires_grad
                     and (value.ndim > 1) is matrices and isinstance(value, DTensor) is sharded])
    ]  # fmt: skip
    return torch.optim.AdamW(groups, lr=params.learning_rate, eps=EPSILON, fused=True)


def decay(paces: Sequence[float], steps: int, params: Learning) -> float:
    """The factor by which AdamW's decay shrinks a weight without gradients in the first of `steps` steps.

    `paces` are the multiples of the learning rate at which these were taken.
    """
    rates = (pace * rate(step, steps, params) for step, pace in enumerate(paces))
    return float(math.prod(1.0 - each * params.weight_decay for each in rates))


def rate(step: int, steps: int, params: Learning) -> float:
    """Linear warm-up over the first `warmup` share of the steps, then linear decay to zero."""
    warm = params.warmup * steps
    left = (steps - step) / max(1.0, steps - warm)
    return float(params.learning_rate * min((step + 1) / max(1.0, warm), left))
