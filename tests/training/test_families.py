from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from toy_training import ENGLISH, english, sentences, tiny_encoder

from xtreme_bench.data.corpora import Limits
from xtreme_bench.rows import ChoiceRow, PairRow, TaggedRow
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import choice, classification, masking, tagging
from xtreme_bench.training.inference import infer

LABELS = ("no", "yes")
LIMITS = Limits(max_length=24)


def test_a_pair_too_long_loses_tokens_of_its_longer_text() -> None:
    tokenizer = tiny_encoder().tokenizer
    rows = [PairRow("0", " ".join(ENGLISH * 3), "cat sees Bob", "yes")]
    (example,) = classification.features(rows, tokenizer, LABELS, LIMITS)
    assert example.length == 24
    assert tokenizer.decode(example.sequences[0].tolist()).endswith("cat sees Bob</s>")
    assert example.target == 1


def test_predictions_do_not_depend_on_the_order_of_the_rows() -> None:
    encoder = tiny_encoder()
    torch.manual_seed(2)
    head = tagging.head(16, 2, 0.1)
    rows = [TaggedRow(str(at), tuple(english(row).split()) * (1 + at % 4)) for at, row in enumerate(sentences(300, 3))]

    def predict(some: list[TaggedRow]) -> list[list[str]]:
        examples = tagging.features(some, encoder.tokenizer, LABELS, LIMITS)
        return tagging.decode(some, examples, infer(encoder, tagging, head, examples), LABELS, LIMITS)

    assert predict(rows) == predict(rows[::-1])[::-1]
    assert {tag for tags in predict(rows) for tag in tags} == set(LABELS)


def test_inference_leaves_the_models_in_the_mode_they_were_in() -> None:
    encoder, head = tiny_encoder(), classification.head(16, 2, 0.1)
    encoder.model.train()
    head.eval()
    infer(
        encoder,
        classification,
        head,
        classification.features([PairRow("0", "a", "b")], encoder.tokenizer, LABELS, LIMITS),
    )
    assert encoder.model.training
    assert not head.training


def test_rows_may_have_different_numbers_of_choices() -> None:
    encoder, head = tiny_encoder(), choice.head(16, 0, 0.0)
    rows = [ChoiceRow("0", "cat", ("dog", "bird"), 1), ChoiceRow("1", "cat", ("dog", "red", "blue", "Bob", "Ann"), 4)]
    examples = choice.features(rows, encoder.tokenizer, (), LIMITS)
    assert [len(example.sequences) for example in examples] == [2, 5]
    hidden = torch.randn(7, 5, 16)
    assert torch.isfinite(choice.loss(head, hidden, examples))
    assert all(best < len(row.choices) for row, best in zip(rows, infer(encoder, choice, head, examples), strict=True))


def sequences(*lengths: int) -> Example:
    """An example with sequences of these lengths and the first class as its target."""
    return Example(0, tuple(np.arange(5, 5 + length, dtype=np.int32) for length in lengths), np.zeros(1, np.int32))


@pytest.mark.parametrize("family", [classification, choice])
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_the_head_of_a_text_sees_its_first_token_or_the_mean_of_its_own_tokens(family: Any, pooling: str) -> None:
    head = family.head(16, 2, 0.0, pooling).eval()
    hidden = torch.randn(3, 7, 16)
    rows = [sequences(7), sequences(2), sequences(4)] if family is classification else [sequences(7, 2, 4)]
    before = family.loss(head, hidden, rows)
    padded = hidden.clone()
    padded[1, 2:], padded[2, 4:] = float("inf"), float("nan")
    assert torch.equal(family.loss(head, padded, rows), before)
    by_hand = torch.stack([hidden[0].mean(0), hidden[1, :2].mean(0), hidden[2, :4].mean(0)])
    seen = hidden[:, 0] if pooling == "first" else by_hand
    torch.testing.assert_close(head(padded, rows), head.projection(torch.tanh(head.dense(seen))))
    hidden[0, 3] += 1
    assert torch.equal(family.loss(head, hidden, rows), before) == (pooling == "first")


def test_padding_gets_no_gradient_from_a_mean() -> None:
    head, hidden = classification.head(16, 2, 0.0, "mean"), torch.randn(2, 5, 16, requires_grad=True)
    classification.loss(head, hidden, [sequences(5), sequences(3)]).backward()  # type: ignore[no-untyped-call]
    assert hidden.grad is not None
    assert torch.count_nonzero(hidden.grad[1, 3:]) == 0
    assert torch.count_nonzero(hidden.grad[1, :3]) == 3 * 16


def test_masks_hide_the_wanted_share_and_never_a_special_token() -> None:
    tokenizer = tiny_encoder().tokenizer
    ids = np.array([0, *range(5, 205), 2], np.int32)
    masked = [
        masking.mask(Example(0, (ids,)), 0.15, tokenizer, np.random.default_rng([0, draw])) for draw in range(200)
    ]
    assert all(len(example.positions) == 30 for example in masked)
    assert all((example.target == ids[example.positions]).all() for example in masked)
    hidden = np.concatenate([example.sequences[0][example.positions] for example in masked])
    kept = np.concatenate([example.target for example in masked]) == hidden
    assert abs((hidden == tokenizer.mask_token_id).mean() - 0.8) < 0.02
    assert abs(kept.mean() - 0.1) < 0.02
    others = np.delete(masked[0].sequences[0], masked[0].positions)
    assert (others == np.delete(ids, masked[0].positions)).all()


def test_the_masking_head_is_tied_to_the_embedding_and_learns_it_once() -> None:
    encoder = tiny_encoder()
    weight = encoder.model.get_input_embeddings().weight
    head = masking.MaskedHead(weight, weight.shape[1], None)
    assert head(torch.randn(3, 16)).shape == (3, len(encoder.tokenizer))
    assert all(value is not weight for value in head.parameters())
    head(torch.randn(3, 16)).sum().backward()
    assert weight.grad is not None
