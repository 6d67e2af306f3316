from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy_training import CHINESE, ENGLISH, JAPANESE, THAI, digests, tiny_encoder
from transformers import AutoTokenizer, BertConfig, BertModel

from xtreme_bench import encoder as encoders
from xtreme_bench.errors import InputError

TOKENIZER_IN_ANOTHER_PROCESS = """
import sys
from xtreme_bench.encoder import train_tokenizer
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
    sizes = {"layers": 1, "width": 8, "heads": 1, "feedforward": 8, "positions": 10}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        encoders.save(tmp_path / name, encoders.build(sizes, tokenizer, seed))
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


@pytest.mark.slow
def test_a_tokenizer_trained_in_another_process_has_the_same_bytes(tmp_path: Path) -> None:
    tiny_encoder().tokenizer.save_pretrained(str(tmp_path / "here"))
    for name in ("there", "there2"):
        arguments = [sys.executable, "-c", TOKENIZER_IN_ANOTHER_PROCESS, str(tmp_path / name)]
        subprocess.run(arguments, check=True, cwd=Path(__file__).parent)
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
    with pytest.raises(InputError, match=r"nowhere is no encoder folder"):
        encoders.load(tmp_path / "nowhere")
