"""Run an encoder and a head over examples, without gradients, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from xtreme_bench.training.batching import by_length, collate
from xtreme_bench.training.encoder import Encoder
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import Family

# Padded tokens of one batch; on the CPU larger batches only miss the cache.
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
    device = next(encoder.model.parameters()).device
    modes = encoder.model.training, head.training
    encoder.model.eval()
    head.eval()
    outputs: list[Any] = [None] * len(examples)
    done = 0
    sizes = [example.length * len(example.sequences) for example in examples]
    for indices in by_length(sizes, GPU_TOKENS if device.type == "cuda" else CPU_TOKENS):
        batch = [examples[index] for index in indices]
        inputs = {name: value.to(device) for name, value in collate(batch, encoder).items()}
        hidden = encoder.model(**inputs).last_hidden_state
        for index, output in zip(indices, family.outputs(head, hidden, batch), strict=True):
            outputs[index] = output
        done += len(indices)
        progress(done)
    encoder.model.train(modes[0])
    head.train(modes[1])
    return outputs
