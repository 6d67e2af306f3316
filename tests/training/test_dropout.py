"""Dropout by example: the same masks however a step is cut, and masks as random as torch's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from toy_training import FINETUNING, make_job, tiny_encoder
from transformers.masking_utils import create_bidirectional_mask

from xtreme_bench.training import dropout, loop
from xtreme_bench.training.device import prepare_device
from xtreme_bench.training.dropout import ExampleDropout, Noise
from xtreme_bench.training.examples import Example, Ints
from xtreme_bench.training.families import choice, classification, dialogue, qa, tagging
from xtreme_bench.training.forward import Encoder, moved
from xtreme_bench.training.network import Network, Task

CPU = torch.device("cpu")


def ids(*lengths: int) -> tuple[Ints, ...]:
    return tuple(np.array([0, *[7 + at % 90 for at in range(length)], 2], np.int32) for length in lengths)


def numbers(*values: int) -> Ints:
    return np.array(values, np.int32)


def tracker(width: int, labels: int, dropout: float) -> Any:
    """A head of two slots, with three values and two."""
    head = dialogue.head(width, 5, dropout)
    head.names.normal_(std=0.1)  # type: ignore[operator,union-attr]
    head.values.normal_(std=0.1)  # type: ignore[operator,union-attr]
    head.slot_of.copy_(torch.tensor([0, 0, 0, 1, 1]))  # type: ignore[operator,union-attr]
    return head


FAMILIES: dict[str, tuple[Any, list[Example]]] = {
    "classification": (classification, [Example(at, ids(3 + 4 * at), numbers(at % 2)) for at in range(5)]),
    "choice": (choice, [Example(at, ids(*range(4, 7 + at)), numbers(at)) for at in range(4)]),
    "tagging": (tagging, [Example(at, ids(9 - at), numbers(0, 1, 0), numbers(1, 2, 4)) for at in range(5)]),
    "dialogue": (
        SimpleNamespace(head=tracker, loss=dialogue.loss),
        [Example(at, ids(*range(4, 5 + at)), numbers(*[at % 3, 3 + at % 2] * (at + 1))) for at in range(4)],
    ),
    "qa": (qa, [Example(at, ids(8 + at), numbers(3, 4), numbers(2, 8)) for at in range(5)]),
}


def gradients(family: Any, examples: Sequence[Example], parts: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
    """The summed gradients and the loss of one step, cut into parts."""
    encoder = tiny_encoder(dropout=0.3, layers=2)
    torch.manual_seed(4)
    task = Task("x", family, family.head(16, 2, 0.3), examples)
    network = Network(encoder, {"x": task.head}).train()
    network.noise.step([3, 4, 11], examples)
    total = torch.zeros(())
    for part in parts:
        network.noise.take(part, CPU)
        own = [examples[at] for at in part]
        loss = network(task, loop.collate(own, encoder), own)
        loss.backward()
        total += loss.detach()
    return {"loss": total} | {name: value.grad for name, value in network.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_has_the_same_loss_and_gradients_however_it_is_cut(name: str) -> None:
    family, examples = FAMILIES[name]
    everything = list(range(len(examples)))
    whole = gradients(family, examples, [everything])
    for parts in ([[at] for at in everything], [everything[::2], everything[1::2]], [everything[::-1]]):
        found = gradients(family, examples, parts)
        assert found.keys() == whole.keys()
        assert all(torch.allclose(found[key], whole[key], rtol=1e-5, atol=1e-6) for key in whole)


def test_another_step_and_another_place_in_the_batch_drop_others() -> None:
    family, examples = FAMILIES["classification"]
    twice = [examples[2], examples[2]]
    noise = Noise()
    seen = []
    for step in (1, 2):
        noise.step([3, 4, step], twice)
        noise.take([0, 1], CPU)
        seen += list(noise.drops(0, torch.Size((2, 13, 40)), 0.5))
    assert len({mask.numpy().tobytes() for mask in seen}) == 4
    assert family is classification


@pytest.mark.parametrize("shape", [(64, 96), (64, 12, 48), (64, 3, 12, 12)])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_masks_are_as_random_as_the_share_says(shape: tuple[int, ...], share: float) -> None:
    batch = [Example(at, ids(10)) for at in range(64)]
    rates, pairs = [], []
    for step in range(30):
        noise = Noise()
        noise.step([1, 4, step], batch)
        noise.take(range(64), CPU)
        drops = noise.drops(0, torch.Size(shape), share).flatten(1).double()
        rates.append(float(drops.mean()))
        # Of two examples, of two neighbouring values, and of a value in two dropouts.
        again = noise.drops(1, torch.Size(shape), share).flatten(1).double()
        pairs.append([float((a * b).mean()) for a, b in ((drops[::2], drops[1::2]), (drops[:, ::2], drops[:, 1::2]),
                                                         (drops, again))])  # fmt: skip
    error = 5 * math.sqrt(share / (30 * math.prod(shape[1:])))
    assert np.mean(rates) == pytest.approx(share, abs=error)
    assert np.mean(pairs, axis=0) == pytest.approx([share**2] * 3, abs=error)


@pytest.mark.parametrize("shape", [(32, 12, 1024), (32, 8, 12, 12)])
def test_two_examples_share_no_more_of_their_masks_than_by_chance(shape: tuple[int, ...]) -> None:
    batch, noise, share = [Example(at, ids(10)) for at in range(32)], Noise(), 0.1
    first, second = torch.triu_indices(32, 32, 1)
    common = []
    for step in range(60):
        noise.step([1, 4, step], batch)
        noise.take(range(32), CPU)
        # What all units have at one position: the first token, where classes are read.
        drops = noise.drops(0, torch.Size(shape), share)[..., 0, :].flatten(1).double()
        common.append((drops @ drops.T)[first, second])
    found, each = torch.cat(common), drops.shape[1] * share**2
    assert float(found.mean()) == pytest.approx(each, rel=0.07)
    assert float(found.var()) == pytest.approx(each * (1 - share**2), rel=0.15)


def test_what_is_kept_is_larger_so_that_the_mean_stays_and_evaluation_changes_nothing() -> None:
    noise = Noise()
    noise.step([1], [Example(0, ids(10))])
    noise.take([0], CPU)
    dropout, values = ExampleDropout(0.25, noise, 0), torch.ones(1, 12, 2000)
    found = dropout(values)
    assert found.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert float(found.mean()) == pytest.approx(1.0, abs=0.03)
    assert torch.equal(dropout.eval()(values), values)


def test_with_nothing_dropped_attention_is_torchs_own_and_with_dropout_the_same_formula() -> None:
    plain, ours = tiny_encoder(layers=2), tiny_encoder(layers=2)
    network = Network(ours, {"x": nn.Linear(16, 2)})
    examples = [Example(0, ids(4)), Example(1, ids(9))]
    inputs = loop.collate(examples, plain)
    assert inputs.mask is not None
    tokens = inputs.mask.bool()
    plain.model.eval()
    expected = plain.hidden(inputs)[tokens]
    assert torch.equal(network.eval().hidden(inputs)[tokens], expected)
    for module in network.modules():
        if isinstance(module, ExampleDropout):
            module.p = 1e-12  # what is dropped is nothing, but the formula is the one with dropout
    network.noise.step([1], examples)
    network.noise.take([0, 1], CPU)
    found = network.train().hidden(inputs)[tokens]
    assert torch.allclose(found, expected, atol=1e-6)


def test_every_dropout_of_encoder_and_heads_is_by_example() -> None:
    encoder: Encoder = tiny_encoder(layers=2, dropout=0.2)
    network = Network(encoder, {"x": classification.head(16, 2, 0.2)})
    kinds = [type(module) for module in network.modules() if isinstance(module, nn.Dropout | ExampleDropout)]
    assert set(kinds) == {ExampleDropout}
    assert len(kinds) == 1 + 2 * 3 + 2
    assert network.encoder.config.to_dict() == tiny_encoder(layers=2, dropout=0.2).model.config.to_dict()


def test_training_with_dropout_is_the_same_cut_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = FAMILIES["classification"][1] * 4
    weights = []
    for name, size in (("whole", 1 << 30), ("cut", 1)):
        monkeypatch.setattr("xtreme_bench.training.device.CPU_BYTES", size)
        encoder = tiny_encoder(dropout=0.3)
        torch.manual_seed(4)
        task = Task("x", classification, classification.head(16, 2, 0.3), examples)
        job = make_job(tmp_path / name, FINETUNING)
        loop.fit(job, prepare_device(job.params), encoder, [task], [1.0], 3)
        weights.append(encoder.model.state_dict())
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=1e-5) for name in weights[0])


@pytest.mark.parametrize("padded", [True, False])
def test_the_attention_mask_of_a_device_is_made_without_a_look_at_it(padded: bool) -> None:
    """On the meta device, as on a GPU that is still computing, a look at values is not to be had."""
    encoder = tiny_encoder()
    dropout.by_example(encoder.model, encoder.model, encoder.architecture, dropout.Noise())
    found = {}
    for device in ("cpu", "meta"):
        mask = torch.ones(2, 5, dtype=torch.long)
        mask[0, 4] = int(not padded)
        values = torch.zeros(2, 5, encoder.width, device=device)
        found[device] = create_bidirectional_mask(encoder.model.config, values, mask.to(device))
    assert (found["cpu"] is None) == (not padded)
    assert found["meta"].device.type == "meta"


def test_moving_to_the_cpu_copies_nothing() -> None:
    value = torch.arange(3)
    assert moved(value, "cpu") is value
