"""An encoder and its one forward pass: what it reads, and the hidden states that it gives.

Training, prediction, embedding and the check of exports all go through `Encoder.hidden` and `Encoder.layers`, so what
an architecture needs, and what a method of training adds to it, is handled once, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from xtreme_bench.training.architectures import ARCHITECTURES, Architecture


def moved(value: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """A tensor of the CPU on a device, without waiting for what a GPU still computes: that takes pinned memory."""
    if torch.device(device).type != "cuda":
        return value.to(device)
    return value.pin_memory().to(device, non_blocking=True)


@dataclass(frozen=True)
class Inputs:
    """What an encoder reads, each of shape (sequences, longest).

    `mask` is 1 where there is a token; None if nothing is padded. `segments` are None if all tokens are in
    segment 0, `positions` if they are the architecture's own: one after another.
    """

    ids: torch.Tensor
    mask: torch.Tensor | None = None
    segments: torch.Tensor | None = None
    positions: torch.Tensor | None = None

    def to(self, device: torch.device | str) -> Inputs:
        """The same on a device."""
        return Inputs(*(None if value is None else moved(value, device) for value in vars(self).values()))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Encoder:
    """A transformer without a head, and the tokenizer that belongs to it."""

    model: nn.Module
    tokenizer: Any

    def hidden(self, inputs: Inputs) -> torch.Tensor:
        """The last hidden states (sequences, longest, width)."""
        return self._run(inputs).last_hidden_state  # type: ignore[no-any-return]

    def layers(self, inputs: Inputs) -> tuple[torch.Tensor, ...]:
        """The hidden states of all layers: the first are the output of the embeddings, the last that of all blocks."""
        return tuple(self._run(inputs, output_hidden_states=True).hidden_states)

    def _run(self, inputs: Inputs, **wanted: bool) -> Any:
        columns = {"input_ids": inputs.ids, "attention_mask": inputs.mask, "position_ids": inputs.positions}
        if self.architecture.segments:
            columns["token_type_ids"] = inputs.segments
        return self.model(**{name: value for name, value in columns.items() if value is not None}, **wanted)

    @property
    def stack(self) -> nn.ModuleList:
        """The blocks, the lowest first."""
        return self.model.get_submodule(self.architecture.stack)  # type: ignore[return-value]

    def cut(self, layer: int) -> None:
        """Take off the blocks above a layer for good: `hidden` then gives what `layers` gave there."""
        row, kept = self.architecture, self.stack[:layer]
        if layer < self.blocks and row.norm:
            # A norm behind all blocks is no part of the layers below.
            self.model.set_submodule(row.norm, nn.Identity())
        if row.returns_tuples and not kept:
            kept.append(_Nothing())
        self.model.set_submodule(row.stack, kept)

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.model.parameters()).device

    @property
    def width(self) -> int:
        """Size of one hidden vector."""
        return int(self._config.hidden_size)

    @property
    def blocks(self) -> int:
        """Number of transformer blocks."""
        return int(self._config.num_hidden_layers)

    @property
    def heads(self) -> int:
        """Number of attention heads of a block."""
        return int(self._config.num_attention_heads)

    @property
    def dropout(self) -> float:
        """Dropout that the encoder was made with; heads use the same."""
        return float(getattr(self._config, self.architecture.dropout))

    @property
    def segments(self) -> int:
        """How many segments have a vector of their own; 0 for an architecture that reads none."""
        return int(self._config.type_vocab_size) if self.architecture.segments else 0

    @property
    def first_position(self) -> int:
        """The position of the first token; that of padding is one less, where the architecture has one."""
        return self.architecture.first_position(self._config.pad_token_id)

    @property
    def longest(self) -> int:
        """Most tokens of one sequence."""
        return self.architecture.room(self._config.max_position_embeddings, self._config.pad_token_id)

    @property
    def architecture(self) -> Architecture:
        """What is known of its architecture."""
        return ARCHITECTURES[self._config.model_type]

    @property
    def _config(self) -> Any:
        return self.model.config


class _Nothing(nn.Module):
    """Takes the place of the blocks where there must be one, and changes nothing."""

    def forward(self, hidden: torch.Tensor, *others: Any, **settings: Any) -> tuple[torch.Tensor, None]:
        return hidden, None
