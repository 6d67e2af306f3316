"""How much is computed for padding is told from lengths alone, as batches really have it."""

from __future__ import annotations

import numpy as np
import pytest

from xtreme_bench.training import padding
from xtreme_bench.training.batching import epoch_batches

LENGTHS = np.random.default_rng(1).integers(5, 120, 2_000).tolist()


def padded(batches: list[list[int]]) -> float:
    return sum(max(LENGTHS[at] for at in batch) * len(batch) for batch in batches) / sum(LENGTHS)


def test_of_inference_it_is_that_of_its_batches() -> None:
    assert padding.of_inference(LENGTHS, 512) == padded(padding.by_length(LENGTHS, 512))
    assert padding.of_inference([7, 7], 512) == 1.0


@pytest.mark.parametrize("batch", [4, 16])
def test_of_training_it_is_near_that_of_an_epoch(batch: int) -> None:
    grouped = padded(epoch_batches(LENGTHS, batch, 1, 0))
    drawn = padded(epoch_batches([1] * len(LENGTHS), batch, 1, 0))
    assert padding.of_training(LENGTHS, batch, matched=False) == pytest.approx(grouped, rel=0.02)
    assert padding.of_training(LENGTHS, batch, matched=True) == pytest.approx(drawn, rel=0.02)
    assert drawn > 1.4 > 1.1 > grouped


def test_few_steps_meet_the_longest_of_all_seldom_and_an_epoch_does() -> None:
    assert padding.longest(LENGTHS, 125, 16) == max(LENGTHS)
    assert padding.longest(LENGTHS, 9, 16) == sorted(LENGTHS)[1_800]
