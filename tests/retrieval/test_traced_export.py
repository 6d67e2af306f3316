"""Exports of the architectures that the hand-written graph does not know, beside torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from small_encoders import FEW, KINDS, save_small_encoder, small_encoder
from tiny_encoder import export_tiny_encoder
from toy_training import digests

from xtreme_bench.retrieval import graph
from xtreme_bench.retrieval.embed_onnx import onnx_run
from xtreme_bench.retrieval.embed_torch import torch_run
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.architectures import ARCHITECTURES

TRACED = [kind for kind, (name, _, _) in KINDS.items() if not ARCHITECTURES[name].graph]
INT8 = ("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulInteger")
SENTENCES = [[0, 2], [0, 7, 2], *([0, *range(5, 5 + length), 2] for length in (3, 9, 40, 62))]


@pytest.mark.parametrize("kind", FEW)
@pytest.mark.parametrize(
    ("layer", "pooling"),
    [
        (1, "mean_no_special"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((0, "mean"), (2, "cls"), (None, "mean"))),
    ],
)
def test_an_export_gives_the_vectors_of_torch_for_any_batch_and_length(
    tmp_path: Path, kind: str, layer: int | None, pooling: str
) -> None:
    folder = save_small_encoder(tmp_path / "encoder", kind)
    out = export_tiny_encoder(folder, tmp_path / "out", layer=layer, pooling=pooling)
    facts = json.loads((out / "export.json").read_text())
    assert facts["written_by"].startswith("torch.onnx" if kind in TRACED else "xtreme-bench")
    assert facts["parity_min_cosine"] >= 0.99999
    run, _ = onnx_run(out, "cpu", 1)
    expected = torch_run(encoders.load(folder), layer, pooling)
    for sentence in SENTENCES:
        for rows in (1, 3):
            ids = np.array([sentence] * rows)
            np.testing.assert_allclose(run(ids), expected(ids), rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "modernbert" else pytest.mark.slow) for kind in TRACED]
)
def test_a_traced_export_is_optimised_silent_and_the_same_to_the_byte(
    tmp_path: Path, kind: str, capfd: Any, warned: list[str]
) -> None:
    folder = save_small_encoder(tmp_path / "encoder", kind)
    one, other = (export_tiny_encoder(folder, tmp_path / name, layer=1) for name in ("one", "other"))
    assert digests(one) == digests(other)
    assert digests(one).keys() <= {"encoder.onnx", "encoder.weights", "export.json"}
    assert capfd.readouterr() == ("", "")
    assert warned == []
    nodes = onnx.load(one / graph.GRAPH, load_external_data=False).graph.node
    kinds = {node.op_type for node in nodes}
    assert not kinds & {"Erf", "Pow", "SkipLayerNormalization"} or kind == "eurobert"


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRACED)
def test_int8_of_a_traced_export_has_all_layers_of_weights_in_it_and_keeps_the_directions(
    tmp_path: Path, kind: str, warned: list[str]
) -> None:
    folder = save_small_encoder(tmp_path / "encoder", kind)
    out = export_tiny_encoder(folder, tmp_path / "out", precision="int8", min_cosine=0.9)
    facts = json.loads((out / "export.json").read_text())
    assert 0.9 < facts["parity_min_cosine"] < 0.9999999
    encoder = small_encoder(kind)
    layers = [module for module in encoder.model.modules() if isinstance(module, torch.nn.Linear)]
    assert sum(number for name, number in facts["operators"].items() if name in INT8) >= len(layers)
    assert warned == []
