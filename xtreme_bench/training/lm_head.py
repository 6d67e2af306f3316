"""The head of masked language modelling: the one that a released encoder brings, else a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from xtreme_bench.errors import InputError
from xtreme_bench.training.checkpoint import Tensors
from xtreme_bench.training.encoder_files import weight_files
from xtreme_bench.training.families.masking import MaskedHead
from xtreme_bench.training.forward import Encoder

NEW = "new"


@dataclass(frozen=True)
class Released:
    """How architectures (`kinds`) name the parts of their head.

    `bias` may have several names: a file holds weights that are shared under one of them. `activation` is the field of
    the config, None for GELU always. Without `dense` and `norm` the output matrix is all there is.
    """

    name: str
    kinds: tuple[str, ...]
    dense: str | None
    norm: str | None
    bias: tuple[str, ...]
    decoder: str
    activation: str | None = None


RELEASED = (
    Released(
        "lm_head", ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet"), "lm_head.dense",
        "lm_head.layer_norm", ("lm_head.bias", "lm_head.decoder.bias"), "lm_head.decoder.weight",
    ),
    Released(
        "cls.predictions", ("bert", "deberta-v2"), "cls.predictions.transform.dense",
        "cls.predictions.transform.LayerNorm", ("cls.predictions.bias", "cls.predictions.decoder.bias"),
        "cls.predictions.decoder.weight", "hidden_act",
    ),
    Released(
        "vocab_transform", ("distilbert",), "vocab_transform", "vocab_layer_norm", ("vocab_projector.bias",),
        "vocab_projector.weight", "activation",
    ),
    Released(
        "head", ("modernbert",), "head.dense", "head.norm", ("decoder.bias",), "decoder.weight", "classifier_activation"
    ),
    # Of its generators; its discriminators have none.
    Released(
        "generator_predictions", ("electra",), "generator_predictions.dense", "generator_predictions.LayerNorm",
        ("generator_lm_head.bias",), "generator_lm_head.weight",
    ),
    Released("lm_head", ("eurobert",), None, None, ("lm_head.bias",), "lm_head.weight"),
)  # fmt: skip
# Older files have the names of TensorFlow for the two vectors of a norm.
_OLDER: Mapping[str, str] = {".gamma": ".weight", ".beta": ".bias"}


def head(folder: Path, encoder: Encoder) -> tuple[MaskedHead, str]:
    """A head for `encoder`, with the weights that its folder holds, and their name there; "new" without any.

    Its output matrix is the encoder's table of words, unless the folder holds another one. Draws from torch's
    generator. Raises InputError for weights of another shape.
    """
    model: Any = encoder.model
    words = model.get_input_embeddings().weight
    make = partial(MaskedHead, words, encoder.width, model.config)
    released = next((row for row in RELEASED if model.config.model_type in row.kinds), None)
    found = _read(folder, released) if released else {}
    if released is None or not _whole(found, released):
        return make(), NEW
    if "decoder" in found and torch.equal(found["decoder"], words):
        del found["decoder"]
    made = make(released.activation, own_output="decoder" in found, plain=released.dense is None)
    _fill(made, found, folder)
    return made, released.name


def _whole(found: Tensors, released: Released) -> bool:
    """Whether all is there but biases. A head of sentences may have the same parts, but no output for words."""
    inner = {"dense.weight", "norm.weight"} if released.dense else set()
    return inner <= found.keys() and bool(found.keys() & {"bias", "decoder"})


def _read(folder: Path, released: Released) -> Tensors:
    """The weights of a head in an encoder folder, in float32, by their names in ours."""
    ours = {f"{there}.{kind}": f"{part}.{kind}" for part, there in (("dense", released.dense), ("norm", released.norm))
            if there for kind in ("weight", "bias")}  # fmt: skip
    ours |= {**dict.fromkeys(released.bias, "bias"), released.decoder: "decoder"}
    found: Tensors = {}
    for file in weight_files(folder):
        with safe_open(file, "pt") as weights:
            for name in weights.keys():  # noqa: SIM118  (it is no mapping)
                if (today := _today(name)) in ours:
                    found[ours[today]] = weights.get_tensor(name).float()
    return found


def _today(name: str) -> str:
    for older, newer in _OLDER.items():
        name = f"{name.removesuffix(older)}{newer}" if name.endswith(older) else name
    return name


def _fill(head: MaskedHead, weights: Tensors, folder: Path) -> None:
    own = head.state_dict()
    wrong = [
        f"{name} has shape {tuple(value.shape)}, not {tuple(own[name].shape)}"
        for name, value in weights.items()
        if value.shape != own[name].shape
    ]
    if wrong:
        raise InputError(f"{folder}: the head of its language model does not fit the encoder: {'; '.join(wrong)}")
    # As made, its biases are zero.
    head.load_state_dict({**own, **weights})
