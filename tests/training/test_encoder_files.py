"""Hostile encoder folders: one error with file and reason, before anything is loaded, run or made room for."""

from __future__ import annotations

import json
import os
import resource
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import processors
from toy_training import tiny_encoder

from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import tokenizer_trial
from xtreme_bench.training.encoder_files import faults

DEEP = '{"type":"Sequence","normalizers":[' * 20_000 + "]}" * 20_000


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    encoders.save(folder, tiny_encoder())
    return folder


@pytest.fixture
def folder(tmp_path: Path, sound: Path) -> Path:
    """A sound folder, to be spoiled."""
    return Path(shutil.copytree(sound, tmp_path / "encoder"))


def edit(file: Path, **fields: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"num_hidden_layers": 10**5}, "num_hidden_layers is 100000, not a whole number from 1 to 1,000"),
        ({"num_hidden_layers": 900}, "num_hidden_layers is 900, the weights have 1"),
        ({"vocab_size": 10**10}, "vocab_size is 10000000000, not a whole number"),
        ({"vocab_size": 10**7}, "has shape [260, 16], not [10000000, 16] as in config.json"),
        ({"max_position_embeddings": 10**6}, "not [1000000, 16] as in config.json"),
        ({"type_vocab_size": 1000}, "not [1000, 16] as in config.json"),
        ({"intermediate_size": 10**6}, "not [1000000, 16] as in config.json"),
        ({"hidden_size": 2**15}, "has shape [260, 16], not [260, 32768]"),
        ({"hidden_size": "16"}, "hidden_size is '16', not a whole number"),
        ({"hidden_size": True}, "hidden_size is True, not a whole number"),
        ({"hidden_size": -16}, "hidden_size is -16, not"),
        ({"hidden_size": None}, "hidden_size is None, not"),
        ({"num_attention_heads": 3}, "cannot load an encoder: The hidden size (16) is not a multiple"),
        ({"hidden_dropout_prob": float("nan")}, "hidden_dropout_prob is nan, not a number from 0 to 0.99"),
        ({"hidden_dropout_prob": 10**400}, "hidden_dropout_prob is 1000"),
        ({"layer_norm_eps": -1}, "layer_norm_eps is -1"),
        ({"layer_norm_eps": "x"}, "layer_norm_eps is 'x'"),
        ({"pad_token_id": 10**30}, "pad_token_id is 10"),
        ({"pad_token_id": 5000}, "cannot load an encoder"),
        ({"hidden_act": "os.system"}, "hidden_act is 'os.system', not one of gelu"),
        ({"hidden_act": ["gelu"]}, "hidden_act is ['gelu']"),
        ({"model_type": "gpt2"}, "model_type is 'gpt2', not one of bert"),
        ({"model_type": {"bert": 1}}, "model_type is {'bert': 1}"),
        ({"model_type": "\ud800\x1b[2J"}, r"model_type is '\ud800\x1b[2J'"),
        ({"auto_map": {"AutoModel": "evil--repo.Model"}}, "auto_map is {'AutoModel': 'evil--repo.Model'}, not "),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantization_config is"),
        ({"_attn_implementation": "kernels-community/flash-attn"}, "_attn_implementation is 'kernels-"),
        ({"attn_implementation": "kernels-community/x"}, "attn_implementation is 'kernels-community/x'"),
        ({"transformers_weights": "sub/other.safetensors"}, "transformers_weights is 'sub/other.safetensors'"),
        ({"is_decoder": True}, "is_decoder is True, not left out or False"),
        ({"add_cross_attention": True}, "add_cross_attention is True"),
        ({"pruned_heads": {"0": [0]}}, "pruned_heads is"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
    ],
)  # fmt: skip
def test_a_config_made_to_harm_is_one_error_with_file_and_reason(folder: Path, fields: Any, reason: str) -> None:
    edit(folder / "config.json", **fields)
    started, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as caught:
        encoders.load(folder)
    assert str(folder) in str(caught.value)
    assert reason in str(caught.value)
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "model.safetensors.index.json"])
@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b"\xff\xfe", b'{"a":' * 50_000, b'{"vocab_size": ' + b"1" * 5000 + b"}", b"null"],
    ids=["empty", "list", "open", "not utf-8", "deep", "digits", "null"],
)  # fmt: skip
def test_json_that_cannot_be_read_is_an_error_that_names_the_file(folder: Path, name: str, text: bytes) -> None:
    (folder / name).write_bytes(text)
    if "index" in name:
        (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=name):
        encoders.load(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "model.safetensors.index.json"])
