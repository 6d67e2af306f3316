"""How fast this machine trains: some blocks of an encoder's shape, by the loop's own passes, in some five seconds.

`python -m xtreme_bench.training.probe WIDTH FEEDFORWARD HEADS THREADS PRECISION` prints as JSON the name of the device,
its `rate` (FLOPs a second, forward and backward), `update` (seconds for one weight in the optimizer) and memory.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import XLMRobertaConfig, XLMRobertaModel

from xtreme_bench.training.batching import collate
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import classification
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.optimization import adamw
from xtreme_bench.wording import say

SECONDS = 4.0
VOCABULARY, LONGEST = 2_000, 130
# Weights of all blocks together, so that they do not stay in a cache where those of a whole encoder would not.
WEIGHTS, LEAST = 10_000_000, 2
# Examples of one pass, of 34 to 38 tokens: a batch of sentence pairs, which the loop makes of like lengths.
EXAMPLES, LENGTHS = {"cpu": 32, "cuda": 256}, range(34, 39)


def probe(width: int, feedforward: int, heads: int, threads: int, precision: str, seconds: float = SECONDS) -> Any:
    """Name, rate, seconds for the update of a weight and memory of the device that training would take here."""
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    weights = 4 * width**2 + 2 * width * feedforward
    blocks = max(LEAST, WEIGHTS // weights)
    config = XLMRobertaConfig(
        vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=blocks, num_attention_heads=heads,
        intermediate_size=feedforward, max_position_embeddings=LONGEST, pad_token_id=1, type_vocab_size=1,
    )  # fmt: skip
    encoder = Encoder(XLMRobertaModel(config, add_pooling_layer=False), SimpleNamespace(pad_token_id=1))
    rows = [_example(at, LENGTHS[at % len(LENGTHS)]) for at in range(EXAMPLES[device])]
    task = Task("pairs", classification, classification.head(width, 2, 0.1), rows)
    network = Network(encoder, {task.name: task.head}).to(device).train()
    optimizer = adamw(network, SimpleNamespace(weight_decay=0.01, learning_rate=1e-9))  # type: ignore[arg-type]
    inputs = collate(rows, encoder)

    def passes() -> None:
        network.noise.step([1], rows)
        network.noise.take(range(len(rows)), torch.device(device))
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            loss = network(task, inputs.to(device), rows)
        loss.backward()

    def update() -> None:
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    took = _seconds(passes, 0.8 * seconds, device, threads)
    changed = sum(value.numel() for value in network.parameters())
    operations = 3 * blocks * sum(row.length * (2 * weights + 4 * width * row.length) for row in rows)
    return {
        "name": _name(device),
        "gpu": device == "cuda",
        "rate": operations / took,  # operations as an estimate counts them
        "update": _seconds(update, 0.2 * seconds, device, threads) / changed,
        "memory": _memory(device),
    }


def _example(at: int, length: int) -> Example:
    return Example(at, (np.arange(5, 5 + length, dtype=np.int32),), np.array([at % 2], np.int32))


def _seconds(work: Callable[[], None], most: float, device: str, threads: int) -> float:
    """How long some work takes when it is repeated for a while."""

    def done() -> float:
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    for _ in range(2):
        work()
    times, began, computed = 0, done(), time.process_time()
    while (took := done() - began) < most or not times:
        work()
        times += 1
    if device == "cpu":  # what else the machine does now says nothing of the run
        took = (time.process_time() - computed) / threads
    return took / times


def _name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "cpu"


def _memory(device: str) -> int:
    if device == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


if __name__ == "__main__":
    width, feedforward, heads, threads = map(int, sys.argv[1:5])
    say(json.dumps(probe(width, feedforward, heads, threads, sys.argv[5])))
