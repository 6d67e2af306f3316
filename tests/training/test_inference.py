"""An encoder runs over examples in batches of like length, and in smaller ones where its memory is small."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from toy_training import ENGLISH, tiny_encoder

from xtreme_bench.data.corpora import Limits
from xtreme_bench.errors import StageError
from xtreme_bench.rows import TaggedRow
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import tagging
from xtreme_bench.training.forward import Encoder, Inputs
from xtreme_bench.training.inference import infer


def sentences(encoder: Encoder) -> list[Example]:
    drawn = random.Random(1)
    rows = [TaggedRow(str(at), tuple(drawn.choices(ENGLISH, k=1 + at % 20))) for at in range(90)]
    return tagging.features(rows, encoder.tokenizer, ("A", "B"), Limits(max_length=64))


def passes(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """The padded tokens of each pass from now on; more than `most` do not fit in memory."""
    seen: list[int] = []
    hidden = Encoder.hidden

    def tight(self: Encoder, inputs: Inputs) -> Any:
        seen.append(inputs.ids.numel())
        if seen[-1] > most:
            raise torch.OutOfMemoryError
        return hidden(self, inputs)

    monkeypatch.setattr(Encoder, "hidden", tight)
    return seen


def test_a_batch_that_does_not_fit_is_halved_with_all_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = tiny_encoder()
    examples, head = sentences(encoder), tagging.head(16, 2, 0.0)
    told: list[int] = []
    expected = infer(encoder, tagging, head, examples)
    seen = passes(monkeypatch, 600)
    assert infer(encoder, tagging, head, examples, told.append) == expected
    assert [tokens for tokens in seen if tokens > 600] == seen[:1]
    assert told == sorted(told)
    assert told[-1] == len(examples)
    seen.clear()
    infer(encoder, tagging, head, examples)
    assert max(seen) <= 600, "what was learned of the memory is kept"


def test_one_example_that_does_not_fit_ends_the_stage_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = tiny_encoder()
    examples = sentences(encoder)
    longest = max(example.length for example in examples)
    seen = passes(monkeypatch, longest - 1)
    with pytest.raises(
        StageError, match=f"no room for 1 sequence of {longest} tokens .* below {longest} in the recipe"
    ):
        infer(encoder, tagging, tagging.head(16, 2, 0.0), examples)
    assert seen[-1] == longest
