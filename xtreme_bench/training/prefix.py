"""Prompt tuning: keys and values that learn, before those of the tokens in every block (Tu, Xiong and Zhou 2022).

They are vectors of their own, without a network that makes them. No token moves: positions are those of the encoder
without a prefix, and every token sees the whole prefix, also where a block looks at near tokens only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from xtreme_bench.errors import InputError
from xtreme_bench.training.architectures import PROMPT, not_for
from xtreme_bench.training.attention import ATTENTION
from xtreme_bench.training.forward import Encoder

_FILE, _NAME = "prefix.safetensors", "prefix"
# As transformers begins new weights of the XLM-R family, and so the released code of the paper its prefixes.
_DEVIATION = 0.02


class Prefix(nn.Module):
    """The prefix of one block. Its dropout drops the same for all examples of a step, which share it."""

    def __init__(self, vectors: torch.Tensor, dropout: float) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Keys and values (sequences, heads, length, width of a head) and mask with the prefix before them."""
        own = self.dropout(self.vectors).to(key.dtype).unsqueeze(1).expand(2, len(key), -1, -1, -1)
        if mask is not None:
            seen = mask.new_ones(1).expand(*mask.shape[:-1], own.shape[-2])
            mask = torch.cat([seen, mask], -1)
        return torch.cat([own[0], key], 2), torch.cat([own[1], value], 2), mask


def begin(encoder: Encoder, length: int) -> None:
    """Freeze an encoder, which then computes as in evaluation, and add a new prefix that learns."""
    layers, shape = encoder.blocks, encoder.shape_of_keys
    if length >= encoder.longest:
        raise InputError(
            f"method.length is {length}, but the encoder has room for {encoder.longest} tokens with their prefix"
        )
    encoder.model.requires_grad_(False).eval()
    _attach(encoder, _DEVIATION * torch.randn(layers, 2, shape[0], length, shape[1]))


def _attach(encoder: Encoder, vectors: torch.Tensor) -> None:
    model: Any = encoder.model
    model.set_attn_implementation(ATTENTION)
    for attention, own in zip(_attentions(encoder), vectors, strict=True):
        attention.prefix = Prefix(own.clone(), encoder.dropout)


def _attentions(encoder: Encoder) -> list[Any]:
    """The module of each block that hands keys and values to transformers' attention."""
    if why := not_for(PROMPT, encoder.kind):
        raise InputError(why)
    return [next(part for part in block.modules() if hasattr(part, "is_causal")) for block in encoder.stack]


def save(folder: Path, encoder: Encoder) -> None:
    """Write the prefix alone: (blocks, key and value, heads, length, width of a head)."""
    vectors = torch.stack([attention.prefix.vectors.detach().cpu() for attention in _attentions(encoder)])
    save_file({_NAME: vectors.contiguous()}, folder / _FILE)


def add(folder: Path, encoder: Encoder) -> None:
    """Add the prefix that a folder keeps to an encoder of the shape that it was trained for.

    Raises InputError for another shape.
    """
    vectors = load_file(folder / _FILE)[_NAME]
    heads, width = encoder.shape_of_keys
    there, needed = (*vectors.shape[:3], vectors.shape[-1]), (encoder.blocks, 2, heads, width)
    if there != needed:
        raise InputError(
            f"{folder / _FILE} is for an encoder of {there[0]} blocks with {there[2]} heads of width {there[3]} for "
            f"keys, but this one has {encoder.blocks} with {heads} of width {width}"
        )
    _attach(encoder, vectors)
    encoder.model.eval()
