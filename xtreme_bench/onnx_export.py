"""An encoder as an ONNX graph that ends at one layer: one vector for each sentence, fused, and proven equal to torch.

Only the blocks below the layer are exported. Layers are counted as hidden states are: 0 is the output of the
embeddings, L the output of block L. Pooling is part of the graph; batch size and length are free.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxscript.rewriter.ort_fusions import optimize_for_ort
from torch import nn

from xtreme_bench.batching import by_length, pad
from xtreme_bench.encoder import Encoder
from xtreme_bench.errors import StageError

POOLINGS = ("mean", "mean_no_special", "cls")
MIN_COSINE = 0.99999
# The first set of operators with Gelu as one of them, which is what the fusions look for.
OPSET = 20
# Probes run so many padded tokens at a time: the uncut torch model keeps every layer of a batch.
PROBE_TOKENS = 2048

Tokens = NDArray[np.int64]
Run = Callable[[Tokens, Tokens], NDArray[np.float32]]


class SentenceModel(nn.Module):
    """Token ids and attention mask (sentences, length) -> vectors (sentences, width): hidden state `layer`, pooled.

    With `cut` the blocks above the layer are taken off the encoder for good; without, they run and are ignored.
    """

    def __init__(self, model: nn.Module, layer: int, pooling: str, *, cut: bool) -> None:
        super().__init__()
        self.model, self.layer, self.pooling, self.cut = model, layer, pooling, cut
        if cut:
            model.encoder.layer = model.encoder.layer[:layer]  # type: ignore[union-attr, index]
        self.eval()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The vectors of a padded batch; padding is at the end of each row, the first and last token are special."""
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=not self.cut)
        hidden = output.last_hidden_state if self.cut else output.hidden_states[self.layer]
        if self.pooling == "cls":
            return hidden[:, 0]  # type: ignore[no-any-return]
        weights = attention_mask.to(hidden.dtype)
        if self.pooling == "mean_no_special":
            # A token counts if another follows it and it is not the first. Nothing between: all tokens count.
            edge = torch.zeros_like(weights[:, :1])
            inner = torch.cat([edge, weights[:, 2:], edge], dim=1)
            weights = torch.where(inner.sum(1, keepdim=True) > 0, inner, weights)
        return (hidden * weights.unsqueeze(-1)).sum(1) / weights.sum(1, keepdim=True)  # type: ignore[no-any-return]


def padded(sentences: Sequence[Sequence[int]], pad_id: int) -> tuple[Tokens, Tokens]:
    """Token ids and attention mask, (sentences, longest), of sentences of token ids."""
    lengths = np.array([len(sentence) for sentence in sentences])
    ids: Tokens = pad(sentences, pad_id).numpy()
    return ids, (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)


def in_batches(
    run: Run, sentences: Sequence[Sequence[int]], pad_id: int, tokens: int
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Run sentences of like length together, at most `tokens` padded tokens at once; yields their numbers, vectors."""
    for batch in by_length([len(sentence) for sentence in sentences], tokens):
        yield batch, run(*padded([sentences[at] for at in batch], pad_id))


def torch_run(model: SentenceModel) -> Run:
    """The model as a function of numpy arrays."""

    def run(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        with torch.inference_mode():
            return model(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()  # type: ignore[no-any-return]

    return run


def onnx_run(graph: Path, threads: int, provider: str = "CPUExecutionProvider") -> Run:
    """An exported graph as a function of numpy arrays, run by `provider` or not at all (StageError)."""
    offered = onnxruntime.get_available_providers()
    if provider not in offered:
        raise StageError(
            f"this ONNX Runtime has no {provider} (only {', '.join(offered)}); install the package with it"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph), options, providers=[provider])
    used = session.get_providers()[0]
    if used != provider:
        raise StageError(f"{provider} did not start, ONNX Runtime fell back to {used}; see the stage's log")

    def run(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        return session.run(None, {"input_ids": ids, "attention_mask": mask})[0]  # type: ignore[no-any-return]

    return run


def export(
    encoder: Encoder, folder: Path, *, layer: int, pooling: str, probes: Sequence[Sequence[int]], threads: int = 1
) -> dict[str, Any]:
    """Export the encoder up to `layer` with `pooling` to `folder`/encoder.onnx, unless a whole export is there.

    `probes` are sentences as token ids: the vector of each must have a cosine of at least MIN_COSINE with the one of
    the uncut torch model, else StageError and no folder. The encoder is cut by this. The folder appears whole or
    not at all. Returns facts: opset, fused operators, number of probes, smallest cosine.
    """
    record = folder / "export.json"
    if record.is_file():
        facts: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return facts
    pad_id = encoder.tokenizer.pad_token_id
    expected = _vectors(torch_run(SentenceModel(encoder.model, layer, pooling, cut=False)), probes, pad_id)
    if not np.isfinite(expected).all():
        raise StageError("the encoder gives NaN or infinite vectors; its weights are broken")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    graph = partial / "encoder.onnx"
    fused = _write_graph(SentenceModel(encoder.model, layer, pooling, cut=True), graph)
    lowest = _parity(expected, _vectors(onnx_run(graph, threads), probes, pad_id))
    facts = {"opset": OPSET, "fused": fused, "parity_sentences": len(probes), "parity_min_cosine": lowest}
    (partial / "export.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8", newline="\n")
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
    return facts


def _vectors(run: Run, sentences: Sequence[Sequence[int]], pad_id: int) -> NDArray[np.float32]:
    vectors: dict[int, NDArray[np.float32]] = {}
    for batch, found in in_batches(run, sentences, pad_id, PROBE_TOKENS):
        vectors.update(zip(batch, found, strict=True))
    return np.stack([vectors[at] for at in range(len(sentences))])


def _write_graph(model: SentenceModel, file: Path) -> dict[str, int]:
    """Export, fuse (attention, skip layer norm, bias gelu) and save; weights lie beside, a graph holds at most 2 GB."""
    dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    # Any tokens do, but a size of 1 would be taken for a constant.
    sample = torch.zeros(2, 8, dtype=torch.int64), torch.ones(2, 8, dtype=torch.int64)
    with _quiet():
        program = torch.onnx.export(
            model,
            sample,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=(dynamic, dynamic),
            input_names=["input_ids", "attention_mask"],
            # Not `embedding`: that is the name of a value inside the graph.
            output_names=["sentence_vectors"],
            verbose=False,
        )
        assert program is not None
        graph, counts = optimize_for_ort(program.model)
        onnx_ir.save(graph, file, external_data=file.name + ".data")
    return {name: count for name, count in sorted(counts.items()) if count}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what exporter and optimizer print and warn of: it is about them, and errors are raised anyway."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _parity(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """The smallest cosine between like rows of two arrays. Raises StageError below MIN_COSINE, or for NaN."""
    left, right = expected.astype(np.float64), found.astype(np.float64)
    cosines = (left * right).sum(1) / (np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1))
    lowest = float(cosines.min())
    if not lowest >= MIN_COSINE:
        raise StageError(
            f"the ONNX export differs from torch: cosine {lowest:.7f} at test sentence {cosines.argmin()}, at least"
            f" {MIN_COSINE} expected; set `provider: torch` in the recipe's retrieval, and report this"
        )
    return lowest
