"""The script for a machine with a GPU works where nothing but torch, transformers and what they need is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from xtreme_bench.training.features import TOKENISE

ROOT = Path(__file__).parents[1]
PREINSTALLED = ("torch", "transformers", "accelerate", "safetensors", "tokenizers")


def needed(names: tuple[str, ...], known: set[str]) -> Iterator[metadata.Distribution]:
    """Some packages and all that they need, but not what they need for an extra."""
    for name in names:
        plain = re.sub(r"[-_.]+", "-", name).lower()
        if plain in known:
            continue
        known.add(plain)
        try:
            found = metadata.distribution(plain)
        except metadata.PackageNotFoundError:  # for another platform
            continue
        yield found
        required = [one for one in found.requires or () if "extra ==" not in one]
        yield from needed(tuple(re.match(r"[\w.-]+", one)[0] for one in required), known)  # type: ignore[index]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of links to the packages of such a machine, without one that only their commands need."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for package in needed(PREINSTALLED, {"click"}):
        for top in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(str(package.locate_file(top)))
    absent = ("click", "datasets", "docker", "onnx", "onnxruntime", "tabulate", "tensorboard")
    assert not any((folder / name).exists() for name in absent)
    return folder


def run(bare: Path, code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python on such a machine, with `code` before the script runs."""
    benchmarks = ROOT / "benchmarks"
    script = f"import sys; sys.path.insert(0, {str(benchmarks)!r}); sys.argv = ['gpu.py', '--tiny']\n{code}"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{bare}"}
    command = [sys.executable, "-S", "-c", f"{script}\nimport gpu; sys.exit(gpu.main())"]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280, check=False)


def only(part: str) -> str:
    """Code that leaves one part of the script."""
    return f"import gpu\nkept = [one for one in gpu.parts() if one[0] == {part!r}]\ngpu.parts = lambda: kept"


@pytest.mark.slow
def test_it_runs_with_what_is_installed_and_names_what_it_leaves_out(bare: Path, tmp_path: Path) -> None:
    done = run(bare, "", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    states = [line.split(": ")[0] for line in done.stdout.splitlines()[1:-1]]
    assert "onnx runtime absent" in done.stdout
    for name in (
        "doctor",
        "quickstart end to end",
        "bf16 beside fp32",
        "packed beside padded",
        *(f"a step of {family}, in parts and whole" for family in TOKENISE),
        "mining here and on the CPU",
    ):
        assert f"ok       {name}" in states
    assert "left out steps that do not wait for the GPU" in states
    assert "of the time is neither training, inference nor scoring" in done.stdout
    assert "hours" in next(line for line in done.stdout.splitlines() if "ok       hours of multitask9" in line)
    assert done.stdout.splitlines()[-1].endswith("left out")


# An encoder that reads backwards in bf16, a table whose trained rows are lost, packed tokens in another order, a loss
# that depends on the cut, another head for the Trainer, stages that cannot begin, other pairs than on the CPU.
FAULTS = {
    "bf16 beside fp32": (
        "import torch\nfrom xtreme_bench.training.forward import Encoder\nwhole = Encoder.hidden\n"
        "Encoder.hidden = lambda self, inputs: whole(self, inputs).flip(1 if torch.is_autocast_enabled('cpu') else ())"
    ),
    "rows in use beside the whole table": (
        "from xtreme_bench.training.trimming import Trimmed\nTrimmed.put_back = lambda *_: None"
    ),
    "packed beside padded": (
        "from xtreme_bench.training.packing import Packing\nwhole = Packing.unpack\n"
        "Packing.unpack = lambda self, packed: whole(self, packed.flip(1))"
    ),
    "a step of tagging, in parts and whole": (
        "from xtreme_bench.training.families import tagging\nwhole = tagging.loss\n"
        "tagging.loss = lambda head, hidden, batch: whole(head, hidden, batch) * len(batch)"
    ),
    "the loss of a first step, all ways": (
        "import training\nwhole = training.theirs\ndef theirs(*given):\n    found = whole(*given)\n"
        "    found.classifier.weight.data.mul_(9)\n    return found\ntraining.theirs = theirs"
    ),
    "quickstart end to end": "import gpu_quickstart, json\ngpu_quickstart.work = json.loads",
    "mining here and on the CPU": (
        "import mining\nfound = iter([{(0, 1)}, {(1, 0)}])\nmining.ours = lambda *_: next(found)"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("part", FAULTS)
def test_a_check_that_fails_is_named_and_the_exit_code_is_1(part: str, bare: Path, tmp_path: Path) -> None:
    done = run(bare, f"{FAULTS[part]}\n{only(part)}", tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WRONG" in done.stdout or "BROKEN" in done.stdout
    assert part in done.stdout


@pytest.mark.slow
def test_what_cannot_begin_in_time_is_left_out_not_passed(bare: Path, tmp_path: Path) -> None:
    done = run(bare, "sys.argv += ['--minutes', '0']", tmp_path)
    assert done.returncode == 0
    assert "ok " not in done.stdout
    assert done.stdout.count("time is over") > 10


@pytest.mark.slow
def test_quickstart_is_stopped_when_its_time_is_over(bare: Path, tmp_path: Path) -> None:
    part = "quickstart end to end"
    hurry = "import gpu_quickstart as own\nwhole = own.run\nown.run = lambda seconds, tiny: whole(0.1, tiny=tiny)"
    done = run(bare, f"{hurry}\n{only(part)}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"left out {part}: stopped for time" in done.stdout
    assert ": 0 of " in done.stdout
