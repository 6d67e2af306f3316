"""How parts of corpora are read: items that languages share, development sets, the first rows, rows spread evenly."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any

from xtreme_bench.benchmark import LANGUAGES, VARIETIES
from xtreme_bench.data import intermediate, layout
from xtreme_bench.data.files import some
from xtreme_bench.data.items import Items
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.intermediate import INTERMEDIATE, parts_of
from xtreme_bench.rows import Row

# A part is read in a stream; what its format leaves out is counted under its reason in the counter given.
Read = Callable[[Counter[str]], Iterator[Any]]
# The seed of the draw of development rows.
_DRAW = 1


def items(data: Path, task: str, unusable: float) -> Items:
    """What items are drawn from. What cannot be used of a file is left out, and its items with it, where ids tell."""

    def read(language: str, left_out: LeftOut) -> Iterator[Row]:
        return intermediate.read(data, task, "train", language, left_out)

    files = {
        language: ", ".join(str(data / file) for file in layout.intermediate_split_files(task, "train", language))
        for language in (*LANGUAGES, *VARIETIES)
    }
    return Items(task, read, files, INTERMEDIATE[task].matched_by, unusable)


def development(data: Path, task: str, languages: tuple[str, ...], unusable: float) -> dict[str, Read]:
    """The development sets of a task, one for each language and, of ANLI+, for each part.

    MultiNLI's is the matched one, as the published size of ANLI+'s set (22,857) has it.
    """

    def read(language: str, dropped: Counter[str]) -> Iterator[Row]:
        return intermediate.read(data, task, "dev", language, LeftOut(unusable, dropped))

    if not INTERMEDIATE[task].parts:
        alone = len(languages) == 1
        return {"dev" if alone else f"dev/{language}": partial(read, language) for language in languages}
    return {
        f"dev/{Path(file).with_suffix('')}": partial(_development_file, part, language, data / file, unusable)
        for language in languages
        for part in parts_of(task)
        for file in layout.intermediate_split_files(part, "dev", language)
    }


def _development_file(part: str, language: str, file: Path, unusable: float, dropped: Counter[str]) -> Iterator[Row]:
    purpose = f"development data of {part} in {language}"
    rows = intermediate.read_file(part, file, purpose, LeftOut(unusable, dropped))
    return some(rows, f"{file} ({purpose}) has no rows")


def first(read: Read, count: int) -> Read:
    """Read the first `count` rows, all for 0. The others are checked too, so that every fault of a file is found."""

    def rows_of(dropped: Counter[str]) -> Iterator[Row]:
        rows = read(dropped)
        yield from islice(rows, count or None)
        deque(rows, maxlen=0)

    return rows_of


def spread(read: Read, count: int) -> Read:
    """Read `count` rows, one drawn from each of as many equal stretches, all for 0.

    Files follow the order of articles, passages, sources or treebanks, so each of these gets its share. The draw is
    the same for all recipes and seeds, so all are judged by the same rows.
    """

    def rows_of(dropped: Counter[str]) -> Iterator[Row]:
        rows = list(read(dropped))
        if not 0 < count < len(rows):
            return iter(rows)
        generator = Random(_DRAW)
        bounds = [len(rows) * at // count for at in range(count + 1)]
        return (rows[generator.randrange(begin, end)] for begin, end in pairwise(bounds))

    return rows_of
