"""Mining and nearest neighbours, beside a reference that looks at every pair."""

import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from made_up_vectors import corpora, hard_inputs

from xtreme_bench.errors import InputError
from xtreme_bench.retrieval import mining, neighbours
from xtreme_bench.rows import SentenceRow


def cosines(source, target):
    """All similarities as mining defines them: of single precision unit vectors, in double precision, then rounded."""
    units = [
        vectors.astype(np.float32) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True).astype(np.float32)
        for vectors in (source, target)
    ]
    return (units[0].astype(float) @ units[1].astype(float).T).astype(np.float32)


def mined_by_brute_force(source, target, k, margin):
    """The published procedure, sentence by sentence, on the whole matrix; among equals the lowest number is first."""
    cosine = cosines(source, target)
    n, m = cosine.shape
    to_target = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
    to_source = np.argsort(-cosine.T, axis=1, kind="stable")[:, :k]
    source_mean = [cosine[i, to_target[i]].mean() for i in range(n)]
    target_mean = [cosine[to_source[j], j].mean() for j in range(m)]

    def score(i, j):
        mean = (source_mean[i] + target_mean[j]) / 2
        value = {"ratio": lambda s: s / mean, "distance": lambda s: s - mean, "absolute": lambda s: s}[margin](
            cosine[i, j]
        )
        return -np.inf if np.isnan(value) else value

    with np.errstate(divide="ignore", invalid="ignore"):
        proposals = [max(((score(i, j), i, j) for j in to_target[i]), key=lambda one: one[0]) for i in range(n)]
        proposals += [max(((score(i, j), i, j) for i in to_source[j]), key=lambda one: one[0]) for j in range(m)]
    sources, targets, found = set(), set(), []
    for value, i, j in sorted(proposals, key=lambda one: (-one[0], one[1], one[2])):
        if i not in sources and j not in targets:
            sources.add(i)
            targets.add(j)
            if value > 0:
                found.append((i, j, value))
    return found


def assert_same(candidates, expected):
    found = list(zip(candidates.source_index.tolist(), candidates.target_index.tolist(), strict=True))
    assert found == [(i, j) for i, j, _ in expected]
    np.testing.assert_allclose(candidates.score, [value for _, _, value in expected], rtol=0, atol=1e-5)


@pytest.fixture
def small_blocks(monkeypatch):
    """Many blocks, none of which divides the sizes used here."""
    monkeypatch.setattr(neighbours, "ROWS", 13)
    monkeypatch.setattr(neighbours, "COLUMNS", 17)
    monkeypatch.setattr(neighbours, "TILE", 4)
    monkeypatch.setattr(neighbours, "GROUPS", 7)


@pytest.mark.parametrize("margin", ["ratio", "distance", "absolute"])
@pytest.mark.parametrize("k", [2, 4, 9])
def test_mining_equals_the_published_procedure(margin, k):
    source, target = corpora()
    expected = mined_by_brute_force(source, target, k, margin)
    assert len(expected) >= 40
    assert_same(mining.mine(source, target, neighborhood=k, margin=margin), expected)


@pytest.mark.parametrize("k", [1, 4, 30])
def test_mining_in_many_blocks_equals_the_published_procedure(small_blocks, k):
    source, target = corpora()
    assert_same(mining.mine(source, target, neighborhood=k), mined_by_brute_force(source, target, k, "ratio"))


@pytest.mark.parametrize("name", hard_inputs())
@pytest.mark.parametrize("margin", ["ratio", "distance", "absolute"])
def test_mining_of_hard_inputs_equals_the_published_procedure_with_ties_by_number(small_blocks, name, margin):
    source, target = hard_inputs()[name]
    assert_same(mining.mine(source, target, margin=margin), mined_by_brute_force(source, target, 4, margin))


def mined_by_faiss(faiss, source, target, k):
    """The benchmark's procedure as its script runs it: two searches in single precision, the ratio margin."""
    units = [vectors.copy() for vectors in (source, target)]
    means, proposals = [], []
    for vectors in units:
        faiss.normalize_L2(vectors)
    for queries, items in (units, units[::-1]):
        index = faiss.IndexFlatIP(items.shape[1])
        index.add(items)
        similarity, neighbours_found = index.search(queries, min(k, len(items)))
        means.append(similarity.mean(axis=1))
        proposals.append(neighbours_found)
    scored = []
    for way, found in enumerate(proposals):
        for query, row in enumerate(found):
            pairs = [(query, item) if way == 0 else (item, query) for item in row]
            scores = [units[0][i] @ units[1][j] / ((means[0][i] + means[1][j]) / 2) for i, j in pairs]
            scored.append((max(scores), *pairs[int(np.argmax(scores))]))
    sources, targets, kept = set(), set(), []
    for value, i, j in sorted(scored, key=lambda one: -one[0]):
        if i not in sources and j not in targets:
            sources.add(i)
            targets.add(j)
            kept.append((i, j, value))
    return [one for one in kept if one[2] > 0]


