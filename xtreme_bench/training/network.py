"""What a training works on: its tasks, and one network of the encoder and their heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from xtreme_bench.training.checkpoint import Tensors
from xtreme_bench.training.dropout import Noise, by_example
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import Objective
from xtreme_bench.training.forward import Encoder, Inputs


@dataclass
class Task:
    """What the loop needs of a task. `change` turns an example into what this step sees (masks).

    `matched`: batches do not depend on lengths.
    `quality` scores the current model on the task's development rows, in percent; None if there are none.
    """

    name: str
    objective: Objective
    head: nn.Module
    examples: Sequence[Example]
    change: Callable[[Example, np.random.Generator], Example] | None = None
    quality: Callable[[], float] | None = None
    matched: bool = False


class Network(nn.Module):
    """Encoder and heads as one module, so that gradients of several processes are averaged in one place."""

    def __init__(self, encoder: Encoder, heads: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.encoder, self.hidden, self.heads = encoder.model, encoder.hidden, nn.ModuleDict(heads)
        self.noise = Noise()
        by_example(self, encoder.model, encoder.architecture, self.noise)

    def forward(self, task: Task, inputs: Inputs, examples: Sequence[Example]) -> torch.Tensor:
        """The summed loss of some examples."""
        return task.objective.loss(self.heads[task.name], self.hidden(inputs), examples)

    def learned(self) -> Tensors:
        """The weights that learn, which is all that a training changes."""
        # Not from the state dict: heads that two tasks share are in it twice. No encoder here has persistent buffers.
        return {name: value.detach() for name, value in self.named_parameters() if value.requires_grad}
