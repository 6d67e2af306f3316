"""Embed any number of texts: each distinct text once, in batches of equal length, into a memory-mapped file."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xtreme_bench.errors import InputError, Problem, StageError
from xtreme_bench.files import write_json
from xtreme_bench.retrieval.embed_torch import Run, Tokens, torch_device, torch_run
from xtreme_bench.retrieval.params import Embedding, Export
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.frames import frame
from xtreme_bench.training.padding import by_length
from xtreme_bench.training.processes import ALONE, Group

# Tokens per batch. On a CPU: enough for a fast matrix product, few enough to stay in the cache.
BATCH_TOKENS = {"cpu": 1024, "cuda": 65536}
# Texts per chunk. The next chunk is tokenised while one is embedded; a killed run repeats one chunk.
CHUNK = 8192

logger = logging.getLogger(__name__)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class SentenceEncoder:
    """An encoder that is ready to embed. `facts` records what really runs: provider, layer, pooling, precision.

    `run`: token ids -> vectors (sentences, `width`); a row holds `layers` vectors of equal size, side by side.
    """

    tokenizer: Any
    run: Run
    width: int
    layers: int
    max_length: int
    batch_tokens: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Embedded:
    """The vectors of n texts.

    `vectors` (distinct texts, width): memory-mapped. `rows` (n): the row of each text. `cut` (n): if truncated.
    """

    vectors: Floats
    rows: NDArray[np.int64]
    cut: NDArray[np.bool_]

    def part(self, start: int, stop: int) -> Embedded:
        """The texts from `start` up to but not including `stop`; shares the vectors."""
        return Embedded(self.vectors, self.rows[start:stop], self.cut[start:stop])

    def gather(self, file: Path) -> Floats:
        """Write the vectors (n, width) of all n texts, in order, to a new memory-mapped `.npy` file."""
        shape = len(self.rows), self.vectors.shape[1]
        gathered: Floats = mapped(file, np.float32, shape)
        for start in range(0, len(self.rows), CHUNK):
            gathered[start : start + CHUNK] = self.vectors[self.rows[start : start + CHUNK]]
        return gathered


def ready(job: Job[Embedding], group: Group = ALONE) -> SentenceEncoder:
    """Open the encoder of an embedding stage, with an export for the device of this machine.

    Errors: as for `open_encoder` and, if it is exported again, `export`.
    """
    inputs = job.inputs
    if "export" in inputs:  # without one, ONNX and ONNX Runtime need not be installed
        from xtreme_bench.retrieval.export import fitting

        inputs = group.first_alone(lambda: fitting(job))
    return open_encoder(inputs, job.params)


def open_encoder(inputs: Mapping[str, Path], params: Embedding) -> SentenceEncoder:
    """Open the encoder of a stage. `inputs` has `encoder`, and `export` if the provider is ONNX Runtime.

    Raises InputError for settings that do not fit this encoder, and StageError if the provider does not start. There is
    no fallback to another provider.
    """
    encoders.single_threaded_tokenizers()
    torch.set_num_threads(params.threads)
    torch.set_float32_matmul_precision("highest")  # a training in this process may have had less
    facts = {name: getattr(params, name) for name in ("layer", "pooling", "precision")}
    if params.provider == "torch":
        encoder = encoders.load(inputs["encoder"])
        check_settings(params, encoder, inputs["encoder"])
        device = torch_device(params.device)
        run = torch_run(encoder, params.layer, params.pooling, precision=params.precision, device=device)
        provider, tokenizer = f"torch {torch.__version__} {device}", encoder.tokenizer
        layers = encoder.blocks + 1 if params.layer is None else 1
        width = encoder.width * layers
    else:
        from xtreme_bench.retrieval.embed_onnx import onnx_run

        graph = json.loads((inputs["export"] / "export.json").read_text(encoding="utf-8"))
        device, width, layers = (graph[name] for name in ("device", "width", "layers"))
        tokenizer = encoders.load_tokenizer(inputs["encoder"])
        run, provider = onnx_run(inputs["export"], device, params.threads)
    logger.info("sentence vectors by %s", provider)
    facts["provider"] = provider
    return SentenceEncoder(tokenizer, run, width, layers, params.max_length, BATCH_TOKENS[device], facts)


def check_settings(params: Export, encoder: Encoder, folder: Path) -> None:
    """Check that the encoder has the layer and enough positions. Raises InputError with all faults."""
    blocks, layer, length = encoder.blocks, params.layer, params.max_length
    problems = []
    if layer is not None and not 0 <= layer <= blocks:
        problems.append(Problem(f"layer {layer} is not in 0..{blocks} (0 = embeddings, {blocks} = last block)"))
    if not 3 <= length <= encoder.longest:
        problems.append(Problem(f"max_length {length} is not in 3..{encoder.longest}"))
    if problems:
        message = f"the retrieval settings do not fit the encoder in {folder}; change `retrieval` in the recipe"
        raise InputError(message, problems)


def embed(
    texts: Sequence[str],
    encoder: SentenceEncoder,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    group: Group = ALONE,
) -> Embedded:
    """Embed every distinct text of `texts` once, into `folder`. Continues the work of a killed call in the same folder.

    The processes of a `group` share the chunks; all of them call this with the same texts.
    All texts of a batch have the same length, so there is no padding, and a vector depends only on its text (fp32: to
    1e-6; int8 scales activations per batch). Texts of more than `max_length` tokens are truncated. An empty text
    consists of its special tokens. `progress` gets the numbers of characters done and in total. Raises InputError if
    there are no texts, and StageError for a vector with NaN, infinity or another width than the encoder's.
    """
    if not texts:
        raise InputError("no sentences to embed")
    place = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    distinct = list(place)
    # Longest first: a batch that does not fit in memory fails at once. Texts of equal length become neighbours.
    order = sorted(range(len(distinct)), key=lambda at: (-len(distinct[at]), at))
    chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
    files = group.first_alone(lambda: _Files(folder, distinct, encoder, group))
    done, total = sum(len(distinct[at]) + 1 for chunk in chunks[: files.chunks] for at in chunk), sum(map(len, place))
    total += len(distinct)
    left = chunks[files.chunks :]
    own = _tokenised(encoder, distinct, group.share(left))
    for begin in range(0, len(left), group.world):
        for chunk, tokens, cut in islice(own, 1):  # none, where the last chunks are fewer than the processes
            files.cut[chunk] = cut
            for batch in by_length([len(ids) for ids in tokens], encoder.batch_tokens, padded=False):
                rows = [chunk[at] for at in batch]
                files.vectors[rows] = _vectors(
                    encoder, np.array([tokens[at] for at in batch]), [distinct[at] for at in rows]
                )
                done += group.world * sum(len(distinct[at]) + 1 for at in rows)
                if progress:
                    progress(min(done, total), total)
        files.finish_chunks(min(group.world, len(left) - begin))
    cut_ones = int(files.cut.sum())
    if cut_ones:
        logger.warning("cut to %d tokens: %d of %d sentences", encoder.max_length, cut_ones, len(distinct))
    rows_of = np.array([place[text] for text in texts], dtype=np.int64)
    return Embedded(files.vectors, rows_of, files.cut[rows_of])


def mapped(file: Path, kind: type, shape: tuple[int, ...]) -> NDArray[Any]:
    """Create a memory-mapped `.npy` file of zeros.

    Reserves the disk space first, because writing to a memory map on a full disk kills the process.
    """
    array: NDArray[Any] = np.lib.format.open_memmap(file, "w+", kind, shape)
    with file.open("r+b") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
        except OSError as error:
            error.filename = str(file)
            raise
    return array


def tokenise(tokenizer: Any, texts: Sequence[str], max_length: int) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Token ids of each text with special tokens, which truncation keeps, and whether it was truncated."""
    found = tokenizer(list(texts), return_attention_mask=False, return_token_type_ids=False, verbose=False)
    tokens: list[list[int]] = found["input_ids"]
    cut = np.array([len(ids) > max_length for ids in tokens], dtype=bool)
    end = frame(tokenizer, 1).marks[-1]
    return [[*ids[: max_length - len(end)], *end] if len(ids) > max_length else ids for ids in tokens], cut


