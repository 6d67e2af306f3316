"""The attention of all encoders that leave it to transformers: with dropout by example, and with prefixes."""

from __future__ import annotations

from typing import Any, cast

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "xtreme_bench"


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **settings: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """torch's attention, but the plain formula with dropout: torch's own cannot be told what to drop.

    A `prefix` of the module puts its keys and values before those of the tokens.
    """
    if (prefix := getattr(module, "prefix", None)) is not None:
        key, value, attention_mask = prefix(key, value, attention_mask)
    if dropout == 0:
        found = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **settings)
        return cast(tuple[torch.Tensor, None], found)
    # Several heads may share keys and values.
    shared = getattr(module, "num_key_value_groups", 1)
    key, value = (each.repeat_interleave(shared, 1) if shared > 1 else each for each in (key, value))
    scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    weights = module.dropout(scores.softmax(-1)).to(value.dtype)
    return cast(torch.Tensor, (weights @ value).transpose(1, 2).contiguous()), None


def _mask(*, attention_mask: torch.Tensor | None, allow_is_bidirectional_skip: bool, **settings: Any) -> Any:
    """transformers' mask, which is left out where nothing is padded. To look whether it is would wait for a GPU."""
    looks = attention_mask is None or attention_mask.device.type == "cpu"
    skips = allow_is_bidirectional_skip and looks
    return sdpa_mask(attention_mask=attention_mask, allow_is_bidirectional_skip=skips, **settings)


AttentionInterface.register(ATTENTION, _attention)
AttentionMaskInterface.register(ATTENTION, _mask)
