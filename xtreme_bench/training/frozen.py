"""The stage that runs the frozen blocks over each example once, for trainings that teach the upper blocks alone.

Frozen blocks compute as in evaluation, so what they give for an example is the same in every epoch, for every seed and
in every evaluation. It is one float32 vector a token, in a file beside the column of the tokens, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import room
from xtreme_bench.training.batching import collate
from xtreme_bench.training.device import prepare_device
from xtreme_bench.training.examples import Example, Examples
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.inference import in_batches
from xtreme_bench.training.params import Frozen


def examples(features: Path, part: str, below: Path | None) -> Examples:
    """The examples of a part of a corpus, with what the frozen blocks give for them where `encode` has kept it."""
    return Examples(features / part, below and _file(below, part))


def _file(folder: Path, part: str) -> Path:
    return folder / part / "below.values"


def encode(job: Job[Frozen]) -> dict[str, Any]:
    """Write what the frozen blocks give for the examples of each part that pays to `job.out`.

    Inputs: features, encoder. Facts: the bytes of each part that is kept, and why others are not.
    """
    features = job.inputs["features"]
    accelerator = prepare_device(job.params)
    encoder = encoders.load(job.inputs["encoder"])
    frozen = encoder.freeze(job.params.blocks)
    encoder.cut(frozen)
    encoder.model.eval().to(accelerator.device)
    bytes_of: dict[str, int] = {}
    computed: dict[str, str] = {}
    for folder in sorted(path.parent for path in features.rglob("tokens.values")):
        part, read = folder.relative_to(features).as_posix(), Examples(folder)
        size = room.below(encoder.width, read.tokens)
        if why := room.why_not_kept(job.params, part, len(read), size, frozen):
            computed[part] = why
            continue
        with accelerator.autocast():
            _write(job, encoder, part, read)
        bytes_of[part] = size
    return {"kept": bytes_of, "computed": computed, "summary": _summary(bytes_of, computed)}


@torch.inference_mode()
def _write(job: Job[Frozen], encoder: Encoder, part: str, read: Examples) -> None:
    """Write the hidden states of all tokens of a part, in the order of the tokens."""
    file = _file(job.out, part)
    file.parent.mkdir(parents=True)
    out = np.memmap(file, "<f4", mode="w+", shape=(read.tokens, encoder.width))
    done = 0

    def compute(batch: list[Example]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = encoder.hidden(collate(batch, encoder).to(encoder.device)).float().cpu().numpy()
        return found

    for indices, hidden in in_batches(encoder, read, compute):
        places = [place for index in indices for place in read.places(index)]
        for states, place in zip(hidden, places, strict=True):
            out[place] = states[: place.stop - place.start]
        done += len(indices)
        job.progress(done, len(read), part)
    out.flush()


def _summary(kept: Mapping[str, int], computed: Mapping[str, str]) -> str:
    said = [f"{part}: {size / 2**20:,.0f} MiB kept" for part, size in kept.items()]
    return "; ".join([*said, *(f"{part}: computed in each step, {why}" for part, why in computed.items())])
