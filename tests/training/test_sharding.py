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

from xtreme_bench.engines.local import Local
from xtreme_bench.errors import StageError
from xtreme_bench.files import write_json
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage.params import plain
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
from xtreme_bench.training import checkpoint, device, sharding, train
folder, params, data, encoder, killed = sys.argv[1:]
if os.environ["RANK"] == "0":
    device.CPU_BYTES = 1  # all cut steps into single examples, of which it has more: the other must wait for it
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
"""
# What the second process does before all else: its memory is then full where a part has more tokens.
FULL = """
import os
if os.environ.get("RANK") == "1":
    import torch
    from xtreme_bench.training.forward import Encoder
    hidden = Encoder.hidden
    def tight(self, inputs):
        if torch.is_inference_mode_enabled() is {evaluating} and inputs.ids.numel() > {tokens}:
            raise torch.OutOfMemoryError
        return hidden(self, inputs)
    Encoder.hidden = tight
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder and an encoder folder."""
    folder = tmp_path_factory.mktemp("inputs")
    encoders.save(folder / "encoder", tiny_encoder(layers=2))
    return {"data": write_corpus(folder / "data"), "encoder": folder / "encoder"}


def by_two(folder: Path, params: dict[str, Any], inputs: dict[str, Path], killed: int = 0) -> list[int]:
    """Train by two processes; returns how they ended."""
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
            [sys.executable, "-c", SCRIPT, *arguments], cwd=HELPERS, env={**os.environ, **world, "RANK": rank}
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
    assert all(json.loads((folder / f"facts{rank}").read_text()) == facts for rank in "01")
    alike(folder / "out", alone)


def alike(out: Path, alone: Path, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    assert {path.name for path in out.iterdir()} == {path.name for path in alone.iterdir()}
    assert curve(out) == [pytest.approx(point, rel=1e-3) for point in curve(alone)]
    for file in alone.glob("*.safetensors"):
        one, other = load_file(file), load_file(out / file.name)
        assert one.keys() == other.keys()
        for weight, value in one.items():
            assert weight.endswith(ROUNDING) or torch.allclose(value, other[weight], rtol, atol), weight
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


def run_by_two(
    folder: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch, first: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """Train by two processes of an engine, after the code `first`; returns facts and what was said to last."""
    job = make_job(folder, {**XNLI, "fsdp": True, "checkpoint_seconds": 0}, **inputs)
    read = {name: str(path) for name, path in job.inputs.items()}
    stage = {"kind": "finetune", "params": plain(job.params), "inputs": read}
    (folder / "stage.json").write_text(json.dumps(stage))
    (folder / "first").mkdir()
    (folder / "first/sitecustomize.py").write_text(first)
    monkeypatch.setenv("PYTHONPATH", str(folder / "first"), prepend=os.pathsep)
    said: list[dict[str, Any]] = []
    engine = Local(Resources(processes=2))
    try:
        engine.run(folder, said.append)
    finally:
        engine.close()
    lasting = [message["progress"][2] for message in said if message.get("lasting")]
    return json.loads((folder / "result.json").read_text())["facts"], lasting


def notes(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in folder.glob("work/shard-*/memory.json")}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("tokens", "evaluating", "where"),
    [
        (27, False, "step 1, task xnli: the GPU's memory is full; "),
        (43, False, "step 7, task xnli: the GPU's memory is full; "),
        (250, True, "the GPU's memory is full in an evaluation; "),
    ],
)
def test_when_the_memory_of_one_process_is_full_all_begin_again_with_smaller_parts_and_train_as_without(
    tokens: int,
    evaluating: bool,
    where: str,
    tmp_path: Path,
    inputs: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = make_job(tmp_path / "alone", XNLI, **inputs)
    facts = finetune(alone)
    full = tmp_path / "full"
    found, (said,) = run_by_two(full, inputs, monkeypatch, FULL.format(tokens=tokens, evaluating=evaluating))
    assert found == facts
    assert said == f"process 2 of 2: {where}the stage goes on from its last checkpoint, with smaller parts"
    alike(full / "out", alone.out, rtol=0, atol=1e-6)
    (noted,) = notes(full).items()
    assert noted[0] == "shard-2-of-2"
    if tokens != 43:  # both know the room before their first step, so they cut all of them alike
        known = tmp_path / "known"
        write_json(known / "work" / noted[0] / "memory.json", json.loads(noted[1]))
        assert run_by_two(known, inputs, monkeypatch) == (facts, [])
        assert digests(known / "out") == digests(full / "out")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_when_not_one_example_fits_a_stage_in_shards_ends_with_advice(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StageError, match="process 2 of 2: step 1, .* 1 sequence of 14 tokens .*`max_length` below 14"):
        run_by_two(tmp_path, inputs, monkeypatch, FULL.format(tokens=0, evaluating=False))
    assert notes(tmp_path).keys() == {"shard-2-of-2"}, "of two examples it then took one"


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
