from __future__ import annotations

import random

import numpy as np
import pytest
from toy_training import tiny_encoder
from transformers import BertConfig, BertModel

from xtreme_bench.training.batching import Batches, collate, epoch_batches
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families.masking import mask
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.padding import by_length

LENGTHS = [random.Random(at).randrange(5, 60) for at in range(1_003)]


def test_an_epoch_has_every_example_once_in_batches_of_the_wanted_size() -> None:
    batches = epoch_batches(LENGTHS, 16, seed=1, epoch=0)
    assert sorted(index for batch in batches for index in batch) == list(range(1_003))
    assert sorted(map(len, batches)) == [11] + [16] * 62


def test_batches_join_sequences_of_like_length() -> None:
    padded = sum(max(LENGTHS[i] for i in batch) * len(batch) for batch in epoch_batches(LENGTHS, 16, 1, 0))
    assert padded < 1.1 * sum(LENGTHS)


def test_the_order_depends_on_seed_and_epoch_and_on_nothing_else() -> None:
    assert epoch_batches(LENGTHS, 16, 1, 0) == epoch_batches(LENGTHS, 16, 1, 0)
    assert epoch_batches(LENGTHS, 16, 1, 0) != epoch_batches(LENGTHS, 16, 1, 1)
    assert epoch_batches(LENGTHS, 16, 1, 0) != epoch_batches(LENGTHS, 16, 2, 0)


def test_a_stream_can_be_entered_at_any_position() -> None:
    whole = Batches(LENGTHS, 16, seed=5)
    everything = [whole.at(position) for position in range(200)]
    assert [Batches(LENGTHS, 16, seed=5).at(position) for position in (199, 63, 0)] == [
        everything[199], everything[63], everything[0],
    ]  # fmt: skip


def test_inference_batches_keep_within_the_tokens_and_take_a_longer_example_alone() -> None:
    lengths = [*LENGTHS, 700]
    batches = by_length(lengths, 512)
    assert sorted(index for batch in batches for index in batch) == list(range(1_004))
    assert batches[0] == [1_003]
    assert all(max(lengths[i] for i in batch) * len(batch) <= 512 for batch in batches[1:])


def test_without_padding_an_inference_batch_has_one_length_and_at_most_the_tokens() -> None:
    lengths = [3, 9, 3, 3, 3, 5, 9, 3, 40]
    batches = by_length(lengths, 10, padded=False)
    assert batches == [[8], [1], [6], [5], [0, 2, 3], [4, 7]]
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))


def test_sequences_are_padded_and_masked_at_the_end() -> None:
    examples = [Example(0, (np.array([0, 9, 2], np.int32),)), Example(1, (np.array([0, 9, 9, 9, 2], np.int32),))]
    batch = collate(examples, tiny_encoder())
    assert batch.ids.tolist() == [[0, 9, 2, 1, 1], [0, 9, 9, 9, 2]]
    assert batch.mask is not None
    assert batch.mask.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert (batch.segments, batch.positions) == (None, None)


def test_segments_are_those_of_the_examples_and_never_guessed_from_the_model() -> None:
    sizes = {"vocab_size": 320, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    bert = Encoder(BertModel(BertConfig(**sizes, intermediate_size=8)), tiny_encoder().tokenizer)
    ids = np.array([0, 9, 2, 8, 8, 2], np.int32)
    assert collate([Example(0, (ids,))], bert).segments is None
    two = Example(0, (ids, ids[:3]), segments=np.array([0, 0, 0, 1, 1, 1, 0, 0, 1], np.int32))
    segments = collate([two], bert).segments
    assert segments is not None
    assert segments.tolist() == [[0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 0, 0]]


@pytest.mark.parametrize(("family", "first", "padding"), [("xlm-roberta", 2, 1), ("camembert", 2, 1), ("bert", 0, 0)])
def test_the_second_side_of_a_translation_counts_its_positions_anew(family: str, first: int, padding: int) -> None:
    encoder = tiny_encoder()
    encoder.model.config.model_type = family  # type: ignore[union-attr]
    pair = Example(0, (np.array([0, 9, 2, 2, 8, 8, 2], np.int32),), second=3)
    single = Example(1, (np.array([0, 9, 9, 2], np.int32),))
    positions = collate([pair, single], encoder).positions
    assert positions is not None
    assert (positions[0] - first).tolist() == [0, 1, 2, 0, 1, 2, 3]
    assert positions[1].tolist() == [*range(first, first + 4), *[padding] * 3]


def test_masking_a_translation_keeps_where_its_second_side_begins() -> None:
    pair = Example(0, (np.array([0, 9, 2, 2, 8, 8, 2], np.int32),), second=3)
    assert mask(pair, 0.5, tiny_encoder().tokenizer, np.random.default_rng(0)).second == 3
