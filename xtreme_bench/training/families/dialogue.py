"""Dialogue state tracking by slot-utterance matching (Lee et al. 2019, arXiv 1907.07421, as Moghe et al. 2021 use it).

A turn is one sequence: what the system said and what the user answered. Each slot asks its tokens by attention, a
recurrent network carries what they say from turn to turn, and the nearest value of the slot is the prediction. Slots
and values are vectors of their names, which the encoder gives once, before it is trained, in the source language: a
test set in another language names them otherwise, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.data.corpora import Limits
from xtreme_bench.data.dialogues import NONE, candidates, places
from xtreme_bench.rows import DialogueRow
from xtreme_bench.training.batching import collate, targets
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import subwords
from xtreme_bench.training.families.classification import mean_of_tokens
from xtreme_bench.training.forward import Encoder, moved
from xtreme_bench.training.frames import frame

HEADS = 4
STATE = 300
# The target where a state has a value that the ontology lacks: it is not learned from.
UNKNOWN = -100


class Tracker(nn.Module):
    """Attention with the slots as queries, a GRU over turns, distances to the values: (turns, slots, candidates).

    `names` and `values` are the vectors of each candidate's slot and value, `slot_of` the number of its slot.
    """

    names: torch.Tensor
    values: torch.Tensor
    slot_of: torch.Tensor

    def __init__(self, width: int, labels: int, dropout: float, pooling: str) -> None:
        super().__init__()
        self.pooling = pooling
        self._begins: torch.Tensor | None = None
        self.query, self.key, self.value, self.joined = (nn.Linear(width, width) for _ in range(4))
        self.turns = nn.GRU(width, STATE, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.projection, self.norm = nn.Linear(STATE, width), nn.LayerNorm(width)
        self.register_buffer("names", torch.zeros(labels, width))
        self.register_buffer("values", torch.zeros(labels, width))
        self.register_buffer("slot_of", torch.zeros(labels, dtype=torch.long))

    def name_labels(self, encoder: Encoder, labels: Sequence[str]) -> None:
        """Give slots and values the vectors that the encoder, as it is now, has for their names."""
        pairs = [label.partition("=") for label in labels]
        numbers = {slot: number for number, slot in enumerate(dict.fromkeys(slot for slot, _, _ in pairs))}
        self.slot_of.copy_(torch.tensor([numbers[slot] for slot, _, _ in pairs]))
        self.names.copy_(_apart(vectors(encoder, [slot for slot, _, _ in pairs], self.pooling)))
        self.values.copy_(_apart(vectors(encoder, [value for _, _, value in pairs], self.pooling)))

    def forward(self, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
        """How near each candidate is to each slot of each turn; those of other slots are infinitely far."""
        slots = self.names[self._first()]
        said = self._attended(slots, hidden, examples)
        states = self.dropout(self._through_turns(said, examples).flatten(1))
        found = self.norm(self.projection(states.unflatten(1, (len(slots), STATE)))).float()
        near = -torch.cdist(found, self.values.expand(len(found), -1, -1))
        own = self.slot_of == torch.arange(len(slots), device=near.device)[:, None]
        return near.masked_fill(~own, float("-inf"))

    def _first(self) -> torch.Tensor:
        """The number of each slot's first candidate. Found once, because a step must not wait for a GPU."""
        if self._begins is None:
            counts = torch.unique_consecutive(self.slot_of, return_counts=True)[1]
            self._begins = counts.cumsum(0) - counts
        return self._begins

    def _attended(self, slots: torch.Tensor, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
        """What each turn says to each slot: (turns, slots, width)."""
        query, key, value = (
            vector.unflatten(-1, (HEADS, -1)).transpose(-3, -2)
            for vector in (self.query(slots), self.key(hidden), self.value(hidden))
        )
        scores = (query @ key.transpose(-1, -2)) * query.shape[-1] ** -0.5
        lengths = torch.tensor([len(sequence) for example in examples for sequence in example.sequences])
        tokens = torch.arange(hidden.shape[1]) < lengths[:, None]
        scores = scores.masked_fill(~moved(tokens, hidden.device)[:, None, None], float("-inf"))
        return cast(torch.Tensor, self.joined((scores.softmax(-1) @ value).transpose(1, 2).flatten(2)))

    def _through_turns(self, said: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
        """The recurrent state of each slot after each turn: (turns, slots, STATE)."""
        turns = [len(example.sequences) for example in examples]
        padded = nn.utils.rnn.pad_sequence(list(torch.split(said, turns)), batch_first=True)
        states, _ = self.turns(padded.transpose(1, 2).flatten(0, 1))
        by_dialogue = states.unflatten(0, (len(turns), -1)).transpose(1, 2)
        return torch.cat([each[:count] for each, count in zip(by_dialogue, turns, strict=True)])


def _apart(vectors: torch.Tensor) -> torch.Tensor:
    """Vectors without what they have in common, all of one length, which is that of what they are compared with.

    Those of XLM-R and of encoders that were tuned for retrieval point in nearly the same direction, so that no distance
    between them could tell two values from each other.
    """
    return functional.layer_norm(vectors - vectors.mean(0), vectors.shape[1:])


@torch.no_grad()
def vectors(encoder: Encoder, texts: Sequence[str], pooling: str) -> torch.Tensor:
    """(texts, width): the first token of each text, or with `pooling` "mean" the mean of all; without dropout."""
    form, distinct = frame(encoder.tokenizer, 1), list(dict.fromkeys(texts))
    ids = subwords.encode(distinct, encoder.tokenizer)
    examples = [Example(at, (form.ids(each[: encoder.longest - form.size]),)) for at, each in enumerate(ids)]
    modes = [(part, part.training) for part in encoder.model.modules()]
    encoder.model.eval()
    hidden = encoder.hidden(collate(examples, encoder).to(encoder.device))
    for part, mode in modes:
        part.training = mode
    found = hidden[:, 0] if pooling == "first" else mean_of_tokens(hidden, examples)
    return found[[distinct.index(text) for text in texts]]


def features(rows: Sequence[DialogueRow], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """One example a dialogue, with one sequence for each turn. The targets are the candidates of all slots by turn."""
    turns = [turn for row in rows for turn in row.turns]
    pairs = subwords.encode_pairs(
        [turn.system for turn in turns], [turn.user for turn in turns], tokenizer, limits.max_length
    )
    return [_example(at, row, [next(pairs) for _ in row.turns]) for at, row in enumerate(rows)]


def _example(at: int, row: DialogueRow, pairs: Sequence[subwords.Pair]) -> Example:
    segments = [pair.segments for pair in pairs if pair.segments is not None]
    target = None
    if row.states is not None:
        numbers = places(row.ontology)
        found = [known.get(state.get(slot, NONE), UNKNOWN) for state in row.states for slot, known in numbers.items()]
        target = np.array(found, np.int32)
    return Example(
        at,
        tuple(pair.ids for pair in pairs),
        target,
        segments=np.concatenate(segments) if segments else None,
        cut=("turns cut",) * sum(any(pair.cut) for pair in pairs),
    )


def head(width: int, labels: int, dropout: float, pooling: str = "first") -> nn.Module:
    """A new head; the vectors of its labels come from `Tracker.name_labels`."""
    return Tracker(width, labels, dropout, pooling)


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy over the values of each slot, summed over slots and turns."""
    near = head(hidden, examples).flatten(0, 1)
    target = targets(examples, hidden.device)
    return functional.cross_entropy(near, target, ignore_index=UNKNOWN, reduction="sum")


def terms(examples: Sequence[Example]) -> int:
    """One for each turn."""
    return sum(len(example.sequences) for example in examples)


def outputs(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[Any]:
    """For each dialogue the number of the nearest candidate of each slot, turn by turn."""
    nearest = head(hidden, examples).argmax(-1).cpu()
    return [part.tolist() for part in torch.split(nearest, [len(example.sequences) for example in examples])]


def decode(
    rows: Sequence[DialogueRow],
    examples: Sequence[Example],
    outputs: Sequence[Any],
    labels: Sequence[str],
    limits: Limits,
) -> list[list[dict[str, str]]]:
    """The states after the turns of each row, in the words of its own ontology."""
    states = []
    for row, turns in zip(rows, outputs, strict=True):
        named = [candidate.partition("=")[::2] for candidate in candidates(row.ontology)]
        states.append(
            [{slot: value for slot, value in map(named.__getitem__, turn) if value != NONE} for turn in turns]
        )
    return states
