"""Where a killed training run goes on: a folder, whole or absent, tensors as safetensors, the rest as JSON."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.optim import Optimizer

from xtreme_bench.files import write_json

Tensors = dict[str, torch.Tensor]


def save(work: Path, step: int, tensors: Mapping[str, Tensors], state: Mapping[str, Any]) -> None:
    """Write `checkpoint-<step>` below `work`, under another name first; older ones go once it stands."""
    temporary, final = work / "checkpoint.part", work / f"checkpoint-{step}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, values in tensors.items():
        save_file({key: value.detach().cpu().contiguous() for key, value in values.items()}, temporary / f"{name}.st")
    write_json(temporary / "state.json", {**state, "step": step})
    for path in temporary.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)
    for path in _all(work)[:-1]:
        shutil.rmtree(path, ignore_errors=True)


def load(work: Path) -> tuple[dict[str, Tensors], dict[str, Any]] | None:
    """The newest checkpoint below `work` as (tensors, state with "step"), or None where there is none."""
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
    return {f"{number}/{name}": value for number, values in state.items() for name, value in values.items()}


def restore_optimizer(optimizer: Optimizer, tensors: Tensors) -> None:
    """Put back what `optimizer_tensors` gave; learning rates and groups stay as they are now."""
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
