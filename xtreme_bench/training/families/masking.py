"""Masked language modelling (Devlin et al. 2019, section 3.1): some tokens are hidden and predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.training.batching import flat_positions, targets
from xtreme_bench.training.examples import Example, needed


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
        return replace(example, target=ids[:0], positions=ids[:0])
    count = max(1, round(share * len(open_places)))
    places = np.sort(generator.permutation(open_places)[:count])
    fate = generator.random(count)
    hidden = np.where(fate < 0.8, tokenizer.mask_token_id, generator.integers(0, len(tokenizer), count))
    corrupted = ids.copy()
    corrupted[places] = np.where(fate < 0.9, hidden, ids[places])
    return replace(example, sequences=(corrupted,), target=ids[places], positions=places.astype(np.int32))


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy, summed over the hidden tokens; logits are made at these only."""
    vectors = hidden.flatten(0, 1)[flat_positions(examples, hidden)]
    logits = cast(torch.Tensor, head(vectors).float())
    return functional.cross_entropy(logits, targets(examples, hidden.device), reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each hidden token."""
    return sum(len(needed(example.positions)) for example in examples)
