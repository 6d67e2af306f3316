"""One tag for each word, read at its first sub-word. Long sentences become several chunks; no word is ever dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.data.corpora import Limits
from xtreme_bench.rows import TaggedRow
from xtreme_bench.training.batching import flat_positions, targets
from xtreme_bench.training.examples import Example, Ints, needed
from xtreme_bench.training.families.subwords import encode, room
from xtreme_bench.training.frames import Frame, frame


class TokenHead(nn.Module):
    """Dropout and one linear layer: (sequences, longest, width) -> (sequences, longest, outputs)."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(width, outputs)
        nn.init.normal_(self.projection.weight, std=0.02)
        nn.init.zeros_(self.projection.bias)

    def forward(self, hidden: torch.Tensor, places: torch.Tensor | None = None) -> torch.Tensor:
        """Logits. With `places`, counted over all sequences, only at these: (places, outputs)."""
        vectors = self.dropout(hidden)
        return cast(torch.Tensor, self.projection(vectors if places is None else vectors.flatten(0, 1)[places]))


def features(rows: Sequence[TaggedRow], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """One example a chunk; `positions` are the first sub-words, `target` the tags' numbers."""
    numbers = {tag: number for number, tag in enumerate(labels)}
    form = frame(tokenizer, 1)
    left = room(limits.max_length, form.size, 1, "a word")
    # A word without any sub-word becomes the unknown token.
    pieces = [ids or [tokenizer.unk_token_id] for ids in encode([w for row in rows for w in row.words], tokenizer)]
    examples, taken = [], 0
    for at, row in enumerate(rows):
        own = pieces[taken : taken + len(row.words)]
        taken += len(row.words)
        for begin, end in _chunks([min(left, len(piece)) for piece in own], left):
            tags = None if row.tags is None else np.array([numbers[tag] for tag in row.tags[begin:end]], np.int32)
            examples.append(_example(at, own[begin:end], tags, form, left))
    return examples


def _chunks(lengths: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Cut words into runs of at most `most` sub-words: (first word, word after the last). An empty row is one run."""
    begin = used = 0
    for word, length in enumerate(lengths):
        if used + length > most:
            yield begin, word
            begin, used = word, 0
        used += length
    yield begin, len(lengths)


def _example(row: int, pieces: Sequence[list[int]], tags: Ints | None, form: Frame, left: int) -> Example:
    """One chunk; a word of more than `left` sub-words keeps its first ones."""
    kept = [piece[:left] for piece in pieces]
    begins = np.array([*accumulate(map(len, kept), initial=len(form.marks[0]))][:-1], dtype=np.int32)
    cut = ("words cut",) * sum(len(piece) > left for piece in pieces)
    return Example(row, (form.ids([*chain.from_iterable(kept)]),), tags, begins, cut=cut)


def head(width: int, labels: int, dropout: float, pooling: str = "first") -> nn.Module:
    """A new head; it sees every token, so `pooling` is not used."""
    return TokenHead(width, labels, dropout)


def _logits(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """(words of all examples, tags)."""
    return cast(torch.Tensor, head(hidden, flat_positions(examples, hidden)).float())


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
