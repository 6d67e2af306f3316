"""Where a stage runs. An engine has `run(folder, message)`, which blocks until the stage ended, and `close()`."""

from __future__ import annotations

from collections.abc import Callable

from xtreme_bench.errors import StageError

__all__ = ["ENGINES", "chosen", "docker", "gpus", "image", "local", "owner"]

ENGINES = ("local", "docker", "auto")


def chosen(name: str, say: Callable[[str], None]) -> str:
    """The engine that `name` stands for: with "auto" docker where an engine answers, else local; which, is said."""
    if name != "auto":
        return name
    from xtreme_bench.engines import docker

    try:
        docker.connect()
    except StageError as error:
        say(f"engine: local ({str(error).partition(': ')[0]})")
        return "local"
    say("engine: docker (an engine answers; --engine local runs without, for make ENGINE=local)")
    return "docker"
