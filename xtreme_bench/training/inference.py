"""Run an encoder and a head over examples, without gradients, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from xtreme_bench.training.batching import by_length, collate
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import Family
from xtreme_bench.training.forward import Encoder

# Padded tokens of one batch; on a CPU larger batches only miss the cache.
CPU_TOKENS = 4096
GPU_TOKENS = 32768


@torch.inference_mode()
def infer(
    encoder: Encoder,
    family: Family,
    head: nn.Module,
    examples: Sequence[Example],
    progress: Callable[[int], None] = lambda done: None,
) -> list[Any]:
    """The family's output of each example, in their order. `progress` is told how many examples are done."""
    outputs: list[Any] = [None] * len(examples)
    done = 0
    sizes = [example.length * len(example.sequences) for example in examples]
    with _evaluating(encoder.model, head):
        for indices in by_length(sizes, GPU_TOKENS if encoder.device.type == "cuda" else CPU_TOKENS):
            batch = [examples[index] for index in indices]
            hidden = encoder.hidden(collate(batch, encoder).to(encoder.device))
            for index, output in zip(indices, family.outputs(head, hidden, batch), strict=True):
                outputs[index] = output
            done += len(indices)
            progress(done)
    return outputs


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
