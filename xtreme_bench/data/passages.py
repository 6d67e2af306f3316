"""Examples of the tasks over aligned text: what the table of these tasks says, drawn by a number alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from xtreme_bench.aligned import BOTH, LAST, Task
from xtreme_bench.data.aligned import Block
from xtreme_bench.errors import InputError


@dataclass(frozen=True, slots=True)
class Passage:
    """One example as lines: those that come first, and those in the other language, if the task has any."""

    task: Task
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True)
class Passages:
    """What examples of a task are drawn from, and its name. They never cross the border of a block."""

    task: Task
    blocks: Sequence[Block]
    name: str
    _starts: dict[int, list[int]] = field(default_factory=dict)

    def drawn(self, seed: int | str, count: int) -> Iterator[Passage]:
        """The examples 0 to `count` - 1; each follows from the seed and its number alone.

        Tasks draw alike, so that those with the same numbers of lines have the same lines in their examples.
        Raises InputError if no block is long enough.
        """
        longest = max(map(len, self.blocks))
        if longest <= self.task.least:
            raise InputError(
                f"{self.name}: {self.task.name} needs {self.task.least + 1} consecutive lines; the longest dialogue or "
                f"text has {longest}"
            )
        return (self._draw(Random(f"{seed}/{number}"), longest) for number in range(count))

    def _draw(self, random: Random, longest: int) -> Passage:
        lines = 1 + random.randint(self.task.least, min(self.task.most, longest - 1))
        ends = self._ends(lines)
        place = random.randrange(ends[-1])
        at = bisect_right(ends, place)
        start = place - (ends[at - 1] if at else 0)
        pairs = self.blocks[at][start : start + lines]
        side = random.randrange(2)
        own, other = tuple(pair[side] for pair in pairs), tuple(pair[1 - side] for pair in pairs)
        if self.task.languages == BOTH:
            return Passage(self.task, own, other)
        if self.task.languages == LAST:
            return Passage(self.task, own[:-1], other[-1:])
        return Passage(self.task, own, ())

    def _ends(self, lines: int) -> list[int]:
        """How many places there are for so many lines in the blocks up to each one."""
        if lines not in self._starts:
            self._starts[lines] = list(accumulate(max(0, len(block) - lines + 1) for block in self.blocks))
        return self._starts[lines]
