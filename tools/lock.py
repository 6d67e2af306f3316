"""Write the lock files from pyproject.toml, or with `--check` test whether they are up to date.

Versions that still fit are kept; `--upgrade` takes the newest ones.

requirements.lock       packages for training and prediction, except torch and ONNX Runtime
requirements-cpu.lock   the CPU builds of torch and ONNX Runtime; not every package index has this torch
requirements-cuda.lock  their CUDA builds and CUDA's libraries
requirements-dev.lock   additional packages for checks and tests

All packages are pinned and hashed, for Linux x86-64 and Python 3.11 to 3.13. Install one of the two device locks, then
requirements.lock, with `pip install --no-deps --require-hashes`; so the two builds are never mixed.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMES = ("requirements", "requirements-cpu", "requirements-cuda", "requirements-dev")
FILES = LOCK, CPU_LOCK, CUDA_LOCK, DEV_LOCK = tuple(ROOT / f"{name}.lock" for name in NAMES)
CUDA = re.compile(r"(nvidia-|cuda-|triton=|torch=)")
# The wheel for Python 3.11; other versions of Python use the CUDA build.
CPU_TORCH = "torch==2.13.0+cpu --hash=sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
ELSEWHERE = re.compile(r"sys_platform == '(win32|emscripten)'")


def project() -> dict[str, object]:
    """The project table of pyproject.toml."""
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def fingerprint() -> str:
    """A hash of the dependency tables of pyproject.toml, from which the locks were made."""
    wanted = [project()[part] for part in ("dependencies", "optional-dependencies", "requires-python")]
    return "# made from dependencies " + hashlib.sha256(repr(wanted).encode()).hexdigest()


def resolve(source: str, *options: str) -> list[str]:
    """One entry (`name==version ; marker \\ --hash=...`) for each package, sorted by name."""
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as out:
        # uv keeps the versions in its output file, if they still fit.
        out.write("" if "--upgrade" in sys.argv else "\n".join(path.read_text() for path in FILES if path.exists()))
        out.flush()
        command = f"uv pip compile {source} --universal --python-version 3.11 --generate-hashes --no-annotate"
        command += f" --no-header --quiet --output-file {out.name}"
        subprocess.run([*command.split(), *options], cwd=ROOT, check=True)
        text = Path(out.name).read_text(encoding="utf-8")
    return [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not ELSEWHERE.search(entry)]


def gpu_runtime(entry: str) -> str:
    """The entry of ONNX Runtime's CUDA build in the version that `entry` pins for the CPU."""
    with tempfile.NamedTemporaryFile("w", suffix=".in") as wanted:
        wanted.write(entry.split()[0].replace("onnxruntime==", "onnxruntime-gpu=="))
        wanted.flush()
        return resolve(wanted.name, "--no-deps")[0]


def locks() -> dict[Path, list[str]]:
    """The entries of each lock file."""
    everything = resolve("pyproject.toml", "--extra", "run", "--extra", "dev")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.write("\n".join(entry.split("\\")[0] for entry in everything))
        pins.flush()
        needed = {entry.split()[0] for entry in resolve("pyproject.toml", "--extra", "run", "--constraint", pins.name)}
    runtime = next(entry for entry in everything if entry.startswith("onnxruntime=="))
    everything.remove(runtime)
    plain = [entry for entry in everything if not CUDA.match(entry)]
    return {
        LOCK: [entry for entry in plain if entry.split()[0] in needed],
        CPU_LOCK: [runtime, CPU_TORCH],
        CUDA_LOCK: [*(entry for entry in everything if CUDA.match(entry)), gpu_runtime(runtime)],
        DEV_LOCK: [entry for entry in plain if entry.split()[0] not in needed],
    }


def main(check: bool) -> int:
    """Write or check; returns the exit code."""
    if check:
        stale = [p.name for p in FILES if not p.exists() or fingerprint() not in p.read_text(encoding="utf-8")]
        if stale:
            print(f"{', '.join(stale)}: pyproject.toml has changed since; run `make lock`", file=sys.stderr)
        return 1 if stale else 0
    for path, entries in locks().items():
        path.write_text("\n".join([fingerprint(), "# run `make lock` to make this file anew", *entries, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
