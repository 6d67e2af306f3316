"""Write an encoder of any architecture as an ONNX graph: traced by torch, then optimised by ONNX Runtime.

The graph is like those of `graph.py`: any batch size and length, no padding, no mask, ends at the layer, includes the
pooling. It uses the tracing exporter of torch, because its successor needs another package.
"""

from __future__ import annotations

import copy
import dataclasses
import logging
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from xtreme_bench.retrieval.embed_onnx import session
from xtreme_bench.retrieval.graph import GRAPH, OPSET, PAGE, WEIGHTS
from xtreme_bench.training.forward import Encoder, Inputs

FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16}


def write(
    encoder: Encoder, folder: Path, *, layer: int | None, pooling: str, precision: str, device: str
) -> dict[str, int]:
    """Write the graph of an encoder up to hidden state `layer` to `folder`; arguments and result as for `graph.write`.

    Raises the errors of torch and ONNX Runtime for an encoder that they cannot export.
    """
    work = folder / "traced"
    work.mkdir()
    traced = work / "encoder.onnx"
    if precision in FLOATS:
        model = copy.deepcopy(encoder.model).to(FLOATS[precision])
        encoder = dataclasses.replace(encoder, model=model)
    _trace(encoder, layer, pooling, traced)
    if precision == "int8":
        whole = work / "int8.onnx"
        # One scale per output, as in the hand-written graph. Products of two activations stay in fp32.
        with _quiet():
            quantize_dynamic(
                traced,
                whole,
                per_channel=True,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul"],
                use_external_data_format=True,
                extra_options={"MatMulConstBOnly": True},
            )
        traced = whole
    _optimise(traced, folder / GRAPH, device)
    shutil.rmtree(work)
    nodes = onnx.load(folder / GRAPH, load_external_data=False).graph.node
    return dict(sorted(Counter(node.op_type for node in nodes).items()))


class _Pooled(nn.Module):
    """Token ids (sentences, tokens) -> fp32 vectors of one hidden state, or of all, side by side."""

    def __init__(self, encoder: Encoder, layer: int | None, pooling: str) -> None:
        super().__init__()
        self.model, self.encoder, self.layer, self.pooling = encoder.model, encoder, layer, pooling

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states = self.encoder.layers(Inputs(ids))
        wanted = states if self.layer is None else states[self.layer : self.layer + 1]
        return torch.cat([_pool(state, self.pooling).float() for state in wanted], 1)


def _pool(hidden: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool as `embed_torch` does, but without reading the number of tokens: tracing would make it constant."""
    if pooling == "cls":
        return hidden[:, 0]
    hidden = hidden.float()
    if pooling == "mean":
        return hidden.mean(1)
    one = torch.ones_like(hidden[0, :, 0])
    place, last = one.cumsum(0), one.sum()
    # Leave out the first and the last token, which are special, unless there are no others.
    counted = (((place > 1) & (place < last)) | (last <= 2)).float()
    return (hidden * counted[:, None]).sum(1) / counted.sum()


def _trace(encoder: Encoder, layer: int | None, pooling: str, file: Path) -> None:
    model, before = encoder.model, encoder.model.config._attn_implementation  # type: ignore[union-attr]
    if not encoder.architecture.own_attention:
        # Plain attention: torch exports its fused attention only in parts, and not with shared keys and values.
        model.set_attn_implementation("eager")  # type: ignore[operator]
    ids = torch.full((2, 7), 5)
    free = {0: "sentences", 1: "tokens"}
    try:
        with _quiet():
            torch.onnx.export(
                _Pooled(encoder, layer, pooling).eval(),
                (ids,),
                file,
                input_names=["input_ids"],
                output_names=["sentence_vectors"],
                dynamic_axes={"input_ids": free, "sentence_vectors": {0: "sentences"}},
                opset_version=OPSET,
                dynamo=False,
            )
    finally:
        if not encoder.architecture.own_attention:
            model.set_attn_implementation(before)  # type: ignore[operator]


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporters: they warn about a successor, about constants, and about skipped preprocessing."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _optimise(file: Path, to: Path, device: str) -> None:
    """Let ONNX Runtime fuse operators for a device; large weights go to a separate file."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(to)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", WEIGHTS)
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", str(PAGE))
    # On a CPU this fusion is several times slower than the two separate operators.
    session(file, device, options, without=["SkipLayerNormFusion"] if device == "cpu" else [])
