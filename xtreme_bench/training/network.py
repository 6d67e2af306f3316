"""What a training works on: its tasks, and one network of the encoder and their heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from xtreme_bench.training.checkpoint import Tensors
from xtreme_bench.training.dropout import Noise, by_example
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import Objective
from xtreme_bench.training.forward import Encoder, Inputs
from xtreme_bench.training.sharding import local


@dataclass
class Task:
    """What the loop needs of a task. `change` turns an example into what this step sees (masks).

    `quality` scores the current model on the task's development rows, in percent, or as `perplexity`, of which the
    lower is better; None if there are none. `chance` is the score of guesses there, None where that says nothing.
    `batch` are the examples of one of its steps, None for those of the training; `pace` is its learning rate as a
    multiple of the training's. `matched`: batches do not depend on lengths.
    """

    name: str
    objective: Objective
    head: nn.Module
    examples: Sequence[Example]
    change: Callable[[Example, np.random.Generator], Example] | None = None
    quality: Callable[[], float] | None = None
    perplexity: bool = False
    chance: float | None = None
    batch: int | None = None
    pace: float = 1.0
    matched: bool = False

    def worth(self, quality: float) -> float:
        """What a score counts in the choice of a checkpoint, in percent: of a perplexity the probability of a right
        token (the geometric mean)."""
        return 100 / quality if self.perplexity else quality


class Network(nn.Module):
    """Encoder and heads as one module, so that gradients of several processes are averaged in one place."""

    def __init__(self, encoder: Encoder, heads: Mapping[str, nn.Module], *, recompute: bool = False) -> None:
        super().__init__()
        self.encoder, self.hidden, self.heads = encoder.model, encoder.hidden, nn.ModuleDict(heads)
        self.noise = Noise()
        by_example(self, encoder.model, encoder.architecture, self.noise)
        if recompute:
            for block in encoder.stack:
                _recomputed(block)

    def forward(self, task: Task, inputs: Inputs, examples: Sequence[Example]) -> torch.Tensor:
        """The summed loss of some examples."""
        self.noise.packing = inputs.packing
        return task.objective.loss(self.heads[task.name], self.hidden(inputs), examples)

    def learned(self) -> Tensors:
        """The weights that learn, which is all that a training changes; of shards, those of this process."""
        # Not from the state dict: heads that two tasks share are in it twice. No encoder here has persistent buffers.
        return {name: local(value.detach()) for name, value in self.named_parameters() if value.requires_grad}

    @torch.no_grad()
    def restore(self, tensors: Tensors) -> None:
        """Put back what `learned` gave."""
        learned = self.learned()
        for name, value in tensors.items():
            learned[name].copy_(value)


def _recomputed(block: nn.Module) -> None:
    """Let a block keep its input alone, and be computed again in the backward pass (Chen et al. 2016).

    Dropout is the same both times without torch's random state, which it would cost time to keep.
    """
    forward = block.forward

    def again(*values: Any, **settings: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*values, **settings)
        return checkpoint(forward, *values, use_reentrant=False, preserve_rng_state=False, **settings)

    block.forward = again
