"""One tag for each word, read at its first sub-word. Long sentences become several chunks; no word is ever dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.batching import flat_positions, targets
from xtreme_bench.corpora import Limits
from xtreme_bench.examples import Example, Ints, needed
from xtreme_bench.families.subwords import encode
from xtreme_bench.rows import TaggedRow


class TokenHead(nn.Module):
    """Dropout and one linear layer: (n, width) -> (n, outputs)."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(width, outputs)
        nn.init.normal_(self.projection.weight, std=0.02)
        nn.init.zeros_(self.projection.bias)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return cast(torch.Tensor, self.projection(self.dropout(vectors)))


def features(rows: Sequence[TaggedRow], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """One example a chunk; `positions` are the first sub-words, `target` the tags' numbers."""
    numbers = {tag: number for number, tag in enumerate(labels)}
    pieces = _pieces([word for row in rows for word in row.words], tokenizer, limits.max_length - 2)
    examples, taken = [], 0
    for at, row in enumerate(rows):
        own = pieces[taken : taken + len(row.words)]
        taken += len(row.words)
        for begin, end in _chunks([len(piece) for piece in own], limits.max_length - 2):
            tags = None if row.tags is None else np.array([numbers[tag] for tag in row.tags[begin:end]], np.int32)
            examples.append(_example(at, own[begin:end], tags, tokenizer))
    return examples


def _pieces(words: list[str], tokenizer: Any, room: int) -> list[list[int]]:
    """Sub-words of each word: at least one (`<unk>` where there would be none), at most `room`."""
    return [ids[:room] or [tokenizer.unk_token_id] for ids in encode(words, tokenizer)]


def _chunks(lengths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """Cut words into runs of at most `room` sub-words: (first word, word after the last). An empty row is one run."""
    begin = used = 0
    for word, length in enumerate(lengths):
        if used + length > room:
            yield begin, word
            begin, used = word, 0
        used += length
    yield begin, len(lengths)


def _example(row: int, pieces: Sequence[list[int]], tags: Ints | None, tokenizer: Any) -> Example:
    begins = np.array([*accumulate(map(len, pieces), initial=1)][:-1], dtype=np.int32)
    ids = [tokenizer.cls_token_id, *chain.from_iterable(pieces), tokenizer.sep_token_id]
    return Example(row, (np.array(ids, dtype=np.int32),), tags, begins)


def head(width: int, labels: int, dropout: float) -> nn.Module:
    """A new head."""
    return TokenHead(width, labels, dropout)


def _logits(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """(words of all examples, tags)."""
    vectors = hidden.flatten(0, 1)[flat_positions(examples, hidden)]
    return cast(torch.Tensor, head(vectors).float())


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy, summed over the words."""
    target = targets(examples, hidden.device)
    return functional.cross_entropy(_logits(head, hidden, examples), target, reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each word."""
    return sum(len(needed(example.positions)) for example in examples)


def outputs(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[Any]:
    """For each chunk the number of the best tag of each of its words."""
    best = _logits(head, hidden, examples).argmax(-1).cpu()
    return [part.tolist() for part in torch.split(best, [len(needed(example.positions)) for example in examples])]


def decode(
    rows: Sequence[TaggedRow],
    examples: Sequence[Example],
    outputs: Sequence[Any],
    labels: Sequence[str],
    limits: Limits,
) -> list[list[str]]:
    """The tags of each row, exactly one a word."""
    tags: list[list[str]] = [[] for _ in rows]
    for example, numbers in zip(examples, outputs, strict=True):
        tags[example.row] += [labels[number] for number in numbers]
    return tags
