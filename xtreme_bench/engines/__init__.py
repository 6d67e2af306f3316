"""Where a stage runs: the table of engines, and how one of them is opened. Adding an engine is its module and a row.

The module of an engine has three functions:

- `open(resources, say)` gives an `Engine` that is ready for stages. Errors: `XtremeBenchError` where it cannot be had.
- `image_of(resources)` gives the digest of the image in which its stages would run, or None where they use the packages
  of this machine. It makes nothing, since `plan` asks for it; of an image that is not here yet it says so.
- `require()` raises `StageError` where the engine does not answer here.
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
# What `auto` takes: the first that answers.
_TRIED = ("docker", "local")

Say = Callable[[str], None]
__all__ = ["base", "docker", "gpus", "image", "local", "owner"]


def names() -> tuple[str, ...]:
    """What `--engine` takes."""
    return (*TABLE, AUTO)


def open(name: str, resources: Resources, say: Say) -> Engine:  # noqa: A001
    """The engine `name`, ready for stages; `close` it in the end. Errors: as its module says."""
    engine: Engine = _module(_chosen(name, say)).open(resources, say)
    return engine


def image_of(name: str, resources: Resources, say: Say) -> str | None:
    """The image in which stages would run, as `plan` shows it; None without one. Errors: as its module says."""
    found: str | None = _module(_chosen(name, say)).image_of(resources)
    return found


def _module(name: str) -> Any:
    return importlib.import_module(TABLE[name])


def _chosen(name: str, say: Say) -> str:
    """The engine that `name` stands for; with `auto` it is said which, and why."""
    if name != AUTO:
        return name
    reason = "an engine answers; --engine local runs without, for make ENGINE=local"
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
