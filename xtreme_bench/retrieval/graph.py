"""Write an encoder of BERT's architecture (XLM-R, mBERT) as an ONNX graph, with the fastest operators of its device.

All sentences of a batch have the same length. So there is no padding and no mask, and a vector depends only on its
sentence. The graph has only the blocks up to the layer, and the pooling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from xtreme_bench.training.architectures import ARCHITECTURES

Array = NDArray[Any]

GRAPH, WEIGHTS = "encoder.onnx", "encoder.weights"
# The first opset with LayerNormalization; later changes do not matter here.
OPSET = 17
MICROSOFT = "com.microsoft"
FLOATS = {"fp16": np.float16, "bf16": ml_dtypes.bfloat16}
# Bytes. Weights of this size or more are memory-mapped from a file of their own; smaller ones stay in the graph.
PAGE = 4096


class Graph:
    """An ONNX graph in the making. Large weights go directly to a separate file."""

    def __init__(self, folder: Path, floats: Any = np.float32) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._folder, self._floats = folder, np.dtype(floats)
        self._end = 0
        (folder / WEIGHTS).write_bytes(b"")

    def weight(self, array: Array) -> str:
        """Add a constant and return its name. Floats get the precision of the graph."""
        name = f"w{len(self._weights)}"
        array = np.asarray(array, self._floats if array.dtype == np.float32 else None, order="C")
        if array.nbytes < PAGE:
            self._weights.append(numpy_helper.from_array(array, name))
            return name
        tensor = TensorProto(name=name, dims=array.shape, data_type=helper.np_dtype_to_tensor_dtype(array.dtype))
        # set_external_data requires raw data, and then removes it.
        tensor.raw_data = b"-"
        set_external_data(tensor, WEIGHTS, offset=self._end, length=array.nbytes)
        tensor.ClearField("raw_data")
        with (self._folder / WEIGHTS).open("ab") as stream:
            stream.write(array.tobytes())
            self._end = stream.write(bytes(-array.nbytes % PAGE)) + self._end + array.nbytes
        self._weights.append(tensor)
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        """Append a node; returns the name of its output, or several names joined by commas."""
        names = [f"v{len(self._nodes)}" + (f"_{at}" if at else "") for at in range(outputs)]
        self._nodes.append(helper.make_node(operator, inputs, names, domain=domain, **attributes))
        return ",".join(names)

    def save(self, output: str, width: int) -> dict[str, int]:
        """Write the graph from `input_ids` (sentences, tokens) to `output` in float32. Returns operator -> count."""
        self._nodes.append(helper.make_node("Cast", [output], ["sentence_vectors"], to=TensorProto.FLOAT))
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["sentences", "tokens"])],
            [helper.make_tensor_value_info("sentence_vectors", TensorProto.FLOAT, ["sentences", width])],
            self._weights,
        )
        operators = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        onnx.save(helper.make_model(graph, opset_imports=operators, ir_version=10), self._folder / GRAPH)
        return dict(sorted(Counter(node.op_type for node in self._nodes).items()))


def knows(config: Any) -> bool:
    """Whether `write` supports this config: BERT's architecture, with an activation that can be fused with a bias."""
    return ARCHITECTURES[config.model_type].graph and config.hidden_act == "gelu"


def write(model: Any, folder: Path, *, layer: int | None, pooling: str, precision: str, device: str) -> dict[str, int]:
    """Write the graph of `model` up to hidden state `layer` to `folder`. Returns operator -> count.

    Output of the graph: vectors (sentences, width); for `layer` None, those of all hidden states, side by side.
    `precision`: fp32, fp16, bf16, or int8 (one scale per output for weights, one per batch for activations, fp32 for
    the rest). Raises KeyError if the weights do not have the names of BERT's architecture.
    """
    config = model.config
    weights = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    graph = Graph(folder, FLOATS.get(precision, np.float32))
    blocks = _Blocks(graph, weights, config, quantised=precision == "int8", fused=device == "cuda")
    hidden = blocks.embeddings()
    states = [hidden]
    for number in range(config.num_hidden_layers if layer is None else layer):
        states.append(blocks.block(number, states[-1]))
    wanted = [_pooled(graph, state, pooling) for state in (states if layer is None else states[-1:])]
    return graph.save(graph.node("Concat", *wanted, axis=1), len(wanted) * config.hidden_size)


