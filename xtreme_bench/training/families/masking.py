"""Masked language modelling (Devlin et al. 2019, section 3.1): some tokens are hidden and predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers.activations import ACT2FN

from xtreme_bench.data.corpora import Limits
from xtreme_bench.training.batching import flat_positions, targets
from xtreme_bench.training.examples import Example, Ints, needed
from xtreme_bench.training.families import subwords
from xtreme_bench.training.frames import frame


class MaskedHead(nn.Module):
    """The head of the language models of XLM-R, BERT and others: (n, width) -> (n, vocabulary).

    Its output matrix is the encoder's word embedding, or `own_output`. `activation` names the field of the config of
    the encoder that holds it; without one it is GELU. With `plain`, the output matrix is all there is.
    """

    def __init__(
        self,
        embedding: nn.Parameter,
        width: int,
        config: Any,
        activation: str | None = None,
        *,
        own_output: bool = False,
        plain: bool = False,
    ) -> None:
        super().__init__()
        vocabulary, inner = embedding.shape
        if not plain:
            self.dense = nn.Linear(width, inner)
            # ModernBERT has another name for it, and DistilBERT none.
            self.norm = nn.LayerNorm(inner, eps=getattr(config, "layer_norm_eps", getattr(config, "norm_eps", 1e-12)))
            nn.init.normal_(self.dense.weight, std=0.02)
            nn.init.zeros_(self.dense.bias)
        self._plain = plain
        self.activation = ACT2FN[getattr(config, activation)] if activation else functional.gelu
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.decoder = nn.Parameter(torch.empty_like(embedding)) if own_output else None
        # In a tuple, so that the embedding stays the encoder's parameter alone.
        self._tied = (embedding,)
        self._place: torch.Tensor | None = None

    def narrow(self, embedding: nn.Parameter, ids: torch.Tensor, place: torch.Tensor) -> None:
        """Let `ids` be the classes from now on: `embedding` has their rows, `place` the row of each id."""
        self._tied, self._place = (embedding,), place
        self.bias = nn.Parameter(self.bias.detach()[ids].clone())
        if self.decoder is not None:
            self.decoder = nn.Parameter(self.decoder.detach()[ids].clone())

    def classes(self, ids: torch.Tensor) -> torch.Tensor:
        """The classes that stand for token ids."""
        return ids if self._place is None else self._place.to(ids.device)[ids]

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Logits."""
        inner = vectors if self._plain else self.norm(self.activation(self.dense(vectors)))
        return functional.linear(inner, self._tied[0] if self.decoder is None else self.decoder, self.bias)


def features(rows: Sequence[str], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """Lines of text, one after another, cut into sequences that are as long as may be; nothing is left out."""
    form = frame(tokenizer, 1)
    room = subwords.room(limits.max_length, form.size, 1, "a text")
    lines = subwords.encode(rows, tokenizer)
    ends = np.cumsum([len(line) for line in lines])
    stream = [token for line in lines for token in line]
    cuts = [(begin, min(begin + room, len(stream))) for begin in range(0, len(stream), room)]
    # The row of an example is the line that it ends in.
    return [Example(int(np.searchsorted(ends, end)), (form.ids(stream[begin:end]),)) for begin, end in cuts]


def mask(
    example: Example, share: float, tokenizer: Any, generator: np.random.Generator, words: Ints | None = None
) -> Example:
    """Hide `share` of the tokens, one at least: 80 % become the mask, 10 % a random token, 10 % stay as they are.

    Random tokens are any of the vocabulary, or of `words`.
    """
    ids = example.sequences[0]
    special = (ids == tokenizer.cls_token_id) | (ids == tokenizer.sep_token_id)
    open_places = np.flatnonzero(~special)
    if not len(open_places):
        return replace(example, target=ids[:0], positions=ids[:0])
    count = max(1, round(share * len(open_places)))
    places = np.sort(generator.permutation(open_places)[:count])
    fate = generator.random(count)
    drawn = generator.integers(0, len(tokenizer) if words is None else len(words), count)
    hidden = np.where(fate < 0.8, tokenizer.mask_token_id, drawn if words is None else words[drawn])
    corrupted = ids.copy()
    corrupted[places] = np.where(fate < 0.9, hidden, ids[places])
    return replace(example, sequences=(corrupted,), target=ids[places], positions=places.astype(np.int32))


def hide(example: Example, tokenizer: Any) -> Example:
    """Put the mask in place of every token at the example's `positions`."""
    ids, places = example.sequences[0], needed(example.positions)
    corrupted = ids.copy()
    corrupted[places] = tokenizer.mask_token_id
    return replace(example, sequences=(corrupted,), target=ids[places])


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy, summed over the hidden tokens; logits are made at these only."""
    vectors = hidden.flatten(0, 1)[flat_positions(examples, hidden)]
    logits, wanted = cast(torch.Tensor, head(vectors).float()), targets(examples, hidden.device)
    return functional.cross_entropy(logits, cast(MaskedHead, head).classes(wanted), reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each hidden token."""
    return sum(len(needed(example.positions)) for example in examples)


def outputs(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[tuple[float, int]]:
    """For each example the summed cross-entropy of its hidden tokens, and how many they are."""
    # One by one: logits of a whole batch would be vocabulary times hidden tokens.
    losses = [float(loss(head, hidden[at : at + 1], [example])) for at, example in enumerate(examples)]
    return [(found, terms([example])) for found, example in zip(losses, examples, strict=True)]
