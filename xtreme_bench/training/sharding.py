"""An encoder in shards: each process of a stage holds a part of its weights, gradients and moments (FSDP).

A block is made whole only while it computes (Rajbhandari et al. 2020, stage 3), by torch's `fully_shard`. So all
processes make their forward passes together and in equal number. Heads are small: every process holds them whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from xtreme_bench.training.forward import Encoder


def shard(encoder: Encoder, device: torch.device) -> None:
    """Leave of an encoder the part of this process, on its device. Gradients are sums over the processes."""
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    for part in (*encoder.stack, encoder.model):
        # Between passes nothing is whole, the table of words included.
        made: Any = fully_shard(part, mesh=mesh, reshard_after_forward=True)
        made.set_gradient_divide_factor(1.0)
        made.set_force_sum_reduction_for_comms(True)


def is_sharded(model: nn.Module) -> bool:
    """Whether this process holds only a part of a model's weights."""
    return any(isinstance(value, DTensor) for value in model.parameters())


def local(value: torch.Tensor) -> torch.Tensor:
    """What this process holds of a tensor, in the same memory."""
    found: torch.Tensor = value.to_local() if isinstance(value, DTensor) else value
    return found


def like(value: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """A part of a tensor, as `local` gives it, as a part of one that is sharded like `other`."""
    if not isinstance(other, DTensor) or value.shape != other.to_local().shape:
        return value
    mesh, placements = other.device_mesh, other.placements
    return DTensor.from_local(value.to(other.device), mesh, placements, shape=other.shape, stride=other.stride())


def clip(parameters: Iterable[nn.Parameter], most: float) -> torch.Tensor:
    """Scale gradients so that their norm over all processes is at most `most`; returns what it was."""
    learned = [value for value in parameters if value.grad is not None]
    grads = [value.grad for value in learned if value.grad is not None]
    parts = [grad for grad in grads if isinstance(grad, DTensor)]
    if not parts:
        return nn.utils.clip_grad_norm_(learned, most)
    whole = [grad for grad in grads if not isinstance(grad, DTensor)]
    norm: torch.Tensor = torch.linalg.vector_norm(torch.stack([_norm(some) for some in (parts, whole) if some]))
    for grad in grads:
        local(grad).mul_((most / (norm + 1e-6)).clamp(max=1.0))
    return norm


def _norm(grads: Sequence[torch.Tensor]) -> torch.Tensor:
    norm = nn.utils.get_total_norm(grads)
    found: torch.Tensor = norm.full_tensor() if isinstance(norm, DTensor) else norm
    return found


def gather(encoder: Encoder, *, first: bool) -> None:
    """Make an encoder whole on the CPU of the `first` process, one weight after another; others keep their parts."""
    for module in encoder.model.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            if isinstance(value, DTensor):
                full = value.full_tensor()
                if first:
                    setattr(module, name, nn.Parameter(full.detach().cpu(), requires_grad=value.requires_grad))
