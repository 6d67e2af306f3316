"""Pairs of texts into classes (NLI, paraphrase): one vector of all tokens, a tanh layer, one logit a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.data.corpora import Limits
from xtreme_bench.rows import PairRow
from xtreme_bench.training.batching import targets
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families.subwords import encode_pairs
from xtreme_bench.training.forward import moved


class PooledHead(nn.Module):
    """XLM-R's classification head: dropout, dense, tanh, dropout, projection. (n, longest, width) -> (n, outputs).

    It sees the vector of the first token, as in the papers, or with `pooling` "mean" the mean of all tokens.
    """

    def __init__(self, width: int, outputs: int, dropout: float, pooling: str) -> None:
        super().__init__()
        self.pooling = pooling
        self.before, self.after = nn.Dropout(dropout), nn.Dropout(dropout)
        self.dense = nn.Linear(width, width)
        self.projection = nn.Linear(width, outputs)
        for layer in (self.dense, self.projection):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
        """Logits of each sequence of the examples, in float32."""
        pooled = hidden[:, 0] if self.pooling == "first" else mean_of_tokens(hidden, examples)
        inner = torch.tanh(self.dense(self.before(pooled)))
        return cast(torch.Tensor, self.projection(self.after(inner))).float()


def mean_of_tokens(hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """(n, width): the mean of each sequence's tokens, special ones included and padding left out."""
    found = [len(sequence) for example in examples for sequence in example.sequences]
    lengths = moved(torch.tensor(found), hidden.device)[:, None]
    tokens = torch.arange(hidden.shape[1], device=hidden.device) < lengths
    return torch.where(tokens[..., None], hidden.float(), 0.0).sum(1) / lengths


def features(rows: Sequence[PairRow], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """One example a row."""
    classes = {name: np.array([number], dtype=np.int32) for number, name in enumerate(labels)}
    pairs = encode_pairs([row.text_a for row in rows], [row.text_b for row in rows], tokenizer, limits.max_length)
    return [
        Example(
            at,
            (pair.ids,),
            None if row.label is None else classes[row.label],
            segments=pair.segments,
            cut=("pairs cut",) if any(pair.cut) else (),
        )
        for at, (row, pair) in enumerate(zip(rows, pairs, strict=True))
    ]


def head(width: int, labels: int, dropout: float, pooling: str = "first") -> nn.Module:
    """A new head."""
    return PooledHead(width, labels, dropout, pooling)


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy, summed over the examples."""
    target = targets(examples, hidden.device)
    return functional.cross_entropy(head(hidden, examples), target, reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each example."""
    return len(examples)


def outputs(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[Any]:
    """The index of the best class of each example."""
    return cast(list[Any], head(hidden, examples).argmax(-1).tolist())


def decode(
    rows: Sequence[PairRow],
    examples: Sequence[Example],
    outputs: Sequence[Any],
    labels: Sequence[str],
    limits: Limits,
) -> list[str]:
    """The name of the best class of each row."""
    return [labels[best] for best in outputs]
