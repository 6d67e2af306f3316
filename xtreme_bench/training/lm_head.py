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
    """How a family names the parts of its head. `activation` is the field of the config, None for GELU always.

    `bias` may have several names: a file holds weights that are shared under one of them. Without `dense` and `norm`
    the output matrix is all there is. `needed`: the parts that must be there; a bias that is not begins at zero.
    """

    name: str
    dense: str | None
    norm: str | None
    bias: tuple[str, ...]
    decoder: str
    activation: str | None = None
    needed: tuple[str, ...] = ("dense.weight", "dense.bias", "norm.weight", "norm.bias", "bias")


RELEASED = (
    # RoBERTa, XLM-R, XLM-R XL, CamemBERT, MPNet
    Released(
        "lm_head", "lm_head.dense", "lm_head.layer_norm", ("lm_head.bias", "lm_head.decoder.bias"),
        "lm_head.decoder.weight",
    ),
    Released(
        "cls.predictions", "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm",
        ("cls.predictions.bias", "cls.predictions.decoder.bias"), "cls.predictions.decoder.weight", "hidden_act",
    ),
    Released(
        "vocab_transform", "vocab_transform", "vocab_layer_norm", ("vocab_projector.bias",), "vocab_projector.weight",
        "activation",
    ),
    # ModernBERT, whose folders with a head for sentences have the same `head` without `decoder`.
    Released(
        "head", "head.dense", "head.norm", ("decoder.bias",), "decoder.weight", "classifier_activation",
        ("dense.weight", "norm.weight", "bias"),
    ),
    # The generators of ELECTRA; its discriminators have none.
    Released(
        "generator_predictions", "generator_predictions.dense", "generator_predictions.LayerNorm",
        ("generator_lm_head.bias",), "generator_lm_head.weight",
    ),
    # EuroBERT
    Released("lm_head.weight", None, None, ("lm_head.bias",), "lm_head.weight", needed=("decoder",)),
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
    for released in RELEASED:
        found = _read(folder, released)
        if not all(part in found for part in released.needed):
            continue
        if "decoder" in found and torch.equal(found["decoder"], words):
            del found["decoder"]
        made = make(released.activation, own_output="decoder" in found, plain=released.dense is None)
        _fill(made, found, folder)
        return made, released.name
    return make(), NEW


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
