"""Hostile folders of each architecture: sizes that the weights do not have, and fields that are not taken."""

from __future__ import annotations

import json
import resource
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from small_encoders import KINDS, save_small_encoder, small_encoder
from transformers import AutoModelForMaskedLM

from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.architectures import ARCHITECTURES, SIZES
from xtreme_bench.training.encoder_files import faults, known_config, room
from xtreme_bench.training.forward import Inputs

# Sizes of which no weight tells, but no weight is made by either.
FREE = {"max_position_embeddings", "local_attention"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: save_small_encoder(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


def edited(folder: Path, sound: Path, **fields: Any) -> Path:
    shutil.copytree(sound, folder)
    config = json.loads((folder / "config.json").read_text())
    kept = {name: value for name, value in {**config, **fields}.items() if value is not ...}
    (folder / "config.json").write_text(json.dumps(kept))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_each_size_is_bounded_and_compared_with_the_weights(tmp_path: Path, sound: dict[str, Path], kind: str) -> None:
    row = ARCHITECTURES[KINDS[kind][0]]
    assert faults(sound[kind]) == []
    for name in row.sizes:
        most = SIZES[name][1]
        for value in (0, -1, most + 1, "16", True, 16.0, None):
            folder = edited(tmp_path / f"{name} {value}", sound[kind], **{name: value})
            assert any(problem.message.startswith(f"{name} is ") for problem in faults(folder)), (name, value)
        if name in FREE and not any(name in shape for shape in row.shapes.values()):
            continue
        started, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(InputError) as caught:
            encoders.load(edited(tmp_path / name, sound[kind], **{name: most}))
        assert caught.value.problems or "cannot load an encoder" in str(caught.value)
        assert time.monotonic() - started < 5
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("deberta-v2", {"relative_attention": False}, "relative_attention is False, not True"),
        ("deberta-v2", {"relative_attention": ...}, "relative_attention is None, not True"),
        ("deberta-v2", {"position_biased_input": True}, "position_biased_input is True, not False"),
        ("deberta-v2", {"share_att_key": False}, "share_att_key is False"),
        ("deberta-v2", {"norm_rel_ebd": "none"}, "norm_rel_ebd is 'none', not layer_norm"),
        ("deberta-v2", {"pos_att_type": ["c2p"]}, "pos_att_type is ['c2p']"),
        ("deberta-v2", {"max_relative_positions": 10**9}, "max_relative_positions is 1000000000, not left out or -1"),
        ("deberta-v2", {"type_vocab_size": 10**9}, "type_vocab_size is 1000000000"),
        ("deberta-v2", {"conv_kernel_size": 10**6}, "conv_kernel_size is 1000000"),
        ("deberta-v2", {"attention_head_size": 10**6}, "attention_head_size is 1000000"),
        ("modernbert", {"layer_types": ["full_attention"]}, "layer_types is ['full_attention'], not 2 times"),
        ("modernbert", {"layer_types": ["full_attention", "evil"]}, "layer_types is"),
        ("modernbert", {"layer_types": "xx"}, "layer_types is 'xx'"),
        ("modernbert", {"layer_types": [["full_attention"], {}]}, "layer_types is"),
        ("modernbert", {"rope_parameters": {"full_attention": {"rope_type": "yarn", "rope_theta": 10.0}}}, "rope_para"),
        ("modernbert", {"rope_parameters": {"other": {"rope_type": "default", "rope_theta": 10.0}}}, "rope_parameters"),
        ("modernbert", {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 0}}}, "rope_para"),
        ("modernbert", {"rope_parameters": {"full_attention": None}}, "rope_parameters is"),
        ("modernbert", {"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_scaling is"),
        ("modernbert", {"global_attn_every_n_layers": 0}, "global_attn_every_n_layers is 0"),
        ("modernbert", {"hidden_activation": "os.system"}, "hidden_activation is 'os.system', not one of gelu"),
        ("modernbert", {"mlp_bias": "yes"}, "mlp_bias is 'yes', not true or false"),
        ("modernbert", {"mlp_bias": True}, "mlp.Wi.bias is missing"),
        ("eurobert", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 10.0}}, "rope_parameters is"),
        ("eurobert", {"rope_parameters": [1]}, "rope_parameters is [1]"),
        ("eurobert", {"auto_map": {"AutoModel": "EuroBERT/x--modeling.Model"}}, "auto_map is"),
        ("mpnet", {"relative_attention_num_buckets": 10**9}, "relative_attention_num_buckets is 1000000000"),
        ("mpnet", {"pad_token_id": 0}, "pad_token_id is 0, not left out or 1"),
        ("roberta", {"pad_token_id": 7}, "its tokenizer pads with token 1, but positions leave out token 7"),
        ("distilbert", {"dropout": 2}, "dropout is 2, not a number from 0 to 0.99"),
        ("distilbert", {"activation": "x"}, "activation is 'x'"),
        ("electra", {"embedding_size": 9}, "has shape [248, 8], not [248, 9] as in config.json"),
        ("rembert", {"model_type": "albert"}, "model_type is 'albert', not one of bert, "),
    ],
)  # fmt: skip
def test_a_field_that_is_not_taken_is_said(
    tmp_path: Path, sound: dict[str, Path], kind: str, fields: Any, reason: str
) -> None:
    with pytest.raises(InputError) as caught:
        encoders.load(edited(tmp_path / "x", sound[kind], **fields))
    assert reason in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_only_known_fields_reach_the_model(tmp_path: Path, sound: dict[str, Path], kind: str) -> None:
    folder = edited(tmp_path / "x", sound[kind], name_or_path="/etc", torch_dtype="float16", use_cache=7, id2label={})
    row = ARCHITECTURES[KINDS[kind][0]]
    assert known_config(folder)[1].keys() <= {*row.sizes, *row.also, *row.only}
    assert room(folder) == encoders.load(folder).longest


OLD = {
    "modernbert": {"rope_parameters": ..., "layer_types": ..., "global_attn_every_n_layers": 3,
                   "global_rope_theta": 160000.0, "local_rope_theta": 10000.0, "position_embedding_type": "sans_pos"},
    "eurobert": {"rope_parameters": ..., "rope_theta": 10000.0, "rope_scaling": None},
    "deberta-v2": {"pos_att_type": "p2c|c2p"},
}  # fmt: skip


@pytest.mark.parametrize("kind", OLD)
def test_a_config_of_a_released_model_says_the_same_in_older_words(
    tmp_path: Path, sound: dict[str, Path], kind: str
) -> None:
    ours, old = (encoders.load(folder) for folder in (sound[kind], edited(tmp_path / "x", sound[kind], **OLD[kind])))
    said, again = ours.model.config.to_dict(), old.model.config.to_dict()
    assert {name for name in said if again[name] != said[name]} == {"_name_or_path"}
    inputs = Inputs(torch.arange(5, 40)[None])
    assert torch.equal(old.hidden(inputs), ours.hidden(inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_a_masked_language_model_loads_as_the_encoder_in_it(tmp_path: Path, kind: str) -> None:
    encoder = small_encoder(kind)
    whole = AutoModelForMaskedLM.from_config(encoder.model.config)
    whole.save_pretrained(tmp_path)
    encoder.tokenizer.save_pretrained(tmp_path)
    loaded, expected = encoders.load(tmp_path).model.state_dict(), whole.base_model.state_dict()
    assert loaded.keys() == expected.keys() - {name for name in expected if name.startswith("pooler.")}
    assert all((tensor == expected[name]).all() for name, tensor in loaded.items())
