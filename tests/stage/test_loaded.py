"""A worker runs the code that its stages were planned with, or nothing is kept."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import xtreme_bench
from xtreme_bench.stage.code import sources
from xtreme_bench.stage.kinds import KINDS

LABELS = {"seed": 3, "scale": 0.02, "languages": ["en", "de"]}
LATE = "xtreme_bench.miniature.languages.de"  # loaded by name, while a stage runs


class Worker:
    """A worker process on a copy of the package that can be edited."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.package = folder, folder / "xtreme_bench"
        shutil.copytree(Path(xtreme_bench.__file__).parent, self.package)
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        command = [sys.executable, "-m", "xtreme_bench.stage.worker", "--serve"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True)

    def run(self, name: str, kind: str = "labels", **code: str) -> dict[str, Any]:
        """How a stage ended that was planned with the code of the package that is tested, but for `code`."""
        planned = {**sources(*KINDS[kind].code), **code}
        folder = self.folder / name
        folder.mkdir()
        spec = {"kind": kind, "params": LABELS, "inputs": {}, "code": planned}
        (folder / "stage.json").write_text(json.dumps(spec))
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{folder / 'stage.json'}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if "progress" not in (report := json.loads(line)):
                return dict(report)
        raise AssertionError("the worker died")


@pytest.fixture
def a_worker(tmp_path: Path) -> Iterator[Worker]:
    one = Worker(tmp_path)
    yield one
    one.process.communicate()


def test_a_module_that_was_edited_before_it_is_loaded_is_an_error_that_names_it_also_when_it_is_put_back(
    a_worker: Worker,
) -> None:
    assert a_worker.run("first") == {"done": True}
    file = a_worker.package / "official/metrics.py"
    before = file.read_bytes()
    file.write_bytes(before + b"# edited\n")
    report = a_worker.run("second", "score")
    assert report["error"].startswith("the code has changed since this run began: run the same command again\n")
    assert "xtreme_bench.official.metrics: was edited" in report["error"]
    assert report["exit"] == 3
    file.write_bytes(before)
    assert "xtreme_bench.official.metrics: was edited" in a_worker.run("third", "score")["error"]


def test_an_edit_with_the_size_and_time_of_before_is_seen_in_spite_of_bytecode(a_worker: Worker) -> None:
    file = a_worker.package / "official/metrics.py"
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(file)], check=True)
    status, text = file.stat(), file.read_text()
    file.write_text(text.replace("100", "200"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    assert "xtreme_bench.official.metrics: was edited" in a_worker.run("first", "score")["error"]


@pytest.mark.slow
def test_an_edit_after_everything_was_loaded_does_no_harm(a_worker: Worker) -> None:
    assert a_worker.run("first") == {"done": True}
    file = a_worker.package / "miniature/corpus.py"
    file.write_bytes(file.read_bytes() + b"# edited\n")
    assert a_worker.run("second") == {"done": True}


def test_nothing_is_kept_of_a_stage_that_loaded_other_code_while_it_ran(a_worker: Worker) -> None:
    assert f"{LATE}: was edited" in a_worker.run("first", **{LATE: "0" * 64})["error"]
    assert sorted(path.name for path in (a_worker.folder / "first").iterdir()) == [
        "log.txt",
        "stage.json",
        "stage.lock",
    ]


def test_the_digests_of_loaded_modules_are_those_of_the_plan(a_worker: Worker) -> None:
    wrong = dict.fromkeys(sources("xtreme_bench.miniature.corpus"), "0" * 64)
    named = {line.strip().partition(":")[0] for line in a_worker.run("first", **wrong)["error"].splitlines()[1:]}
    assert {"xtreme_bench.errors", "xtreme_bench.benchmark", "xtreme_bench.miniature.corpus"} <= named
