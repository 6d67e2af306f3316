"""Which items of an intermediate task are trained on, and in which language each, so that recipes differ in that.

Parallel items are translations of one another: a recipe in one language and a recipe in twelve can be given the same
ones, in the same order. Independent items are as many in each language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from xtreme_bench.data.usable import LeftOut, Unusable
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.rows import ChoiceRow, PairRow, QuestionRow, Row
from xtreme_bench.wording import listing

KINDS = ("parallel", "independent")
# Of rows that are matched by position, so many in a row with fewer labels in common than this share are not the same
# items: a row is missing above them, or one was added. Chance makes a third of three classes' labels equal. Where a
# tenth of MNLI's 392,702 labels differ here and there, about one file in 1,000 has such rows by chance.
WINDOW, ALIKE = 30, 0.5
NOT_SHARED, OTHER_LABELS = "items that a language lacks", "items whose label differs between languages"

Answer = str | int | bool | None
# Rows in a language; what is left out of them is counted.
Read = Callable[[str, LeftOut], Iterator[Row]]


@dataclass(frozen=True)
class Draw:
    """How many items are drawn, and how: `items` is one of KINDS.

    Parallel items are drawn by `seed` from those that all languages of `shared_by` have, and each is given in one of
    the languages of training, which take turns. Independent ones are drawn from each language by itself.
    """

    items: str
    examples: int
    seed: int
    shared_by: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """The items of a task: `read` gives the rows in a language, `files` says where they are.

    `matched_by` says what rows in several languages have in common: their "id" or their "position". The share
    `unusable` of them may be left out, or have another label than the others of their item. Rows that are matched by
    position are all there, since one that is left out would shift the others.
    """

    task: str
    read: Read
    files: Mapping[str, str]
    matched_by: str
    unusable: float

    def drawn(self, draw: Draw, languages: Sequence[str], dropped: Counter[str]) -> Iterator[Row]:
        """The rows to train on, in the order of the draw; `dropped` counts the items that could not be drawn.

        Raises InputError if there are too few items.
        """
        if draw.items == "parallel":
            yield from self._parallel(draw, languages, dropped)
        else:
            yield from self._independent(draw, languages)

    def _parallel(self, draw: Draw, languages: Sequence[str], dropped: Counter[str]) -> Iterator[Row]:
        shared = self._shared(draw, dropped)
        chosen = Random(draw.seed).sample(shared, draw.examples)
        place = {key: at for at, key in enumerate(chosen)}
        rows: dict[int, Row] = {}
        for turn, language in enumerate(languages):
            for key, row in self._keyed(language):
                if (at := place.get(key)) is not None and at % len(languages) == turn:
                    rows[at] = row
        yield from (rows[at] for at in range(draw.examples))

    def _shared(self, draw: Draw, dropped: Counter[str]) -> list[str]:
        """The items that all languages have, with one label, in the order of the English file, or the first."""
        # Not as they are listed: arms that list them in another order have the same items.
        order = sorted(draw.shared_by, key=lambda language: (language != "en", language))
        found = {language: {key: _answer(row) for key, row in self._keyed(language)} for language in order}
        first, *others = found.values()
        there = [key for key in first if all(key in other for other in others)]
        same = [key for key in there if all(first[key] == other[key] for other in others)]
        every = len({key for items in found.values() for key in items})
        if self.matched_by == "position" and len(same) < len(there) < every:
            # A file may have only the first rows, but one that lacks a row shifts those below it.
            what = "not as many rows in each language, and other labels"
            raise InputError(self._message(what, draw), self._lengths(found))
        if self.matched_by == "position" and (shifted := self._shifted(found, there)):
            raise InputError(self._message("rows in one place are not the same items in each language", draw), shifted)
        if len(there) - len(same) > max(1, self.unusable * len(there)):
            raise InputError(self._message("other labels in other languages", draw), self._differing(found, there))
        if len(same) < draw.examples:
            raise InputError(self._message(f"only {len(same):,} such items", draw), self._lacking(found))
        lost = {NOT_SHARED: every - len(there), OTHER_LABELS: len(there) - len(same)}
        dropped.update({reason: count for reason, count in lost.items() if count})
        return same

    def _message(self, what: str, draw: Draw) -> str:
        return (
            f"{self.task}: {what}. {draw.examples:,} items that are the same in {listing(draw.shared_by)} are asked "
            f"for, matched by {self.matched_by}. Lower `examples`, name fewer languages, or say `items: independent`"
        )

    def _differing(self, found: Mapping[str, Mapping[str, Answer]], keys: Sequence[str]) -> list[Problem]:
        (first, items), *others = found.items()
        problems = []
        for language, theirs in others:
            unlike = [key for key in keys if items[key] != theirs[key]]
            if unlike:
                key = unlike[0]
                message = f"{len(unlike):,} labels differ from {first}; here {theirs[key]!r}, there {items[key]!r}"
                problems.append(Problem(message, self.files[language], language=language, example=key))
        return problems

    def _shifted(self, found: Mapping[str, Mapping[str, Answer]], keys: Sequence[str]) -> list[Problem]:
        """Where the labels of a language stop being those of the first one: by chance alone some would be equal."""
        (first, items), *others = found.items()
        problems = []
        for language, theirs in others:
            upto = [0, *accumulate(items[key] == theirs[key] for key in keys)]
            for at in range(len(keys) - WINDOW + 1):
                if (alike := upto[at + WINDOW] - upto[at]) < ALIKE * WINDOW:
                    message = f"rows {at + 1:,} to {at + WINDOW:,}: only {alike} of {WINDOW} have the labels of {first}"
                    problems.append(Problem(message, self.files[language], language=language))
                    break
        return problems

    def _lengths(self, found: Mapping[str, Mapping[str, Answer]]) -> list[Problem]:
        return [
            Problem(f"{len(rows):,} rows", self.files[language], language=language) for language, rows in found.items()
        ]

    def _lacking(self, found: Mapping[str, Mapping[str, Answer]]) -> list[Problem]:
        every = dict.fromkeys(key for items in found.values() for key in items)
        problems = []
        for language, items in found.items():
            if lacking := [key for key in every if key not in items]:
                message = f"lacks {len(lacking):,} of {len(every):,} items that other languages have; the first is this"
                problems.append(Problem(message, self.files[language], language=language, example=lacking[0]))
        return problems

    def _keyed(self, language: str) -> Iterator[tuple[str, Row]]:
        """Rows in one language by what they have in common with those of other languages."""
        if self.matched_by == "position":
            yield from ((str(position), row) for position, row in enumerate(self._whole(language)))
            return
        seen: set[str] = set()
        for row in self.read(language, LeftOut(self.unusable)):
            key = row.id
            if key in seen:
                problem = Problem("this id occurs more than once", self.files[language], language=language, example=key)
                raise InputError(f"{self.task}: items cannot be matched by id", [problem])
            seen.add(key)
            yield key, row

    def _whole(self, language: str) -> Iterator[Row]:
        """All rows in a language. Errors: `InputError` if one is unusable, or left out for another reason."""
        message = f"{self.task}: rows are matched by position, so none may be left out; mend these"
        left_out = LeftOut(0)
        try:
            yield from self.read(language, left_out)
        except InputError as error:
            if not any(isinstance(one, Unusable) for one in error.problems):
                raise
            raise InputError(message, error.problems) from None
        if left_out.counts:
            counts = [f"{count:,} left out: {reason}" for reason, count in left_out.counts.items()]
            raise InputError(message, [Problem(one, self.files[language], language=language) for one in counts])

    def _independent(self, draw: Draw, languages: Sequence[str]) -> Iterator[Row]:
        generator = Random(draw.seed)
        rows: list[Row] = []
        for turn, language in enumerate(languages):
            own = list(self.read(language, LeftOut(self.unusable)))
            wanted = len(range(turn, draw.examples, len(languages)))
            if len(own) < wanted:
                problem = Problem(f"has {len(own):,} items", self.files[language], language=language)
                raise InputError(f"{self.task}: {wanted:,} items are asked for in each language", [problem])
            rows += generator.sample(own, wanted)
        generator.shuffle(rows)
        yield from rows


def _answer(row: Row) -> Answer:
    """What translations of an item have in common, where its form says so."""
    match row:
        case PairRow() | ChoiceRow():
            return row.label
        case QuestionRow():
            return row.impossible
        case _:
            return None
