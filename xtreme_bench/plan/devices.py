"""Devices that an estimate of hours can be made for: what they compute at most, and how much of it is assumed."""

from __future__ import annotations

import functools
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from xtreme_bench.errors import InputError
from xtreme_bench.training import room


@dataclass(frozen=True)
class Device:
    """`peak` and `share` are by precision: dense FLOPs a second without sparsity, and the share that training reaches.

    `update` are the seconds in which the optimizer changes one weight. `memory` is in bytes, None where it is not
    known, `gpu` whether it is that of a GPU; `source` says where the figures are from.
    """

    name: str
    peak: dict[str, float]
    share: dict[str, float]
    update: float
    memory: float | None
    source: str
    gpu: bool = True

    def rate(self, precision: str) -> float:
        """FLOPs a second in use."""
        return self.peak[precision] * self.share[precision]

    @property
    def for_activations(self) -> float:
        """Bytes that activations may take at most."""
        return room.CPU_BYTES if not self.gpu else room.GPU_SHARE * (self.memory or math.inf)


# The device for width, feed-forward width, heads, threads and precision of a stage.
Devices = Callable[[int, int, int, int, str], Device]

# Assumed, not measured: matrix products are the most of a step, but not all of it.
_SHARE = {"bf16": 0.4, "tf32": 0.5, "fp32": 0.6}
# AdamW reads and writes a weight, its gradient and two moments, and the norm of the gradients reads them before.
_UPDATE = 36
_SHEET = "NVIDIA's data sheet; its share in use is assumed"


def _sheet(name: str, bf16: float, tf32: float, fp32: float, bandwidth: float, memory: float, which: str) -> Device:
    peak = {"bf16": bf16, "tf32": tf32, "fp32": fp32}
    return Device(name, peak, _SHARE, _UPDATE / bandwidth, memory, f"{_SHEET} ({which})")


DEVICES = {
    row.name: row
    for row in (
        _sheet("h100", 989e12, 494.7e12, 67e12, 3.35e12, 80e9, "SXM"),
        _sheet("h200", 989e12, 494.7e12, 67e12, 4.8e12, 141e9, "SXM"),
        _sheet("a100", 312e12, 156e12, 19.5e12, 2.04e12, 80e9, "80 GB"),
        # It has no units for bf16 and tf32: what asks for them computes as fast as fp32 at best.
        _sheet("v100", 15.7e12, 15.7e12, 15.7e12, 0.9e12, 32e9, "SXM2, 32 GB"),
        _sheet("rtx4090", 165.2e12, 82.6e12, 82.6e12, 1.01e12, 24e9, "fp32 accumulation"),
    )
}
THIS = "this"
NAMES = (*DEVICES, THIS)
_PROBE_SECONDS = 120


def named(name: str) -> Devices:
    """What gives the device of a name; this machine is probed once for each shape."""
    if name == THIS:
        return functools.cache(this)
    return lambda *shape: DEVICES[name]


def this(width: int, feedforward: int, heads: int, threads: int, precision: str) -> Device:
    """This machine, by a probe of some five seconds in a process of its own.

    Errors: `InputError` where it cannot run.
    """
    shape = map(str, (width, feedforward, heads, threads, precision))
    command = [sys.executable, "-m", "xtreme_bench.training.probe", *shape]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise InputError(f"this machine cannot be probed ({said[-1] if said else 'no reason'}): name a --device")
    found = json.loads(done.stdout)
    # The probe computes real steps, so its rate is already what is reached.
    rate, share = {precision: found["rate"]}, {precision: 1.0}
    return Device(found["name"], rate, share, found["update"], found["memory"], "a probe", found["gpu"])
