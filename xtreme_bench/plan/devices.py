"""Devices that an estimate of hours can be made for: what they compute at most, and how much of it is assumed."""

from __future__ import annotations

import functools
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError
from xtreme_bench.files import write_json
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


# The device for width, feed-forward width, heads, threads and precision of a stage; None if its speed is not known.
Devices = Callable[[int, int, int, int, str], Device | None]

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
_PROBES = "probes.json"


def named(name: str, store: Path | None = None) -> Devices:
    """What gives the device of a name; this machine is probed once for each shape, and a `store` remembers it."""
    return functools.cache(functools.partial(_measured, store)) if name == THIS else lambda *shape: DEVICES[name]


def known(card: str, store: Path) -> Devices:
    """What gives the device that torch or the processor calls `card`, from the table or from earlier probes."""
    row, probes = of_card(card), _remembered(store)

    def device(*shape: int | str) -> Device | None:
        found = probes.get(_name(shape))
        return row or (_device(found, str(shape[-1])) if found and found["name"] == card else None)

    return device


def of_card(card: str) -> Device | None:
    """The row of a GPU by what torch calls it: "NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 4090"."""
    words = re.split(r"[\s-]+", card.lower())
    names = [*words, *map("".join, pairwise(words))]
    return next((DEVICES[name] for name in names if name in DEVICES and "laptop" not in words), None)


def _name(shape: Iterable[int | str]) -> str:
    return " ".join(map(str, shape))


def _remembered(store: Path) -> dict[str, Any]:
    try:
        found = json.loads((store / _PROBES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _measured(store: Path | None, *shape: int | str) -> Device:
    """This machine, by a probe of some five seconds in a process of its own. Errors: `InputError` if it cannot run."""
    command = [sys.executable, "-m", "xtreme_bench.training.probe", *map(str, shape)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        message = f"this machine cannot be probed: no answer in {_PROBE_SECONDS} s, it has other work; wait"
        raise InputError(f"{message}, or name another --device") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise InputError(f"this machine cannot be probed ({said[-1] if said else 'no reason'}): name a --device")
    found = json.loads(done.stdout)
    if store is not None and store.is_dir():  # planning alone must not create a store
        write_json(store / _PROBES, {**_remembered(store), _name(shape): found})
    return _device(found, str(shape[-1]))


def _device(found: Mapping[str, Any], precision: str) -> Device:
    # The probe computes real steps, so its rate is already what is reached.
    rate, share = {precision: found["rate"]}, {precision: 1.0}
    return Device(found["name"], rate, share, found["update"], found["memory"], "a probe", found["gpu"])
