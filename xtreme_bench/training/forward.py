"""An encoder and its one forward pass: what it reads, and the hidden states that it gives.

Training, prediction, embedding and the check of exports all go through `Encoder.hidden` and `Encoder.layers`, so what
an architecture needs, and what a method of training adds to it, is handled once, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from xtreme_bench.training.encoder_files import first_position, used


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
        return Inputs(*(None if value is None else value.to(device) for value in vars(self).values()))  # type: ignore[arg-type]


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
        columns = {
            "input_ids": inputs.ids,
            "attention_mask": inputs.mask,
            "token_type_ids": inputs.segments,
            "position_ids": inputs.positions,
        }
        return self.model(**{name: value for name, value in columns.items() if value is not None}, **wanted)

    def cut(self, layer: int) -> None:
        """Remove the blocks above a layer for good: `hidden` then gives what `layers` gave at that layer."""
        model: Any = self.model
        if layer < self.blocks and hasattr(model.encoder, "LayerNorm"):
            # XLM-R XL has a norm after all blocks, which does not belong to the layers below.
            model.encoder.LayerNorm = nn.Identity()
        model.encoder.layer = model.encoder.layer[:layer]

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
        """The encoder's dropout; heads use the same."""
        return float(self._config.hidden_dropout_prob)

    @property
    def first_position(self) -> int:
        """The position of the first token; that of padding is one less, where the architecture has one."""
        return first_position(self._config.model_type, self._config.pad_token_id)

    @property
    def longest(self) -> int:
        """The most tokens of one sequence."""
        return used(self._config.max_position_embeddings, self._config.model_type, self._config.pad_token_id)

    @property
    def _config(self) -> Any:
        return self.model.config
