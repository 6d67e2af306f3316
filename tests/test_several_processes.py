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

from xtreme_bench.stage.kinds import KINDS

pytestmark = pytest.mark.slow

RECIPE = """
description: a run in seconds, by {processes} processes
seed: 1
data: {{source: miniature, scale: 0.03}}
model: {{scratch: {{layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 600, positions: 130}}}}
pretraining: {{steps: {steps}, batch: 15, learning_rate: 1.0e-3, max_length: 48, languages: [en, de]}}
finetuning:
  xnli: {{steps: 12, batch: 7, max_length: 64, evaluate_every: 6}}
  tydiqa: {{steps: 6, batch: 7, max_length: 96, stride: 32, evaluate_every: 3, retrain: all}}
targets:
  xnli: {{languages: [en, de]}}
  tydiqa: {{languages: [en]}}
  tatoeba: {{languages: [de]}}
retrieval: {{layer: 1, pooling: mean, max_length: 64}}
resources: {{jobs: 1, processes: {processes}, checkpoint_seconds: 0.2}}
"""


def start(folder: Path, processes: int, steps: int = 20) -> subprocess.Popen[str]:
    folder.mkdir()
    (folder / "shared.yaml").write_text(RECIPE.format(processes=processes, steps=steps))
    command = [sys.executable, "-m", "xtreme_bench.cli", "run", "shared.yaml", "--allow-partial", "--engine", "local"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run whose pretraining has no end, and its two processes, once they have met."""
    run = start(tmp_path / "run", 2, steps=10**6)
    try:
        end = time.monotonic() + 120
        while not list(tmp_path.glob("run/store/partial/*/work/checkpoint-*")):
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield run, ranks_of(run.pid)
    finally:
        run.terminate()
        run.wait(30)


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


def test_two_processes_predict_and_score_as_one_does(tmp_path: Path) -> None:
    bundles = []
    for processes in (1, 2):
        run = start(tmp_path / str(processes), processes)
        _, err = run.communicate()
        assert run.returncode == 0, err
        bundles.append(tmp_path / str(processes) / "submissions/shared")
    one, two = (json.loads((bundle / "manifest.json").read_text()) for bundle in bundles)
    assert one["scores"] == two["scores"]
    files = sorted(path.relative_to(bundles[0]) for path in bundles[0].glob("*/test-*"))
    assert len(files) == 4
    assert all((bundles[0] / name).read_bytes() == (bundles[1] / name).read_bytes() for name in files)
    ran = [json.loads(path.read_text()) for path in tmp_path.glob("2/store/stages/*/record.json")]
    assert {record["kind"] for record in ran if record["ran"]["processes"] == 2} == {
        kind for kind, row in KINDS.items() if row.shared and kind != "intermediate"
    }
    assert [stage["key"] for stage in one["stages"]] == [stage["key"] for stage in two["stages"]]


def test_a_killed_process_ends_the_stage_with_its_name(endless: tuple[subprocess.Popen[str], list[int]]) -> None:
    run, ranks = endless
    assert len(ranks) == 2
    os.kill(ranks[1], signal.SIGKILL)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 3, err
    assert "error: stage `pretrain (shared)`: process 2 of 2: it was killed, most likely for want of memory" in err
    assert not [pid for pid in ranks if works(pid)]


def test_an_interrupted_run_leaves_no_process(endless: tuple[subprocess.Popen[str], list[int]]) -> None:
    run, ranks = endless
    for pid in ranks:  # as a batch system does, to every process of a job
        os.kill(pid, signal.SIGTERM)
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert not [pid for pid in ranks if works(pid)]
