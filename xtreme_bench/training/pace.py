"""How fast a training is and what memory it takes: a curve of its own, because no two runs have the same.

It is kept beside the outputs of a stage, which are equal to the byte where runs are equal.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch

from xtreme_bench.stage import memory
from xtreme_bench.stage.job import PACE
from xtreme_bench.training import curve


class Pace:
    """The pace of one run, below `work`: tokens that were trained on so far, tokens a second since the point before,
    and the most memory so far: of the process, on a GPU of torch's tensors there.

    A run that goes on from `step`, with so many `tokens`, keeps the points before.
    """

    def __init__(self, work: Path, step: int, tokens: int, device: torch.device) -> None:
        self._folder, self._device = work / PACE, device
        self._points = [point for point in _read(self._folder / curve.FILE) if point["step"] <= step]
        self._tokens, self._since = tokens, time.monotonic()

    def note(self, step: int, tokens: int) -> None:
        """Add a point after a step, unless it has one."""
        if self._points and self._points[-1]["step"] == step:
            return
        now = time.monotonic()
        rate = (tokens - self._tokens) / max(now - self._since, 1e-6)
        peak = torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else memory.peak()
        self._points.append({"step": step, "tokens": tokens, "tokens/s": round(rate, 1), "memory": peak})
        self._tokens, self._since = tokens, now

    def write(self) -> None:
        """Write the points as a curve is written: a file and TensorBoard events."""
        self._folder.mkdir(exist_ok=True)
        curve.write(self._folder, self._points)


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