class _Blocks:
    """Builds the parts of an encoder. `fused`: skip connection and LayerNorm in one operator, which is slow on CPUs."""

    def __init__(
        self, graph: Graph, weights: Mapping[str, Array], config: Any, *, quantised: bool, fused: bool
    ) -> None:
        self.graph, self.weights, self.config = graph, weights, config
        self.quantised, self.fused = quantised, fused

    def embeddings(self) -> str:
        """The embeddings of words, positions and the first segment, with LayerNorm."""
        graph, table = self.graph, "embeddings.{}_embeddings.weight"
        # Texts are always in the first segment, so add its vector to every position.
        places = self.weights[table.format("position")] + self.weights[table.format("token_type")][0]
        if ARCHITECTURES[self.config.model_type].after_padding:
            here = graph.node("Gather", graph.weight(places), self._counted())
        else:
            tokens, zero = graph.node("Shape", "input_ids", start=1, end=2), graph.weight(np.array([0]))
            here = graph.node("Slice", graph.weight(places), zero, tokens, zero)
        words = graph.node("Gather", graph.weight(self.weights[table.format("word")]), "input_ids")
        return self._normalised(graph.node("Add", words, here), "embeddings.LayerNorm")

    def _counted(self) -> str:
        """Position ids as in RoBERTa: they start after the padding id."""
        graph = self.graph
        padding = graph.weight(np.array(self.config.pad_token_id))
        counts = graph.node("Not", graph.node("Equal", "input_ids", padding))
        counts = graph.node("Cast", counts, to=TensorProto.INT64)
        passed = graph.node("CumSum", counts, graph.weight(np.array(1)))
        return graph.node("Add", graph.node("Mul", passed, counts), padding)

    def block(self, number: int, hidden: str) -> str:
        """One transformer block, with LayerNorm after attention and after the feed-forward layer."""
        graph, name = self.graph, f"encoder.layer.{number}."
        parts = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
        mixed = self._linear(hidden, parts)
        split = graph.node("Split", mixed, graph.weight(np.array([self.config.hidden_size] * 3)), axis=2, outputs=3)
        heads = self.config.num_attention_heads
        found = graph.node("MultiHeadAttention", *split.split(","), domain=MICROSOFT, num_heads=heads)
        hidden = self._joined(found, hidden, f"{name}attention.output")
        inner = self._linear(hidden, [f"{name}intermediate.dense"], gelu=True)
        return self._joined(inner, hidden, f"{name}output")

    def _linear(self, hidden: str, parts: Sequence[str], *, gelu: bool = False) -> str:
        """The linear layers `parts`, concatenated into one matrix product."""
        graph = self.graph
        matrix = np.concatenate([self.weights[f"{part}.weight"] for part in parts]).T
        bias = graph.weight(np.concatenate([self.weights[f"{part}.bias"] for part in parts]))
        if not self.quantised:
            product = graph.node("MatMul", hidden, graph.weight(matrix))
            if gelu:
                return graph.node("BiasGelu", product, bias, domain=MICROSOFT)
            return graph.node("Add", product, bias)
        whole, scale = quantised(matrix)
        inputs = hidden, graph.weight(whole), graph.weight(scale), ""
        if gelu:
            product = graph.node("DynamicQuantizeMatMul", *inputs, domain=MICROSOFT)
            return graph.node("BiasGelu", product, bias, domain=MICROSOFT)
        return graph.node("DynamicQuantizeMatMul", *inputs, bias, domain=MICROSOFT)

    def _joined(self, hidden: str, skipped: str, name: str) -> str:
        """Dense layer, skip connection and LayerNorm, at the end of attention or feed-forward."""
        graph, norm = self.graph, f"{name}.LayerNorm"
        dense = self._linear(hidden, [f"{name}.dense"])
        if not self.fused:
            return self._normalised(graph.node("Add", dense, skipped), norm)
        scale, shift = (graph.weight(self.weights[f"{norm}.{part}"]) for part in ("weight", "bias"))
        epsilon = self.config.layer_norm_eps
        return graph.node("SkipLayerNormalization", dense, skipped, scale, shift, domain=MICROSOFT, epsilon=epsilon)

    def _normalised(self, hidden: str, name: str) -> str:
        scale, shift = (self.graph.weight(self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.graph.node("LayerNormalization", hidden, scale, shift, epsilon=self.config.layer_norm_eps)


def quantised(matrix: Array) -> tuple[Array, Array]:
    """A matrix (in, out), quantised symmetrically: int8 (in, out) and scales (out), with matrix ~ int8 * scale."""
    scale = np.maximum(np.abs(matrix).max(axis=0), np.finfo(np.float32).tiny) / np.float32(127)
    return np.rint(matrix / scale).astype(np.int8), scale.astype(np.float32)


def _pooled(graph: Graph, hidden: str, pooling: str) -> str:
    """One vector per sentence: that of the first token, or the mean in float32."""
    axis = graph.weight(np.array([1]))
    if pooling == "cls":
        return graph.node("Gather", hidden, graph.weight(np.array(0)), axis=1)
    hidden = graph.node("Cast", hidden, to=TensorProto.FLOAT)
    if pooling == "mean_no_special":
        # Leave out the first and the last token, which are special, unless there are no others.
        tokens, two, one = graph.node("Shape", hidden, start=1, end=2), np.array([2]), np.array([1])
        edge = graph.node("Min", graph.node("Sub", tokens, graph.weight(two)), graph.weight(one))
        hidden = graph.node("Slice", hidden, edge, graph.node("Sub", tokens, edge), axis)
    return graph.node("ReduceMean", hidden, axes=[1], keepdims=0)
