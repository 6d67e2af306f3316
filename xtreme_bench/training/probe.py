"""How fast this machine computes matrix products of an encoder's shape, forward and backward, in some five seconds.

`python -m xtreme_bench.training.probe WIDTH FEEDFORWARD THREADS PRECISION` prints name, rate (FLOPs a second) and
memory as JSON.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from typing import Any

import torch

SECONDS = 4.0
# Tokens of one product: what a part of a batch has.
TOKENS = {"cpu": 1_024, "cuda": 16_384}


def probe(width: int, feedforward: int, threads: int, precision: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Name, rate and memory of the device that training would take here."""
    torch.set_num_threads(threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    network = torch.nn.Sequential(
        torch.nn.Linear(width, width), torch.nn.Linear(width, feedforward), torch.nn.GELU(),
        torch.nn.Linear(feedforward, width),
    ).to(device, kind)  # fmt: skip
    read = torch.randn(TOKENS[device], width, device=device, dtype=kind, requires_grad=True)

    def step() -> None:
        network(read).sum().backward()
        if device == "cuda":
            torch.cuda.synchronize()

    step()
    steps, began, computed = 0, time.perf_counter(), time.process_time()
    while (took := time.perf_counter() - began) < seconds or not steps:
        step()
        steps += 1
    if device == "cpu":  # what else the machine does now says nothing of the run
        took = (time.process_time() - computed) / threads
    flops = 6 * TOKENS[device] * (width * width + 2 * width * feedforward)
    return {"name": _name(device), "rate": steps * flops / took, "memory": _memory(device)}


def _name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()


def _memory(device: str) -> int:
    if device == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


if __name__ == "__main__":
    width, feedforward, threads, precision = sys.argv[1:]
    print(json.dumps(probe(int(width), int(feedforward), int(threads), precision)))
