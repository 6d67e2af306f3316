"""What training has changed of an encoder, and the encoder that it began with, are the trained encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from toy_training import FINETUNING, digests, make_job, tiny_encoder, weights

from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import learned, methods
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import masking
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.network import Task
from xtreme_bench.training.train import finetune
from xtreme_bench.training.trimming import Trimmed, trim

Weights = dict[str, torch.Tensor]
WORDS = "embeddings.word_embeddings.weight"
PARAMS: dict[str, Any] = {**FINETUNING, "source": "panx", "steps": 14, "learning_rate": 1e-2, "weight_decay": 0.1}


def trained(folder: Path, decay: float) -> tuple[Encoder, Trimmed]:
    """An encoder from a folder that has been trimmed, and all of it changed as if by training."""
    encoder = encoders.load(folder)
    ids = encoder.tokenizer("cat dog", return_tensors="np")["input_ids"][0]
    trimmed = trim(encoder, [Task("x", masking, torch.nn.Identity(), [Example(0, (ids,))])], ())
    assert trimmed is not None
    with torch.no_grad():
        for value in encoder.model.parameters():
            value.add_(torch.randn_like(value))
    trimmed.table.decay = decay
    return encoder, trimmed


@pytest.mark.parametrize("decay", [1.0, 0.99871])
def test_a_trained_encoder_is_kept_to_the_bit_without_the_words_that_were_not_trained(
    tmp_path: Path, inputs: dict[str, Path], decay: float
) -> None:
    before = digests(inputs["encoder"])
    encoder, trimmed = trained(inputs["encoder"], decay)
    learned.save(tmp_path, encoder)
    assert len(load_file(tmp_path / learned.FILE)[WORDS]) == len(trimmed.table.ids) < trimmed.whole.num_embeddings / 2
    trimmed.put_back(encoder)
    expected: Any = encoder.model.state_dict()
    learned.make_whole(tmp_path, inputs["encoder"], tmp_path / "whole")
    found: Any = encoders.load(tmp_path / "whole").model.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)
    looked_up: Any = learned.load(tmp_path, inputs["encoder"]).model.eval()
    every = torch.arange(len(expected[WORDS])).unsqueeze(0)
    assert torch.equal(looked_up.get_input_embeddings()(every)[0], expected[WORDS])
    assert torch.equal(looked_up(every[:, :60])[0], encoder.model.eval()(every[:, :60])[0])
    assert digests(inputs["encoder"]) == before


def test_fine_tuning_leaves_what_it_has_learned_and_no_second_tokenizer(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    job = make_job(tmp_path, PARAMS, **inputs)
    finetune(job)
    files = {file.name for file in job.out.iterdir() if file.is_file()}
    assert files == {learned.FILE, "head.json", "head.safetensors", "curve.jsonl"}
    before, after = load_file(inputs["encoder"] / "model.safetensors"), weights(job)
    assert before.keys() == after.keys()
    assert not any(torch.equal(before[name], after[name]) for name in before)


def test_what_was_learned_with_another_encoder_is_an_error(tmp_path: Path, inputs: dict[str, Path]) -> None:
    encoders.save(tmp_path / "deep", tiny_encoder(layers=2))
    learned.save(tmp_path, encoders.load(tmp_path / "deep"))
    with pytest.raises(
        InputError, match=r"does not fit the encoder in (?s:.)*encoder\.layer\.1\..*, not that of any weight"
    ):
        learned.load(tmp_path, inputs["encoder"])


def _without(name: str) -> Callable[[Weights], Weights]:
    return lambda kept: {other: value for other, value in kept.items() if other != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda kept: {**kept, WORDS: kept[WORDS][:, :-1].contiguous()}, r"word_embeddings.weight has the shape"),
        (lambda kept: {**kept, WORDS: kept[WORDS][:-1].contiguous()}, r"word_embeddings.weight has the shape"),
        (lambda kept: {**kept, "trimmed.ids": kept["trimmed.ids"] + 10**6}, r"trimmed.ids has the shape"),
        (lambda kept: {**kept, "trimmed.ids": kept["trimmed.ids"].flip(0)}, r"trimmed.ids has the shape"),
        (lambda kept: {**kept, "trimmed.ids": kept["trimmed.ids"].float()}, r"trimmed.ids has the shape"),
        (_without("trimmed.decay"), "belong together"),
        (_without(WORDS), "belong together"),
    ],
    ids=["narrower", "fewer rows", "beyond the table", "in another order", "no numbers of rows", "no decay", "no rows"],
)
def test_a_file_of_weights_that_does_not_fit_is_an_error(
    tmp_path: Path, inputs: dict[str, Path], change: Callable[[Weights], Weights], said: str
) -> None:
    learned.save(tmp_path, trained(inputs["encoder"], 0.9)[0])
    save_file(change(load_file(tmp_path / learned.FILE)), tmp_path / learned.FILE)
    with pytest.raises(InputError, match=rf"does not fit the encoder in (?s:.)*{said}"):
        learned.load(tmp_path, inputs["encoder"])


def test_where_all_weights_learn_a_missing_one_is_an_error_and_not_the_one_from_before(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    learned.save(tmp_path, trained(inputs["encoder"], 0.9)[0])
    kept = load_file(tmp_path / learned.FILE)
    name = next(name for name in kept if name.endswith("attention.self.query.weight"))
    save_file(_without(name)(kept), tmp_path / learned.FILE)
    assert learned.load(tmp_path, inputs["encoder"])  # of a method that trains a part
    with pytest.raises(InputError, match=f"does not fit the encoder in (?s:.)*{name} is missing"):
        methods.of("full").load(tmp_path, inputs["encoder"])


def test_what_an_older_version_has_learned_is_an_error_that_says_so(tmp_path: Path, inputs: dict[str, Path]) -> None:
    encoders.save(tmp_path / "model", tiny_encoder())
    with pytest.raises(InputError, match=r"model has no learned.safetensors: another version of xtreme-bench"):
        learned.load(tmp_path / "model", inputs["encoder"])
