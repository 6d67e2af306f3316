"""Pairs of texts into classes (NLI, paraphrase): the vector of the first token, a tanh layer, one logit a class."""

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


class PooledHead(nn.Module):
    """XLM-R's classification head: dropout, dense, tanh, dropout, projection. (n, width) -> (n, outputs)."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.before, self.after = nn.Dropout(dropout), nn.Dropout(dropout)
        self.dense = nn.Linear(width, width)
        self.projection = nn.Linear(width, outputs)
        for layer in (self.dense, self.projection):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Logits."""
        inner = torch.tanh(self.dense(self.before(pooled)))
        return cast(torch.Tensor, self.projection(self.after(inner)))


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


def head(width: int, labels: int, dropout: float) -> nn.Module:
    """A new head."""
    return PooledHead(width, labels, dropout)


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy, summed over the examples."""
    target = targets(examples, hidden.device)
    return functional.cross_entropy(head(hidden[:, 0]).float(), target, reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each example."""
    return len(examples)


def outputs(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[Any]:
    """The index of the best class of each example."""
    return cast(list[Any], head(hidden[:, 0]).argmax(-1).tolist())


def decode(
    rows: Sequence[PairRow],
    examples: Sequence[Example],
    outputs: Sequence[Any],
    labels: Sequence[str],
    limits: Limits,
) -> list[str]:
    """The name of the best class of each row."""
    return [labels[best] for best in outputs]
