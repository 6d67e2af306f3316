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

from xtreme_bench.errors import InputError
from xtreme_bench.recipe.setting import Method as MethodField
from xtreme_bench.stage.job import Job
from xtreme_bench.stage.params import taken
from xtreme_bench.training import checkpoint, frozen, learned, methods, room, train
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.methods import METHODS, Method
from xtreme_bench.training.params import Frozen
from xtreme_bench.training.predict import predict
from xtreme_bench.training.train import finetune

XNLI: dict[str, Any] = {**FINETUNING, "source": "xnli", "steps": 14}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder and an encoder folder."""
    folder = tmp_path_factory.mktemp("inputs")
    encoders.save(folder / "encoder", tiny_encoder(layers=2))
    return {"data": write_corpus(folder / "data"), "encoder": folder / "encoder"}


def with_a_shift(encoder: Encoder, blocks: int | None = None) -> Any:
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


SHIFT = Method(with_a_shift, save_shift, load_shift)
TOP = {**XNLI, "method": "top", "blocks": 1}


def encoded(folder: Path, params: dict[str, Any], **inputs: Path) -> Job[Any]:
    """The job of a fine-tuning, after the stage that encodes its examples with the frozen blocks."""
    job = make_job(folder, params, **inputs)
    read = {"features": job.inputs["features"], "encoder": job.inputs["encoder"]}
    (folder / "frozen").mkdir()
    frozen.encode(Job(taken(Frozen, job.params), read, folder / "frozen", folder / "frozen"))
    return dataclasses.replace(job, inputs={**job.inputs, "frozen": folder / "frozen"})


def test_a_recipe_can_name_every_method_and_no_other() -> None:
    field = next(field for field in dataclasses.fields(MethodField) if field.name == "train")
    assert tuple(METHODS) == field.metadata["choices"]


@pytest.mark.slow
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
    kept: list[Encoder] = []
    fit = train.fit

    def keeping(job: Any, accelerator: Any, encoder: Encoder, *rest: Any) -> Any:
        kept.append(encoder)
        return fit(job, accelerator, encoder, *rest)

    monkeypatch.setattr(train, "fit", keeping)
    job = make_job(tmp_path, TOP, **inputs)
    finetune(job)
    before, after = load_file(inputs["encoder"] / "model.safetensors"), load_file(job.out / learned.FILE)
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed == after.keys()
    whole = METHODS["top"].load(job.out, inputs["encoder"]).model.state_dict()
    assert all(torch.equal(value, after.get(name, before[name])) for name, value in whole.items())
    assert all(name.startswith("encoder.layer.1.") for name in changed)
    training = {name for name, part in kept[0].model.named_modules() if part.training}
    assert "encoder.layer.1.output.dropout" in training
    assert all(name.startswith("encoder.layer.1") for name in training)


@pytest.mark.parametrize("source", ["xnli", pytest.param("panx", marks=pytest.mark.slow)])
def test_what_the_frozen_blocks_give_is_the_same_kept_or_computed(
    tmp_path: Path, inputs: dict[str, Path], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {**TOP, "source": source}
    kept, computed = encoded(tmp_path / "kept", params, **inputs), make_job(tmp_path / "computed", params, **inputs)
    computed_facts = finetune(computed)
    read: list[bool] = []
    run = Encoder.hidden
    monkeypatch.setattr(
        Encoder, "hidden", lambda self, given: (read.append(given.below is not None), run(self, given))[1]
    )
    assert finetune(kept) == computed_facts
    assert read
    assert all(read)
    one, other = (load_file(job.out / learned.FILE) for job in (kept, computed))
    assert one.keys() == other.keys()
    for name, value in one.items():
        # The bias of keys changes no attention: its gradient is rounding alone, which AdamW makes as large as any.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(value, other[name], rtol=0, atol=1e-6)


@pytest.mark.slow
def test_a_training_on_kept_outputs_is_resumed_to_the_same_bytes_and_its_model_predicts(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    whole = encoded(tmp_path / "whole", TOP, **inputs)
    facts = finetune(whole)
    assert not list(whole.out.glob("*config*"))
    broken = encoded(tmp_path / "broken", {**TOP, "checkpoint_seconds": 0}, **inputs)
    with pytest.raises(KilledError):
        finetune(killed_at(broken, 9))
    found = checkpoint.load(broken.work)
    assert found is not None
    assert all(name.startswith(("encoder.encoder.layer.1.", "heads.")) for name in found[0]["model"])
    assert finetune(broken) == facts
    assert digests(broken.out) == digests(whole.out)
    asked = {**SETTINGS, "task": "xnli", "languages": ["de"], "method": "top"}
    job = make_job(tmp_path / "predict", asked, **inputs, model=whole.out)
    assert predict(job) == {"predictions": {"de": 15}}


@pytest.mark.parametrize(
    ("settings", "most", "kept"),
    [
        ({"steps": 14}, 1 << 30, {"train", "dev"}),
        ({"steps": 2}, 1 << 30, {"dev"}),
        ({"steps": None, "epochs": 1.0}, 1 << 30, {"dev"}),
        ({"steps": None, "epochs": 2.0}, 1 << 30, {"train", "dev"}),
        ({"steps": 14}, 30_000, {"dev"}),
        ({"steps": 14, "blocks": 2}, 1 << 30, set()),
    ],
)
def test_only_what_is_read_again_and_fits_is_kept(
    settings: dict[str, Any], most: int, kept: set[str], tmp_path: Path, inputs: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(room, "MOST_BELOW", most)
    job = encoded(tmp_path, {**TOP, **settings}, **inputs)
    assert {path.parent.name for path in job.inputs["frozen"].rglob("below.values")} == kept


def test_more_blocks_than_the_encoder_has_are_an_error(tmp_path: Path, inputs: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"method\.blocks is 3, but the encoder has 2 blocks"):
        finetune(make_job(tmp_path, {**TOP, "blocks": 3}, **inputs))
