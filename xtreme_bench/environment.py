"""What a result depends on besides its inputs: package versions, or the image, and the code of a stage."""

from __future__ import annotations

import ast
import functools
import hashlib
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from xtreme_bench import __version__
from xtreme_bench.errors import InputError

# The packages whose version can change a number.
PACKAGES: tuple[str, ...] = (
    "accelerate", "numpy", "onnx", "onnxruntime", "onnxruntime-gpu", "safetensors", "tokenizers",
    "torch", "transformers",
)  # fmt: skip
REQUIRED: tuple[str, ...] = ("torch", "transformers", "tokenizers", "accelerate", "onnx")


@functools.cache
def versions() -> dict[str, str]:
    """Installed versions of the packages that matter, with Python's and ours."""
    found = {"python": platform.python_version(), "xtreme-bench": __version__}
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


@functools.cache
def sources(module: str) -> Mapping[str, str]:
    """For `module` and everything in this package that it imports, however deep: name -> sha256 (hex) of its source."""
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and (read := _read(name)) is not None:
            found[name], imported = read
            waiting += imported
    return MappingProxyType(found)


def code_digest(module: str) -> str:
    """The sha256 over the sources of `module` and of everything in this package that it imports.

    With it in a stage's key, an edited function never passes off old results as its own.
    """
    lines = (f"{name} {sha256}\n" for name, sha256 in sorted(sources(module).items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@functools.cache
def _read(name: str) -> tuple[str, list[str]] | None:
    """The sha256 of a module of this package and the names that it imports from the package; None if it is none."""
    root = Path(__file__).parent
    path = root.joinpath(*name.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return None
    source, imported = file.read_bytes(), []
    if name.count(".") > 1:  # a sub-package counts as a whole: its modules may load each other by name
        siblings = file.parent.rglob("*.py")
        imported += [".".join(("xtreme_bench", *p.relative_to(root).with_suffix("").parts)) for p in siblings]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names if alias.name.startswith("xtreme_bench.")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("xtreme_bench"):
            imported += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return hashlib.sha256(source).hexdigest(), imported