def test_a_file_far_too_large_is_not_read(folder: Path, name: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").touch()
    os.truncate(folder / name, 2**40)
    (problem,) = faults(folder)
    assert problem.message.startswith("is not a file of at most")
    assert problem.file == str(folder / name)


@pytest.mark.parametrize(
    "names",
    ["sub/part.safetensors", "../outside.safetensors", "/tmp/outside.safetensors", "pytorch_model.bin",
     "absent.safetensors", ".safetensors", "part.safetensors\n", "", 7, None, ["part.safetensors"]],
)  # fmt: skip
def test_an_index_names_safetensors_of_its_own_folder_only(folder: Path, names: Any) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    (folder / "sub").mkdir()
    for place in (folder / "part.safetensors", folder / "sub/part.safetensors", folder.parent / "outside.safetensors"):
        save_file(weights, place, metadata={"format": "pt"})
    torch.save(weights, folder / "pytorch_model.bin")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(weights, "part.safetensors")}))
    assert torch.equal(encoders.load(folder).model.embeddings.LayerNorm.bias, weights["embeddings.LayerNorm.bias"])
    index.write_text(json.dumps({"weight_map": dict.fromkeys(weights, "part.safetensors") | {"pooler.bias": names}}))
    with pytest.raises(InputError, match=r"model\.safetensors\.index\.json: (names|has no weight_map)"):
        encoders.load(folder)


@pytest.mark.parametrize("weights", [None, {}, [], "part.safetensors"])
def test_an_index_without_a_map_is_an_error(folder: Path, weights: Any) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
    with pytest.raises(InputError, match="has no weight_map"):
        encoders.load(folder)


def header(text: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(64)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is truncated"),
        (b"\x05", "is truncated"),
        (header(b"{}", 2**63), "is truncated"),
        (header(b"{}", 99_000_000), "is truncated"),
        (b"\x80\x04}q\x00.", "is truncated"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "is truncated"),
        (header(b"{}"), "embeddings.word_embeddings.weight is missing"),
        (header(b"[1]"), "is not a JSON object"),
        (header(b'{"a":' * 50_000), "cannot be read as JSON"),
        (header(b'{"embeddings.word_embeddings.weight": 3}'), "does not have the header of a safetensors file"),
        (header(b'{"embeddings.word_embeddings.weight": {"shape": 3}}'), "has shape 3, not [260, 16]"),
        (header(b'{"embeddings.word_embeddings.weight": {"shape": [10000000000, 16]}}'), "has shape [10000000000, 16]"),
        (header(b'{"embeddings.word_embeddings.weight": {"dtype": "I8", "shape": [260, 16]}}'), "numbers of type 'I8'"),
    ],
)  # fmt: skip
def test_weights_made_to_harm_are_an_error_before_they_are_loaded(folder: Path, content: bytes, reason: str) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError) as caught:
        encoders.load(folder)
    assert reason in str(caught.value)


def test_an_honest_header_before_missing_data_is_an_error(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(InputError, match="cannot load an encoder"):
        encoders.load(folder)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}}, "the code of a model is never run"),
        ({"fast_tokenizer_files": ["tokenizer.json", "../x/tokenizer.5.0.json"]}, "not names of files in this folder"),
        ({"fast_tokenizer_files": "tokenizer.5.0.json"}, "not names of files in this folder"),
        ({"tokenizer_object": "x"}, "tokenizer_object cannot be set in a file"),
        ({"tokenizer_class": ["BertTokenizer"]}, "tokenizer_class is ['BertTokenizer'], not the name of a class"),
    ],
)  # fmt: skip
def test_settings_of_a_tokenizer_bring_in_no_code_and_no_other_files(folder: Path, fields: Any, reason: str) -> None:
    edit(folder / "tokenizer_config.json", **fields)
    with pytest.raises(InputError) as caught:
        encoders.load_tokenizer(folder)
    assert "tokenizer_config.json" in str(caught.value)
    assert reason in str(caught.value)


