"""One very small encoder of each architecture, with random weights and a tokenizer of its own kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from toy_training import CHINESE, ENGLISH, GERMAN, JAPANESE, THAI
from transformers import (
    AutoConfig,
    AutoModel,
    BertTokenizer,
    DebertaV2Tokenizer,
    DistilBertTokenizer,
    MPNetTokenizer,
    PreTrainedTokenizerFast,
    RemBertTokenizer,
    XLMRobertaTokenizer,
)

from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.forward import Encoder

LETTERS = sorted(set("".join([*ENGLISH, *GERMAN, *CHINESE, JAPANESE, THAI, ".,?-:()0123456789"])))
XLMR = ("<s>", "<pad>", "</s>", "<unk>")
BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def _unigram(first: tuple[str, ...]) -> list[tuple[str, float]]:
    words = sorted({f"▁{word}" for word in (*ENGLISH, *GERMAN)} - set(LETTERS))
    return [(piece, 0.0) for piece in first] + [(piece, -3.0) for piece in words] + [
        (piece, -6.0) for piece in ("▁", *LETTERS)
    ]  # fmt: skip


def _word_pieces(first: tuple[str, ...]) -> dict[str, int]:
    pieces = [*first, *sorted(set(ENGLISH) | set(LETTERS)), *(f"##{letter}" for letter in LETTERS)]
    return {piece: at for at, piece in enumerate(dict.fromkeys(pieces))}


def _bytes(first: tuple[str, ...], single: str, pair: str) -> Any:
    """Byte-level BPE, as GPT-2, RoBERTa and ModernBERT have it, here without merges of more than two bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("Ġ", "a"), ("e", "r")]
    vocabulary = {piece: at for at, piece in enumerate([*first, *alphabet, *(a + b for a, b in merges)])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = {"cls_token": first[0], "pad_token": first[1], "sep_token": first[2]}
    marks = [(mark, vocabulary[mark]) for mark in first]
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=marks)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def _modernbert() -> Any:
    return _bytes(("[CLS]", "[PAD]", "[SEP]"), "[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]")


# The least that a config must say, 16 wide and two blocks high, by architecture, with a tokenizer of the released kind.
_SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
_PAD_1 = {**_SIZES, "max_position_embeddings": 66, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
_PAD_0 = {**_SIZES, "max_position_embeddings": 64, "pad_token_id": 0}
_DROPOUT = {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.2}
KINDS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "bert": ("bert", {**_PAD_0, **_DROPOUT}, lambda: BertTokenizer(vocab=_word_pieces(BERT), do_lower_case=False)),
    # Multilingual MiniLM and e5: BERT by name, the tokenizer of XLM-R, a row of segments that was never trained.
    "minilm": ("bert", {**_PAD_1, **_DROPOUT}, lambda: XLMRobertaTokenizer(vocab=_unigram(XLMR))),
    "roberta": ("roberta", {**_PAD_1, **_DROPOUT, "type_vocab_size": 1},
                lambda: _bytes(XLMR, "<s> $A </s>", "<s> $A </s> </s> $B </s>")),
    "xlm-roberta": ("xlm-roberta", {**_PAD_1, **_DROPOUT, "type_vocab_size": 1},
                    lambda: XLMRobertaTokenizer(vocab=_unigram(XLMR))),
    "xlm-roberta-xl": ("xlm-roberta-xl", {**_PAD_1, **_DROPOUT, "type_vocab_size": 1},
                       lambda: XLMRobertaTokenizer(vocab=_unigram(XLMR))),
    "electra": ("electra", {**_PAD_0, **_DROPOUT, "embedding_size": 8},
                lambda: BertTokenizer(vocab=_word_pieces(BERT), do_lower_case=False)),
    "rembert": ("rembert", {**_PAD_0, **_DROPOUT, "input_embedding_size": 8, "output_embedding_size": 8,
                            "bos_token_id": 1, "eos_token_id": 3},
                # Its class has 2 for unknown characters.
                lambda: RemBertTokenizer(vocab=_unigram(("[PAD]", "[CLS]", "[UNK]", "[SEP]", "[MASK]")))),
    "mpnet": ("mpnet", {**_PAD_1, **_DROPOUT},
              lambda: MPNetTokenizer(vocab=_word_pieces(("<s>", "<pad>", "</s>", "[UNK]", "<mask>")),
                                     do_lower_case=False)),
    "distilbert": ("distilbert", {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24, "pad_token_id": 0,
                                  "max_position_embeddings": 64, "dropout": 0.3, "attention_dropout": 0.2},
                   lambda: DistilBertTokenizer(vocab=_word_pieces(BERT), do_lower_case=False)),
    "deberta-v2": ("deberta-v2", {**_PAD_0, **_DROPOUT, "relative_attention": True, "position_buckets": 8,
                                  "max_relative_positions": -1, "position_biased_input": False, "type_vocab_size": 0,
                                  "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": "p2c|c2p"},
                   lambda: DebertaV2Tokenizer(vocab=_unigram(BERT))),
    "modernbert": ("modernbert", {**_PAD_1, "cls_token_id": 0, "sep_token_id": 2, "local_attention": 4,
                                  "attention_dropout": 0.2, "embedding_dropout": 0.3, "mlp_dropout": 0.3},
                   _modernbert),
    "eurobert": ("eurobert", {**_PAD_1, "num_key_value_heads": 1, "head_dim": 8, "attention_dropout": 0.2,
                              "mask_token_id": 3}, _modernbert),
}  # fmt: skip


# One whose graph is written and one whose graph is traced, with tests of all the others marked as slow.
FEW = [pytest.param(kind, marks=() if kind in ("xlm-roberta", "modernbert") else pytest.mark.slow) for kind in KINDS]


def small_encoder(kind: str, **settings: Any) -> Encoder:
    """The encoder; `settings` are further fields of its config."""
    name, fields, tokenizer_of = KINDS[kind]
    tokenizer = tokenizer_of()
    torch.manual_seed(1)
    config = AutoConfig.for_model(name, vocab_size=len(tokenizer), **{**fields, **settings})
    model = AutoModel.from_config(config)
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    with torch.no_grad():
        for weight in model.parameters():
            # As made, a norm changes nothing that could be missed, and the biases are zero.
            weight += 0.1 * torch.randn_like(weight)
    return Encoder(model.eval(), tokenizer)


def save_small_encoder(folder: Path, kind: str) -> Path:
    """Its folder, written as transformers writes it."""
    encoders.save(folder, small_encoder(kind))
    return folder
