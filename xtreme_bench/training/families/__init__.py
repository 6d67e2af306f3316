"""How each family of tasks becomes token sequences, a loss and predictions: one module each, the same functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from xtreme_bench.data.corpora import Limits
from xtreme_bench.training.examples import Example
from xtreme_bench.training.forward import Encoder

__all__ = [
    "Family",
    "NamesLabels",
    "Objective",
    "Outputs",
    "choice",
    "classification",
    "dialogue",
    "masking",
    "passages",
    "qa",
    "subwords",
    "tagging",
]


class Objective(Protocol):
    """What training needs from a family. `hidden` is (sequences, longest, width), in the order of the sequences."""

    def loss(self, head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
        """The summed loss of a batch, a scalar."""

    def terms(self, examples: Sequence[Example]) -> int:
        """How many terms that sum has: the loss of a batch is `loss / terms`, however it is cut for memory."""


class Outputs(Protocol):
    """What running a model over examples needs from a family."""

    def outputs(self, head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[Any]:
        """For each example what decoding needs, as numbers on the CPU."""


class Family(Objective, Outputs, Protocol):
    """What a family of tasks needs beyond that: from rows to examples, and back to predictions."""

    def features(self, rows: Sequence[Any], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
        """Tokenised examples, at least one for each row, in the order of the rows."""

    def head(self, width: int, labels: int, dropout: float, pooling: str = "first") -> nn.Module:
        """A new head; draws from torch's generator. `pooling` of tokens into the vector of a text: first or mean."""

    def decode(
        self,
        rows: Sequence[Any],
        examples: Sequence[Example],
        outputs: Sequence[Any],
        labels: Sequence[str],
        limits: Limits,
    ) -> list[Any]:
        """One prediction for each row."""


@runtime_checkable
class NamesLabels(Protocol):
    """A head that knows its labels by what they are called."""

    def name_labels(self, encoder: Encoder, labels: Sequence[str]) -> None:
        """Take the encoder's vectors of the labels, before it is trained."""
