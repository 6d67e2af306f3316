"""Train only the rows of the embedding table that the data uses, a few of XLM-R's 250,002.

The rest is put back afterwards. A row that never occurs has no gradient and no moments, so AdamW only lets it decay, by
(1 - rate * decay) at each step: the product of all steps, taken in double precision, is what the whole table would have
become, except for the rounding of single steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.training.examples import Example, Examples
from xtreme_bench.training.families.masking import MaskedHead
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.network import Task

Marks = np.ndarray[Any, np.dtype[np.bool_]]
# Rows that are converted to double precision at a time.
_CHUNK = 1 << 12


class Table(nn.Module):
    """Some rows of an embedding table, looked up by the `ids` of the whole table. Other ids are an error.

    `decay` is the factor by which rows that are not trained have become smaller, once the training has ended.
    """

    def __init__(self, whole: nn.Embedding, ids: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(whole.weight.detach()[ids].clone(), requires_grad=whole.weight.requires_grad)
        place = torch.full((whole.num_embeddings,), len(ids), dtype=torch.long)
        place[ids] = torch.arange(len(ids))
        self.register_buffer("place", place, persistent=False)
        self.ids, self.decay = ids, 1.0
        self.train(whole.training)
        padding = None if whole.padding_idx is None else int(place[whole.padding_idx])
        # Some configs name a padding that their tokenizer does not use.
        self.padding = padding if padding != len(ids) else None

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Vectors (..., width) of ids (...)."""
        place: Any = self.place
        return functional.embedding(place[ids], self.weight, self.padding)


class Renewed(nn.Module):
    """A table as training left it: the `rows` at `ids` were trained, and all others have decayed.

    A row is computed when it is looked up, so that a prediction reads no more of the whole table than it needs.
    """

    def __init__(self, before: nn.Embedding, ids: torch.Tensor, rows: torch.Tensor, decay: float) -> None:
        super().__init__()
        self.before, self.rows, self.ids, self.decay = before, nn.Parameter(rows, requires_grad=False), ids, decay
        place = torch.full((before.num_embeddings,), -1, dtype=torch.long)
        place[ids] = torch.arange(len(ids))
        self.register_buffer("place", place, persistent=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Vectors (..., width) of ids (...)."""
        place: Any = self.place
        at = place[ids]
        others = _decayed(self.before(ids), self.decay)
        return torch.where((at >= 0).unsqueeze(-1), self.rows[at.clamp(min=0)], others)

    @torch.no_grad()
    def whole(self) -> nn.Embedding:
        """The table before, changed to what it became."""
        if self.decay != 1:
            for rows in torch.split(self.before.weight, _CHUNK):
                rows.copy_(_decayed(rows, self.decay))
        self.before.weight[self.ids] = self.rows.to(self.before.weight.device)
        return self.before


def _decayed(rows: torch.Tensor, decay: float) -> torch.Tensor:
    return rows if decay == 1 else (rows.double() * decay).to(rows.dtype)


@dataclass(frozen=True)
class Trimmed:
    """What was taken from an encoder: its whole table, and the part of it that is trained."""

    whole: nn.Embedding
    table: Table

    @property
    def share(self) -> float:
        """The share of the rows that is trained."""
        return len(self.table.ids) / self.whole.num_embeddings

    def put_back(self, encoder: Encoder) -> None:
        """Put back an encoder's whole table, with what was trained; all other rows have decayed."""
        model: Any = encoder.model
        trained = model.get_input_embeddings().weight.detach()
        decay = self.table.decay if self.whole.weight.requires_grad else 1.0
        model.set_input_embeddings(Renewed(self.whole, self.table.ids, trained, decay).whole())


def used(encoder: Encoder, examples: Iterable[Sequence[Example]]) -> Marks:
    """The sub-words that occur in some examples, and the special ones, as a mark for each id."""
    model: Any = encoder.model
    marks = np.zeros(model.get_input_embeddings().num_embeddings, dtype=bool)
    marks[list(encoder.tokenizer.all_special_ids)] = True
    for each in examples:
        if isinstance(each, Examples):
            each.mark(marks)
        else:
            _mark(each, marks)
    return marks


def trim(
    encoder: Encoder, tasks: Iterable[Task], seen: Iterable[Sequence[Example]], *, closed: bool = False
) -> Trimmed | None:
    """Keep only the rows that occur in the examples of `tasks` and in `seen`, and those of special tokens.

    Does nothing and returns None if the encoder's table is not a plain one, or if a task changes its examples to other
    ids (masks draw any), unless these are `closed`: then heads of language models have the kept rows as their classes.
    """
    model: Any = encoder.model
    whole = model.get_input_embeddings()
    tasks = list(tasks)
    if type(whole) is not nn.Embedding or (any(task.change is not None for task in tasks) and not closed):
        return None
    ids = torch.from_numpy(np.flatnonzero(used(encoder, (*(task.examples for task in tasks), *seen))))
    table = Table(whole, ids)
    model.set_input_embeddings(table)
    for head in dict.fromkeys(task.head for task in tasks):
        if isinstance(head, MaskedHead):
            head.narrow(table.weight, ids, table.place)  # type: ignore[arg-type]
    return Trimmed(whole, table)


def _mark(examples: Iterable[Example], marks: Marks) -> None:
    for example in examples:
        for sequence in example.sequences:
            marks[sequence] = True
