"""What a recipe says about training, phase by phase: pretraining, intermediate tasks, fine-tuning.

Defaults are the published settings of intermediate-task training (the guides of nyu-mll/jiant for XTREME and for
Phang et al. 2020), unless a field says otherwise.
"""

# ruff: noqa: RUF009  (the calls are dataclasses.field with facts; what it is given is frozen)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.benchmark import of_group
from xtreme_bench.data.items import KINDS
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.aligned import AlignedTask
from xtreme_bench.recipe.setting import (
    ALL,
    LAST,
    QA_SOURCES,
    SOURCES,
    TASKS_BEFORE,
    Method,
    batch_field,
    decay_field,
    dialogue_languages_of,
    dropout_field,
    epochs_field,
    evaluate_every_field,
    evaluate_on_field,
    languages_field,
    length_field,
    mask_field,
    method_field,
    own,
    patience_field,
    pooling_field,
    rate_field,
    setting,
    steps_field,
    stride_field,
    trained_languages_of,
    warmup_field,
    weight_field,
)


@dataclass(frozen=True)
class Pretraining:
    """Masked language modelling of a model from scratch, on text and on translation pairs."""

    steps: int = steps_field()
    languages: tuple[str, ...] = languages_field("Languages of the text: all, or a list.")
    batch: int = batch_field(64)
    learning_rate: float = rate_field(5.0e-4)
    warmup: float = warmup_field()
    weight_decay: float = decay_field()
    max_length: int = length_field(128)
    translation: float = setting(
        "Share of examples that join a sentence and its translation (TLM).", default=0.5, low=0, high=1
    )
    mask: float = mask_field()


@dataclass(frozen=True)
class IntermediateTask:
    """One intermediate task of the mixture; what it leaves out is as for all of them."""

    TOGETHER: ClassVar = ("examples", "items")

    languages: tuple[str, ...] = languages_field(
        "Languages of the training data: all, or a list. en-mt is English translated into another language and back.",
        ("en",),
        choices=trained_languages_of,
    )
    examples: int | None = setting(
        "With items: training examples, over all languages, drawn by the seed.", default=None, low=1, high=10**9
    )
    items: str | None = setting(
        "parallel: translations of one item have one language each, in turn, so that recipes in other languages are "
        "given the same items in the same order. independent: as many in each language.",
        default=None,
        choices=KINDS,
    )
    shared_by: tuple[str, ...] | None = setting(
        "With parallel items: languages that must have an item. Recipes that are compared name the same ones.",
        default=None,
        choices=trained_languages_of,
        noun="language",
    )
    weight: float | None = weight_field()
    batch: int | None = own(batch_field(32))
    learning_rate: float | None = own(rate_field(1.0e-5))
    max_length: int | None = own(length_field(256))
    evaluate_on: int | None = own(evaluate_on_field())


@dataclass(frozen=True)
class Sampling:
    """How often each intermediate task is drawn, n being its number of training examples."""

    kind: str = setting(
        "proportional: min(n, cap). temperature: min(n, cap) ** (1 / temperature). uniform: equal. weights: as given.",
        default="proportional",
        choices=("proportional", "temperature", "uniform", "weights"),
    )
    cap: int | None = setting(
        "Limit of a task's examples that count, in its share of a mix and in an epoch; without it all do. T5: 2**17.",
        default=None,
        low=1,
        high=10**9,
    )
    temperature: float = setting("Temperature; 1 = proportional.", default=2.0, low=1, high=100)


@dataclass(frozen=True)
class Masking:
    """Masked language modelling of raw text beside the intermediate tasks, with the encoder's own head if it has one.

    That the published mix has half the steps and this exponent is unconfirmed.
    """

    languages: tuple[str, ...] = languages_field("Languages of the text: all, or a list.")
    ratio: float = setting(
        "Share of the steps; with epochs these come on top of those of the tasks.", default=0.5, above=0, high=0.95
    )
    alpha: float = setting(
        "A language is drawn in the ratio n ** alpha, n being the sequences of its text; 1 = in proportion, 0 = alike.",
        default=0.3,
        low=0,
        high=1,
    )
    mask: float = mask_field()
    batch: int | None = own(batch_field(32))
    learning_rate: float | None = own(rate_field(1.0e-5))
    max_length: int | None = own(length_field(256))


