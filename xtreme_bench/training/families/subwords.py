"""Token ids of texts, without special tokens, and of pairs of texts, with the tokenizer's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtreme_bench.errors import InputError
from xtreme_bench.training.examples import Ints
from xtreme_bench.training.frames import frame


def encode(texts: Sequence[str], tokenizer: Any) -> list[list[int]]:
    """Token ids of each text. A text that occurs often among `texts` (words, premises, contexts) is encoded once.

    Straight from the tokenizer of the `tokenizers` package, which holds no lock while it works: the lists of lists
    that transformers makes of its results take longer than the encoding of short texts.
    """
    distinct = list(dict.fromkeys(texts))
    found = tokenizer.backend_tokenizer.encode_batch_fast(distinct, add_special_tokens=False)
    ids = {text: each.ids for text, each in zip(distinct, found, strict=True)}
    return [ids[text] for text in texts]


def encode_with_offsets(texts: Sequence[str], tokenizer: Any) -> list[tuple[list[int], Ints]]:
    """Token ids of each text and, for each token, its first character and the one after its last, (n, 2)."""
    distinct = list(dict.fromkeys(texts))
    found = tokenizer.backend_tokenizer.encode_batch(distinct, add_special_tokens=False)
    encoded = {
        text: (each.ids, np.array(each.offsets, dtype=np.int32).reshape(-1, 2))
        for text, each in zip(distinct, found, strict=True)
    }
    return [encoded[text] for text in texts]


def room(max_length: int, marks: int, least: int, what: str) -> int:
    """Tokens that are left of `max_length` beside special tokens. Raises InputError for less than `least`."""
    if max_length < marks + least:
        raise InputError(
            f"max_length {max_length} leaves no room for {what} beside {marks} special tokens: "
            f"set it to {marks + least} or more"
        )
    return max_length - marks


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts as one sequence: its ids and, unless all are 0, segments; whether the first and the second were cut."""

    ids: Ints
    segments: Ints | None
    cut: tuple[bool, bool]


def encode_pairs(
    firsts: Sequence[str], seconds: Sequence[str], tokenizer: Any, max_length: int, *, keep_end: bool = False
) -> Iterator[Pair]:
    """Pairs of texts as the tokenizer joins them; where one is too long, tokens go from its longer text.

    They go from the end of a text, or with `keep_end` from its beginning.
    """
    form = frame(tokenizer, 2)
    left = room(max_length, form.size, 2, "two texts")
    for one, other in zip(encode(firsts, tokenizer), encode(seconds, tokenizer), strict=True):
        kept = _kept(len(one), len(other), left)
        texts = [
            ids[len(ids) - count :] if keep_end else ids[:count] for ids, count in zip((one, other), kept, strict=True)
        ]
        yield Pair(form.ids(*texts), form.segments_of(*kept), (kept[0] < len(one), kept[1] < len(other)))


def _kept(one: int, other: int, room: int) -> tuple[int, int]:
    """Tokens that remain of two texts, by the rule that `tokenizers` calls longest_first."""
    if one + other <= room:
        return one, other
    half = room // 2
    if min(one, other) <= half:
        return (one, room - one) if one <= other else (room - other, other)
    # Equal shares; of an odd room the one more goes to the longer text, the second if they are of one length.
    return (half, room - half) if one <= other else (room - half, half)
