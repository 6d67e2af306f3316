"""The attention of all encoders that leave it to transformers: with dropout by example, prefixes, and packed tokens.

Packed tokens are padded again for it alone, which costs little beside the rest of a block; a mask over the whole row
would cost its square. On a GPU, in half precision, torch has a kernel for sequences of any lengths, which is used.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch.backends.cuda import SDPAParams, can_use_flash_attention
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from xtreme_bench.training.packing import Packing

ATTENTION = "xtreme_bench"


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    packing: Packing | None = None,
    **settings: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """torch's attention, but the plain formula with dropout: torch's own cannot be told what to drop.

    A `prefix` of the module puts its keys and values before those of the tokens. What is packed comes as one sequence
    and so goes back; the mask is that of the padded form.
    """
    prefix = getattr(module, "prefix", None)
    if packing is not None:
        if prefix is None and dropout == 0 and _any_lengths(query):
            return _packed(query, key, value, packing, scaling, settings.get("sliding_window")), None
        query, key, value = (packing.unpack(each.transpose(1, 2)).transpose(1, 2) for each in (query, key, value))
        found, _ = _attention(module, query, key, value, attention_mask, dropout, scaling, **settings)
        return packing.pack(found), None
    if prefix is not None:
        key, value, attention_mask = prefix(key, value, attention_mask)
    if dropout == 0:
        found = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **settings)
        return cast(tuple[torch.Tensor, None], found)
    key, value = (_of_each_head(each, query) for each in (key, value))
    scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    weights = module.dropout(scores.softmax(-1)).to(value.dtype)
    return cast(torch.Tensor, (weights @ value).transpose(1, 2).contiguous()), None


def _any_lengths(query: torch.Tensor) -> bool:
    """Whether torch's kernel for sequences of any lengths takes these heads, on this device."""
    asked = SDPAParams(query, query, query, None, 0.0, False, False)
    return query.shape[-1] % 8 == 0 and can_use_flash_attention(asked)


def _packed(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    packing: Packing,
    scaling: float | None,
    window: int | None,
) -> torch.Tensor:
    """The attention of packed tokens; with a `window` each sees those that are less than this far away."""
    bounds, longest, near = packing.bounds, packing.shape[1], -1 if window is None else window - 1
    query, key, value = (_of_each_head(each, query)[0].transpose(0, 1) for each in (query, key, value))
    found = varlen_attn(query, key, value, bounds, bounds, longest, longest, scale=scaling, window_size=(near, near))
    return cast(torch.Tensor, found)[None]


def _of_each_head(shared: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
    """Keys or values of each head of a query; several may share them."""
    heads = query.shape[1] // shared.shape[1]
    return shared.repeat_interleave(heads, 1) if heads > 1 else shared


def _mask(*, attention_mask: torch.Tensor | None, allow_is_bidirectional_skip: bool, **settings: Any) -> Any:
    """transformers' mask, which is left out where nothing is padded. To look whether it is would wait for a GPU.

    It has the size of the padded form, also where the tokens are packed.
    """
    looks = attention_mask is None or attention_mask.device.type == "cpu"
    skips = allow_is_bidirectional_skip and looks
    if attention_mask is not None:
        sequences, longest = attention_mask.shape
        settings |= {"batch_size": sequences, "q_length": longest, "kv_length": longest}
    return sdpa_mask(attention_mask=attention_mask, allow_is_bidirectional_skip=skips, **settings)


AttentionInterface.register(ATTENTION, _attention)
AttentionMaskInterface.register(ATTENTION, _mask)