@pytest.mark.parametrize("seed", range(4))
def test_mining_equals_the_procedure_with_faiss(seed):
    faiss = pytest.importorskip("faiss", reason="faiss is not installed")
    source, target = corpora(n=150, m=200, width=64, pairs=100, seed=seed)
    assert_same(mining.mine(source, target), mined_by_faiss(faiss, source, target, 4))


def test_each_row_is_in_one_pair_at_most_and_the_best_come_first():
    candidates = mining.mine(*corpora())
    assert len(set(candidates.source_index.tolist())) == len(candidates)
    assert len(set(candidates.target_index.tolist())) == len(candidates)
    assert (np.diff(candidates.score) <= 0).all()


def test_mining_the_other_way_round_finds_the_same_pairs():
    source, target = corpora()
    there, back = mining.mine(source, target), mining.mine(target, source)
    np.testing.assert_array_equal(there.source_index, back.target_index)
    np.testing.assert_array_equal(there.target_index, back.source_index)
    np.testing.assert_array_equal(there.score, back.score)


def test_fewer_sentences_than_neighbours_are_enough():
    source, target = corpora(n=3, m=90, pairs=3)
    assert_same(mining.mine(source, target), mined_by_brute_force(source, target, 4, "ratio"))
    assert len(mining.mine(source[:1], target[:1])) == 1


def test_equal_vectors_are_paired_in_the_order_of_their_numbers():
    same = np.ones((6, 4), dtype=np.float32)
    candidates = mining.mine(same, same, neighborhood=2)
    again = mining.mine(same.copy(), same.copy(), neighborhood=2)
    assert candidates.source_index.tolist() == again.source_index.tolist()
    assert (candidates.source_index[0], candidates.target_index[0]) == (0, 0)


def test_pairs_that_are_not_alike_at_all_are_left_out():
    assert len(mining.mine(np.eye(4, 8), np.eye(4, 8)[::-1].copy() @ np.roll(np.eye(8), 4, axis=1))) == 0


def test_the_nearest_row_is_found_by_cosine(small_blocks):
    queries, base = corpora(seed=3)
    cosine = (queries / np.linalg.norm(queries, axis=1)[:, None]) @ (base / np.linalg.norm(base, axis=1)[:, None]).T
    found = mining.nearest(queries, base)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, cosine.argmax(axis=1))


def test_among_equal_rows_the_nearest_is_the_first(small_blocks):
    base = np.tile(np.eye(3, dtype=np.float32), (20, 1))
    assert mining.nearest(np.eye(3)[[2, 0, 1]], base).tolist() == [2, 0, 1]


def test_inputs_are_not_changed():
    source, target = corpora()
    before = source.copy(), target.copy()
    mining.mine(source, target)
    mining.nearest(source, target)
    np.testing.assert_array_equal(source, before[0])
    np.testing.assert_array_equal(target, before[1])


def test_memory_maps_are_mined_like_arrays(tmp_path):
    source, target = corpora()
    np.save(tmp_path / "source.npy", source)
    mapped = np.load(tmp_path / "source.npy", mmap_mode="r")
    np.testing.assert_array_equal(mining.mine(mapped, target).score, mining.mine(source, target).score)


@pytest.mark.parametrize(
    "other",
    [
        np.asfortranarray,
        lambda a: a.astype(np.float64),
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a[::-1][::-1],
    ],
    ids=["Fortran order", "double precision", "every second column", "reversed twice"],
)
def test_the_layout_and_type_of_the_arrays_do_not_matter(other):
    source, target = corpora()
    found, expected = mining.mine(other(source), other(target)), mining.mine(source, target)
    np.testing.assert_array_equal(found.source_index, expected.source_index)
    np.testing.assert_array_equal(found.score, expected.score)


