"""Training with a few rows of the embedding table is training with all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from toy_training import FINETUNING, make_job, tiny_encoder, weights

from xtreme_bench.training import train
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import masking
from xtreme_bench.training.network import Task
from xtreme_bench.training.train import finetune, intermediate
from xtreme_bench.training.trimming import trim

PARAMS: dict[str, Any] = {**FINETUNING, "steps": 14, "weight_decay": 0.1}
MIXED: dict[str, Any] = {
    **PARAMS,
    "tasks": {"squad_v1": {}, "hellaswag": {}},
    "sampling": {"kind": "uniform", "cap": 0, "temperature": 1.0},
    "qa_length": 40,
    "qa_stride": 16,
}
WORDS = "embeddings.word_embeddings.weight"


@pytest.mark.parametrize("source", ["xnli", *(pytest.param(one, marks=pytest.mark.slow) for one in ("panx", "squad"))])
def test_a_trimmed_table_gives_the_same_encoder_and_scores_as_the_whole_one(
    source: str, tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {**PARAMS, "source": source, "stride": 16 if source == "squad" else None}
    trimmed = make_job(tmp_path / "trimmed", params, **inputs)
    facts = finetune(trimmed)
    monkeypatch.setattr(train, "trim", lambda *_, **__: None)
    whole = make_job(tmp_path / "whole", params, **inputs)
    assert finetune(whole)["dev"] == facts["dev"]
    one, other = weights(trimmed), weights(whole)
    assert one.keys() == other.keys()
    rest = other.keys() - {WORDS}
    assert [name for name in rest if not torch.equal(one[name], other[name])] == []
    assert torch.allclose(one[WORDS], other[WORDS], rtol=0, atol=1e-7)
    before = load_file(inputs["encoder"] / "model.safetensors")[WORDS]
    untouched = ((other[WORDS] / before).std(dim=1) < 1e-4) & (before.abs().sum(dim=1) > 0)
    assert 10 < int(untouched.sum()) < len(before) - 10
    assert not torch.equal(before[untouched], one[WORDS][untouched])


def test_several_tasks_at_once_are_trimmed_to_what_all_of_them_use(tmp_path: Path, inputs: dict[str, Path]) -> None:
    job = make_job(tmp_path, MIXED, **inputs)
    intermediate(job)
    table = load_file(job.out / "model.safetensors")[WORDS]
    assert table.shape == load_file(inputs["encoder"] / "model.safetensors")[WORDS].shape


@pytest.mark.slow
def test_rows_that_no_task_uses_decay_by_the_rate_of_each_task_that_was_drawn(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {**MIXED, "tasks": {"squad_v1": {"learning_rate": 1e-2}, "hellaswag": {}}}
    trimmed, whole = (make_job(tmp_path / name, params, **inputs) for name in ("trimmed", "whole"))
    intermediate(trimmed)
    monkeypatch.setattr(train, "trim", lambda *_, **__: None)
    intermediate(whole)
    one, other = (load_file(job.out / "model.safetensors")[WORDS] for job in (trimmed, whole))
    assert torch.allclose(one, other, rtol=0, atol=1e-7)


def test_an_id_that_was_trimmed_is_an_error_and_a_special_token_is_not() -> None:
    encoder = tiny_encoder()
    ids = encoder.tokenizer("cat dog", return_tensors="pt")["input_ids"]
    task = Task("x", masking, torch.nn.Identity(), [Example(0, (ids[0].int().numpy(),))])
    model: Any = encoder.model.eval()
    before = model(input_ids=ids).last_hidden_state
    trimmed = trim(encoder, [task], ())
    assert trimmed is not None
    assert trimmed.share < 0.5
    assert torch.equal(model(input_ids=ids).last_hidden_state, before)
    model(input_ids=torch.tensor([[encoder.tokenizer.mask_token_id]]))
    other = next(at for at in range(len(encoder.tokenizer)) if at not in trimmed.table.ids)
    with pytest.raises(IndexError):
        model(input_ids=torch.tensor([[other]]))
    trimmed.put_back(encoder)
    assert torch.equal(model(input_ids=ids).last_hidden_state, before)


def test_masking_which_draws_any_id_keeps_the_whole_table() -> None:
    encoder = tiny_encoder()
    task = Task("text", masking, torch.nn.Identity(), [], change=lambda example, generator: example)
    assert trim(encoder, [task], ()) is None
