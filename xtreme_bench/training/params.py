"""Parameters of the stages that tokenise, train and predict.

They repeat the names of a recipe's fields but do not use its dataclasses: these hold help texts and lists of all tasks,
which must not be in the key of a training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xtreme_bench.data.corpora import Choice, IntermediateChoice, SourceChoice, TargetChoice


@dataclass(frozen=True)
class Features:
    """What is tokenised; the number of threads changes nothing in the result."""

    corpus: Choice
    threads: int


@dataclass(frozen=True)
class Shorten:
    """How many of an encoder's blocks are kept, the lowest."""

    blocks: int


@dataclass(frozen=True)
class Machine:
    """What a process computes with; fp32 or bf16."""

    threads: int
    precision: str


@dataclass(frozen=True)
class Predict(Machine):
    """What is predicted, by a model that `method` has trained."""

    method: str
    corpus: TargetChoice

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the predictions."""
        return self.corpus.languages


@dataclass(frozen=True)
class Learning(Machine):
    """What the training loop follows.

    `warmup` is the share of the steps in which the learning rate rises. Every `evaluate_every` steps the tasks are
    scored; after `patience` evaluations without gain training stops, 0 never. `method` is full, or head with the
    encoder as it is.
    """

    seed: int
    method: str
    batch: int
    learning_rate: float
    warmup: float
    weight_decay: float
    evaluate_every: int
    patience: int
    checkpoint_seconds: float


@dataclass(frozen=True)
class Scratch:
    """Sizes of an encoder with fresh weights."""

    layers: int
    width: int
    heads: int
    feedforward: int
    vocabulary: int
    positions: int


@dataclass(frozen=True)
class Pretrain(Learning):
    """`mask` is the share of the sub-words that are hidden, `translation` that of steps on translated pairs."""

    steps: int
    languages: tuple[str, ...]
    max_length: int
    translation: float
    mask: float
    scratch: Scratch


@dataclass(frozen=True)
class Tuning(Learning):
    """`steps` is the length; without it `epochs` passes over the examples. `pooling` is for sentence tasks."""

    epochs: float | None
    steps: int | None
    pooling: str


@dataclass(frozen=True)
class Finetune(Tuning):
    """Training on one source; with `retrain` then again on all rows, for the best number of steps."""

    corpus: SourceChoice


@dataclass(frozen=True)
class Sampling:
    """How often each intermediate task is drawn: see `sampling.probabilities`."""

    kind: str
    cap: int | None
    temperature: float


@dataclass(frozen=True)
class Intermediate(Tuning):
    """Training on several tasks at once; `weights` are for `sampling` by weights."""

    corpora: Mapping[str, IntermediateChoice]
    weights: Mapping[str, float]
    sampling: Sampling
