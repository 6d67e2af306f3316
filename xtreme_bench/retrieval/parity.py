"""How far vectors may be from those of torch in fp32."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xtreme_bench.errors import InputError, StageError
from xtreme_bench.retrieval.params import Export

MIN_COSINE = 0.99999


def parity(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """The lowest cosine between equal rows of two arrays (n, d). Raises StageError for non-finite or zero vectors."""
    for vectors, whose in ((expected, "encoder"), (found, "export")):
        if not np.isfinite(vectors).all():
            raise StageError(f"the {whose} returns NaN or infinite vectors; the weights of the encoder are broken")
        if not vectors.any(axis=1).all():
            raise StageError(f"the {whose} returns zero vectors; the weights of the encoder are broken")
    left, right = expected.astype(np.float64), found.astype(np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return float(((left * right).sum(1) / norms).min())


def least_cosine(params: Export) -> float:
    """The lowest allowed cosine to torch in fp32: 0.99999, or `min_cosine` of the recipe in a lower precision."""
    if params.precision == "fp32":
        return MIN_COSINE
    if params.min_cosine is None:
        raise InputError(f"precision {params.precision} needs a lower bound: set `retrieval.min_cosine`")
    return params.min_cosine


def require(cosine: float, least: float, what: str) -> None:
    """Raise StageError if the lowest cosine of `what` is below `least`."""
    if not cosine >= least:
        way = "set `retrieval.provider: torch`"
        if least != MIN_COSINE:
            way = "use another `retrieval.precision`, or lower `min_cosine`"
        raise StageError(
            f"{what} differs too much from torch in fp32: lowest cosine {cosine:.7f}, required {least}; {way}"
        )
