"""What this machine computes with: device, precision, threads, and how much of a batch fits into its memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs

from xtreme_bench.encoder import Encoder, single_threaded_tokenizers
from xtreme_bench.errors import InputError
from xtreme_bench.examples import Example

# Share of a GPU's free memory that activations may take, and what they may take on a CPU (fixed, so that results do
# not depend on the machine).
GPU_SHARE = 0.6
CPU_BYTES = 2 << 30


def prepare_device(params: Mapping[str, Any]) -> Accelerator:
    """Threads, determinism and precision of this process, before anything is computed."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    single_threaded_tokenizers()
    torch.set_num_threads(params.get("threads", 1))
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    # A worker runs many stages; accelerate keeps the precision of the first unless told to forget it.
    AcceleratorState._reset_state()
    half = params.get("precision") == "bf16"
    if half and not torch.cuda.is_available():
        raise InputError("precision bf16 needs a GPU, and torch finds none here; set `resources.precision: fp32`")
    return Accelerator(
        mixed_precision="bf16" if half else "no",
        cpu=not torch.cuda.is_available(),
        # The heads of tasks that a step did not draw have no gradient.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


def room(accelerator: Accelerator, encoder: Encoder) -> int:
    """Padded tokens whose activations fit into memory: about 34 values a token and layer (Korthikanti et al. 2022)."""
    config: Any = encoder.model.config
    bytes_each = 34 * config.hidden_size * config.num_hidden_layers * 4
    memory: int = CPU_BYTES
    if accelerator.device.type == "cuda":
        # Gradients and AdamW's two moments do not exist yet.
        weights = sum(value.numel() for value in encoder.model.parameters()) * 4
        memory = int(GPU_SHARE * max(0, torch.cuda.mem_get_info()[0] - 3 * weights))
    return max(1, memory // int(bytes_each))


def parts(batch: list[Example], room: int) -> Iterator[list[Example]]:
    """Cut a batch into runs of at most `room` padded tokens, one example at least; an empty batch is one run."""
    part: list[Example] = []
    longest = sequences = 0
    for example in batch:
        longest, sequences = max(longest, example.length), sequences + len(example.sequences)
        if part and longest * sequences > room:
            yield part
            part, longest, sequences = [], example.length, len(example.sequences)
        part.append(example)
    yield part
