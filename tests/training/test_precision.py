"""With `precision: bf16` every pass through an encoder is in bf16: of steps, evaluations, predictions, frozen blocks.

bf16 is for GPUs, so the accelerator here is the one that a GPU would get, but on the CPU, which has autocast as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from toy_training import FINETUNING, SETTINGS, make_job, tiny_encoder

from xtreme_bench.stage.job import Job
from xtreme_bench.stage.params import taken
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import frozen, predict, train
from xtreme_bench.training.device import prepare_device
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.params import Frozen, Machine

Pass = tuple[str, torch.dtype | None]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> set[Pass]:
    """What each pass through an encoder was for, and the type that autocast gave its products, None without."""
    seen: set[Pass] = set()
    whole = Encoder.hidden

    def hidden(self: Encoder, inputs: Any) -> torch.Tensor:
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None
        seen.add(("outputs" if torch.is_inference_mode_enabled() else "a step", dtype))
        return whole(self, inputs)

    def prepared(machine: Machine) -> Accelerator:
        prepare_device(machine)
        AcceleratorState._reset_state()
        return Accelerator(mixed_precision="bf16", cpu=True)

    monkeypatch.setattr(Encoder, "hidden", hidden)
    for module in (train, predict, frozen):
        monkeypatch.setattr(module, "prepare_device", prepared)
    return seen


def test_steps_evaluations_and_predictions_are_in_bf16(
    tmp_path: Path, inputs: dict[str, Path], passes: set[Pass]
) -> None:
    tuned = make_job(tmp_path / "tuned", {**FINETUNING, "source": "xnli", "steps": 2, "evaluate_every": 1}, **inputs)
    train.finetune(tuned)
    assert passes == {("a step", torch.bfloat16), ("outputs", torch.bfloat16)}
    passes.clear()
    given = {**SETTINGS, "task": "xnli", "languages": ["de"], "method": "full"}
    predict.predict(make_job(tmp_path / "predicted", given, **inputs, model=tuned.out))
    assert passes == {("outputs", torch.bfloat16)}


def test_frozen_blocks_compute_in_bf16(tmp_path: Path, inputs: dict[str, Path], passes: set[Pass]) -> None:
    encoders.save(tmp_path / "encoder", tiny_encoder(layers=2))
    given = {**FINETUNING, "source": "xnli", "steps": 20, "method": "top", "blocks": 1}
    job = make_job(tmp_path, given, data=inputs["data"], encoder=tmp_path / "encoder")
    frozen.encode(Job(taken(Frozen, job.params), job.inputs, job.out, job.work))
    assert passes == {("outputs", torch.bfloat16)}
