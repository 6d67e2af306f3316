"""Parameters of the stages that embed sentences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Export:
    """What an exported graph computes, and how. `layer` None: all hidden states.

    `pooling`: how token vectors become a sentence vector. `max_length`: in tokens, with special tokens. `precision`:
    fp32, fp16, bf16 or int8; below fp32, every vector must have a cosine of at least `min_cosine` to its fp32 vector.
    `device`: auto, cpu or cuda. `threads`: on a CPU.
    """

    layer: int | None
    pooling: str
    max_length: int
    precision: str
    min_cosine: float | None
    device: str
    threads: int


@dataclass(frozen=True)
class Embedding(Export):
    """How sentences become vectors. `provider`: torch or onnxruntime."""

    provider: str


@dataclass(frozen=True)
class Retrieve(Embedding):
    """The retrieval task to predict, and its languages."""

    task: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Layers(Embedding):
    """The languages whose BUCC development pairs score every layer."""

    languages: tuple[str, ...]


@dataclass(frozen=True)
class Precision:
    """The precision to compare with fp32, and the languages that may be compared."""

    precision: str
    languages: tuple[str, ...]
