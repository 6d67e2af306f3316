from __future__ import annotations

import pytest

from xtreme_bench.errors import InputError
from xtreme_bench.training.params import Sampling
from xtreme_bench.training.sampling import draw, probabilities

SIZES = {"anli_plus": 1_104_934, "squad_v1": 87_599, "commonsenseqa": 9_741}


def sampling(kind: str, cap: int | None = None, temperature: float = 1.0) -> Sampling:
    return Sampling(kind, cap, temperature)


def test_proportional_sampling_follows_the_sizes_up_to_the_cap() -> None:
    free = probabilities(SIZES, sampling("proportional"), {})
    capped = probabilities(SIZES, sampling("proportional", cap=131_072), {})
    assert free == pytest.approx([size / 1_202_274 for size in SIZES.values()])
    assert capped == pytest.approx([131_072 / 228_412, 87_599 / 228_412, 9_741 / 228_412])


def test_a_higher_temperature_brings_the_shares_closer_and_one_leaves_them() -> None:
    flat = probabilities(SIZES, sampling("temperature", temperature=100.0), {})
    same = probabilities(SIZES, sampling("temperature", temperature=1.0), {})
    assert flat == pytest.approx([1 / 3] * 3, abs=0.02)
    assert same == pytest.approx(probabilities(SIZES, sampling("proportional"), {}))
    assert probabilities({"a": 900, "b": 100}, sampling("temperature", temperature=2.0), {}) == [0.75, 0.25]


def test_uniform_and_given_weights_ignore_the_sizes() -> None:
    assert probabilities(SIZES, sampling("uniform"), {}) == pytest.approx([1 / 3] * 3)
    weights = {"anli_plus": 1.0, "squad_v1": 2.0, "commonsenseqa": 1.0}
    assert probabilities(SIZES, sampling("weights"), weights) == [0.25, 0.5, 0.25]


def test_weights_that_are_all_zero_are_an_error_that_names_them() -> None:
    with pytest.raises(InputError, match=r"must not be negative or all zero: a 0, b 0"):
        probabilities({"a": 1, "b": 1}, sampling("weights"), {"a": 0, "b": 0})


def test_an_unknown_kind_is_an_error_that_lists_the_kinds() -> None:
    with pytest.raises(InputError, match=r"'random'; one of proportional, temperature, uniform, weights"):
        probabilities(SIZES, sampling("random"), {})


def test_draws_have_the_wanted_shares_and_depend_on_the_seed_only() -> None:
    drawn = draw([0.7, 0.2, 0.1], 20_000, seed=4)
    shares = [drawn.count(task) / 20_000 for task in range(3)]
    assert shares == pytest.approx([0.7, 0.2, 0.1], abs=0.015)
    assert draw([0.7, 0.2, 0.1], 500, seed=4) == drawn[:500]
    assert draw([0.7, 0.2, 0.1], 500, seed=5) != drawn[:500]


def test_a_task_with_probability_zero_is_never_drawn() -> None:
    assert set(draw([0.0, 1.0, 0.0], 5_000, seed=0)) == {1}
