"""An encoder and its one forward pass: what it reads, and the hidden states that it gives.

Training, prediction, embedding and the check of exports all go through `Encoder.hidden` and `Encoder.layers`, so what
an architecture needs, and what a method of training adds to it, is handled once, here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from xtreme_bench.errors import InputError
from xtreme_bench.training.architectures import ARCHITECTURES, PACKED, Architecture, not_for
from xtreme_bench.training.attention import ATTENTION
from xtreme_bench.training.packing import Packing
from xtreme_bench.training.padding import CPU_TOKENS, GPU_TOKENS


def moved(value: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """A tensor of the CPU on a device, without waiting for what a GPU still computes: that takes pinned memory."""
    if torch.device(device).type != "cuda":
        return value.to(device)
    return value.pin_memory().to(device, non_blocking=True)


@dataclass(frozen=True)
class Inputs:
    """What an encoder reads, each of shape (sequences, longest).

    `below` (sequences, longest, width) is what the frozen blocks give for it, None if they are to compute it.

    `mask` is 1 where there is a token; None if nothing is padded. `segments` are None if all tokens are in
    segment 0, `positions` if they are the architecture's own: one after another.

    `places` and `bounds`, those of a `Packing`, are there if the encoder is to compute without padding.
    """

    ids: torch.Tensor
    mask: torch.Tensor | None = None
    segments: torch.Tensor | None = None
    positions: torch.Tensor | None = None
    below: torch.Tensor | None = None
    places: torch.Tensor | None = None
    bounds: torch.Tensor | None = None

    @property
    def packing(self) -> Packing | None:
        """How the tokens are put into one row; None if they are not."""
        if self.places is None or self.bounds is None:
            return None
        return Packing(self.places, self.bounds, (self.ids.shape[0], self.ids.shape[1]))

    def to(self, device: torch.device | str) -> Inputs:
        """The same on a device."""
        return Inputs(*(None if value is None else moved(value, device) for value in vars(self).values()))  # type: ignore[arg-type]


@dataclass
class Below:
    """What the frozen blocks give in the forward pass at hand; None where they compute it."""

    hidden: torch.Tensor | None = None


@dataclass
class Memory:
    """The padded tokens that fit in one pass without gradients, where the memory turned out to be small."""

    tokens: int | None = None


@dataclass(frozen=True)
class Encoder:
    """A transformer without a head, and the tokenizer that belongs to it. Batches for it are packed if it `packs`."""

    model: nn.Module
    tokenizer: Any
    packs: bool = False
    below: Below = field(default_factory=Below)
    memory: Memory = field(default_factory=Memory)

    def hidden(self, inputs: Inputs) -> torch.Tensor:
        """The last hidden states (sequences, longest, width); zeros where there is padding, if they were packed."""
        states = self._run(inputs).last_hidden_state
        return states if inputs.packing is None else inputs.packing.unpack(states)

    def layers(self, inputs: Inputs) -> tuple[torch.Tensor, ...]:
        """The hidden states of all layers: the first are the output of the embeddings, the last that of all blocks.

        Nothing may be packed.
        """
        return tuple(self._run(inputs, output_hidden_states=True).hidden_states)

    def packed(self) -> Encoder:
        """The same encoder, computing without padding. Raises InputError if its architecture cannot."""
        if why := not_for(PACKED, self.kind):
            raise InputError(why)
        model: Any = self.model
        model.set_attn_implementation(ATTENTION)
        return replace(self, packs=True)

    def _run(self, inputs: Inputs, **wanted: bool) -> Any:
        columns: dict[str, Any] = {
            "input_ids": inputs.ids,
            "position_ids": inputs.positions,
            "token_type_ids": inputs.segments if self.architecture.segments else None,
        }
        self.below.hidden = inputs.below
        if packing := inputs.packing:
            if inputs.positions is None:
                columns["position_ids"] = self._positions(inputs.ids)
            columns = {name: value if value is None else packing.pack(value) for name, value in columns.items()}
            self.below.hidden = None if inputs.below is None else packing.pack(inputs.below)
            columns["packing"] = packing
        # The mask stays that of the padded form, in which attention keeps sequences apart.
        columns["attention_mask"] = inputs.mask
        return self.model(**{name: value for name, value in columns.items() if value is not None}, **wanted)

    def _positions(self, ids: torch.Tensor) -> torch.Tensor:
        """The positions that the architecture itself gives to padded ids."""
        if not self.architecture.after_padding:
            return torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        padding = self._config.pad_token_id
        counted = (ids != padding).long()
        return counted.cumsum(1) * counted + padding  # type: ignore[no-any-return]

    @property
    def stack(self) -> nn.ModuleList:
        """The blocks, the lowest first."""
        return self.model.get_submodule(self.architecture.stack)  # type: ignore[return-value]

    def freeze(self, upper: int) -> int:
        """Let all blocks below the `upper` ones give what inputs bring of them, where they do; returns how many.

        Raises InputError if there are fewer blocks.
        """
        if not 1 <= upper <= self.blocks:
            raise InputError(f"method.blocks is {upper}, but the encoder has {self.blocks} blocks")
        frozen = self.stack[: self.blocks - upper]
        for block in frozen:
            block.forward = _unless_given(block.forward, self.below, self.architecture.returns_tuples)
        return len(frozen)

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
    def at_once(self) -> int:
        """The padded tokens that one pass without gradients reads, unless one example has more."""
        usual = GPU_TOKENS if self.device.type == "cuda" else CPU_TOKENS
        return min(usual, self.memory.tokens or usual)

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
    def shape_of_keys(self) -> tuple[int, int]:
        """Number and width of the heads that have keys and values; several heads may share them."""
        heads = getattr(self._config, "num_key_value_heads", None) or self.heads
        return int(heads), int(getattr(self._config, "head_dim", None) or self.width // self.heads)

    @property
    def dropout(self) -> float:
        """Dropout that the encoder was made with; heads use the same."""
        return float(getattr(self._config, self.architecture.dropout))

    def drop(self, share: float) -> None:
        """Give hidden states, and heads and prefixes made from now on, this dropout; attention weights keep theirs."""
        row = self.architecture
        setattr(self._config, row.dropout, share)
        for part in self.model.modules():
            attention = hasattr(part, "is_causal") or "SelfAttention" in type(part).__name__
            for name, child in part.named_children():
                if isinstance(child, nn.Dropout) and (not attention or name == row.by_step):
                    child.p = share

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
    def kind(self) -> str:
        """The name of its architecture."""
        return str(self._config.model_type)

    @property
    def architecture(self) -> Architecture:
        """What is known of its architecture."""
        return ARCHITECTURES[self.kind]

    @property
    def _config(self) -> Any:
        return self.model.config


def _unless_given(forward: Callable[..., Any], below: Below, returns_tuples: bool) -> Callable[..., Any]:
    def passed(hidden: torch.Tensor, *others: Any, **settings: Any) -> Any:
        if below.hidden is None:
            return forward(hidden, *others, **settings)
        return (below.hidden, None) if returns_tuples else below.hidden

    return passed


class _Nothing(nn.Module):
    """Takes the place of the blocks where there must be one, and changes nothing."""

    def forward(self, hidden: torch.Tensor, *others: Any, **settings: Any) -> tuple[torch.Tensor, None]:
        return hidden, None
