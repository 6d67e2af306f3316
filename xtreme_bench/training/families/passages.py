"""Examples over aligned text as token sequences: lines one after another, and what of them may be masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xtreme_bench.aligned import BOTH
from xtreme_bench.data.corpora import Limits
from xtreme_bench.data.passages import Passage
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import subwords
from xtreme_bench.training.frames import frame

CUT = "examples cut"


def features(rows: Sequence[Passage], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """One sequence for each passage: its lines in one text, as if joined by spaces.

    One that is too long keeps, of a text in both languages, the beginning of both; of lines with an answer in the
    other language, that whole last line and as much as fits of what stands right before it; else its beginning. The
    `positions` of an example are those of the response, where a task masks that alone.
    """
    form = frame(tokenizer, 1)
    room = subwords.room(limits.max_length, form.size, 2, "a passage")
    lines = [line for row in rows for line in (*row.first, *row.second)]
    found = iter(subwords.encode(lines, tokenizer))
    made = []
    for number, row in enumerate(rows):
        first, second = ([token for _ in side for token in next(found)] for side in (row.first, row.second))
        kept = _cut(row, first, second, room)
        cut = (CUT,) if sum(map(len, kept)) < len(first) + len(second) else ()
        begin = len(form.marks[0]) + len(kept[0])
        response = np.arange(begin, begin + len(kept[1]), dtype=np.int32) if row.task.response else None
        made.append(Example(number, (form.ids([*kept[0], *kept[1]]),), positions=response, cut=cut))
    return made


def _cut(row: Passage, first: list[int], second: list[int], room: int) -> tuple[list[int], list[int]]:
    if row.task.languages == BOTH:
        one, other = subwords.kept(len(first), len(second), room)
        return first[:one], second[:other]
    second = second[:room]
    left = room - len(second)
    return (first[max(0, len(first) - left) :] if row.second else first[:left]), second
