"""A prompt and several texts that may follow it: each pair is one sequence with one logit, softmax over the choices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.data.corpora import Limits
from xtreme_bench.rows import ChoiceRow
from xtreme_bench.training.batching import targets
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families.classification import PooledHead
from xtreme_bench.training.families.subwords import Pair, encode_pairs


def features(rows: Sequence[ChoiceRow], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """One example a row, with one sequence for each choice. `labels` is not used.

    Long prompts lose their beginning, as in jiant: Cosmos QA's question stands at the end of the prompt.
    """
    prompts = [row.prompt for row in rows for _ in row.choices]
    choices = [choice for row in rows for choice in row.choices]
    pairs = encode_pairs(prompts, choices, tokenizer, limits.max_length, keep_end=True)
    return [_example(at, row, list(islice(pairs, len(row.choices)))) for at, row in enumerate(rows)]


def _example(at: int, row: ChoiceRow, pairs: Sequence[Pair]) -> Example:
    segments = [pair.segments for pair in pairs if pair.segments is not None]
    cut = zip(("prompts cut", "choices cut"), zip(*(pair.cut for pair in pairs), strict=True), strict=True)
    return Example(
        at,
        tuple(pair.ids for pair in pairs),
        None if row.label is None else np.array([row.label], np.int32),
        segments=np.concatenate(segments) if segments else None,
        cut=tuple(what for what, each in cut if any(each)),
    )


def head(width: int, labels: int, dropout: float, pooling: str = "first") -> nn.Module:
    """A new head: one logit a sequence, however many choices there are."""
    return PooledHead(width, 1, dropout, pooling)


def _logits(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """(examples, most choices); rows with fewer choices are padded with minus infinity."""
    single: torch.Tensor = head(hidden, examples).squeeze(-1)
    parts = torch.split(single, [len(example.sequences) for example in examples])
    return torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True, padding_value=float("-inf"))


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy over the choices, summed over the examples."""
    target = targets(examples, hidden.device)
    return functional.cross_entropy(_logits(head, hidden, examples), target, reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each example."""
    return len(examples)


def outputs(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[Any]:
    """The index of the best choice of each example."""
    best: list[Any] = _logits(head, hidden, examples).argmax(-1).tolist()
    return best


def decode(
    rows: Sequence[ChoiceRow],
    examples: Sequence[Example],
    outputs: Sequence[Any],
    labels: Sequence[str],
    limits: Limits,
) -> list[int]:
    """The index of the best choice of each row."""
    return list(outputs)
