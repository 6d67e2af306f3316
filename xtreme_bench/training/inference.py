"""Run an encoder and a head over examples, without gradients, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from xtreme_bench.training import processes
from xtreme_bench.training.batching import collate
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import Outputs
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.padding import CPU_TOKENS, GPU_TOKENS, by_length
from xtreme_bench.training.sharding import is_sharded


@torch.inference_mode()
def infer(
    encoder: Encoder,
    family: Outputs,
    head: nn.Module,
    examples: Sequence[Example],
    progress: Callable[[int], None] = lambda done: None,
) -> list[Any]:
    """The family's output of each example, in their order; processes share the work, and each gets all outputs.

    `progress` is told how many examples are done.
    """
    found: dict[int, Any] = {}
    group = processes.group()
    sizes = [example.length * len(example.sequences) for example in examples]
    batches = by_length(sizes, GPU_TOKENS if encoder.device.type == "cuda" else CPU_TOKENS)
    with _evaluating(encoder.model, head):
        for indices in group.in_step(batches) if is_sharded(encoder.model) else group.share(batches):
            batch = [examples[index] for index in indices]
            hidden = encoder.hidden(collate(batch, encoder).to(encoder.device))
            found |= zip(indices, family.outputs(head, hidden, batch), strict=True)
            progress(min(len(examples), len(found) * group.world))
    everything = {index: output for part in group.together(found) for index, output in part.items()}
    return [everything[index] for index in range(len(examples))]


@contextmanager
def _evaluating(*networks: nn.Module) -> Iterator[None]:
    """Evaluation mode; afterwards each part of the networks (some may be frozen) returns to its earlier mode."""
    modes = [(part, part.training) for network in networks for part in network.modules()]
    try:
        for network in networks:
            network.eval()
        yield
    finally:
        for part, mode in modes:
            part.training = mode
