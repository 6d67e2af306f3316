"""Prompt tuning: a prefix of keys and values that learns, before a frozen encoder of every kind that can have one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_encoders import FEW, KINDS, save_small_encoder, small_encoder
from toy_training import FINETUNING, SETTINGS, KilledError, digests, killed_at, make_job, write_corpus
from transformers import AutoConfig, AutoModel

from xtreme_bench.errors import InputError
from xtreme_bench.training import attention, checkpoint, prefix, train
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.batching import collate
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import classification
from xtreme_bench.training.forward import Encoder, Inputs
from xtreme_bench.training.methods import METHODS
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.predict import predict
from xtreme_bench.training.train import finetune

OWN_ATTENTION = ("rembert", "mpnet", "deberta-v2")
ABLE = [kind for kind in KINDS if kind not in OWN_ATTENTION]
FEW_ABLE = [kind for kind in FEW if kind.values[0] in ABLE]
PROMPT: dict[str, Any] = {**FINETUNING, "source": "xnli", "steps": 14, "method": "prompt", "length": 3}
EXAMPLES = [
    Example(at, (np.array([0, *range(7, 7 + length), 2], np.int32),), np.array([at % 2], np.int32))
    for at, length in enumerate((3, 30, 9, 1))
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("data"))


def prompted(kind: str = "xlm-roberta", length: int = 3, **settings: Any) -> Encoder:
    encoder = small_encoder(kind, **settings)
    torch.manual_seed(5)
    METHODS["prompt"].begin(encoder, length)
    return encoder


def spread(encoder: Encoder) -> None:
    """Make a new prefix large enough to matter."""
    with torch.no_grad():
        for name, value in encoder.model.named_parameters():
            if name.endswith("prefix.vectors"):
                value *= 50


@pytest.mark.parametrize("kind", ABLE)
def test_a_prefix_of_the_keys_and_values_of_tokens_is_as_if_they_stood_there(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the real tokens keep their positions, are not masked, and see the prefix in every block."""
    # A window so wide that every token sees all others.
    encoder = small_encoder(kind, **({"local_attention": 200} if kind == "modernbert" else {}))
    ids = torch.tensor([[0, *range(7, 20), 2, *range(30, 34)]])
    seen: list[torch.Tensor] = []
    plain = attention.sdpa_attention_forward

    def noted(module: Any, query: Any, key: torch.Tensor, value: torch.Tensor, *rest: Any, **settings: Any) -> Any:
        seen.append(torch.cat([key, value])[:, :, -4:].detach())
        return plain(module, query, key, value, *rest, **settings)

    model: Any = encoder.model
    model.set_attn_implementation(attention.ATTENTION)
    monkeypatch.setattr(attention, "sdpa_attention_forward", noted)
    expected = encoder.hidden(Inputs(ids))[:, :-4]
    monkeypatch.undo()
    METHODS["prompt"].begin(encoder, 4)
    for block, own in zip(encoder.stack, seen, strict=True):
        [added] = [part for part in block.modules() if isinstance(part, prefix.Prefix)]
        added.vectors.data.copy_(own)
    model.eval()
    # Beside a longer one, so that it is padded and there is a mask.
    padded = torch.nn.functional.pad(ids[:, :-4], (0, 6), value=model.config.pad_token_id)
    both = torch.cat([padded, torch.arange(40, 61)[None]])
    mask = torch.tensor([[1] * 15 + [0] * 6, [1] * 21])
    for inputs in (Inputs(ids[:, :-4]), Inputs(both, mask)):
        found = encoder.hidden(inputs)[:1, :15]
        torch.testing.assert_close(found, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("kind", OWN_ATTENTION)
def test_an_encoder_with_an_attention_of_its_own_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match=f"method prompt is not for encoders of kind {kind}.*it is for bert"):
        prompted(kind)


@pytest.mark.parametrize("kind", ABLE)
@pytest.mark.parametrize("recompute", [False, True])
def test_cut_into_parts_or_recomputed_a_step_has_the_same_loss_and_gradients_of_the_prefix_alone(
    kind: str, recompute: bool
) -> None:
    found = []
    for parts in ([[0, 1, 2, 3]], [[1], [3, 0], [2]]):
        encoder = prompted(kind)
        spread(encoder)
        torch.manual_seed(4)
        task = Task("x", classification, classification.head(16, 2, 0.3), EXAMPLES)
        network = Network(encoder, {"x": task.head}, recompute=recompute and len(parts) > 1)
        network.heads.train()
        network.noise.step([3, 4, 11], EXAMPLES)
        total = torch.zeros(())
        for part in parts:
            network.noise.take(part, torch.device("cpu"))
            own = [EXAMPLES[at] for at in part]
            loss = network(task, collate(own, encoder), own)
            loss.backward()
            total += loss.detach()
        learned = {name: value.grad for name, value in network.named_parameters() if value.grad is not None}
        assert {name.rpartition(".prefix.")[2] for name in learned if name.startswith("encoder.")} == {"vectors"}
        assert sum(name.startswith("encoder.") for name in learned) == encoder.blocks
        found.append({"loss": total} | learned)
    torch.testing.assert_close(*found, rtol=0, atol=5e-6)


def test_a_prefix_is_dropped_from_in_training_and_whole_in_evaluation() -> None:
    encoder = prompted(hidden_dropout_prob=0.5)
    spread(encoder)
    task = Task("x", classification, classification.head(16, 2, 0.0), EXAMPLES)
    network = Network(encoder, {"x": task.head})
    inputs = collate(EXAMPLES, encoder)
    states = []
    for step in (1, 1, 2):
        network.noise.step([step], EXAMPLES)
        network.noise.take(range(4), torch.device("cpu"))
        states.append(encoder.hidden(inputs))
    assert torch.equal(states[0], states[1])
    assert not torch.allclose(states[0], states[2])
    network.eval()
    assert torch.equal(encoder.hidden(inputs), encoder.hidden(inputs))


