"""Sentence vectors by torch: the reference for every export, and one of the providers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from xtreme_bench.errors import InputError
from xtreme_bench.training.forward import Encoder, Inputs

Tokens = NDArray[np.int64]
# Token ids (sentences, tokens) of sentences of equal length -> vectors (sentences, width).
Run = Callable[[Tokens], NDArray[np.float32]]

_FLOATS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def torch_device(wanted: str) -> str:
    """ "cuda" or "cpu" for auto, cuda or cpu. Raises InputError if cuda is wanted but torch finds no GPU."""
    found = torch.cuda.is_available()
    if wanted == "cuda" and not found:
        raise InputError("retrieval.device is cuda, but torch finds no GPU here; set `device: cpu` or `auto`")
    return "cuda" if found and wanted != "cpu" else "cpu"


def torch_run(
    encoder: Encoder, layer: int | None, pooling: str, *, precision: str = "fp32", device: str = "cpu", cut: bool = True
) -> Run:
    """The encoder as a function. For `layer` None: the vectors of all hidden states, side by side.

    `cut` removes the blocks above the layer from the model permanently; otherwise they run, unused.
    Raises InputError for a precision that torch does not support on the device.
    """
    if precision not in _FLOATS or (precision == "fp16" and device == "cpu"):
        raise InputError(f"torch cannot embed in {precision} on {device}; change `retrieval.precision`")
    torch.set_float32_matmul_precision("highest")  # a training in this process may have set less
    encoder.model.to(device=device, dtype=_FLOATS[precision]).eval()
    if cut and layer is not None:
        encoder.cut(layer)

    @torch.inference_mode()
    def run(ids: Tokens) -> NDArray[np.float32]:
        inputs = Inputs(torch.from_numpy(ids)).to(device)
        if cut and layer is not None:
            wanted = [encoder.hidden(inputs)]
        else:
            states = encoder.layers(inputs)
            wanted = [*states] if layer is None else [states[layer]]
        vectors: NDArray[np.float32] = torch.cat([_pooled(state.float(), pooling) for state in wanted], 1).cpu().numpy()
        return vectors

    return run


def _pooled(hidden: torch.Tensor, pooling: str) -> torch.Tensor:
    if pooling == "cls":
        return hidden[:, 0]
    # Leave out the first and the last token, which are special, unless there are no others.
    inner = pooling == "mean_no_special" and hidden.shape[1] > 2
    return (hidden[:, 1:-1] if inner else hidden).mean(1)