@dataclass(frozen=True)
class Intermediate:
    """Training on intermediate tasks, before the encoder meets a target task."""

    tasks: Mapping[str, IntermediateTask | AlignedTask] = setting(
        "The intermediate tasks.",
        choices=TASKS_BEFORE,
        noun="intermediate task",
        forms=dict.fromkeys(ALIGNED, AlignedTask),
    )
    sampling: Sampling = setting("How often each task is drawn.", default=Sampling())
    mlm: Masking | None = setting("Masked language modelling of raw text as a further task.", default=None)
    vocabulary: str = setting(
        "What masks draw and predict. whole: any sub-word, as published. used: those of the texts that are masked; the "
        "head is then cheap, and only the rows of these sub-words are trained.",
        default="whole",
        choices=("whole", "used"),
    )
    method: Method = method_field()
    pooling: str = pooling_field()
    epochs: float | None = epochs_field(3.0)
    steps: int | None = steps_field("epochs", None)
    batch: int = batch_field(32)
    learning_rate: float = rate_field(1.0e-5)
    warmup: float = warmup_field()
    weight_decay: float = decay_field()
    max_length: int = length_field(256)
    qa_length: int = length_field(384, " of question answering")
    qa_stride: int = stride_field(128)
    evaluate_every: int = evaluate_every_field()
    evaluate_on: int = evaluate_on_field()
    select_on: tuple[str, ...] = languages_field(
        "Languages of the development data that chooses the checkpoint; last: none, the last step is kept.",
        ("en",),
        words=(*ALL, *LAST),
    )
    patience: int = patience_field()

    @property
    def development(self) -> tuple[str, ...]:
        """The languages of the development data that is read."""
        return () if self.select_on == LAST else self.select_on

    @property
    def labelled(self) -> Mapping[str, IntermediateTask]:
        """The tasks with labelled data."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, IntermediateTask)}

    @property
    def aligned(self) -> Mapping[str, AlignedTask]:
        """The tasks over aligned text."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, AlignedTask)}

    def shared_length(self, task: str) -> str:
        """The field with the longest input of a task that has no length of its own."""
        return "qa_length" if task in INTERMEDIATE and INTERMEDIATE[task].family == "qa" else "max_length"

    def length(self, task: str) -> int:
        """The longest input of a task."""
        shared: int = getattr(self, self.shared_length(task))
        return self.tasks[task].max_length or shared

    @property
    def text_length(self) -> int:
        """The longest sequence of masked text."""
        return (self.mlm.max_length if self.mlm else None) or self.max_length


@dataclass(frozen=True)
class TargetExamples:
    """Training dialogues in the languages of a test set: what is trained on them is not zero-shot there."""

    languages: tuple[str, ...] = setting(
        "Languages of the dialogues, beside English.", choices=dialogue_languages_of, noun="language", words=()
    )
    share: float = setting("Share of each language's training dialogues, drawn by the seed.", above=0, high=1)


@dataclass(frozen=True)
class Training:
    """Fine-tuning on the English training data of one source; the best checkpoint on English development data wins."""

    method: Method = method_field()
    pooling: str = pooling_field()
    epochs: float | None = epochs_field(2.0)
    steps: int | None = steps_field("epochs", None)
    batch: int = batch_field(32)
    learning_rate: float = rate_field(1.0e-5)
    warmup: float = warmup_field()
    weight_decay: float = decay_field()
    dropout: float | None = dropout_field()
    max_length: int = length_field(256)
    stride: int | None = stride_field(None)
    evaluate_every: int = evaluate_every_field()
    evaluate_on: int = evaluate_on_field()
    patience: int = patience_field()
    examples: int = setting(
        "Limit of training examples, of which the first ones are taken; 0 = all.", default=0, low=0, high=10**9
    )
    retrain: str | None = setting(
        "all: for a source whose development rows are held out of its training set: train again on all rows, for the "
        "number of steps that the held-out rows chose.",
        default=None,
        choices=("all",),
    )
    target_examples: TargetExamples | None = setting(
        "Dialogues: training dialogues in other languages beside the English ones; without it none.", default=None
    )

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the training examples."""
        return ("en", *(self.target_examples.languages if self.target_examples else ()))


_QA: dict[str, Any] = {"epochs": 2.0, "batch": 16, "max_length": 384, "stride": 128}
# Settings of the tracker in nikitacs16/xlift_dst; all development turns, because a few dialogues say little.
_DIALOGUE: dict[str, Any] = {
    "epochs": 100.0, "batch": 4, "learning_rate": 5.0e-5, "max_length": 64, "evaluate_on": 0, "patience": 10,
}  # fmt: skip
# Where a source has other settings than the fields' own, or than those of question answering.
_OF_SOURCE: dict[str, dict[str, Any]] = {
    "pawsx": {"epochs": 5.0},
    "udpos": {"epochs": 10.0},
    "panx": {"epochs": 10.0},
    **dict.fromkeys(of_group("dialogue"), _DIALOGUE),
}
FINETUNING: Mapping[str, Training] = MappingProxyType(
    {source: Training(**(_QA if source in QA_SOURCES else {}), **_OF_SOURCE.get(source, {})) for source in SOURCES}
)
