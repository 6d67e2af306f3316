"""Where a stage runs: the table of engines, and how to open one. To add an engine, add a module and a row here.

The module of an engine has three functions:

- `open(resources, say)` returns an `Engine` that is ready for stages. Errors: `XtremeBenchError` if it cannot be used.
- `image_of(resources)` returns the digest of the image in which its stages would run, or None if they use the packages
  of this machine. `plan` calls it, so it never builds an image; for a missing one it returns a text that says so.
- `require()` raises `StageError` if the engine does not answer on this machine.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xtreme_bench.engines.base import Engine
from xtreme_bench.errors import StageError

if TYPE_CHECKING:
    from xtreme_bench.recipe.load import Resources

TABLE: dict[str, str] = {
    "local": "xtreme_bench.engines.local",
    "docker": "xtreme_bench.engines.docker",
}
AUTO = "auto"
# `auto` takes the first of these that answers.
_TRIED = ("docker", "local")

Say = Callable[[str], None]
__all__ = ["base", "docker", "gpus", "image", "local", "owner"]


def names() -> tuple[str, ...]:
    """The values of `--engine`."""
    return (*TABLE, AUTO)


def open(name: str, resources: Resources, say: Say) -> Engine:  # noqa: A001
    """The engine `name`, ready for stages; call `close` at the end. Errors: as its module says."""
    engine: Engine = _module(_chosen(name, say)).open(resources, say)
    return engine


def image_of(name: str, resources: Resources, say: Say) -> str | None:
    """The image in which stages would run, as `plan` shows it, or None. Errors: as its module says."""
    found: str | None = _module(_chosen(name, say)).image_of(resources)
    return found


def _module(name: str) -> Any:
    return importlib.import_module(TABLE[name])


def _chosen(name: str, say: Say) -> str:
    """The engine that `name` means; for `auto`, prints which one and why."""
    if name != AUTO:
        return name
    reason = "it answers; to run without containers use --engine local, or ENGINE=local for make"
    *rest, last = _TRIED
    for one in rest:
        try:
            _module(one).require()
        except StageError as error:
            reason = str(error).partition(": ")[0]
        else:
            say(f"engine: {one} ({reason})")
            return one
    say(f"engine: {last} ({reason})")
    return last
