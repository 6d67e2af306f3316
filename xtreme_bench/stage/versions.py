"""The packages that a result depends on, in the versions that are installed here."""

from __future__ import annotations

import functools
import platform
from importlib import metadata

from xtreme_bench import __version__
from xtreme_bench.errors import InputError

# The packages whose version can change a number.
PACKAGES: tuple[str, ...] = (
    "accelerate", "numpy", "onnx", "onnxruntime", "onnxruntime-gpu", "safetensors", "tokenizers",
    "torch", "transformers",
)  # fmt: skip
REQUIRED: tuple[str, ...] = ("torch", "transformers", "tokenizers", "accelerate", "onnx")


# Our own name among the versions of a record and a manifest.
OURS = "xtreme-bench"


def versions() -> dict[str, str]:
    """Installed versions of the packages that matter, with Python's and ours: what a record says of a run."""
    return {**needed_versions(), OURS: __version__}


@functools.cache
def needed_versions() -> dict[str, str]:
    """The same without ours: what a result depends on. Of our own code its contents are in a key, not its number."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def require_heavy_half() -> None:
    """Errors: `InputError` naming the packages that training needs and that are not installed here."""
    missing = [name for name in REQUIRED if name not in versions()]
    if missing:
        raise InputError(
            f"the local engine needs {', '.join(missing)}, not installed here: run "
            "`pip install torch==2.13.0 'xtreme-bench[run]'`, or use --engine docker"
        )
