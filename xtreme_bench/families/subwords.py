"""Token ids of texts, without special tokens, and of pairs of texts, with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xtreme_bench.examples import Ints


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


def between(tokenizer: Any) -> list[int]:
    """The separators between two texts: one in BERT's form, two in RoBERTa's."""
    return [tokenizer.sep_token_id] * (int(tokenizer.num_special_tokens_to_add(pair=True)) - 2)


def encode_pairs(firsts: Sequence[str], seconds: Sequence[str], tokenizer: Any, max_length: int) -> list[Ints]:
    """Token ids of pairs of texts; where a pair is too long, tokens go from the end of its longer text."""
    middle = between(tokenizer)
    room = max_length - 2 - len(middle)
    begin, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    pairs = []
    for one, other in zip(encode(firsts, tokenizer), encode(seconds, tokenizer), strict=True):
        kept = _kept(len(one), len(other), room)
        pairs.append(np.array([begin, *one[: kept[0]], *middle, *other[: kept[1]], end], dtype=np.int32))
    return pairs


def _kept(one: int, other: int, room: int) -> tuple[int, int]:
    """Tokens that remain of two texts, by the rule that `tokenizers` calls longest_first."""
    if one + other <= room:
        return one, other
    half = room // 2
    if min(one, other) <= half:
        return (one, room - one) if one <= other else (room - other, other)
    # Equal shares; of an odd room the one more goes to the longer text, the second if they are of one length.
    return (half, room - half) if one <= other else (room - half, half)
