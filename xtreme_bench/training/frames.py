"""What a tokenizer puts around texts: its special tokens, and the segment of every token.

Both are read from the tokenizer's own post-processor. Neither a model's family nor the size of its segment table
shows them: multilingual MiniLM and e5 are BERTs by name or table, but have the tokenizer of XLM-R, and the second row
of their table was never trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from xtreme_bench.errors import InputError
from xtreme_bench.training.examples import Ints

# Texts of many scripts to try a tokenizer with.
PROBES = ("a", "the", "1", ".", "一", "的", "の", "이", "και", "не",
          "في", "של", "में", "এবং", "மற்றும்", "และ", "და", "և", "እና")  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """The special tokens before the first text, between texts and after the last one, each as ids and segments.

    `texts` are the segments of the texts themselves.
    """

    marks: tuple[tuple[int, ...], ...]
    segments: tuple[tuple[int, ...], ...]
    texts: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many special tokens there are."""
        return sum(map(len, self.marks))

    def ids(self, *texts: Sequence[int]) -> Ints:
        """The token ids of texts in the frame."""
        parts = [*self.marks[0]]
        for text, marks in zip(texts, self.marks[1:], strict=True):
            parts += [*text, *marks]
        return np.array(parts, dtype=np.int32)

    def segments_of(self, *lengths: int) -> Ints | None:
        """The segment of each token of texts of these lengths in the frame; None where all are in segment 0."""
        if self.highest == 0:
            return None
        parts = [*self.segments[0]]
        for length, own, segments in zip(lengths, self.texts, self.segments[1:], strict=True):
            parts += [*[own] * length, *segments]
        return np.array(parts, dtype=np.int32)

    @cached_property
    def highest(self) -> int:
        """The highest segment of all."""
        return max(*self.texts, *(segment for segments in self.segments for segment in segments))


def frame(tokenizer: Any, texts: int) -> Frame:
    """The frame of one text or two. Raises InputError for a tokenizer that does more than surround the texts."""
    backend = tokenizer.backend_tokenizer
    plain = (backend.encode(probe, add_special_tokens=False).ids for probe in PROBES)
    probe, ids = next(((p, found) for p, found in zip(PROBES, plain, strict=True) if found), ("", []))
    whole = backend.encode(*[probe] * texts)
    runs = [[at for at, _ in run] for _, run in groupby(enumerate(whole.special_tokens_mask), lambda pair: pair[1])]
    inner, outer = runs[1::2], runs[::2]
    framed = whole.special_tokens_mask[0] == 1 and [[whole.ids[at] for at in run] for run in inner] == [ids] * texts
    if not ids or not framed:
        raise InputError(
            f"the tokenizer does not put {texts} text(s) one after another behind a special token, "
            "as tokenizers of encoders do; a tokenizer.json whose post-processor does that is needed"
        )
    outer += [[]] * (texts + 1 - len(outer))
    return Frame(
        tuple(tuple(whole.ids[at] for at in run) for run in outer),
        tuple(tuple(whole.type_ids[at] for at in run) for run in outer),
        tuple(whole.type_ids[run[0]] for run in inner),
    )
