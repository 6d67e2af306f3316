"""Parameters of the stages that embed sentences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Export:
    """What a graph computes, and with what. Layer None: all hidden states.

    `precision` is fp32, fp16, bf16 or int8; below fp32 no vector may have a cosine to fp32's of less than `min_cosine`.
    `device` is auto, cpu or cuda.
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
    """How sentences become vectors, and what computes them: torch or onnxruntime."""

    provider: str


@dataclass(frozen=True)
class Retrieve(Embedding):
    """The retrieval task that is predicted, and in which languages."""

    task: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Layers(Embedding):
    """The languages whose development pairs judge every layer."""

    languages: tuple[str, ...]


@dataclass(frozen=True)
class Precision:
    """The precision that is compared with fp32, and the languages that may be used for it."""

    precision: str
    languages: tuple[str, ...]
