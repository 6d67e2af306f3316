"""The installed versions of the packages that a result depends on."""

from __future__ import annotations

import functools
import platform
from importlib import metadata

from xtreme_bench import __version__
from xtreme_bench.errors import InputError

# The packages whose version can change a result.
PACKAGES: tuple[str, ...] = (
    "accelerate", "numpy", "onnx", "onnxruntime", "onnxruntime-gpu", "safetensors", "tokenizers",
    "torch", "transformers",
)  # fmt: skip
REQUIRED: tuple[str, ...] = ("torch", "transformers", "tokenizers", "accelerate", "onnx")


# Our own name among the versions of a record and a manifest.
OURS = "xtreme-bench"


def versions() -> dict[str, str]:
    """Installed versions of the packages that matter, of Python and of xtreme-bench, as a record has them."""
    return {**needed_versions(), OURS: __version__}


@functools.cache
def needed_versions() -> dict[str, str]:
    """The same without xtreme-bench: its code is in the key, so its version need not be."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def require_heavy_half(what: str, otherwise: str = "") -> None:
    """Check that the packages for training are installed, which `what` needs.

    Errors: `InputError` with the missing ones, and what to do `otherwise`.
    """
    missing = [name for name in REQUIRED if name not in versions()]
    if missing:
        raise InputError(
            f"{what} needs {', '.join(missing)}, not installed here: run "
            f"`pip install torch==2.13.0 'xtreme-bench[run]'`{otherwise}"
        )
