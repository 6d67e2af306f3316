"""Masked language modelling (Devlin et al. 2019, section 3.1): some tokens are hidden and predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.batching import Example


class MaskedHead(nn.Module):
    """XLM-R's language-model head; its output matrix is the encoder's word embedding. (n, width) -> (n, vocabulary)."""

    def __init__(self, embedding: nn.Parameter) -> None:
        super().__init__()
        vocabulary, width = embedding.shape
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)
        # In a tuple, so that the embedding stays the encoder's parameter alone.
        self._tied = (embedding,)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Logits."""
        inner = self.norm(functional.gelu(self.dense(vectors)))
        return functional.linear(inner, self._tied[0], self.bias)


def mask(example: Example, share: float, tokenizer: Any, generator: np.random.Generator) -> Example:
    """Hide `share` of the tokens, one at least: 80 % become the mask, 10 % a random token, 10 % stay as they are."""
    ids = example.sequences[0]
    special = (ids == tokenizer.cls_token_id) | (ids == tokenizer.sep_token_id)
    open_places = np.flatnonzero(~special)
    if not len(open_places):
        return replace(example, target=ids[:0].astype(np.int64), positions=open_places)
    count = max(1, round(share * len(open_places)))
    places = np.sort(generator.permutation(open_places)[:count])
    fate = generator.random(count)
    hidden = np.where(fate < 0.8, tokenizer.mask_token_id, generator.integers(0, len(tokenizer), count))
    corrupted = ids.copy()
    corrupted[places] = np.where(fate < 0.9, hidden, ids[places])
    return replace(example, sequences=(corrupted,), target=ids[places].astype(np.int64), positions=places)


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy, summed over the hidden tokens; logits are made at these only."""
    flat = np.concatenate([at * hidden.shape[1] + example.positions for at, example in enumerate(examples)])
    target = np.concatenate([example.target for example in examples])
    vectors = hidden.flatten(0, 1)[torch.from_numpy(flat).to(hidden.device)]
    logits = cast(torch.Tensor, head(vectors).float())
    return functional.cross_entropy(logits, torch.from_numpy(target).to(hidden.device), reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each hidden token."""
    return sum(len(example.positions) for example in examples)
