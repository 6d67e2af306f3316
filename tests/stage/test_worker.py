"""A stage in a process of its own: what it leaves, how it ends, and what is said of a death."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from made_up_run import RAN
from safetensors import SafetensorError

from xtreme_bench.engines.local import Local
from xtreme_bench.errors import InputError, StageError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage.worker import report_of

LABELS = {"kind": "labels", "params": {"seed": 3, "scale": 0.02, "languages": ["en", "de"]}, "inputs": {}}
# No recipe can ask for a corpus without end, so nothing handles it.
ENDLESS = {**LABELS["params"], "scale": float("inf")}
# A language that the built-in corpora lack.
WRONG = {**LABELS["params"], "languages": ["en", "xx"]}


def stage(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "stage.json").write_text(json.dumps({**LABELS, **changes}))
    return folder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The processes that are started, first ones first."""
    processes: list[subprocess.Popen[str]] = []

    class Noted(subprocess.Popen[str]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            processes.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    return processes


def messages_of(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "xtreme_bench.stage.worker", str(folder / "stage.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_one_stage_leaves_its_outputs_and_what_happened(tmp_path: Path) -> None:
    folder = stage(tmp_path / "stage")
    code, messages = messages_of(folder)
    assert (code, messages[-1]) == (0, {"done": True})
    result = json.loads((folder / "result.json").read_text())
    assert result["facts"]["files"] == len([path for path in (folder / "out").rglob("*") if path.is_file()])
    assert result["ran"]["peak_memory_bytes"] > 2**20
    assert 0 < result["ran"]["cpu_seconds"] < 60
    assert result["ran"].keys() == RAN.keys()


def test_wrong_input_ends_with_2_and_is_told_on_one_line(tmp_path: Path) -> None:
    folder = stage(tmp_path / "stage", params=WRONG)
    code, messages = messages_of(folder)
    assert code == 2
    assert messages[-1]["error"].startswith("no miniature corpus in language 'xx'")


def test_a_bug_ends_with_3_and_its_traceback_is_in_the_log(tmp_path: Path) -> None:
    folder = stage(tmp_path / "stage", params=ENDLESS)
    code, messages = messages_of(folder)
    assert (code, messages[-1]["unexpected"]) == (3, True)
    assert "Traceback" in (folder / "log.txt").read_text()


ADVICE = "free space or repair the folder, then run the same command again"
FULL = "Error while serializing: I/O error: No space left on device (os error 28)"


@pytest.mark.parametrize(
    ("error", "said", "code", "unexpected"),
    [
        (OSError(28, "No space left on device", "/store/x"), f"/store/x: No space left on device; {ADVICE}", 3, False),
        (SafetensorError(FULL), f"{FULL}; {ADVICE}", 3, False),
        (
            Exception("No space left on device (os error 28)"),
            f"No space left on device (os error 28); {ADVICE}",
            3,
            False,
        ),
        (MemoryError(), "out of memory: use a smaller batch or a machine with more memory", 3, False),
        (InputError("a wrong file"), "a wrong file", 2, False),
        (KeyError("x"), "KeyError: 'x'", 3, True),
    ],
)
def test_an_error_is_told_in_words_that_help_whichever_library_raises_it(
    error: Exception, said: str, code: int, unexpected: bool
) -> None:
    report = report_of(error)
    assert (report["error"], report["exit"], report.get("unexpected", False)) == (said, code, unexpected)


@pytest.mark.slow
def test_the_local_engine_keeps_its_worker_after_wrong_input_and_ends_it_after_an_unexpected_error(
    tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    engine = Local()
    try:
        for name in "ab":
            with pytest.raises(InputError, match="no miniature corpus in language 'xx'"):
                engine.run(stage(tmp_path / name, kind="corpus", params=WRONG), lambda _: None)
        (kept,) = started
        assert kept.poll() is None
        for name in "cd":
            with pytest.raises(StageError, match="the full traceback is in"):
                engine.run(stage(tmp_path / name, kind="corpus", params=ENDLESS), lambda _: None)
        assert [worker.poll() is None for worker in started] == [False, False]
    finally:
        engine.close()


@pytest.mark.slow
def test_a_stage_that_sees_gold_labels_shares_its_process_with_no_other(
    tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    engine = Local()
    failing = stage(tmp_path / "a", kind="corpus", params=WRONG)
    try:
        with pytest.raises(InputError):
            engine.run(failing, lambda _: None)
        (kept,) = started
        engine.run(stage(tmp_path / "b"), lambda _: None)
        _, other = started
        assert kept.poll() is None
        assert other.poll() is not None
    finally:
        engine.close()


@pytest.mark.parametrize(("policy", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_a_stage_has_the_threads_that_the_recipe_says_which_sleep_when_idle_unless_the_user_says_otherwise(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: list[subprocess.Popen[str]],
    policy: str | None,
    found: str,
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if policy:
        monkeypatch.setenv("OMP_WAIT_POLICY", policy)
    engine = Local(Resources(threads=3))
    try:
        with pytest.raises(InputError):
            engine.run(stage(tmp_path / "stage", kind="corpus", params=WRONG), lambda _: None)
        variables = Path(f"/proc/{started[0].pid}/environ").read_text().split("\0")
        assert {"OPENBLAS_NUM_THREADS=3", f"OMP_WAIT_POLICY={found}"} <= set(variables)
    finally:
        engine.close()


def test_a_killed_worker_is_an_error_that_says_what_to_do(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    engine = Local()
    folder = stage(tmp_path / "stage", params={**LABELS["params"], "scale": 5.0})

    def kill() -> None:
        deadline = time.monotonic() + 30
        while not (folder / "out").is_dir() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(started[0].pid, signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    try:
        with pytest.raises(StageError, match="most likely because memory ran out"):
            engine.run(folder, lambda _: None)
    finally:
        engine.close()


def test_a_worker_ends_when_its_client_is_gone(tmp_path: Path) -> None:
    folder = stage(tmp_path / "stage", params={**LABELS["params"], "scale": 50.0})
    command = [sys.executable, "-m", "xtreme_bench.stage.worker", "--serve"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    assert worker.stdin is not None
    worker.stdin.write(f"{folder / 'stage.json'}\n")
    worker.stdin.flush()
    deadline = time.monotonic() + 30
    while not (folder / "out").is_dir() and time.monotonic() < deadline:
        time.sleep(0.01)
    worker.stdin.close()
    assert worker.wait(timeout=20) == 0
    assert not (folder / "result.json").exists()
