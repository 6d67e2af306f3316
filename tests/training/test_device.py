"""What fits into memory: the arithmetic of a GPU on one that is made up, and the estimate on real activations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from toy_training import tiny_encoder

from xtreme_bench.retrieval.embed_torch import torch_run
from xtreme_bench.training import device
from xtreme_bench.training.batching import collate
from xtreme_bench.training.device import activations, memory, parts, prepare_device
from xtreme_bench.training.examples import Example
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.network import Network
from xtreme_bench.training.params import Machine

GIB = 2**30
ON_GPU: Any = SimpleNamespace(device=torch.device("cuda"))


class Gpu:
    """Stands for `torch.cuda`: `used` are tensors that live, `cached` blocks that nobody uses but torch keeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total: int, used: int, cached: int, held: int = 0) -> None:
        self.total, self.used, self.cached, self.held = total, used, cached, held
        for name in ("mem_get_info", "memory_reserved", "memory_allocated", "empty_cache"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))

    def mem_get_info(self) -> tuple[int, int]:
        return self.total - self.used - self.cached, self.total

    def memory_reserved(self) -> int:
        return self.used + self.cached

    def memory_allocated(self) -> int:
        return self.used

    def empty_cache(self) -> None:
        """`held` is what torch cannot give back, as a living tensor shares its block."""
        self.cached = min(self.cached, self.held)


def adam(parameters: int, trained: bool = False) -> torch.optim.Optimizer:
    value = nn.Parameter(torch.zeros(parameters))
    optimizer = torch.optim.AdamW([value])
    if trained:
        value.grad = torch.zeros(parameters)
        optimizer.step()
    return optimizer


@pytest.mark.parametrize(("cached", "held"), [(0, 0), (12 * GIB, 0), (12 * GIB, 12 * GIB), (16 * GIB, 3 * GIB)])
def test_blocks_that_torch_keeps_from_an_earlier_stage_are_free(
    monkeypatch: pytest.MonkeyPatch, cached: int, held: int
) -> None:
    Gpu(monkeypatch, 24 * GIB, 4 * GIB, cached, held)
    assert memory(ON_GPU, adam(0)) == int(device.GPU_SHARE * 20 * GIB)


@pytest.mark.parametrize(("trained", "copies"), [(False, 3), (True, 0)])
def test_what_the_first_step_adds_for_good_is_not_free_but_counted_once(
    monkeypatch: pytest.MonkeyPatch, trained: bool, copies: int
) -> None:
    Gpu(monkeypatch, 8 * GIB, GIB, 0)
    assert memory(ON_GPU, adam(10_000, trained)) == int(device.GPU_SHARE * (7 * GIB - copies * 40_000))


def test_a_frozen_encoder_takes_no_gradients_or_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    Gpu(monkeypatch, 8 * GIB, GIB, 0)
    assert memory(ON_GPU, torch.optim.AdamW([nn.Parameter(torch.zeros(1))])) > device.GPU_SHARE * 7 * GIB - 20


def test_xlm_r_large_has_many_examples_a_part_on_24_gib_whatever_ran_before(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = nn.Parameter(torch.empty(560_000_000, device="meta"))
    sizes = SimpleNamespace(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16)
    encoder = Encoder(SimpleNamespace(config=sizes), None)  # type: ignore[arg-type]
    batch = [Example(at, (np.zeros(256, np.int32),)) for at in range(32)]

    def cut(cached: int) -> list[int]:
        Gpu(monkeypatch, 24 * GIB, weights.nbytes, cached, cached)
        room = memory(ON_GPU, torch.optim.AdamW([weights]))
        return [len(part) for part in parts(batch, range(32), lambda *each: activations(encoder, *each) <= room)]

    found = [cut(cached) for cached in (0, 6 * GIB, 17 * GIB)]
    assert found[0] == found[1] == found[2]
    assert found[0][0] >= 11


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize(("length", "heads"), [(30, 2), (62, 2), (62, 8)])
def test_activations_are_counted_as_they_are(length: int, heads: int, recompute: bool) -> None:
    encoder = tiny_encoder(layers=4, width=128, heads=heads, feedforward=512, positions=66)
    network = Network(encoder, {}, recompute=recompute).train()
    examples = [Example(at, (np.arange(5, 5 + length, dtype=np.int32),)) for at in range(6)]
    network.noise.step([1], examples)
    network.noise.take(range(6), torch.device("cpu"))
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = network.hidden(collate(examples, encoder))
    weights = {value.untyped_storage().data_ptr() for value in network.parameters()}
    bytes_kept = sum(size for place, size in kept.items() if place not in weights)
    assert output.requires_grad
    # Recomputed, each block keeps its input; what one block needs more comes in the backward pass.
    counted = activations(encoder, 6, length, recomputed=recompute) - recompute * activations(encoder, 6, length) / 4
    assert 0.9 < bytes_kept / counted < 1.1 + 0.5 * recompute
    assert not recompute or bytes_kept < 0.2 * activations(encoder, 6, length)


def test_parts_hold_every_example_once_and_one_at_least() -> None:
    batch = [Example(at, tuple(np.zeros(length, np.int32) for _ in range(1 + at % 3))) for at, length in
             enumerate((5, 9, 3, 40, 7, 7, 7))]  # fmt: skip
    found = list(parts(batch, range(7), lambda sequences, longest: sequences * longest <= 30))
    # Longest first; the numbers of sequences are 1, 2, 3, 1, 2, 3, 1.
    assert found == [[3], [1], [4], [5, 6], [0, 2]]
    assert list(parts(batch, [], lambda sequences, longest: True)) == [[]]


@pytest.mark.parametrize("gpu", [False, True])
def test_determinism_holds_on_the_cpu_and_is_not_claimed_on_a_gpu(monkeypatch: pytest.MonkeyPatch, gpu: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(device, "Accelerator", lambda **settings: settings)
    try:
        prepare_device(Machine(threads=1, precision="fp32"))
        assert torch.are_deterministic_algorithms_enabled() is not gpu
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.utils.deterministic.fill_uninitialized_memory is False
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize(
    ("precision", "products", "mixed"), [("fp32", "highest", "no"), ("tf32", "high", "no"), ("bf16", "highest", "bf16")]
)
def test_only_tf32_takes_digits_from_products_and_embedding_gets_them_back(
    monkeypatch: pytest.MonkeyPatch, precision: str, products: str, mixed: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "Accelerator", lambda **settings: settings)
    try:
        assert prepare_device(Machine(threads=1, precision=precision)) == {"mixed_precision": mixed, "cpu": False}
        assert torch.get_float32_matmul_precision() == products
        torch_run(tiny_encoder(), 1, "mean")
        assert torch.get_float32_matmul_precision() == "highest"
    finally:
        torch.set_float32_matmul_precision("highest")
