"""Parameters of the stages that tokenise, train and predict.

They repeat the names of a recipe's fields but do not use its dataclasses: these hold help texts and lists of all tasks,
which must not be in the key of a training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xtreme_bench.data.corpora import AlignedChoice, Choice, IntermediateChoice, SourceChoice, TargetChoice, TextChoice


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
    """What a process computes with; fp32, tf32 or bf16."""

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
    encoder as it is, or top: its upper `blocks` learn, or prompt: a prefix of this `length` does. `activations` are
    kept for the backward pass, or recomputed: "keep" or "recompute". With `packing` nothing is computed for padding.
    With `fsdp` the processes of a stage hold the encoder in shards.
    """

    seed: int
    method: str
    blocks: int | None
    length: int | None
    batch: int
    learning_rate: float
    warmup: float
    weight_decay: float
    evaluate_every: int
    patience: int
    checkpoint_seconds: float
    activations: str
    packing: bool
    fsdp: bool

    @property
    def size(self) -> int | None:
        """The number that a recipe names with the method."""
        return self.blocks or self.length


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
    """Training on one source; with `retrain` then again on all rows, for the best number of steps.

    `dropout` is that of hidden states, None for the encoder's own.
    """

    corpus: SourceChoice
    dropout: float | None


@dataclass(frozen=True)
class Frozen(Machine):
    """What is encoded with the blocks below the upper `blocks`, for a training of this length in such batches."""

    blocks: int
    epochs: float | None
    steps: int | None
    batch: int


@dataclass(frozen=True)
class Sampling:
    """How often each intermediate task is drawn: see `sampling.probabilities`."""

    kind: str
    cap: int | None
    temperature: float


@dataclass(frozen=True)
class MaskedText:
    """Masked language modelling beside tasks: `ratio` is its share of the steps, `mask` that of sub-words hidden.

    A language has the share n^`alpha`, n being its sequences.
    """

    corpus: TextChoice
    ratio: float
    alpha: float
    mask: float


@dataclass(frozen=True)
class Intermediate(Tuning):
    """Training on several tasks at once, `aligned` ones among them; `weights` are for `sampling` by weights.

    `batches` and `learning_rates` are those of the tasks that have their own, and of `mlm`; these rates rise and fall
    like the others. `vocabulary` says what masks draw and predict: the whole one, or what is "used" in the texts.
    """

    corpora: Mapping[str, IntermediateChoice]
    aligned: Mapping[str, AlignedChoice]
    weights: Mapping[str, float]
    batches: Mapping[str, int]
    learning_rates: Mapping[str, float]
    sampling: Sampling
    mlm: MaskedText | None
    vocabulary: str
