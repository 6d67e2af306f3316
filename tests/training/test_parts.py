"""However a step is cut, its loss and gradients are those of its examples: whole and padded, grouped, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from toy_training import FINETUNING, make_job, tiny_encoder, write_corpus

from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.batching import collate
from xtreme_bench.training.device import parts
from xtreme_bench.training.examples import Example
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.mixture import mix
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.train import make_task

# Dropout is on.
MIX: dict[str, Any] = {
    **FINETUNING,
    "steps": 1,
    "qa_length": 40,
    "qa_stride": 16,
    "tasks": {"squad_v1": {}, "hellaswag": {}},
    "sampling": {"kind": "uniform", "cap": None, "temperature": 1.0},
    "mlm": {"languages": ["de"]},
}
FAMILIES = ["xnli", "panx", "squad_v1", "hellaswag", "mlm/de"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, dict[str, Task], Network]:
    """A task of each family, on one encoder."""
    folder = tmp_path_factory.mktemp("parts")
    encoders.save(folder / "encoder", tiny_encoder())
    read = {"data": write_corpus(folder / "data"), "encoder": folder / "encoder"}
    encoder = encoders.load(folder / "encoder")
    tasks = []
    for name in ("xnli", "panx"):
        job = make_job(folder / name, {**FINETUNING, "source": name, "steps": 1}, **read)
        tasks.append(make_task(encoder, job.params.corpus.open(read["data"]), job.inputs["features"], "first"))
    job = make_job(folder / "mix", MIX, **read)
    mixed = [make_task(encoder, choice.open(read["data"]), job.inputs[name], "mean")
             for name, choice in job.params.corpora.items()]  # fmt: skip
    tasks += mix(job, encoder, mixed)[0].tasks
    network = Network(encoder, {task.name: task.head for task in tasks}).train()
    return encoder, {task.name: task for task in tasks}, network


def gradients(
    encoder: Encoder, network: Network, task: Task, batch: Sequence[Example], cut: Sequence[Sequence[int]]
) -> dict[str, torch.Tensor]:
    """The loss of a step and the gradient of every weight, summed over its parts."""
    network.zero_grad(set_to_none=True)
    network.noise.step([3], batch)
    total = torch.zeros(())
    for part in cut:
        network.noise.take(part, torch.device("cpu"))
        some = [batch[at] for at in part]
        loss = network(task, collate(some, encoder), some) / task.objective.terms(batch)
        loss.backward()
        total += loss.detach()
    found = {name: value.grad.clone() for name, value in network.named_parameters() if value.grad is not None}
    return {"loss": total, **found}


@pytest.mark.parametrize("name", FAMILIES)
def test_padded_grouped_and_one_by_one_give_the_same_loss_and_gradients(
    name: str, trained: tuple[Encoder, dict[str, Task], Network]
) -> None:
    encoder, tasks, network = trained
    task, generator = tasks[name], np.random.default_rng(1)
    batch = list(task.examples[:12])
    if task.change is not None:
        batch = [task.change(example, generator) for example in batch]
    numbers = range(len(batch))
    grouped = list(parts(batch, numbers, lambda sequences, longest: sequences * longest <= 100))
    assert 1 < len(grouped) < len(batch)
    whole = gradients(encoder, network, task, batch, [numbers])
    assert float(whole["loss"]) > 0
    shuffled = [part.tolist() for part in np.array_split(generator.permutation(len(batch)), 3)]
    for cut in (grouped, grouped[::-1], shuffled, [[at] for at in numbers]):
        other = gradients(encoder, network, task, batch, cut)
        assert other.keys() == whole.keys()
        for weight, value in whole.items():
            assert torch.allclose(other[weight], value, rtol=1e-5, atol=1e-5), weight


def test_parts_join_examples_of_like_length_so_that_less_is_padded() -> None:
    lengths = np.random.default_rng(2).integers(5, 60, 32)
    batch = [Example(at, (np.zeros(length, np.int32),)) for at, length in enumerate(lengths)]
    found = list(parts(batch, range(32), lambda sequences, longest: sequences * longest <= 240))
    assert sorted(at for part in found for at in part) == list(range(32))
    padded = sum(len(part) * max(batch[at].length for at in part) for part in found)
    assert padded < 1.15 * sum(lengths)
