"""Dropout whose masks belong to a step and its examples, so that cutting a step for memory changes nothing.

torch draws a mask for whatever batch it is given: cut in two, or shared by two processes, the same examples would
lose other units. Here a value is dropped when the product of two random numbers is small, an odd one drawn for its
sequence and position, the other for its position and unit (multiplicative hashing, Dietzfelbinger et al. 1997). Within
a sequence all values are independent; two sequences differ by the ratio of their odd numbers, which mixes all bits.
Both tables are those of the whole step, so every part of it sees the same ones, and drawing them costs less than a
mask of the batch's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import nn

from xtreme_bench.training.architectures import Architecture
from xtreme_bench.training.attention import ATTENTION
from xtreme_bench.training.examples import Example
from xtreme_bench.training.forward import moved
from xtreme_bench.training.packing import Packing
from xtreme_bench.training.prefix import Prefix


class Noise:
    """The source of a network's dropout masks: a step, and the part of it that the forward pass sees.

    Each dropout of a network has a number and draws from a stream of its own, so that a pass which is repeated for the
    backward one (gradient checkpointing) drops the same values.

    `packing` says how the tokens of a pass are packed, if they are.
    """

    def __init__(self) -> None:
        self._key = self._longest = 0
        self._firsts: list[int] = [0]
        self._rows = torch.empty(0, dtype=torch.long)
        self._generator = torch.Generator()
        self.packing: Packing | None = None

    def step(self, seed: Sequence[int], batch: Sequence[Example]) -> None:
        """Begin a step, with all its examples."""
        self._key = int(np.random.SeedSequence(seed).generate_state(1)[0])
        self._firsts = [*accumulate((len(example.sequences) for example in batch), initial=0)]
        self._longest = max(example.length for example in batch)

    def take(self, part: Sequence[int], device: torch.device) -> None:
        """Say which examples of the step, by their numbers, the next forward pass sees, and on which `device`."""
        rows = [row for at in part for row in range(self._firsts[at], self._firsts[at + 1])]
        self._rows = moved(torch.tensor(rows), device)
        if self._generator.device != self._rows.device:
            self._generator = torch.Generator(self._rows.device)

    def drops(self, number: int, shape: torch.Size, share: float) -> torch.Tensor:
        """Which values dropout `number` drops: (rows, width), (rows, length, width), (rows, heads, length, length).

        Of packed tokens (1, tokens, width) they are those of the padded form.
        """
        if self.packing and len(shape) == 3 and shape[0] == 1 < len(self._rows):
            return self.packing.pack(self.drops(number, torch.Size((*self.packing.shape, shape[2])), share))
        self._stream(number)
        *heads, length, width = shape[1:] if len(shape) > 2 else (1, *shape[1:])
        units = self._table(*heads, self._longest, self._longest if heads else width)[..., :length, :width]
        own = self._table(self._firsts[-1], self._longest)[self._rows, :length, None]
        # Twice an odd number makes of 31 random bits an even int32, each as likely as the next.
        own = (own | 1) << 1
        return (units * (own[:, None] if heads else own) < round((share - 0.5) * 2**32)).view(shape)

    def drops_alike(self, number: int, shape: torch.Size, share: float) -> torch.Tensor:
        """Which values dropout `number` drops of a table that all examples of the step share."""
        self._stream(number)
        return self._table(*shape) < round(share * 2**31)

    def _stream(self, number: int) -> None:
        # On the CPU a generator takes 32 bits of a seed; steps of the golden ratio never meet.
        self._generator.manual_seed((self._key + number * 0x9E3779B1) % 2**32)

    def _table(self, *shape: int) -> torch.Tensor:
        """Random numbers of 31 bits, which is what torch draws for an int32 tensor."""
        return torch.empty(shape, dtype=torch.int32, device=self._rows.device).random_(generator=self._generator)


class ExampleDropout(nn.Module):
    """Takes the place of `nn.Dropout`; all of a network share one `noise`.


    With `alike` what it is given belongs to no example, but is the same for all of a step.
    """

    def __init__(self, p: float, noise: Noise, number: int, *, alike: bool = False) -> None:
        super().__init__()
        self.p, self.noise, self.number, self.alike = p, noise, number, alike

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The values with some set to zero and the others scaled up; unchanged in evaluation."""
        if not self.training or self.p == 0:
            return values
        drops = self.noise.drops_alike if self.alike else self.noise.drops
        return values.masked_fill(drops(self.number, values.shape, self.p), 0.0).mul_(1 / (1 - self.p))


def by_example(network: nn.Module, encoder: Any, row: Architecture, noise: Noise) -> None:
    """Let all dropouts of a network, those inside the attention of its `encoder` too, draw from `noise`."""
    number = 0
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                alike = name == row.by_step or isinstance(module, Prefix)
                setattr(module, name, ExampleDropout(child.p, noise, number, alike=alike).train(child.training))
                number += 1
        share = getattr(module, "attention_dropout", None)
        if isinstance(share, float | int):
            # Such an attention knows its dropout as a number only, which it hands to the function below.
            module.dropout = ExampleDropout(share, noise, number).train(module.training)
            number += 1
    if not row.own_attention:
        encoder.set_attn_implementation(ATTENTION)
