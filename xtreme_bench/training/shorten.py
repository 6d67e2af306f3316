"""An encoder with its lowest blocks alone: less to learn and to keep, for a machine that is small too."""

from __future__ import annotations

from typing import Any

from xtreme_bench.errors import InputError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.architectures import KIND_OF_BLOCKS
from xtreme_bench.training.params import Shorten


def shorten(job: Job[Shorten]) -> dict[str, Any]:
    """Write an encoder's first blocks to `job.out`, as an encoder folder. The norm behind the last block stays.

    Inputs: encoder. Errors: `InputError` for more blocks than it has.
    """
    encoder = encoders.load(job.inputs["encoder"])
    blocks, kept = encoder.blocks, job.params.blocks
    if kept > blocks:
        raise InputError(f"model.blocks is {kept}, but this encoder has only {blocks} blocks")
    model: Any = encoder.model
    model.set_submodule(encoder.architecture.stack, encoder.stack[:kept])
    setattr(model.config, encoder.architecture.depth, kept)
    if kinds := getattr(model.config, KIND_OF_BLOCKS, None):
        setattr(model.config, KIND_OF_BLOCKS, kinds[:kept])
    encoders.save(job.out, encoder)
    return {"blocks": kept, "of": blocks}
