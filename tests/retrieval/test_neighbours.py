"""The nearest neighbours of both sides, by NumPy and by torch: the same whatever the blocks, down to the last bit."""

import numpy as np
import pytest
import torch
from made_up_vectors import corpora, hard_inputs

from xtreme_bench.retrieval import mining, neighbours, neighbours_torch
from xtreme_bench.retrieval import vectors as corpus


@pytest.mark.slow
def test_results_do_not_depend_on_the_blocks(monkeypatch):
    corpora_of = {**hard_inputs(), "random": corpora()}
    whole = {name: mining.mine(*pair) for name, pair in corpora_of.items()}
    for rows, columns, groups in ((7, 5, 1), (13, 17, 7), (70, 3, 2)):
        monkeypatch.setattr(neighbours, "ROWS", rows)
        monkeypatch.setattr(neighbours, "COLUMNS", columns)
        monkeypatch.setattr(neighbours, "GROUPS", groups)
        monkeypatch.setattr(neighbours, "TILE", 3)
        for name, pair in corpora_of.items():
            parts = mining.mine(*pair)
            np.testing.assert_array_equal(parts.source_index, whole[name].source_index, name)
            np.testing.assert_array_equal(parts.target_index, whole[name].target_index, name)
            np.testing.assert_array_equal(parts.score, whole[name].score, name)


def test_the_smallest_differences_of_cosines_count_and_wherever_a_row_stands():
    queries, base = np.zeros((300, 3), np.float32), np.zeros((40, 3), np.float32)
    queries[:, 0] = base[:, 1] = 1
    base[:, 0] = np.arange(40) * np.float32(1e-15)
    assert set(mining.nearest(queries, base).tolist()) == {39}
    # Nearly orthogonal to all of many equal rows: the lowest numbers are nearest, whoever computes.
    random = np.random.default_rng(45)
    row = random.standard_normal(100)
    across = random.standard_normal((7, 100))
    across += (1e-9 - across @ row)[:, None] * row / (row @ row)
    left, right = corpus.corpora(x=across, y=np.repeat(row[None], 1025, axis=0))
    for found in (neighbours.both_ways(left, right, 4)[0], neighbours_torch.both_ways(left, right, 4, "cpu")[0]):
        assert found.index.tolist() == [[0, 1, 2, 3]] * 7


@pytest.mark.slow
def test_both_ways_of_a_corpus_longer_than_a_block_equal_sorted_cosines():
    random = np.random.default_rng(5)
    sizes = neighbours.ROWS + 70, neighbours.COLUMNS + 30
    sides = [random.standard_normal((n, 16)).astype(np.float32) for n in sizes]
    left, right = corpus.corpora(x=sides[0], y=sides[1])
    cosines = left.unit(slice(None)).astype(np.float64) @ right.unit(slice(None)).astype(np.float64).T
    for found, expected in zip(neighbours.both_ways(left, right, 4), (cosines, cosines.T), strict=True):
        np.testing.assert_array_equal(found.index, np.argsort(-expected, axis=1)[:, :4])


@pytest.mark.parametrize("name", [*hard_inputs(), "random", "anisotropic"])
def test_products_of_16_bit_parts_give_the_same_neighbours_to_the_last_bit(monkeypatch, name):
    for what, size in (("ROWS", 13), ("COLUMNS", 17)):
        monkeypatch.setattr(neighbours_torch, what, size)
    random = corpora(n=150, m=170, width=64)
    more = {"random": random, "anisotropic": tuple(side + 20 * random[0][0] for side in random)}
    left, right = corpus.corpora(**dict(zip("xy", (hard_inputs() | more)[name], strict=True)))
    found = neighbours_torch.both_ways(left, right, 4, "cpu")
    for one, other in zip(found, neighbours.both_ways(left, right, 4), strict=True):
        np.testing.assert_array_equal(one.index, other.index)
        np.testing.assert_array_equal(one.similarity, other.similarity)


def test_products_of_16_bit_parts_are_off_by_no_more_than_is_allowed_for():
    left, right = (side.astype(np.float32) for side in corpora(n=300, m=300, width=768, pairs=300))
    left, right = (corpus.corpora(x=side)[0].unit(slice(None)) for side in (left, right))
    parts = [
        neighbours_torch.parts_of(torch.from_numpy(left), (0, 0, 1)),
        neighbours_torch.parts_of(torch.from_numpy(right), (0, 1, 0)),
    ]
    off = np.abs(neighbours_torch.product(*parts).numpy() - left.astype(np.float64) @ right.T.astype(np.float64)).max()
    assert off < neighbours_torch.product_error(768) / 10
    # One 16-bit product would be off by far more.
    whole = parts[0][:, :768], parts[1][:, :768]
    assert np.abs(neighbours_torch.product(*whole).numpy() - left @ right.T).max() > 10 * off
