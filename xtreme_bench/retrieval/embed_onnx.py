"""Sentence vectors by ONNX Runtime: an exported graph as a function, only on the requested device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from xtreme_bench.errors import InputError, StageError
from xtreme_bench.retrieval.embed_torch import Run, Tokens
from xtreme_bench.retrieval.graph import GRAPH

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def onnx_device(wanted: str) -> str:
    """ "cuda" or "cpu" for auto, cuda or cpu; auto is cuda if torch finds a GPU.

    Raises InputError if a GPU is meant but ONNX Runtime cannot use it: a silent fallback would be slow.
    """
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    offered = onnxruntime.get_available_providers()
    if PROVIDERS["cuda"] not in offered:
        raise InputError(
            f"this ONNX Runtime has no {PROVIDERS['cuda']} (only {', '.join(offered)}): install"
            f" onnxruntime-gpu=={onnxruntime.__version__} in place of onnxruntime, or set `retrieval.device: cpu`"
        )
    return "cuda"


def onnx_run(folder: Path, device: str, threads: int) -> tuple[Run, str]:
    """The graph in `folder` as a function, and what runs it: version and provider. Raises StageError if none starts.

    ONNX Runtime does not optimise the graph again: its operators are already the fast ones. On a CPU, fusing the skip
    connection with LayerNorm would be several times slower.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        started = session(folder / GRAPH, device, options)
    except Exception as error:  # the errors of ONNX Runtime have no common class
        raise StageError(f"{PROVIDERS[device]} cannot run the exported graph: {error}") from error
    used = started.get_providers()[0]
    if used != PROVIDERS[device]:
        raise StageError(f"{PROVIDERS[device]} did not start, ONNX Runtime fell back to {used}; see the stage's log")

    def run(ids: Tokens) -> NDArray[np.float32]:
        return started.run(None, {"input_ids": ids})[0]  # type: ignore[no-any-return]

    return run, f"onnxruntime {onnxruntime.__version__} {used}"


def session(file: Path, device: str, options: Any, without: Sequence[str] = ()) -> Any:
    """An ONNX Runtime session on a device, `without` some of its fusions. Raises the errors of ONNX Runtime."""
    options.log_severity_level = 3
    provider: Any = PROVIDERS[device]
    if device == "cuda":
        # Use the CUDA and cuDNN of torch. No TF32: it would lose the last digits of fp32.
        onnxruntime.preload_dlls()
        provider = (provider, {"use_tf32": "0"})
    return onnxruntime.InferenceSession(str(file), options, providers=[provider], disabled_optimizers=list(without))
