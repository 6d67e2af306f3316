"""An encoder in shards of two processes is trained as a whole one is, is saved whole, and goes on after a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from places import HELPERS
from safetensors.torch import load_file
from torch import nn
from toy_training import FINETUNING, digests, make_job, tiny_encoder, write_corpus

from xtreme_bench.stage.ranks import GROUP
from xtreme_bench.training import checkpoint, sharding
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.processes import Group
from xtreme_bench.training.train import finetune, intermediate

XNLI: dict[str, Any] = {**FINETUNING, "source": "xnli", "steps": 10, "batch": 5}
MIXED: dict[str, Any] = {
    **FINETUNING,
    "steps": 8,
    "tasks": {"squad_v1": {"batch": 3}, "hellaswag": {}},
    "sampling": {"kind": "uniform", "cap": None, "temperature": 1.0},
    "qa_length": 40,
    "qa_stride": 16,
}
# The gradients of these are rounding alone: of keys, which change no attention, and, where heads choose between tokens
# or texts, of what is added to all of them.
ROUNDING = ("key.bias", "layer.1.output.LayerNorm.bias")
SCRIPT = """
import json, os, sys
from pathlib import Path
from toy_training import KilledError, killed_at, make_job
from xtreme_bench.errors import StageError
from xtreme_bench.training import checkpoint, device, sharding, train
folder, params, data, encoder, killed = sys.argv[1:]
if os.environ["RANK"] == "0":
    device.CPU_BYTES = 1  # it cuts each step into more parts than the other, which must wait for it
job = make_job(Path(folder), json.loads(params), data=Path(data), encoder=Path(encoder))
fit = train.fit
def watched(job, accelerator, encoder, *rest):
    whole = sum(value.numel() for value in encoder.model.parameters())
    gather = sharding.gather
    def gathering(encoder, **how):
        held = sum(sharding.local(value).numel() for value in encoder.model.parameters())
        assert held < 0.6 * whole, (held, whole)
        gather(encoder, **how)
    sharding.gather = gathering
    return fit(job, accelerator, encoder, *rest)
train.fit = watched
try:
    stage = train.intermediate if "tasks" in json.loads(params) else train.finetune
    facts = stage(killed_at(job, int(killed)) if int(killed) else job)
    Path(folder, "facts" + os.environ["RANK"]).write_text(json.dumps(facts))
    os._exit(0)  # as a worker ends: threads of gloo may abort a process that tidies up
except KilledError:
    os._exit(9)
except StageError as error:
    Path(folder, "error" + os.environ["RANK"]).write_text(str(error))
    os._exit(3)
"""
FULL = """
import os, torch
from xtreme_bench.training.network import Network
forward, calls = Network.forward, []
def tight(self, task, inputs, examples):
    calls.append(len(examples))
    if len(calls) > 6 and len(examples) > 1:
        raise torch.OutOfMemoryError
    return forward(self, task, inputs, examples)
