"""A folder that has only XLM-R's SentencePiece model, as older releases do: the ids are those of XLM-R.

Multilingual-MiniLM is such a folder of the kind `bert`, whose `config.json` names the tokenizer's class.
"""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from tiny_encoder import save_tiny_encoder

from xtreme_bench.errors import InputError
from xtreme_bench.training.encoder import load_tokenizer

WORDS = "der liegt in Ulm, Ada kam von the cat sat on mat. Übung schön 東京 Москва नमस्ते 1234"
NAME = "sentencepiece.bpe.model"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder without `tokenizer.json`, whose SentencePiece model is trained here (unigram, as XLM-R's)."""
    folder = tmp_path_factory.mktemp("xlmr")
    draw, words = random.Random(0), WORDS.split()
    text = folder / "text.txt"
    text.write_text("\n".join(" ".join(draw.choices(words, k=8)) for _ in range(500)), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "m"), vocab_size=60, character_coverage=1.0, minloglevel=2
    )
    encoder = folder / "encoder"
    save_tiny_encoder(encoder)
    for path in encoder.glob("*token*"):
        path.unlink()
    (folder / "m.model").rename(encoder / NAME)
    return encoder


@pytest.mark.parametrize(
    "text",
    [
        "Ada kam von Ulm, the cat",
        " 東京  Москва\tनमस्ते ",
        "Übung \u0055\u0308bung ﬁt Ｕｌｍ",
        "xyz \U0001f600 unbekannt",
        "",
        "…",
    ],
)
def test_the_ids_are_those_of_the_sentencepiece_model_in_the_places_that_xlm_r_gives_them(
    folder: Path, text: str
) -> None:
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / NAME))
    tokenizer = load_tokenizer(folder)
    # XLM-R has <s> <pad> </s> <unk> where the model has <unk> <s> </s>, and all else one place later.
    expected = [0, *(3 if number == 0 else number + 1 for number in model.encode(text)), 2]
    assert tokenizer(text)["input_ids"] == expected
    assert (tokenizer.pad_token_id, tokenizer.mask_token_id) == (1, model.get_piece_size() + 1)


def test_a_file_that_is_no_sentencepiece_model_is_an_error_that_names_the_folder(folder: Path, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    for path in folder.iterdir():
        (encoder / path.name).write_bytes(b"version https://git-lfs" if path.name == NAME else path.read_bytes())
    with pytest.raises(InputError, match=f"{encoder}: "):
        load_tokenizer(encoder)


def bert(folder: Path, to: Path, **fields: Any) -> Path:
    """The encoder as a `bert`, with further fields in its config."""
    shutil.copytree(folder, to)
    config = json.loads((to / "config.json").read_text())
    (to / "config.json").write_text(json.dumps({**config, "model_type": "bert", **fields}))
    return to


@pytest.mark.parametrize("name", ["XLMRobertaTokenizer", "XLMRobertaTokenizerFast"])
def test_the_config_of_an_encoder_may_name_the_class_of_its_tokenizer(folder: Path, tmp_path: Path, name: str) -> None:
    named, text = bert(folder, tmp_path / "x", tokenizer_class=name), "Ada kam von Ulm, 東京"
    assert load_tokenizer(named)(text)["input_ids"] == load_tokenizer(folder)(text)["input_ids"]


@pytest.mark.parametrize("name", [None, 7, "evil.Tokenizer", "os", "AutoModel", "BertTokenizer"])
def test_a_tokenizer_that_leaves_all_texts_unknown_is_an_error(folder: Path, tmp_path: Path, name: Any) -> None:
    with pytest.raises(InputError, match="its tokenizer, read as BertTokenizer, knows no words: its 5 entries"):
        load_tokenizer(bert(folder, tmp_path / "x", tokenizer_class=name))


def test_a_list_of_words_that_no_text_has_is_an_error(folder: Path, tmp_path: Path) -> None:
    encoder = bert(folder, tmp_path / "x")
    (encoder / NAME).unlink()
    (encoder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]"]))
    with pytest.raises(InputError, match="knows no words: its 6 entries leave all texts unknown"):
        load_tokenizer(encoder)


def test_a_tokenizer_that_would_be_read_as_another_kind_of_model_is_an_error(folder: Path, tmp_path: Path) -> None:
    encoder = bert(folder, tmp_path / "x")
    load_tokenizer(folder).save_pretrained(str(encoder))
    (encoder / "tokenizer_config.json").unlink()
    said = "its tokenizer.json has a Unigram model, but BertTokenizer reads it as WordPiece; name the right"
    with pytest.raises(InputError, match=said):
        load_tokenizer(encoder)
    (encoder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "XLMRobertaTokenizer"}))
    text = "Ada kam von Ulm, 東京"
    assert load_tokenizer(encoder)(text)["input_ids"] == load_tokenizer(folder)(text)["input_ids"]