def test_memory_is_bounded_by_the_block_not_by_the_corpus(monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS", 64)
    monkeypatch.setattr(neighbours, "COLUMNS", 256)
    source, target = corpora(n=3000, m=3000, width=4)
    tracemalloc.start()
    mining.mine(source, target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6  # the whole matrix has 36e6 bytes


def test_progress_counts_source_rows(small_blocks):
    seen = []
    mining.mine(*corpora(), progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (13, 70)
    assert seen[-1] == (70, 70)


def broken(value):
    vectors = np.ones((5, 4), dtype=np.float32)
    vectors[3, 2] = value
    return vectors


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (broken(np.nan), np.ones((2, 4)), "source: vector 3 has NaN or infinity, or is too long"),
        (np.ones((2, 4)), broken(np.inf), "target: vector 3 has NaN or infinity, or is too long"),
        (
            np.zeros((2, 4)),
            np.ones((2, 4)),
            r"source: vector 0 is all zeros, or too short for single precision \(2 such rows\)",
        ),
        (np.ones((2, 4)), np.ones((2, 5)), "different dimensions: source has 4 and target has 5"),
        (np.ones((0, 4)), np.ones((2, 4)), r"source: no vectors \(shape \(0, 4\)\)"),
        (np.ones(4), np.ones((2, 4)), r"source: vectors have shape \(4,\)"),
        (
            np.ones((2, 4)),
            np.ones((2, 4), dtype=complex),
            "target: vectors have type complex128; expected real numbers",
        ),
        (np.ones((2, 4)), [["a", "b"]], "target: vectors have type <U1; expected real numbers"),
    ],
)
def test_broken_vectors_are_named(source, target, message):
    with pytest.raises(InputError, match=message):
        mining.mine(source, target)


def test_an_unknown_margin_is_answered_with_the_nearest_name():
    with pytest.raises(InputError, match="unknown margin 'ration'; did you mean 'ratio'"):
        mining.mine(*corpora(), margin="ration")


def test_no_neighbours_are_too_few():
    with pytest.raises(InputError, match="neighborhood is 0"):
        mining.mine(*corpora(), neighborhood=0)


def test_repeated_texts_are_mined_once_and_have_no_id():
    rows = [SentenceRow(f"de-{i}", text) for i, text in enumerate(["a", "b", "a", "c", "a"])]
    assert mining.unify(rows) == (["a", "b", "c"], [None, "de-1", "de-3"])


def test_pairs_without_an_unambiguous_id_are_dropped():
    candidates = mining.Candidates(np.array([2, 0, 1]), np.array([0, 1, 2]), np.array([3, 2, 1], dtype=np.float32))
    named = mining.name_pairs(candidates, [None, "de-1", "de-2"], ["en-0", "en-1", "en-2"])
    assert named == [("de-2", "en-0", 3.0), ("de-1", "en-2", 1.0)]


PAIRS = [("a", "a", 5.0), ("b", "b", 4.0), ("c", "x", 3.0), ("d", "d", 2.0), ("e", "y", 1.0)]


def test_the_threshold_lies_half_way_below_the_last_pair_worth_taking():
    tuned = mining.best_threshold(PAIRS, {("a", "a"), ("b", "b")})
    assert tuned == mining.Tuned(threshold=3.5, precision=100.0, recall=100.0, f1=100.0)
    tuned = mining.best_threshold(PAIRS, {("a", "a"), ("b", "b"), ("d", "d"), ("z", "z")})
    assert tuned.threshold == 1.5
    assert (tuned.precision, tuned.recall, tuned.f1) == pytest.approx((75, 75, 75))


def test_the_lower_of_two_equally_good_thresholds_is_not_taken():
    assert mining.best_threshold(PAIRS, {("a", "a"), ("d", "d")}).threshold == 4.5


def test_taking_every_pair_can_be_best():
    tuned = mining.best_threshold(PAIRS[:2], {("a", "a"), ("b", "b")})
    assert tuned.threshold == 4.0
    assert mining.pairs_above(PAIRS[:2], tuned.threshold) == [("a", "a"), ("b", "b")]


def test_the_threshold_is_zero_when_no_pair_is_right():
    assert mining.best_threshold(PAIRS, {("q", "q")}) == mining.Tuned(0.0, 0.0, 0.0, 0.0)
    assert mining.best_threshold([], {("q", "q")}) == mining.Tuned(0.0, 0.0, 0.0, 0.0)


def test_a_threshold_needs_gold_pairs():
    with pytest.raises(InputError, match="no gold pairs"):
        mining.best_threshold(PAIRS, set())


@pytest.mark.skipif("XTREME_BENCH_PARITY" not in os.environ, reason="XTREME_BENCH_PARITY names no reference folder")
def test_mining_equals_the_official_script():
    folder = Path(os.environ["XTREME_BENCH_PARITY"]) / "mining"

    def lines(name):
        return (folder / name).read_text(encoding="utf-8").splitlines()

    vectors = np.load(folder / "embeddings.npz")
    texts, ids, units = {}, {}, {}
    for side in ("source", "target"):
        rows = [SentenceRow(*row) for row in zip(lines(f"{side}.id"), lines(f"{side}.txt"), strict=True)]
        last = {row.text: at for at, row in enumerate(rows)}
        texts[side], ids[side] = mining.unify(rows)
        units[side] = vectors[side][[last[text] for text in texts[side]]]
    candidates = mining.mine(units["source"], units["target"])
    official = [line.split("\t") for line in lines("official_candidates.tsv")]
    np.testing.assert_allclose(candidates.score, [float(row[0]) for row in official], rtol=0, atol=1e-5)
    assert [texts["source"][at] for at in candidates.source_index] == [row[1] for row in official]
    assert [texts["target"][at] for at in candidates.target_index] == [row[2] for row in official]
    pairs = mining.name_pairs(candidates, ids["source"], ids["target"])
    tuned = mining.best_threshold(pairs, {tuple(line.split("\t")) for line in lines("gold.tsv")})
    result = json.loads((folder / "official_result.json").read_text(encoding="utf-8"))
    assert tuned.threshold == pytest.approx(result["best-threshold"], abs=1e-5)
    assert [tuned.precision, tuned.recall, tuned.f1] == pytest.approx(
        [result["precision"], result["recall"], result["F1"]], abs=1e-9
    )
    assert ["\t".join(pair) for pair in mining.pairs_above(pairs, tuned.threshold)] == lines("official_predictions.tsv")
    search = np.array(lines("official_search.txt"), dtype=np.int64)
    n = len(search)
    np.testing.assert_array_equal(mining.nearest(vectors["target"][:n], vectors["source"][:n]), search)
