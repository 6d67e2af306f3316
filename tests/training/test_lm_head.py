"""The head of masked language modelling is the one that a released encoder brings, with the same logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from toy_training import tiny_encoder
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    EuroBertConfig,
    EuroBertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    MPNetConfig,
    MPNetForMaskedLM,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import lm_head
from xtreme_bench.training.forward import Inputs

SIZES: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
                         "max_position_embeddings": 66, "pad_token_id": 1}  # fmt: skip
MODELS: dict[str, tuple[Any, Any, dict[str, Any], str]] = {
    "xlm-roberta": (XLMRobertaForMaskedLM, XLMRobertaConfig, {"type_vocab_size": 1}, "lm_head"),
    "bert": (BertForMaskedLM, BertConfig, {"hidden_act": "gelu_new"}, "cls.predictions"),
    "mpnet": (MPNetForMaskedLM, MPNetConfig, {}, "lm_head"),
    "distilbert": (DistilBertForMaskedLM, DistilBertConfig, {"activation": "relu"}, "vocab_transform"),
    "electra": (ElectraForMaskedLM, ElectraConfig, {"embedding_size": 8, "hidden_act": "relu", "layer_norm_eps": 1e-2},
                "generator_predictions"),
    "modernbert": (ModernBertForMaskedLM, ModernBertConfig, {"classifier_activation": "relu", "norm_eps": 1e-2},
                   "head"),
    "eurobert": (EuroBertForMaskedLM, EuroBertConfig,
                 {"num_key_value_heads": 1, "head_dim": 8, "tie_word_embeddings": False}, "lm_head"),
}  # fmt: skip


def released(folder: Path, kind: str, **more: Any) -> Any:
    """A model with its head, as it is released, and its tokenizer; returns it for comparison."""
    torch.manual_seed(5)
    tokenizer = tiny_encoder().tokenizer
    model, config, settings, _ = MODELS[kind]
    made = model(config(vocab_size=len(tokenizer), **SIZES, **settings, **more)).eval()
    with torch.no_grad():
        for name, value in made.named_parameters():
            if not any(table in name for table in ("word_embeddings", "embed_tokens", "tok_embeddings")):
                value.add_(0.1 * torch.randn_like(value))
    made.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return made


def logits(folder: Path) -> tuple[torch.Tensor, str, torch.Tensor]:
    """Those of our encoder and head, where the head is from, and the ids they are for."""
    encoder = encoders.load(folder)
    encoder.model.eval()
    head, where = lm_head.head(folder, encoder)
    ids = torch.arange(4, 24).reshape(2, 10)
    return head(encoder.hidden(Inputs(ids))), where, ids


def read_as(model: Any, folder: Path) -> str:
    """Where the head is from, whose logits are those of the model."""
    found, where, ids = logits(folder)
    assert torch.allclose(found, model(input_ids=ids).logits, atol=1e-5)
    return where


@pytest.mark.parametrize("kind", MODELS)
def test_a_released_encoder_brings_its_own_head_with_the_same_logits(kind: str, tmp_path: Path) -> None:
    assert read_as(released(tmp_path, kind), tmp_path) == MODELS[kind][-1]


@pytest.mark.parametrize("kind", ["xlm-roberta", "bert", "modernbert"])
def test_an_output_matrix_that_is_not_the_table_of_words_is_kept(kind: str, tmp_path: Path) -> None:
    assert read_as(released(tmp_path, kind, tie_word_embeddings=False), tmp_path) == MODELS[kind][-1]


@pytest.mark.parametrize("settings", [{"decoder_bias": False, "tie_word_embeddings": False}, {"norm_bias": True},
                                      {"classifier_bias": True}])  # fmt: skip
def test_a_bias_that_a_head_does_not_have_begins_at_zero(settings: dict[str, Any], tmp_path: Path) -> None:
    assert read_as(released(tmp_path, "modernbert", **settings), tmp_path) == "head"


def test_the_parts_of_another_architectures_head_are_not_read(tmp_path: Path) -> None:
    encoder = tiny_encoder()
    encoders.save(tmp_path, encoder)
    words = load_file(tmp_path / "model.safetensors")["embeddings.word_embeddings.weight"]
    count, width = words.shape
    foreign = {
        "lm_head.weight": torch.ones(count, width),
        "head.dense.weight": torch.ones(width, width),
        "head.norm.weight": torch.ones(width),
        "decoder.bias": torch.ones(count),
    }
    weights = load_file(tmp_path / "model.safetensors")
    save_file({**weights, **foreign}, tmp_path / "model.safetensors", {"format": "pt"})
    assert lm_head.head(tmp_path, encoder)[1] == "new"


def test_older_names_of_a_norm_and_of_a_shared_bias_are_known(tmp_path: Path) -> None:
    model = released(tmp_path, "bert")
    weights = load_file(tmp_path / "model.safetensors")
    norm = "cls.predictions.transform.LayerNorm"
    weights[f"{norm}.gamma"], weights[f"{norm}.beta"] = weights.pop(f"{norm}.weight"), weights.pop(f"{norm}.bias")
    weights["cls.predictions.decoder.bias"] = weights.pop("cls.predictions.bias")
    weights["cls.predictions.decoder.weight"] = weights["bert.embeddings.word_embeddings.weight"].clone()
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    assert read_as(model, tmp_path) == "cls.predictions"


def test_an_encoder_without_a_head_gets_a_new_one_that_shares_its_table(tmp_path: Path) -> None:
    encoder = tiny_encoder()
    encoders.save(tmp_path, encoder)
    head, where = lm_head.head(tmp_path, encoder)
    assert where == "new"
    assert "decoder" not in head.state_dict()
    assert head(torch.zeros(3, encoder.width)).shape == (3, len(encoder.tokenizer))


def test_a_head_of_another_shape_is_refused_with_what_does_not_fit(tmp_path: Path) -> None:
    released(tmp_path, "xlm-roberta")
    weights = load_file(tmp_path / "model.safetensors")
    weights["lm_head.dense.weight"] = torch.zeros(16, 8)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"dense.weight has shape \(16, 8\), not \(16, 16\)"):
        logits(tmp_path)
