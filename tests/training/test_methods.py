"""The seam of the methods of training: a new one is a row, and nothing else asks which it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from toy_training import FINETUNING, SETTINGS, KilledError, digests, killed_at, make_job, tiny_encoder, write_corpus

from xtreme_bench.recipe.phases import Training
from xtreme_bench.training import checkpoint, methods, train
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.methods import METHODS, Method
from xtreme_bench.training.predict import predict
from xtreme_bench.training.train import finetune

XNLI: dict[str, Any] = {**FINETUNING, "source": "xnli", "steps": 14}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder and an encoder folder."""
    folder = tmp_path_factory.mktemp("inputs")
    encoders.save(folder / "encoder", tiny_encoder(layers=2))
    return {"data": write_corpus(folder / "data"), "encoder": folder / "encoder"}


def with_a_shift(encoder: Encoder) -> Any:
    """Freeze an encoder and add to what its embeddings give one vector, which learns."""
    model: Any = encoder.model.requires_grad_(False).eval()
    model.shift = nn.Parameter(torch.zeros(encoder.width))
    model.embeddings.register_forward_hook(lambda module, given, found: found + model.shift)
    return model


def save_shift(folder: Path, encoder: Encoder) -> None:
    model: Any = encoder.model
    save_file({"shift": model.shift.detach()}, folder / "shift.safetensors")


def load_shift(folder: Path, begun_with: Path) -> Encoder:
    encoder = encoders.load(begun_with)
    with_a_shift(encoder).load_state_dict(load_file(folder / "shift.safetensors"), strict=False)
    return encoder


def top(encoder: Encoder) -> None:
    """Only the last block learns; what is below it computes as in evaluation."""
    model: Any = encoder.model.requires_grad_(False).eval()
    model.encoder.layer[-1].requires_grad_(True).train()


SHIFT = Method(with_a_shift, save_shift, load_shift)
TOP = Method(top, encoders.save, METHODS["full"].load)


def test_a_recipe_can_name_every_method_and_no_other() -> None:
    field = next(field for field in dataclasses.fields(Training) if field.name == "method")
    assert tuple(METHODS) == field.metadata["choices"]


def test_a_method_that_adds_to_a_frozen_encoder_is_trained_resumed_kept_and_predicted_with(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "METHODS", {**METHODS, "shift": SHIFT})
    params = {**XNLI, "source": "panx", "method": "shift", "learning_rate": 0.01}
    whole = make_job(tmp_path / "whole", params, **inputs)
    facts = finetune(whole)
    assert load_file(whole.out / "shift.safetensors")["shift"].abs().max() > 0.001
    assert not list(whole.out.glob("*config*"))
    broken = make_job(tmp_path / "broken", {**params, "checkpoint_seconds": 0}, **inputs)
    with pytest.raises(KilledError):
        finetune(killed_at(broken, 9))
    found = checkpoint.load(broken.work)
    assert found is not None
    assert {name for name in found[0]["model"] if not name.startswith("heads.")} == {"encoder.shift"}
    assert finetune(broken) == facts
    assert digests(broken.out) == digests(whole.out)
    asked = {**SETTINGS, "task": "panx", "languages": ["en", "de"], "method": "shift"}
    made = []
    for number in range(6):
        save_file({"shift": number * torch.randn(16)}, whole.out / "shift.safetensors")
        job = make_job(tmp_path / f"predict{number}", asked, **inputs, model=whole.out)
        assert predict(job) == {"predictions": {"en": 15, "de": 15}}
        made.append((job.out / "test-de.tsv").read_text())
    assert len(set(made)) > 1


def test_with_lower_blocks_frozen_they_stay_as_they_were_and_their_dropout_is_off_after_evaluations_too(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "METHODS", {**METHODS, "top": TOP})
    kept: list[Encoder] = []
    fit = train.fit

    def keeping(job: Any, accelerator: Any, encoder: Encoder, *rest: Any) -> Any:
        kept.append(encoder)
        return fit(job, accelerator, encoder, *rest)

    monkeypatch.setattr(train, "fit", keeping)
    job = make_job(tmp_path, {**XNLI, "method": "top"}, **inputs)
    finetune(job)
    before, after = (load_file(folder / "model.safetensors") for folder in (inputs["encoder"], job.out))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)
    training = {name for name, part in kept[0].model.named_modules() if part.training}
    assert "encoder.layer.1.output.dropout" in training
    assert all(name.startswith("encoder.layer.1") for name in training)