Network.forward = tight
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder and an encoder folder."""
    folder = tmp_path_factory.mktemp("inputs")
    encoders.save(folder / "encoder", tiny_encoder(layers=2))
    return {"data": write_corpus(folder / "data"), "encoder": folder / "encoder"}


def by_two(
    folder: Path, params: dict[str, Any], inputs: dict[str, Path], killed: int = 0, first: str = ""
) -> list[int]:
    """Train by two processes, after the code `first`; returns how they ended."""
    (folder / "meeting").unlink(missing_ok=True)
    world = {
        "OMP_WAIT_POLICY": "PASSIVE",  # else waiting threads would take the machine from the other process
        GROUP: str(folder / "meeting"),
        "WORLD_SIZE": "2",
        "LOCAL_RANK": "0",
        "LOCAL_WORLD_SIZE": "2",
        "GLOO_SOCKET_IFNAME": "lo",
    }
    arguments = [str(folder), json.dumps(params), str(inputs["data"]), str(inputs["encoder"]), str(killed)]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", first + SCRIPT, *arguments], cwd=HELPERS, env={**os.environ, **world, "RANK": rank}
        )
        for rank in "01"
    ]
    try:
        return [process.wait(400) for process in both]
    finally:
        for process in both:
            process.kill()
            process.wait()


def curve(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]


def same(folder: Path, alone: Path, facts: dict[str, Any]) -> None:
    """Two processes with shards have left in `folder` what one has, up to rounding."""
    out = folder / "out"
    assert all(json.loads((folder / f"facts{rank}").read_text()) == facts for rank in "01")
    assert {path.name for path in out.iterdir()} == {path.name for path in alone.iterdir()}
    assert curve(out) == [pytest.approx(point, rel=1e-3) for point in curve(alone)]
    for file in alone.glob("*.safetensors"):
        one, other = load_file(file), load_file(out / file.name)
        assert one.keys() == other.keys()
        for weight, value in one.items():
            assert weight.endswith(ROUNDING) or torch.allclose(value, other[weight], rtol=1e-4, atol=1e-5), weight
    for file in alone.glob("config.json"):  # intermediate training leaves a whole encoder
        assert (out / file.name).read_bytes() == file.read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("packing", [False, True])
def test_several_tasks_are_trained_in_shards_as_without(packing: bool, tmp_path: Path, inputs: dict[str, Path]) -> None:
    alone = make_job(tmp_path / "alone", MIXED, **inputs)
    facts = intermediate(alone)
    make_job(tmp_path / "shards", MIXED, **inputs)
    assert by_two(tmp_path / "shards", {**MIXED, "fsdp": True, "packing": packing}, inputs) == [0, 0]
    same(tmp_path / "shards", alone.out, facts)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_with_shards_train_as_one_without_also_after_a_kill(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    alone = make_job(tmp_path / "alone", XNLI, **inputs)
    facts = finetune(alone)
    params = {**XNLI, "fsdp": True, "checkpoint_seconds": 0}
    for name, killed in (("whole", 0), ("killed", 7)):
        job = make_job(tmp_path / name, params, **inputs)
        if killed:
            assert by_two(tmp_path / name, params, inputs, killed) == [9, 9]
            assert len(list(job.work.glob("shard-*/checkpoint-*"))) in (2, 3, 4)
        assert by_two(tmp_path / name, params, inputs) == [0, 0]
        same(tmp_path / name, alone.out, facts)
    assert digests(tmp_path / "whole/out") == digests(tmp_path / "killed/out")


@pytest.mark.slow
def test_a_process_with_shards_whose_memory_is_full_ends_and_says_which_batch_fits(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    params = {**XNLI, "fsdp": True}
    make_job(tmp_path, params, **inputs)
    _, second = by_two(tmp_path, params, inputs, first=FULL)
    assert second == 3
    assert not (tmp_path / "error0").exists(), "the other one fails for want of the first, with no advice of its own"
    # Of five examples the second process had two at once; of two it has one.
    assert "2 sequences of" in (tmp_path / "error1").read_text()
    assert "lower `batch` to 2 in the recipe" in (tmp_path / "error1").read_text()


def test_without_shards_gradients_are_clipped_by_torch() -> None:
    value = nn.Parameter(torch.zeros(3))
    value.grad = torch.tensor([3.0, 0.0, 4.0])
    assert sharding.clip([value, nn.Parameter(torch.zeros(2))], 1.0) == 5
    assert torch.allclose(value.grad, torch.tensor([0.6, 0.0, 0.8]))


class Other(Group):
    """The first of two processes, of which the other has these checkpoints."""

    def together(self, value: Any) -> list[Any]:
        return [value, ["checkpoint-3", "checkpoint-5"]]


def test_a_stage_goes_on_from_the_newest_checkpoint_of_which_all_processes_have_their_shards(tmp_path: Path) -> None:
    weights = {"weight": torch.ones(2)}
    with checkpoint.Writer(tmp_path, Other(0, 2)) as writer:
        for step in (3, 5, 9):
            writer.save(step, {"model": weights}, {}, {"best_step": 0})
    folder = tmp_path / "shard-1-of-2"
    assert {path.name for path in folder.iterdir()} == {"checkpoint-5", "checkpoint-9"}
    found = checkpoint.Writer(tmp_path, Other(0, 2)).load()
    assert found is not None
    assert found[1]["step"] == 5
    assert [path.name for path in folder.iterdir()] == ["checkpoint-5"]
