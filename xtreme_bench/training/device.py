"""What this machine computes with: device, precision, threads, and how much of a batch fits in its memory."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from xtreme_bench.errors import InputError
from xtreme_bench.training import processes, room
from xtreme_bench.training.encoder import single_threaded_tokenizers
from xtreme_bench.training.examples import Example
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.params import Machine
from xtreme_bench.training.room import CPU_BYTES, GPU_SHARE
from xtreme_bench.training.sharding import local
from xtreme_bench.wording import count


def prepare_device(machine: Machine) -> Accelerator:
    """Set threads, determinism and precision of this process, before anything is computed."""
    single_threaded_tokenizers()
    processes.begin()
    # On a GPU some backward passes have no deterministic form: a warning would cost time and change nothing.
    torch.use_deterministic_algorithms(not torch.cuda.is_available())
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # A worker runs many stages; accelerate keeps the precision of the first unless told to forget it.
    AcceleratorState._reset_state()
    precision = machine.precision
    if precision != "fp32" and not torch.cuda.is_available():
        raise InputError(
            f"precision {precision} needs a GPU, and torch finds none here; set `resources.precision: fp32`"
        )
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    accelerator = Accelerator(
        mixed_precision="bf16" if precision == "bf16" else "no", cpu=not torch.cuda.is_available()
    )
    torch.set_num_threads(machine.threads)  # accelerate sets a number of its own where there are several processes
    return accelerator


def memory(accelerator: Accelerator, optimizer: torch.optim.Optimizer) -> int:
    """Bytes that the activations of one part of a step may take."""
    if accelerator.device.type != "cuda":
        return CPU_BYTES
    # What ran before in this process must not count: its objects are freed, and its blocks with them.
    gc.collect()
    torch.cuda.empty_cache()
    # Blocks that torch still keeps are free for us.
    free = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return int(GPU_SHARE * max(0, free - _to_come(optimizer)))


def _to_come(optimizer: torch.optim.Optimizer) -> int:
    """Bytes that the first step allocates for good: gradients, and AdamW's two moments."""
    total = 0
    for parameter in (each for group in optimizer.param_groups for each in group["params"]):
        copies = (parameter.grad is None) + 2 * (not optimizer.state.get(parameter))
        total += copies * local(parameter).numel() * parameter.element_size()
    return total


def activations(encoder: Encoder, sequences: int, longest: int, *, recomputed: bool = False) -> int:
    """Bytes that a forward pass of an encoder in fp32 keeps for the backward one."""
    return room.activations(encoder.width, encoder.heads, encoder.blocks, sequences, longest, recomputed=recomputed)


def parts(batch: Sequence[Example], numbers: Sequence[int], fits: Callable[[int, int], bool]) -> Iterator[list[int]]:
    """Cut the examples `numbers` of a batch into runs that fit, one example at least; no examples are one run.

    Examples of like length come together, the longest first, so that little is padded and what needs most memory shows
    at once. `fits` is asked for a number of sequences and the length of the longest.
    """
    part: list[int] = []
    longest = sequences = 0
    for number in sorted(numbers, key=lambda number: -batch[number].length):
        example = batch[number]
        longest, sequences = max(longest, example.length), sequences + len(example.sequences)
        if part and not fits(sequences, longest):
            yield part
            part, longest, sequences = [], example.length, len(example.sequences)
        part.append(number)
    yield part


def to_fit(sequences: int, longest: int) -> str:
    """What to change where there was no room for a forward pass of one example."""
    return (
        f"there is no room for {count(sequences, 'sequence')} of {longest} tokens at once: set `resources.activations: "
        f"recompute` or `precision: bf16`, lower `max_length` below {longest} in the recipe, or stop other programs on "
        "the GPU"
    )
