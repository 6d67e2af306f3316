"""Write the lock files from pyproject.toml, or with `--check` tell whether they still belong to it.

requirements.lock       every package but CUDA's, pinned and hashed, for Linux x86-64 and Python 3.11 to 3.13
requirements-cpu.lock   torch's CPU build, which takes the place of the other where a machine offers it
requirements-cuda.lock  what torch's CUDA build needs besides

All are installed with `pip install --no-deps --require-hashes`, the CPU build first: pip takes an installed
2.13.0+cpu for 2.13.0, but left to choose it would never prefer a wheel whose hash no index tells it.
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
LOCK, CPU_LOCK, CUDA_LOCK = (ROOT / f"requirements{part}.lock" for part in ("", "-cpu", "-cuda"))
CUDA = re.compile(r"(nvidia-|cuda-|triton)")
# The wheel for Python 3.11; with another Python the CUDA build is taken.
CPU_TORCH = "torch==2.13.0+cpu --hash=sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
ELSEWHERE = re.compile(r"sys_platform == '(win32|emscripten)'")


def fingerprint() -> str:
    """What the locks were made from: the dependency tables of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [project["dependencies"], project["optional-dependencies"], project["requires-python"]]
    return "# made from dependencies " + hashlib.sha256(repr(wanted).encode()).hexdigest()


def resolve() -> list[str]:
    """One entry (`name==version ; marker \\ --hash=...`) for each package, sorted by name."""
    with tempfile.NamedTemporaryFile(suffix=".lock") as out:
        command = "uv pip compile pyproject.toml --extra run --extra dev --universal --python-version 3.11"
        command += f" --generate-hashes --no-annotate --no-header --quiet --output-file {out.name}"
        subprocess.run(command.split(), cwd=ROOT, check=True)
        text = Path(out.name).read_text(encoding="utf-8")
    return [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not ELSEWHERE.search(entry)]


def main(check: bool) -> int:
    """Write or check; returns the exit code."""
    if check:
        stale = [p.name for p in (LOCK, CPU_LOCK, CUDA_LOCK) if fingerprint() not in p.read_text(encoding="utf-8")]
        if stale:
            print(f"{', '.join(stale)}: pyproject.toml has changed since; run `make lock`", file=sys.stderr)
        return 1 if stale else 0
    entries = resolve()
    plain = [entry for entry in entries if not CUDA.match(entry)]
    cuda = [entry for entry in entries if CUDA.match(entry)]
    for path, chosen in ((LOCK, plain), (CPU_LOCK, [CPU_TORCH]), (CUDA_LOCK, cuda)):
        path.write_text("\n".join([fingerprint(), "# run `make lock` to make this file anew", *chosen, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
