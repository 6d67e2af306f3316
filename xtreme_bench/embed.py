"""Sentence vectors: one layer of an encoder, pooled over tokens, by ONNX Runtime or torch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from xtreme_bench import encoder as encoders
from xtreme_bench import onnx_export
from xtreme_bench.errors import InputError, Problem, StageError

PROVIDERS = ("onnxruntime", "torch")
PRECISIONS = ("fp32",)
# Padded tokens of one batch: enough to keep a matrix product busy, little enough to stay near the processor.
BATCH_TOKENS = 2048
# Sentences are tokenised so many at a time.
CHUNK = 4096

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """Which vectors: hidden state `layer` (0 = embeddings, L = output of block L), pooled, of so many tokens.

    `max_length` counts special tokens too. `provider` runs the model; nothing else is tried when it cannot.
    """

    layer: int
    pooling: str
    max_length: int
    provider: str = "onnxruntime"
    precision: str = "fp32"
    threads: int = 1
    batch_tokens: int = BATCH_TOKENS


@dataclass(frozen=True)
class SentenceEncoder:
    """An encoder ready to embed. `facts` say what really runs: provider, layer, pooling, parity of the export."""

    tokenizer: Any
    run: onnx_export.Run
    width: int
    settings: Settings
    facts: dict[str, Any]


@dataclass(frozen=True)
class Embedded:
    """Vectors (n, width) of the texts asked for, in their order; which were too long and cut; how many are distinct."""

    vectors: NDArray[np.float32]
    cut: NDArray[np.bool_]
    distinct: int


def open_encoder(folder: Path, settings: Settings, probes: Sequence[str], work: Path) -> SentenceEncoder:
    """Load the encoder in `folder`; for ONNX Runtime export it to `work`/onnx, checked on the sentences of `probes`.

    Raises InputError for settings that this encoder cannot meet (all at once), StageError when the export differs.
    """
    encoders.single_threaded_tokenizers()
    torch.set_num_threads(settings.threads)
    encoder = encoders.load(folder)
    _check(settings, encoder, folder)
    facts: dict[str, Any] = {"layer": settings.layer, "pooling": settings.pooling, "precision": settings.precision}
    if settings.provider == "torch":
        run = onnx_export.torch_run(
            onnx_export.SentenceModel(encoder.model, settings.layer, settings.pooling, cut=True)
        )
        facts["provider"] = f"torch {torch.__version__}"
    else:
        tokens, _ = _tokenise(encoder.tokenizer, probes, settings.max_length)
        export = onnx_export.export(
            encoder,
            work / "onnx",
            layer=settings.layer,
            pooling=settings.pooling,
            probes=tokens,
            threads=settings.threads,
        )
        run = onnx_export.onnx_run(work / "onnx" / "encoder.onnx", settings.threads)
        facts |= {"provider": f"onnxruntime {onnxruntime.__version__} CPUExecutionProvider", "export": export}
    return SentenceEncoder(encoder.tokenizer, run, encoder.width, settings, facts)


def embed(
    texts: Sequence[str], encoder: SentenceEncoder, progress: Callable[[int, int], None] | None = None
) -> Embedded:
    """The vectors of `texts`, float32 (n, width), in their order. Every distinct text is embedded once.

    Texts of like length share a batch; a vector does not depend on its batch (to 1e-6). Texts longer than
    `max_length` tokens are cut; an empty text is its special tokens. Raises InputError for no texts at all and
    StageError for a vector with NaN or infinity.
    """
    if not texts:
        raise InputError("no sentences to embed")
    place = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    distinct = list(place)
    settings = encoder.settings
    tokens, cut = _tokenise(encoder.tokenizer, distinct, settings.max_length)
    vectors = np.empty((len(distinct), encoder.width), dtype=np.float32)
    done = 0
    pad_id = encoder.tokenizer.pad_token_id
    for batch, found in onnx_export.in_batches(encoder.run, tokens, pad_id, settings.batch_tokens):
        vectors[batch] = found
        if not np.isfinite(found).all():
            faulty = batch[int((~np.isfinite(found)).any(axis=1).argmax())]
            raise StageError(f"the vector of {distinct[faulty][:60]!r} is not finite; the encoder's weights are broken")
        done += len(batch)
        if progress:
            progress(done, len(distinct))
    if cut.any():
        logger.warning("cut to %d tokens: %d of %d sentences", settings.max_length, cut.sum(), len(distinct))
    order = np.array([place[text] for text in texts], dtype=np.int64)
    return Embedded(vectors[order], cut[order], len(distinct))


def _tokenise(tokenizer: Any, texts: Sequence[str], max_length: int) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Token ids of each text with special tokens, and which had too many; cut ones keep their end token."""
    tokens: list[list[int]] = []
    for start in range(0, len(texts), CHUNK):
        part = list(texts[start : start + CHUNK])
        tokens += tokenizer(part, return_attention_mask=False, return_token_type_ids=False, verbose=False)["input_ids"]
    cut = np.array([len(ids) > max_length for ids in tokens], dtype=bool)
    return [[*ids[: max_length - 1], ids[-1]] if len(ids) > max_length else ids for ids in tokens], cut


def _check(settings: Settings, encoder: encoders.Encoder, folder: Path) -> None:
    blocks = int(encoder.model.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]
    problems = []
    if not 0 <= settings.layer <= blocks:
        problems.append(f"layer {settings.layer} is not in 0..{blocks} (0 = embeddings, {blocks} = last block)")
    if not 3 <= settings.max_length <= encoder.longest:
        problems.append(f"max_length {settings.max_length} is not in 3..{encoder.longest}")
    named = {
        "pooling": (settings.pooling, onnx_export.POOLINGS),
        "provider": (settings.provider, PROVIDERS),
        "precision": (settings.precision, PRECISIONS),
    }
    for field, (value, known) in named.items():
        if value not in known:
            near = get_close_matches(value, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            problems.append(f"{field} {value!r} is not known; {hint}")
    if problems:
        message = f"the retrieval settings do not fit the encoder in {folder}; change `retrieval` in the recipe"
        raise InputError(message, [Problem(problem) for problem in problems])
