"""Runs whose stages are shared by two processes: the scores of one, and an end of all when one of them ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from toy_training import tiny_encoder

from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.training import encoder as encoders

# Each stage that is shared starts processes that load torch, which takes a busy machine long.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

RECIPE = """
description: a run in seconds, by {processes} processes
seed: 1
data: {{source: miniature, scale: 0.03}}
model: {{scratch: {{layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 600, positions: 130}}}}
pretraining: {{steps: {steps}, batch: 15, learning_rate: 1.0e-3, max_length: 48, languages: [en, de]}}
intermediate:
  tasks: {{mnli: {{languages: [en]}}, squad_v1: {{languages: [en]}}}}
  mlm: {{languages: [en, de], ratio: 0.3, batch: 3}}
  sampling: {{kind: uniform}}
  steps: 10
  batch: 7
  max_length: 64
  qa_length: 96
  qa_stride: 32
  evaluate_every: 5
finetuning:
  xnli: {{steps: 12, batch: 7, max_length: 64, evaluate_every: 6}}
  tydiqa: {{steps: 6, batch: 7, max_length: 96, stride: 32, evaluate_every: 3, retrain: all}}
targets:
  xnli: {{languages: [en, de]}}
  tydiqa: {{languages: [en]}}
  tatoeba: {{languages: [de]}}
retrieval: {{layer: 1, pooling: mean, max_length: 64}}
resources: {{jobs: 1, processes: {processes}, batches: {batches}, checkpoint_seconds: 0.1}}
"""


def start(folder: Path, processes: int, steps: int = 20, batches: str = "padded") -> subprocess.Popen[str]:
    return started(folder, RECIPE.format(processes=processes, steps=steps, batches=batches))


def started(folder: Path, recipe: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    (folder / "shared.yaml").write_text(recipe)
    command = [sys.executable, "-m", "xtreme_bench.cli", "run", "shared.yaml", "--allow-partial", "--engine", "local"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run whose pretraining has no end, and its two processes, once they have met."""
    run = start(tmp_path / "run", 2, steps=10**6)
    try:
        wait_for(run, tmp_path / "run")
        yield run, ranks_of(run.pid)
    finally:
        run.terminate()
        run.wait(30)


def checkpoints(folder: Path) -> list[Path]:
    """Those of a run's unfinished stages, whole and of shards."""
    # Not below `out`, which is renamed while a test looks.
    return [path for one in folder.glob("store/partial/*") for path in (one / "work").rglob("checkpoint-[0-9]*")]


def wait_for(run: subprocess.Popen[str], folder: Path) -> None:
    """Wait for a checkpoint of a run."""
    end = time.monotonic() + 600
    while not checkpoints(folder):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def ranks_of(pid: int) -> list[int]:
    """The processes below a process that share a stage, by their rank."""
    found = {}
    for child in children(pid):
        variables = Path(f"/proc/{child}/environ").read_text().split("\0")
        if any(one.startswith("XTREME_BENCH_GROUP=") for one in variables):
            (rank,) = (one for one in variables if one.startswith("RANK="))
            found[rank] = child
    return [found[rank] for rank in sorted(found)]


