"""Checkpoints, from which a killed training run resumes: a folder, whole or absent; safetensors, the rest as JSON."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import load_file, save_file
from torch.optim import Optimizer

from xtreme_bench.errors import StageError
from xtreme_bench.files import write_json, write_text
from xtreme_bench.training.processes import ALONE, Group
from xtreme_bench.training.sharding import like, local

Tensors = dict[str, torch.Tensor]


# Weights, two moments and the best weights.
_COPIES = 4
_BEST = "best.st"


class Writer:
    """Writes checkpoints below `work` in the background, one at a time; as a context it ends with the last of them.

    Each is a folder `checkpoint-<step>` that has another name until it is whole; older ones are then removed. Errors
    of a write are raised by the next call.

    The processes of a `group` each write their shards, to a folder of their own. They keep the checkpoint before too,
    because it is the newest that all of them have while one still writes.
    """

    def __init__(self, work: Path, group: Group = ALONE) -> None:
        self._group, self._kept = group, min(group.world, 2)
        self._work = work if group.world == 1 else work / f"shard-{group.rank + 1}-of-{group.world}"
        self._work.mkdir(exist_ok=True)
        self._memory = self._work / "memory.json"
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._running: Future[None] | None = None

    def require_room(self, learned: Mapping[str, torch.Tensor]) -> None:
        """Raise StageError if the disk has no room for the checkpoints of the weights that are trained."""
        size = sum(value.numel() * value.element_size() for value in learned.values())
        needed = _COPIES * (self._kept + 1) * self._group.world * size
        free = shutil.disk_usage(self._work).free
        if free < needed:
            raise StageError(
                f"{self._work}: checkpoints may take {needed / 2**30:.1f} GiB, and the disk has {free / 2**30:.1f}: "
                "free space, or put the store on another disk (--store)"
            )

    def load(self) -> tuple[dict[str, Tensors], dict[str, Any]] | None:
        """As `load`, the newest checkpoint that all processes of the group have; newer ones are removed."""
        steps = self._group.together([path.name for path in _all(self._work)])
        common = set(steps[0]).intersection(*steps)
        for path in reversed(_all(self._work)):
            if path.name in common:
                break
            shutil.rmtree(path)
        return load(self._work)

    def room(self, what: str, found: int) -> int:
        """For how much of something all processes of the group have memory: as found now, or as noted before."""
        return min(self._group.together(min(self._noted().get(what, found), found)))

    def note_room(self, what: str, less: int) -> None:
        """Note for how much of something this process really has memory, for whoever goes on."""
        write_json(self._memory, {**self._noted(), what: less})

    def _noted(self) -> dict[str, int]:
        return json.loads(self._memory.read_text(encoding="utf-8")) if self._memory.exists() else {}

    def save(self, step: int, tensors: Mapping[str, Tensors], best: Tensors, state: Mapping[str, Any]) -> None:
        """Begin to write `tensors` as they are now, and the `best` weights of the step that `state` names."""
        self.wait()
        self._group.together(None)
        copies = {name: {key: _copy(value) for key, value in values.items()} for name, values in tensors.items()}
        kept = json.dumps({**state, "step": step})
        self._running = self._pool.submit(_save, self._work, step, copies, best, kept, self._kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            self.wait()
        except OSError:
            if kind is None:  # otherwise the training's own error says more
                raise
        finally:
            self._pool.shutdown()

    def wait(self) -> None:
        """Wait until nothing is being written. Errors: `OSError` if the last write failed."""
        if self._running is not None:
            running, self._running = self._running, None
            running.result()


def _copy(value: torch.Tensor) -> torch.Tensor:
    """A copy on the CPU, which training does not change."""
    return value.detach().to("cpu", copy=True).contiguous()


def _save(work: Path, step: int, tensors: Mapping[str, Tensors], best: Tensors, state: str, kept: int) -> None:
    temporary, final = work / "checkpoint.part", work / f"checkpoint-{step}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, values in tensors.items():
        save_file(values, temporary / f"{name}.st")
    write_text(temporary / "state.json", state)
    before = _all(work)
    if best and before and _best_step(before[-1]) == _best_step(temporary):
        os.link(before[-1] / _BEST, temporary / _BEST)
    elif best:
        save_file(best, temporary / _BEST)
    for path in temporary.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)
    for path in _all(work)[:-kept]:
        shutil.rmtree(path, ignore_errors=True)


def _best_step(folder: Path) -> int:
    """The step whose weights are the best of a checkpoint."""
    return int(json.loads((folder / "state.json").read_text(encoding="utf-8"))["best_step"])


def load(work: Path) -> tuple[dict[str, Tensors], dict[str, Any]] | None:
    """The newest checkpoint below `work` as (tensors, state with "step"), or None if there is none."""
    for path in reversed(_all(work)):
        tensors = {file.stem: load_file(file) for file in sorted(path.glob("*.st"))}
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        return tensors, state
    return None


def _all(work: Path) -> list[Path]:
    found = [path for path in work.glob("checkpoint-*") if path.name.removeprefix("checkpoint-").isdigit()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("checkpoint-")))


def optimizer_tensors(optimizer: Optimizer) -> Tensors:
    """The state of an optimizer as named tensors: `<number of the parameter>/<name of the value>`."""
    state = optimizer.state_dict()["state"]
    return {f"{number}/{name}": local(value) for number, values in state.items() for name, value in values.items()}


def restore_optimizer(optimizer: Optimizer, tensors: Tensors) -> None:
    """Put back what `optimizer_tensors` gave; learning rates and groups stay as they are now."""
    parameters = [each for some in optimizer.param_groups for each in some["params"]]
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        state.setdefault(int(number), {})[name] = like(value, parameters[int(number)])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
