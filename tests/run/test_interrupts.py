"""However a run is asked to end, it ends with 130, says so, and leaves no process: real runs, real signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The corpora take minutes at this size, so the first stage is always the one that is ended.
LONG = """
description: never finished
seed: 1
data: {source: miniature, scale: 100}
model: {scratch: {layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 600, positions: 130}}
pretraining: {steps: 60, batch: 16, learning_rate: 1.0e-3, max_length: 48, languages: [en, de]}
targets: {tatoeba: {languages: [de]}}
retrieval: {layer: 1, pooling: mean, max_length: 64}
"""
IGNORING = "trap '' INT HUP; exec \"$@\""


running: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    while running:
        run = running.pop()
        run.kill()
        run.wait()


def heed() -> None:
    """Ends of a run count also where the tests themselves were started with Ctrl-C ignored, as by `make check &`."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(folder: Path, name: str = "run", shell: str = 'exec "$@"') -> subprocess.Popen[str]:
    """A run, started by a shell that may have some signals ignored first; it speaks into a file."""
    (folder / "long.yaml").write_text(LONG)
    command = [sys.executable, "-m", "xtreme_bench.cli", "run", "long.yaml"]
    with (folder / f"{name}.err").open("w") as said:
        command = ["sh", "-c", shell, "sh", *command]
        run = subprocess.Popen(command, cwd=folder, stderr=said, text=True, preexec_fn=heed)
    running.append(run)
    return run


def until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert all(run.poll() is None for run in running)
        assert time.monotonic() < end
        time.sleep(0.05)


def workers(run: subprocess.Popen[str]) -> list[int]:
    threads = Path(f"/proc/{run.pid}/task").glob("*/children")
    return [int(pid) for path in threads for pid in path.read_text().split() if is_worker(pid)]


def is_worker(pid: str) -> bool:
    try:
        return b"xtreme_bench.stage.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:  # a child for a moment, such as one that asks for the machine's name
        return False


def working(folder: Path) -> bool:
    return bool(list(folder.glob("store/partial/*/out")))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "number", "workers_too"),
    [
        pytest.param('exec "$@"', signal.SIGINT, False, id="Ctrl-C"),
        pytest.param('exec "$@"', signal.SIGHUP, False, id="a closed terminal"),
        pytest.param(IGNORING, signal.SIGTERM, False, id="in the background"),
        pytest.param(IGNORING, signal.SIGTERM, True, id="by a batch system"),
    ],
)
def test_a_run_that_is_asked_to_end_ends_with_130_and_leaves_no_worker(
    tmp_path: Path, shell: str, number: signal.Signals, workers_too: bool
) -> None:
    run = start(tmp_path, shell=shell)
    until(lambda: working(tmp_path))
    pids = workers(run)
    assert pids
    for pid in pids if workers_too else ():
        os.kill(pid, number)
        time.sleep(0.2)
    run.send_signal(number)
    assert run.wait(60) == 130
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert "interrupted; run the same command again" in (tmp_path / "run.err").read_text()


@pytest.mark.slow
def test_a_run_that_waits_for_another_says_so_and_can_be_ended(tmp_path: Path) -> None:
    first = start(tmp_path, "first")
    until(lambda: working(tmp_path))
    for pid in workers(first):  # they need not compute meanwhile
        os.kill(pid, signal.SIGSTOP)
    second = start(tmp_path, "second")
    until(lambda: "waiting for another run" in (tmp_path / "second.err").read_text())
    assert f"(process {first.pid} on {os.uname().nodename}, since " in (tmp_path / "second.err").read_text()
    second.send_signal(signal.SIGINT)
    assert second.wait(60) == 130
    assert first.poll() is None
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 130


@pytest.mark.slow
def test_a_run_that_was_started_with_ctrl_c_ignored_goes_on_ignoring_it(tmp_path: Path) -> None:
    run = start(tmp_path, shell=IGNORING)
    until(lambda: working(tmp_path))
    for number in (signal.SIGINT, signal.SIGHUP):
        run.send_signal(number)
    time.sleep(0.5)
    assert run.poll() is None
    run.terminate()
    assert run.wait(60) == 130
