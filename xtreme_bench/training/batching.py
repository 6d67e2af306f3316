"""The one way to make batches: sequences of similar length together, in an order that seed and position decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from xtreme_bench.training.examples import Example, Ints, needed
from xtreme_bench.training.forward import Encoder, Inputs, moved
from xtreme_bench.training.packing import where
from xtreme_bench.training.padding import POOL


def epoch_batches(lengths: Sequence[int], batch: int, seed: int, epoch: int) -> list[list[int]]:
    """One epoch: every index once, `batch` at a time (the last may be smaller), shuffled by seed and epoch."""
    generator = np.random.default_rng([seed, 2, epoch])
    order = generator.permutation(len(lengths))
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    for begin in range(0, len(order), POOL * batch):
        pool = order[begin : begin + POOL * batch]
        pool = pool[np.argsort(sizes[pool], kind="stable")]
        batches += [pool[at : at + batch].tolist() for at in range(0, len(pool), batch)]
    return [batches[at] for at in generator.permutation(len(batches))]


@dataclass
class Batches:
    """The endless stream of training batches over some examples; any position can be asked for, so a run resumes."""

    lengths: list[int]
    batch: int
    seed: int
    _epoch: int = -1
    _plan: list[list[int]] = field(default_factory=list)

    @property
    def per_epoch(self) -> int:
        """Batches in one epoch."""
        return -(-len(self.lengths) // self.batch)

    def at(self, position: int) -> list[int]:
        """The indices of batch number `position`, counted from 0 over all epochs."""
        epoch, within = divmod(position, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._plan = epoch, epoch_batches(self.lengths, self.batch, self.seed, epoch)
        return self._plan[within]


def pad(sequences: Sequence[Any], value: int, dtype: type = np.int64) -> torch.Tensor:
    """Stack one-dimensional sequences into a (n, longest) tensor, filled up with `value` at the end."""
    longest = max(len(sequence) for sequence in sequences)
    out: np.ndarray[Any, Any] = np.full((len(sequences), longest), value, dtype=dtype)
    for row, sequence in enumerate(sequences):
        out[row, : len(sequence)] = sequence
    return torch.from_numpy(out)


def targets(examples: Sequence[Example], device: torch.device) -> torch.Tensor:
    """The targets of all examples, one after another."""
    return moved(torch.from_numpy(np.concatenate([needed(example.target) for example in examples])).long(), device)


def flat_positions(examples: Sequence[Example], hidden: torch.Tensor) -> torch.Tensor:
    """The positions of all examples, each with one sequence, in the flattened `hidden` (examples, longest, width)."""
    found = [at * hidden.shape[1] + needed(example.positions) for at, example in enumerate(examples)]
    return moved(torch.from_numpy(np.concatenate(found)).long(), hidden.device)


def collate(examples: Sequence[Example], encoder: Encoder) -> Inputs:
    """What the encoder reads of examples: all their sequences, padded; segments and positions if any has them.

    Where something is padded, an encoder that packs also reads where the tokens are.
    """
    sequences = [sequence for example in examples for sequence in example.sequences]
    ids = pad(sequences, encoder.tokenizer.pad_token_id)
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    mask = torch.arange(ids.shape[1])[None, :] < lengths[:, None]
    segments = positions = None
    if any(example.segments is not None for example in examples):
        segments = pad([each for example in examples for each in _segments(example)], 0)
    if any(example.second is not None for example in examples):
        positions = _positions(examples, mask, encoder.first_position)
    places, bounds = where(mask) if encoder.packs and not mask.all() else (None, None)
    return Inputs(ids, mask.long(), segments, positions, _below(examples, ids.shape[1]), places, bounds)


def _below(examples: Sequence[Example], longest: int) -> torch.Tensor | None:
    """What the frozen blocks give for all sequences, padded; None unless it is kept."""
    if any(example.below is None for example in examples):
        return None
    kept = [states for example in examples for states in example.below or ()]
    out = np.zeros((len(kept), longest, kept[0].shape[1]), np.float32)
    for row, states in enumerate(kept):
        out[row, : len(states)] = states
    return torch.from_numpy(out)


def _segments(example: Example) -> list[Ints]:
    """The segments of each sequence of an example."""
    ends = np.cumsum([len(sequence) for sequence in example.sequences])
    whole = np.zeros(ends[-1], np.int32) if example.segments is None else example.segments
    return np.split(whole, ends[:-1])


def _positions(examples: Sequence[Example], mask: torch.Tensor, first: int) -> torch.Tensor:
    """Positions from `first` on, restarting at `second`: Lample and Conneau 2019, section 3.3."""
    count = torch.arange(mask.shape[1]).repeat(len(mask), 1)
    begins = torch.tensor([mask.shape[1] if example.second is None else example.second for example in examples])
    count -= begins[:, None] * (count >= begins[:, None])
    return torch.where(mask, count + first, max(0, first - 1))
