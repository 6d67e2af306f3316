from __future__ import annotations

import random

import pytest
import torch
from toy_training import CHINESE, ENGLISH, tiny_encoder

from xtreme_bench.data.corpora import Limits
from xtreme_bench.rows import TaggedRow
from xtreme_bench.training.families import tagging
from xtreme_bench.training.inference import infer

LABELS = ("A", "B", "O")
LIMITS = Limits(max_length=32)
LONG = tuple(random.Random(1).choice(ENGLISH) for _ in range(2_000))


def test_a_sentence_of_2000_words_gets_2000_tags_in_chunks_within_the_limit() -> None:
    encoder = tiny_encoder()
    rows = [TaggedRow("0", ("cat",)), TaggedRow("1", LONG), TaggedRow("2", tuple(CHINESE))]
    examples = tagging.features(rows, encoder.tokenizer, LABELS, LIMITS)
    torch.manual_seed(0)
    outputs = infer(encoder, tagging, tagging.head(16, 3, 0.1), examples)
    tags = tagging.decode(rows, examples, outputs, LABELS, LIMITS)
    assert [len(found) for found in tags] == [1, 2_000, 20]
    assert max(example.length for example in examples) <= 32
    assert len({tag for found in tags for tag in found}) > 1


def test_no_subword_is_lost_between_chunks_and_no_word_is_torn_apart() -> None:
    tokenizer = tiny_encoder().tokenizer
    examples = tagging.features([TaggedRow("0", LONG)], tokenizer, LABELS, LIMITS)
    inner = [token for example in examples for token in example.sequences[0][1:-1].tolist()]
    assert inner == tokenizer(" ".join(LONG), add_special_tokens=False)["input_ids"]
    for example in examples:
        assert example.positions[0] == 1
        assert (example.sequences[0][0], example.sequences[0][-1]) == (0, 2)


def test_targets_stand_at_the_first_subword_of_their_word() -> None:
    tokenizer = tiny_encoder().tokenizer
    words = ("cat", "catdoghouse", "Bob")
    (example,) = tagging.features([TaggedRow("0", words, ("A", "B", "O"))], tokenizer, LABELS, LIMITS)
    pieces = tokenizer.convert_ids_to_tokens(example.sequences[0].tolist())
    assert example.target.tolist() == [0, 1, 2]
    assert [pieces[place][0] for place in example.positions] == ["▁", "▁", "▁"]
    assert sum(piece.startswith("▁") for piece in pieces) == 3


@pytest.mark.parametrize("word", ["", " ", "​", "x" * 500, "</s>", "\u00ad"])
def test_strange_words_are_tagged_too(word: str) -> None:
    rows = [TaggedRow("0", ("cat", word, "dog"))]
    examples = tagging.features(rows, tiny_encoder().tokenizer, LABELS, LIMITS)
    assert sum(len(example.positions) for example in examples) == 3
    assert max(example.length for example in examples) <= 32


def test_tags_of_many_sentences_come_back_in_their_order() -> None:
    rows = [TaggedRow(str(at), LONG[at : at + 1 + at % 90]) for at in range(0, 900, 7)]
    examples = tagging.features(rows, tiny_encoder().tokenizer, LABELS, LIMITS)
    outputs = [[(example.row + at) % 3 for at in range(len(example.positions))] for example in examples]
    tags = tagging.decode(rows, examples, outputs, LABELS, LIMITS)
    assert [len(found) for found in tags] == [len(row.words) for row in rows]
    assert all(found[0] == LABELS[at % 3] for at, found in enumerate(tags))


def test_the_loss_is_the_same_however_a_batch_is_cut() -> None:
    encoder = tiny_encoder()
    rows = [TaggedRow(str(at), LONG[at : at + 5], ("A", "B", "O", "O", "A")) for at in range(6)]
    examples = tagging.features(rows, encoder.tokenizer, LABELS, LIMITS)
    head = tagging.head(16, 3, 0.0)
    hidden = torch.randn(6, 20, 16)
    whole = tagging.loss(head, hidden, examples)
    parts = tagging.loss(head, hidden[:2], examples[:2]) + tagging.loss(head, hidden[2:], examples[2:])
    assert torch.allclose(whole, parts)
    assert tagging.terms(examples) == 30