def _tokenised(
    encoder: SentenceEncoder, texts: Sequence[str], chunks: Sequence[Sequence[int]]
) -> Iterator[tuple[Sequence[int], list[list[int]], NDArray[np.bool_]]]:
    """Yield each chunk with its tokens. A thread tokenises the next chunk while the caller uses this one."""

    def work(chunk: Sequence[int]) -> tuple[list[list[int]], NDArray[np.bool_]]:
        return tokenise(encoder.tokenizer, [texts[at] for at in chunk], encoder.max_length)

    with ThreadPoolExecutor(1, "tokenise") as pool:
        ahead = [pool.submit(work, chunk) for chunk in chunks[:1]]
        for at, chunk in enumerate(chunks):
            ahead += [pool.submit(work, following) for following in chunks[at + 1 : at + 2]]
            yield chunk, *ahead.pop(0).result()


def _vectors(encoder: SentenceEncoder, ids: Tokens, texts: Sequence[str]) -> Floats:
    found = encoder.run(ids)
    if found.shape != (len(ids), encoder.width):
        raise StageError(f"the encoder returned vectors of shape {found.shape}; expected {(len(ids), encoder.width)}")
    finite = np.isfinite(found).all(axis=1)
    if not finite.all():
        faulty = texts[int(finite.argmin())][:60]
        raise StageError(f"the vector of {faulty!r} is not finite; the weights of the encoder are broken")
    return found


class _Files:
    """Files in a folder: the vectors of some texts, which texts were truncated, and the number of finished chunks.

    Continues from an earlier call if its files are complete and had the same texts and settings; else starts again.
    """

    def __init__(self, folder: Path, texts: Sequence[str], encoder: SentenceEncoder, group: Group) -> None:
        self._group = group
        folder.mkdir(parents=True, exist_ok=True)
        self._record = folder / "done.json"
        state = hashlib.sha256(repr((encoder.width, encoder.max_length, sorted(encoder.facts.items()))).encode())
        for text in texts:
            state.update(f"{text}\0".encode())
        self._texts = state.hexdigest()
        wanted = {
            folder / "vectors.npy": (np.float32, (len(texts), encoder.width)),
            folder / "cut.npy": (np.bool_, (len(texts),)),
        }
        self.chunks = self._known(-(-len(texts) // CHUNK), sum(file.stat().st_size for file in wanted if file.exists()))
        if not self.chunks and group.rank == 0:
            self._record.unlink(missing_ok=True)
            for file, (kind, shape) in wanted.items():
                mapped(file, kind, shape)
        self._bytes = sum(file.stat().st_size for file in wanted)
        self.vectors, self.cut = (np.load(file, mmap_mode="r+") for file in wanted)

    def _known(self, chunks: int, size: int) -> int:
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
            same = (record["texts"], record["bytes"]) == (self._texts, size)
            return int(record["chunks"]) if same and 0 < record["chunks"] <= chunks else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def finish_chunks(self, number: int) -> None:
        """Flush `number` chunks of all processes to disk, so that they survive a kill."""
        self.vectors.flush()
        self.cut.flush()
        self.chunks += number
        self._group.together(None)
        if self._group.rank == 0:
            write_json(self._record, {"texts": self._texts, "bytes": self._bytes, "chunks": self.chunks})
