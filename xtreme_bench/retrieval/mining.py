"""Mine translation pairs with margin scores, tune their threshold, and find nearest neighbours by cosine.

Follows Artetxe and Schwenk 2019 (arXiv 1811.01136) as XTREME's BUCC script does: k neighbours in both directions, a
margin over their mean similarity, then greedy one-to-one pairs, best first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtreme_bench.errors import InputError
from xtreme_bench.retrieval.neighbours import Neighbours, both_ways, one_way
from xtreme_bench.retrieval.vectors import Floats, Indices, corpora
from xtreme_bench.rows import SentenceRow
from xtreme_bench.wording import hint

ScoredPair = tuple[str, str, float]

MARGINS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "ratio": lambda similarity, mean: similarity / mean,
    "distance": lambda similarity, mean: similarity - mean,
    "absolute": lambda similarity, mean: similarity,
}


@dataclass(frozen=True)
class Candidates:
    """Mined pairs, best first: row indices into the source and target arrays, and margin scores, each (pairs,)."""

    source_index: Indices
    target_index: Indices
    score: Floats

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True)
class Tuned:
    """The threshold with the best F1 on development data; precision, recall and F1 are in percent."""

    threshold: float
    precision: float
    recall: float
    f1: float


def nearest(queries: Any, base: Any, *, progress: Callable[[int, int], None] | None = None) -> Indices:
    """For each row of `queries` (n, d), the index of the most similar row of `base` (m, d) by cosine: (n,).

    Ties go to the lowest index. Raises InputError for empty, non-finite or zero vectors, or unequal widths.
    """
    left, right = corpora(queries=queries, base=base)
    return one_way(left, right, 1, progress).index[:, 0]


def mine(
    source: Any,
    target: Any,
    *,
    neighborhood: int = 4,
    margin: str = "ratio",
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Candidates:
    """Mine pairs of rows of `source` (n, d) and `target` (m, d) that are probably translations, each row at most once.

    The score of a pair is the `margin` ("ratio", "distance" or "absolute") between its cosine and the mean cosine of
    both rows to their `neighborhood` nearest neighbours on the other side. Each row proposes its best neighbour; a
    greedy one-to-one selection follows. Ties go to the lower row indices. As in the official script, pairs with a score
    of 0 or less are dropped. The arrays stay unchanged and may be memory maps. With `device` "cuda" torch computes on
    the GPU, with the same result. Raises InputError as `nearest` does, and for an unknown margin.
    """
    if margin not in MARGINS:
        raise InputError(f"unknown margin {margin!r}{hint(margin, MARGINS)}")
    if neighborhood < 1:
        raise InputError(f"neighborhood is {neighborhood}; it must be at least 1")
    left, right = corpora(source=source, target=target)
    if device == "cpu":
        forward, backward = both_ways(left, right, neighborhood, progress)
    else:
        from xtreme_bench.retrieval import neighbours_torch

        forward, backward = neighbours_torch.both_ways(left, right, neighborhood, device, progress)
    forward_best, forward_score = _best_by_margin(forward, backward, margin)
    backward_best, backward_score = _best_by_margin(backward, forward, margin)
    return _one_to_one(
        np.concatenate([np.arange(len(left)), backward_best]),
        np.concatenate([forward_best, np.arange(len(right))]),
        np.concatenate([forward_score, backward_score]),
    )


def unify(sentences: Sequence[SentenceRow]) -> tuple[list[str], list[str | None]]:
    """The distinct texts in order of first occurrence, and their ids; None if several sentences have the same text.

    The official script also mines distinct texts and drops those with several ids.
    """
    ids: dict[str, str | None] = {}
    for sentence in sentences:
        ids[sentence.text] = None if sentence.text in ids else sentence.id
    return list(ids), list(ids.values())


def name_pairs(
    candidates: Candidates, source_ids: Sequence[str | None], target_ids: Sequence[str | None]
) -> list[ScoredPair]:
    """The candidates as (source id, target id, score), in order, without those whose id is None."""
    pairs = []
    rows = zip(candidates.source_index, candidates.target_index, candidates.score, strict=True)
    for source, target, score in rows:
        source_id, target_id = source_ids[source], target_ids[target]
        if source_id is not None and target_id is not None:
            pairs.append((source_id, target_id, float(score)))
    return pairs


def best_threshold(pairs: Sequence[ScoredPair], gold: set[tuple[str, str]]) -> Tuned:
    """The threshold with the best F1 of `pairs` (best first) against `gold`: half-way between two scores.

    It is 0 if no pair is correct. If taking every pair is best, it is the lowest score (the official script fails
    then). Raises InputError if `gold` is empty.
    """
    if not gold:
        raise InputError("cannot tune the threshold: there are no gold pairs")
    threshold = best = 0.0
    correct = 0
    for taken, (source, target, score) in enumerate(pairs, start=1):
        correct += (source, target) in gold
        f1 = _f1(correct / taken, correct / len(gold))
        if f1 > best:
            following = pairs[taken][2] if taken < len(pairs) else score
            best, threshold = f1, (score + following) / 2
    found = pairs_above(pairs, threshold)
    right = len(gold.intersection(found))
    precision, recall = right / max(1, len(found)), right / len(gold)
    return Tuned(threshold, 100 * precision, 100 * recall, 100 * _f1(precision, recall))


def pairs_above(pairs: Sequence[ScoredPair], threshold: float) -> list[tuple[str, str]]:
    """The ids (source, target) of the pairs with a score of at least `threshold`, in order."""
    return [(source, target) for source, target, score in pairs if score >= threshold]


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision else 0.0


def _best_by_margin(own: Neighbours, other: Neighbours, margin: str) -> tuple[Indices, Floats]:
    """For each query of `own`, its neighbour with the highest margin score, and the score."""
    own_mean, other_mean = own.similarity.mean(axis=1), other.similarity.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = MARGINS[margin](own.similarity, (own_mean[:, None] + other_mean[own.index]) / 2)
    scores = np.where(np.isnan(scores), np.float32(-np.inf), scores)
    best = scores.argmax(axis=1)[:, None]
    return np.take_along_axis(own.index, best, axis=1)[:, 0], np.take_along_axis(scores, best, axis=1)[:, 0]


def _one_to_one(sources: Indices, targets: Indices, scores: Floats) -> Candidates:
    order = np.lexsort((targets, sources, -scores))
    free_sources, free_targets = set(sources.tolist()), set(targets.tolist())
    kept = []
    for at, source, target in zip(order.tolist(), sources[order].tolist(), targets[order].tolist(), strict=True):
        if source in free_sources and target in free_targets:
            free_sources.remove(source)
            free_targets.remove(target)
            kept.append(at)
    chosen = np.array(kept, dtype=np.int64)
    chosen = chosen[scores[chosen] > 0]
    return Candidates(sources[chosen], targets[chosen], scores[chosen])