def test_a_list_of_words_without_the_special_tokens_is_an_error(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[CLS]", "[SEP]", "[MASK]", "cat"]))
    edit(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", vocab={"cat": 1})
    with pytest.raises(InputError, match="cannot load an encoder"):
        encoders.load_tokenizer(folder)


@pytest.mark.parametrize("setting", ["tokenizer_file", "vocab_file", "merges_file", "name_or_path"])
def test_a_path_in_the_settings_of_a_tokenizer_is_not_followed(folder: Path, setting: str) -> None:
    outside = folder.parent / "outside"
    encoders.train_tokenizer(["zz yy xx"], 60).save_pretrained(outside)
    expected = encoders.load_tokenizer(folder).get_vocab()
    edit(folder / "tokenizer_config.json", **{setting: str(outside / "tokenizer.json")})
    assert encoders.load_tokenizer(folder).get_vocab() == expected


def unigram(tokenizer: dict[str, Any]) -> None:
    tokenizer["model"] = {"type": "Unigram", "unk_id": None, "vocab": [["x", 0.0]], "byte_fallback": False}


def template(tokenizer: dict[str, Any]) -> None:
    tokenizer["post_processor"]["pair"].append({"SpecialToken": {"id": "<gone>", "type_id": 0}})


TOKENIZERS: dict[str, Callable[[dict[str, Any]], None] | str] = {
    "no json": "{",
    "empty": "",
    "nested": '{"version":"1.0","normalizer":' + DEEP + "}",
    "no model": lambda tokenizer: tokenizer.pop("model"),
    "unknown character without a token": unigram,
    "special token that is not there": template,
    "regular expression": lambda tokenizer: tokenizer.update(
        pre_tokenizer={"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": False}),
    "character map": lambda tokenizer: tokenizer.update(
        normalizer={"type": "Precompiled", "precompiled_charsmap": "/////w=="}),
    "id beyond 32 bits": lambda tokenizer: tokenizer["model"]["vocab"].update(zz=2**40),
    "ids beyond the weights": lambda tokenizer: tokenizer["model"]["vocab"].update(zz=2**31),
    "no special token": lambda tokenizer: tokenizer.update(post_processor=None),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_tokenizer_made_to_harm_is_an_error_and_never_ends_the_process(folder: Path, kind: str) -> None:
    file, made = folder / "tokenizer.json", TOKENIZERS[kind]
    if isinstance(made, str):
        file.write_text(made)
    else:
        tokenizer = json.loads(file.read_text())
        made(tokenizer)
        file.write_text(json.dumps(tokenizer))
    with pytest.raises(InputError) as caught:
        encoders.load(folder)
    assert str(folder) in str(caught.value)
    if kind == "character map":
        assert "ends with signal 6 at it" in str(caught.value)
        assert "memory allocation of" in str(caught.value)


def test_a_tokenizer_is_tried_once_for_each_content(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoders.load_tokenizer(folder)
    monkeypatch.setattr(tokenizer_trial.subprocess, "run", lambda *command, **how: pytest.fail("tried"))
    encoders.load_tokenizer(folder)
    with (folder / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(pytest.fail.Exception, match="tried"):
        encoders.load_tokenizer(folder)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that tokenizers are read from, by transformers."""
    folders: list[str] = []
    real = encoders.AutoTokenizer.from_pretrained

    def from_pretrained(folder: str, **settings: Any) -> Any:
        folders.append(folder)
        return real(folder, **settings)

    monkeypatch.setattr(encoders.AutoTokenizer, "from_pretrained", from_pretrained)
    return folders


def test_folders_with_the_same_tokenizer_are_read_once(folder: Path, read: list[str], tmp_path: Path) -> None:
    first = encoders.load(folder)
    encoders.save(tmp_path / "saved", first)
    again, other = tmp_path / "again", tmp_path / "other"
    encoders.save(again, encoders.load(tmp_path / "saved"))
    shutil.copytree(again, other)
    before = len(read)
    assert encoders.load(other).tokenizer is encoders.load_tokenizer(again)
    assert len(read) == before
    assert {file.name: file.read_bytes() for file in again.iterdir()} == {
        file.name: file.read_bytes() for file in (tmp_path / "saved").iterdir()
    }


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_tokenizer_whose_files_change_is_read_again(folder: Path, read: list[str], name: str) -> None:
    encoders.load_tokenizer(folder)
    read.clear()
    (folder / name).write_text((folder / name).read_text() + " ")
    encoders.load_tokenizer(folder)
    encoders.load_tokenizer(folder)
    assert read == [str(folder)]


def test_a_tokenizer_that_never_ends_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_trial, "PROGRAM", "import time; time.sleep(60)")
    monkeypatch.setattr(tokenizer_trial, "SECONDS", 0.2)
    with pytest.raises(InputError, match=r"tokenizer\.json: the tokenizers library did not finish with it in 0\.2 s"):
        encoders.load_tokenizer(folder)


def test_a_tokenizer_with_segments_that_the_weights_lack_is_an_error(folder: Path) -> None:
    tokenizer = tiny_encoder().tokenizer
    tokenizer.backend_tokenizer.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.save_pretrained(folder)
    with pytest.raises(InputError, match="its tokenizer has segments up to 1, but the weights have only 1"):
        encoders.load(folder)


def test_an_adapter_is_said_and_not_passed_over(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")
    assert [problem.message for problem in faults(folder)] == ["adapters cannot be loaded: merge it into the weights"]


def test_a_sound_folder_has_no_faults(sound: Path) -> None:
    assert faults(sound) == []
