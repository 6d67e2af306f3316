"""Devices that an estimate of hours can be made for: what they compute at most, and how much of it is assumed."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from xtreme_bench.errors import InputError


@dataclass(frozen=True)
class Device:
    """`peak` and `share` are by precision: dense FLOPs a second without sparsity, and the share that training reaches.

    `memory` is in bytes, None where it is not known; `source` says where the figures are from.
    """

    name: str
    peak: dict[str, float]
    share: dict[str, float]
    memory: float | None
    source: str


# Assumed, not measured: matrix products are the most of a step, but not all of it.
_SHARE = {"bf16": 0.4, "fp32": 0.6}
_SHEET = "NVIDIA's data sheet; its share in use is assumed"

DEVICES = {
    row.name: row
    for row in (
        Device("h100", {"bf16": 989e12, "fp32": 67e12}, _SHARE, 80e9, f"{_SHEET} (SXM)"),
        Device("h200", {"bf16": 989e12, "fp32": 67e12}, _SHARE, 141e9, f"{_SHEET} (SXM)"),
        Device("a100", {"bf16": 312e12, "fp32": 19.5e12}, _SHARE, 80e9, f"{_SHEET} (80 GB)"),
        # It has no units for bf16: what asks for it computes as fast as fp32 at best.
        Device("v100", {"bf16": 15.7e12, "fp32": 15.7e12}, _SHARE | {"bf16": 0.6}, 32e9, f"{_SHEET} (SXM2, 32 GB)"),
        Device("rtx4090", {"bf16": 165.2e12, "fp32": 82.6e12}, _SHARE, 24e9, f"{_SHEET} (fp32 accumulation)"),
    )
}
THIS = "this"
NAMES = (*DEVICES, THIS)
_PROBE_SECONDS = 120


def named(name: str) -> Callable[[int, int, int, str], Device]:
    """What gives the device of a name for width, feed-forward width, threads and precision; one probe for each."""
    if name == THIS:
        return functools.cache(this)
    return lambda *shape: DEVICES[name]


def this(width: int, feedforward: int, threads: int, precision: str) -> Device:
    """This machine, by a probe of some five seconds in a process of its own.

    Errors: `InputError` where it cannot run.
    """
    command = [sys.executable, "-m", "xtreme_bench.training.probe", *map(str, (width, feedforward, threads, precision))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise InputError(f"this machine cannot be probed ({said[-1] if said else 'no reason'}): name a --device")
    found = json.loads(done.stdout)
    # The probe computes a block forward and backward, so its rate is already what is reached.
    return Device(found["name"], {precision: found["rate"]}, {precision: 1.0}, found["memory"], "a probe")