@pytest.mark.slow
@pytest.mark.parametrize("kind", FEW_ABLE)
def test_only_prefix_and_head_are_kept_resumed_to_the_same_bytes_and_predicted_with(
    tmp_path: Path, data: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"data": data, "encoder": save_small_encoder(tmp_path / "encoder", kind)}
    params = {**PROMPT, "learning_rate": 0.05, "steps": 8, "evaluate_on": 8}
    kept: list[Encoder] = []
    cut: list[Any] = []
    trim = train.trim

    def keeping(encoder: Encoder, *rest: Any, **named: Any) -> Any:
        kept.append(encoder)
        cut.append(trim(encoder, *rest, **named))
        return cut[-1]

    monkeypatch.setattr(train, "trim", keeping)
    whole = make_job(tmp_path / "whole", params, **inputs)
    facts = finetune(whole)
    assert {file.name for file in whole.out.iterdir() if file.suffix in (".safetensors", ".json")} == {
        "head.json", "head.safetensors", "prefix.safetensors",
    }  # fmt: skip
    assert (whole.out / "prefix.safetensors").stat().st_size < 4000
    broken = make_job(tmp_path / "broken", {**params, "checkpoint_seconds": 0}, **inputs)
    with pytest.raises(KilledError):
        finetune(killed_at(broken, 5))
    found = checkpoint.load(broken.work)
    assert found is not None
    assert all(name.endswith("prefix.vectors") or name.startswith("heads.") for name in found[0]["model"])
    assert finetune(broken) == facts
    assert digests(broken.out) == digests(whole.out)
    loaded = METHODS["prompt"].load(whole.out, inputs["encoder"])
    cut[0].put_back(kept[0])
    before, trained = encoders.load(inputs["encoder"]).model.state_dict(), kept[0].model.state_dict()
    assert all(torch.equal(value, trained[name]) for name, value in before.items())
    read = collate(EXAMPLES, loaded)
    assert torch.equal(loaded.hidden(read), Encoder(kept[0].model.eval(), loaded.tokenizer).hidden(read))
    job = make_job(
        tmp_path / "predict", {**SETTINGS, "task": "xnli", "languages": ["de"], "method": "prompt"},
        **inputs, model=whole.out,
    )  # fmt: skip
    assert predict(job) == {"predictions": {"de": 15}}


def test_a_kept_prefix_goes_on_another_encoder_of_the_same_shape_and_on_no_other(tmp_path: Path, data: Path) -> None:
    here = save_small_encoder(tmp_path / "here", "xlm-roberta")
    job = make_job(tmp_path / "job", {**PROMPT, "learning_rate": 0.05}, data=data, encoder=here)
    facts = finetune(job)
    assert facts["learned"] == {"weights": 2 * 2 * 16 * 3, "of": facts["learned"]["of"]}
    assert facts["summary"].startswith("192 of the encoder's ")
    other = small_encoder("xlm-roberta")
    with torch.no_grad():
        for value in other.model.parameters():
            value.add_(0.1)
    encoders.save(tmp_path / "other", other)
    read = collate(EXAMPLES, other)
    on_other, on_here = (METHODS["prompt"].load(job.out, tmp_path / name) for name in ("other", "here"))
    assert not torch.allclose(on_other.hidden(read), other.hidden(read), atol=1e-3)
    assert not torch.allclose(on_other.hidden(read), on_here.hidden(read), atol=1e-3)
    kept = load_file(job.out / "prefix.safetensors")["prefix"]
    again = [value for name, value in on_other.model.named_parameters() if name.endswith("prefix.vectors")]
    assert torch.equal(torch.stack(again), kept)
    encoders.save(tmp_path / "deeper", small_encoder("xlm-roberta", num_hidden_layers=3))
    with pytest.raises(
        InputError, match=r"prefix\.safetensors is for an encoder of 2 blocks with 2 heads of width 8 for keys, but "
        "this one has 3 with 2 of width 8"
    ):  # fmt: skip
        METHODS["prompt"].load(job.out, tmp_path / "deeper")


def test_a_training_has_the_dropout_that_its_recipe_names(tmp_path: Path, data: Path) -> None:
    encoder = save_small_encoder(tmp_path / "encoder", "xlm-roberta")
    found = []
    for dropout in (None, 0.3, 0.0):  # 0.3 is the encoder's own
        params = {**PROMPT, "learning_rate": 0.05, "steps": 4, "dropout": dropout}
        job = make_job(tmp_path / str(dropout), params, data=data, encoder=encoder)
        finetune(job)
        found.append(digests(job.out)["prefix.safetensors"])
    assert found[0] == found[1] != found[2]


def test_a_prefix_that_leaves_no_room_for_a_token_is_an_error() -> None:
    with pytest.raises(InputError, match=r"method\.length is 64, but the encoder has room for 64 tokens"):
        prompted(length=64)


@pytest.mark.parametrize(("length", "weights", "percent"), [(16, 786_432, "0.14 %"), (32, 1_572_864, "0.28 %")])
def test_of_xlm_r_large_the_published_share_learns(length: int, weights: int, percent: str) -> None:
    sizes = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
    config = AutoConfig.for_model(
        "xlm-roberta", vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1, **sizes
    )
    with torch.device("meta"):
        encoder = Encoder(AutoModel.from_config(config, add_pooling_layer=False), None)
        METHODS["prompt"].begin(encoder, length)
    found = train.share(encoder)
    assert found.weights == weights
    assert str(found).endswith(f"({percent})")
