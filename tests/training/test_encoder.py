from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from places import HELPERS
from safetensors.torch import load_file, save_file
from toy_training import CHINESE, ENGLISH, JAPANESE, THAI, digests, tiny_encoder
from transformers import AutoTokenizer, BertConfig, BertModel, XLMRobertaForMaskedLM

from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.params import Scratch

TOKENIZER_IN_ANOTHER_PROCESS = """
import sys
from xtreme_bench.training.encoder import train_tokenizer
from toy_training import ENGLISH, GERMAN, CHINESE, JAPANESE, THAI
train_tokenizer([" ".join(words) for words in (ENGLISH, GERMAN, CHINESE)] + [JAPANESE, THAI], 300).save_pretrained(
    sys.argv[1]
)
"""


def test_a_saved_encoder_loads_again_and_gives_the_same_vectors(tmp_path: Path) -> None:
    made = tiny_encoder()
    encoders.save(tmp_path, made)
    loaded = encoders.load(tmp_path)
    inputs = made.tokenizer(["the cat sees Bob"], return_tensors="pt")
    made.model.eval()
    with torch.inference_mode():
        assert torch.equal(made.model(**inputs)[0], loaded.model(**inputs)[0])
    assert (loaded.width, loaded.longest, loaded.dropout) == (16, 64, 0.1)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    tokenizer = tiny_encoder().tokenizer
    sizes = Scratch(layers=1, width=8, heads=1, feedforward=8, vocabulary=300, positions=10)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        encoders.save(tmp_path / name, encoders.build(sizes, tokenizer, seed))
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


@pytest.mark.slow
def test_a_tokenizer_trained_in_another_process_has_the_same_bytes(tmp_path: Path) -> None:
    tiny_encoder().tokenizer.save_pretrained(str(tmp_path / "here"))
    for name in ("there", "there2"):
        arguments = [sys.executable, "-c", TOKENIZER_IN_ANOTHER_PROCESS, str(tmp_path / name)]
        subprocess.run(arguments, check=True, cwd=HELPERS)
        assert digests(tmp_path / name) == digests(tmp_path / "here")


def test_of_characters_equally_frequent_the_first_ones_fill_the_alphabet() -> None:
    characters = [chr(0x4E00 + number) for number in range(60)]
    vocabulary = encoders.train_tokenizer(["".join(reversed(characters))], 60).get_vocab()
    assert sorted(vocabulary.keys() & set(characters)) == characters[:29]


def test_the_tokenizer_has_the_special_tokens_and_templates_of_xlm_r(tmp_path: Path) -> None:
    encoders.save(tmp_path, tiny_encoder())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.is_fast
    assert tokenizer.convert_tokens_to_ids(list(encoders.SPECIAL_TOKENS)) == [0, 1, 2, 3, 4]
    assert tokenizer.decode(tokenizer("cat", "dog")["input_ids"]).replace(" ", "") == "<s>cat</s></s>dog</s>"
    assert tokenizer.num_special_tokens_to_add(pair=True) == 4


@pytest.mark.parametrize("text", [" ".join(ENGLISH), "".join(CHINESE), JAPANESE, THAI, "ﬁne １２ ｶﾅ cat"])
def test_offsets_are_code_points_of_the_text_as_it_was_before_normalisation(text: str) -> None:
    encoded = tiny_encoder().tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    covered = {place for start, end in encoded["offset_mapping"] for place in range(start, end)}
    assert max(covered) < len(text)
    assert {place for place, letter in enumerate(text) if not letter.isspace()} <= covered


def test_a_vocabulary_smaller_than_the_alphabet_still_holds() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(2_000))
    tokenizer = encoders.train_tokenizer([text], 300)
    assert len(tokenizer) <= 300
    assert tokenizer.unk_token_id in tokenizer(text)["input_ids"]


def test_a_bert_folder_loads_with_all_its_positions(tmp_path: Path) -> None:
    sizes = {"vocab_size": 320, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = BertModel(BertConfig(**sizes, intermediate_size=8, max_position_embeddings=40), add_pooling_layer=False)
    encoders.save(tmp_path, encoders.Encoder(model, tiny_encoder().tokenizer))
    loaded = encoders.load(tmp_path)
    assert (loaded.width, loaded.longest) == (8, 40)


def test_a_folder_without_weights_or_tokenizer_is_an_error_that_names_both(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(InputError) as caught:
        encoders.load(tmp_path)
    assert [problem.message for problem in caught.value.problems] == [
        "model.safetensors is missing (other weight formats are not read)",
        "tokenizer.json is missing",
    ]
    with pytest.raises(InputError, match=r"nowhere cannot be used as an encoder folder"):
        encoders.load(tmp_path / "nowhere")


def rewritten(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Path:
    """A saved tiny encoder whose weights were changed."""
    encoders.save(folder, tiny_encoder())
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda weights: {k: v for k, v in weights.items() if ".layer.0.attention.self.query" not in k}, "is missing"),
        (lambda weights: {k: v for k, v in weights.items() if ".layer.0.attention.self.key" not in k}, "is missing"),
        (lambda weights: weights | {"encoder.layer.0.output.dense.bias": torch.zeros(8)}, "has shape"),
        (lambda weights: {f"x.{name}": tensor for name, tensor in weights.items()}, "is missing"),
        (lambda weights: {name: tensor[:3].clone() for name, tensor in weights.items()}, "has shape"),
        (lambda weights: weights | {"encoder.layer.9.output.dense.bias": torch.zeros(8)}, "num_hidden_layers is 1, "),
    ],
)
def test_weights_that_are_not_those_of_the_config_are_an_error_and_never_made_up(
    tmp_path: Path, change: Any, fault: str
) -> None:
    with pytest.raises(
        InputError, match="cannot be used as an encoder folder|weights do not fit its config.json"
    ) as caught:
        encoders.load(rewritten(tmp_path, change))
    assert caught.value.problems
    assert all(fault in problem.message for problem in caught.value.problems)


def test_the_head_of_another_task_is_passed_over(tmp_path: Path) -> None:
    encoders.load(rewritten(tmp_path, lambda weights: weights | {"lm_head.bias": torch.zeros(8)}))


@pytest.mark.parametrize("size", [0, 500])
def test_a_broken_file_of_weights_is_an_error_that_names_the_folder(tmp_path: Path, size: int) -> None:
    encoders.save(tmp_path, tiny_encoder())
    os.truncate(tmp_path / "model.safetensors", size)
    with pytest.raises(InputError, match=f"{tmp_path}/model.safetensors: is truncated or not a safetensors file"):
        encoders.load(tmp_path)


def test_a_tokenizer_of_another_model_is_an_error(tmp_path: Path) -> None:
    encoders.save(tmp_path, tiny_encoder())
    encoders.train_tokenizer([chr(0x4E00 + number) for number in range(900)], 900).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"its tokenizer has ids up to \d+, but the weights have only"):
        encoders.load(tmp_path)


def test_a_released_masked_language_model_loads_as_the_encoder_in_it(tmp_path: Path) -> None:
    made = tiny_encoder()
    whole = XLMRobertaForMaskedLM(made.model.config)
    whole.save_pretrained(tmp_path)
    made.tokenizer.save_pretrained(tmp_path)
    loaded, expected = encoders.load(tmp_path).model.state_dict(), whole.roberta.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in loaded.items())
