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

    Straight from the tokenizer of the `tokenizers` package, which holds no lock while it works: turning its results
    into lists of lists, as transformers does, takes longer than encoding short texts.
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
    """Tokens of `max_length` that special tokens leave free. Raises InputError if these are fewer than `least`."""
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
    """Pairs of texts as the tokenizer joins them; a pair that is too long loses tokens of its longer text.

    It loses them at the end of the text, or with `keep_end` at its beginning.
    """
    form = frame(tokenizer, 2)
    left = room(max_length, form.size, 2, "two texts")
    for one, other in zip(encode(firsts, tokenizer), encode(seconds, tokenizer), strict=True):
        counts = kept(len(one), len(other), left)
        texts = [
            ids[len(ids) - count :] if keep_end else ids[:count]
            for ids, count in zip((one, other), counts, strict=True)
        ]
        yield Pair(form.ids(*texts), form.segments_of(*counts), (counts[0] < len(one), counts[1] < len(other)))


def kept(one: int, other: int, room: int) -> tuple[int, int]:
    """Tokens that remain of two texts, by the rule that `tokenizers` calls longest_first."""
    if one + other <= room:
        return one, other
    half = room // 2
    if min(one, other) <= half:
        return (one, room - one) if one <= other else (room - other, other)
    # Equal shares; an odd token goes to the longer text, or to the second if both have one length.
    return (half, room - half) if one <= other else (room - half, half)
