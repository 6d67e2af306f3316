"""Run an encoder and a head over examples, without gradients, in batches of like length."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import nn

from xtreme_bench.errors import StageError
from xtreme_bench.stage.ranks import BeginAgain
from xtreme_bench.training import processes
from xtreme_bench.training.batching import collate
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import Outputs
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.padding import by_length
from xtreme_bench.training.sharding import is_sharded
from xtreme_bench.wording import count

T = TypeVar("T")
# What happens next where memory is full and the encoder is in shards.
AGAIN = "the stage goes on from its last checkpoint, with smaller parts"


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

    def compute(batch: list[Example]) -> list[Any]:
        return family.outputs(head, encoder.hidden(collate(batch, encoder).to(encoder.device)), batch)

    with _evaluating(encoder.model, head):
        for indices, outputs in in_batches(encoder, examples, compute):
            found |= zip(indices, outputs, strict=True)
            progress(min(len(examples), len(found) * group.world))
    everything = {index: output for part in group.together(found) for index, output in part.items()}
    return [everything[index] for index in range(len(examples))]


def in_batches(
    encoder: Encoder, examples: Sequence[Example], compute: Callable[[list[Example]], T]
) -> Iterator[tuple[list[int], T]]:
    """The numbers of the examples of each batch of this process, and what `compute` gives for them, longest first.

    If a batch does not fit in memory, it and all that follow are cut to half of its tokens. Raises StageError if one
    example does not fit, and BeginAgain if the encoder is in shards: the other processes wait in the middle of a pass.
    """
    sizes = [example.length * len(example.sequences) for example in examples]
    group, shards = processes.group(), is_sharded(encoder.model)
    waiting = deque((group.in_step if shards else group.share)(by_length(sizes, encoder.at_once)))
    while waiting:
        batch = [examples[index] for index in waiting[0]]
        done = None
        try:
            done = compute(batch)
        except torch.OutOfMemoryError as error:
            longest, sequences = batch[0].length, len(batch[0].sequences)
            if len(batch) < 2:
                raise StageError(
                    f"the GPU's memory is full; there is no room for {count(sequences, 'sequence')} of {longest} "
                    f"tokens at once: lower `max_length` below {longest} in the recipe, or stop other programs on the "
                    "GPU"
                ) from error
            encoder.memory.tokens = longest * sequences * len(batch) // 2
            if shards:
                raise BeginAgain(f"the GPU's memory is full in an evaluation; {AGAIN}") from error
        if done is not None:
            yield waiting.popleft(), done
            continue
        # Outside the handler, because its error keeps what the pass has made alive.
        torch.cuda.empty_cache()
        left = [index for indices in waiting for index in indices]
        cut = by_length([sizes[index] for index in left], encoder.at_once)
        waiting = deque([left[at] for at in indices] for indices in cut)


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