def children(pid: int) -> Iterator[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            yield child
            yield from children(child)


def works(pid: int) -> bool:
    """Whether a process is there and not merely waits for its parent to look at its end."""
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def left_of(ranks: list[int]) -> list[int]:
    """The processes that are still there after a while: on a busy machine one ends a moment after its run."""
    until = time.monotonic() + 30
    while (left := [pid for pid in ranks if works(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def ended(run: subprocess.Popen[str]) -> None:
    try:
        _, err = run.communicate()
    finally:  # when the test takes too long
        run.kill()
        run.wait()
    assert run.returncode == 0, err


def same(one: Path, other: Path) -> None:
    """Both runs have the scores, the predictions, and up to rounding the weights."""
    bundles = [folder / "submissions/shared" for folder in (one, other)]
    manifests = [json.loads((bundle / "manifest.json").read_text()) for bundle in bundles]
    assert manifests[0]["scores"] == manifests[1]["scores"]
    assert [stage["key"] for stage in manifests[0]["stages"]] == [stage["key"] for stage in manifests[1]["stages"]]
    files = sorted(path.relative_to(bundles[0]) for path in bundles[0].glob("*/test-*"))
    assert files
    assert all((bundles[0] / name).read_bytes() == (bundles[1] / name).read_bytes() for name in files)
    found = sorted(one.glob("store/stages/*/out/*.safetensors"))
    assert found
    for file in found:
        weights, others = load_file(file), load_file(other / file.relative_to(one))
        assert weights.keys() == others.keys()
        for name, value in weights.items():
            # The bias of keys changes no attention, and that of starts and ends no choice of a token, so their
            # gradients are rounding alone, which differs between machines.
            close = torch.allclose(value, others[name], rtol=1e-4, atol=2e-5)
            of_spans = name == "projection.bias" and value.numel() == 2
            assert close or name.endswith("key.bias") or of_spans, (file, name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run by one process, with padded batches."""
    folder = tmp_path_factory.mktemp("alone")
    ended(start(folder, 1))
    return folder


def test_packed_batches_train_predict_and_score_as_padded_ones_do(alone: Path, tmp_path: Path) -> None:
    ended(start(tmp_path, 1, batches="packed"))
    same(alone, tmp_path)


def test_two_processes_train_predict_and_score_as_one_does(alone: Path, tmp_path: Path) -> None:
    ended(start(tmp_path, 2))
    same(alone, tmp_path)
    ran = [json.loads(path.read_text()) for path in tmp_path.glob("store/stages/*/record.json")]
    assert {record["kind"] for record in ran if record["ran"]["processes"] == 2} == {
        kind for kind, row in KINDS.items() if row.shared
    }


ALONE = """
description: one training, which {processes} processes share
seed: 1
data: {{source: miniature, scale: 0.03}}
model: {{path: {encoder}}}
finetuning: {{xnli: {{steps: 150, batch: 7, max_length: 64, evaluate_every: 50}}}}
targets: {{xnli: {{languages: [en, de]}}}}
resources: {{jobs: 1, processes: {processes}, checkpoint_seconds: 0.1{fsdp}}}
"""


@pytest.mark.parametrize("fsdp", ["", ", fsdp: full_shard"], ids=["whole", "in shards"])
def test_two_processes_that_were_killed_go_on_and_score_as_one_that_was_not(fsdp: str, tmp_path: Path) -> None:
    encoders.save(tmp_path / "encoder", tiny_encoder(layers=2))
    recipes = {
        processes: ALONE.format(processes=processes, encoder=tmp_path / "encoder", fsdp=fsdp if processes > 1 else "")
        for processes in (1, 2)
    }
    kill(started(tmp_path / "2", recipes[2]), tmp_path / "2")
    for processes, recipe in recipes.items():
        ended(started(tmp_path / str(processes), recipe))
    same(tmp_path / "1", tmp_path / "2")


def kill(run: subprocess.Popen[str], folder: Path) -> None:
    """Kill the processes that share a stage once there is a checkpoint, and wait for the end of the run."""
    try:
        wait_for(run, folder)
        for pid in ranks_of(run.pid):
            os.kill(pid, signal.SIGKILL)
        _, err = run.communicate(timeout=200)
        assert run.returncode == 3, err
    finally:
        run.kill()
        run.wait()
    assert checkpoints(folder)


def test_a_killed_process_ends_the_stage_with_its_name(endless: tuple[subprocess.Popen[str], list[int]]) -> None:
    run, ranks = endless
    assert len(ranks) == 2
    os.kill(ranks[1], signal.SIGKILL)
    _, err = run.communicate(timeout=200)
    assert run.returncode == 3, err
    assert "error: stage `pretrain (shared)`: process 2 of 2: it was killed, most likely for want of memory" in err
    assert not left_of(ranks)


def test_an_interrupted_run_leaves_no_process(endless: tuple[subprocess.Popen[str], list[int]]) -> None:
    run, ranks = endless
    for pid in ranks:  # as a batch system does, to every process of a job
        os.kill(pid, signal.SIGTERM)
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=200)
    assert run.returncode == 130, err
    assert not left_of(ranks)
