"""BUCC's files: sentences with ids, and which of them are translations of each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from xtreme_bench.data.files import lines, reading
from xtreme_bench.errors import Problem
from xtreme_bench.rows import SentenceRow

ID_DIGITS = 9
Pair = tuple[str, str]  # foreign id, English id


def read_sentences(path: Path, purpose: str, language: str) -> list[SentenceRow]:
    """The sentences of one side in file order, their text unchanged after the tab.

    Errors: `InputError` with all lines that have no id of `language`, or one that occurred before.
    """
    rows: list[SentenceRow] = []
    seen: set[str] = set()
    with reading(path, purpose) as faults:
        for number, line in lines(path, faults):
            name, tab, text = line.partition("\t")
            if not tab or not _is_id(name, language):
                message = f"`{language}-000000001 TAB sentence` expected, found {line[:60]!r}"
                faults.append(Problem(message, str(path), number))
            elif name in seen:
                faults.append(Problem("this id occurs more than once", str(path), number, example=name))
            seen.add(name)
            rows.append(SentenceRow(name, text))
        if not rows:
            faults.append(Problem("no sentences", str(path)))
    return rows


def read_gold(path: Path, purpose: str, language: str, sides: Sequence[Collection[str]]) -> list[Pair]:
    """The true pairs of a file, in its order: foreign id, then English id, both among the ids of the two `sides`.

    Errors: `InputError` with all lines that are not such a pair, or repeat one.
    """
    pairs: dict[Pair, int] = {}
    with reading(path, purpose) as faults:
        for number, line in lines(path, faults):
            foreign, _, english = line.partition("\t")
            if not _is_id(foreign, language) or not _is_id(english, "en"):
                swapped = _is_id(foreign, "en") and _is_id(english, language)
                what = "the columns are swapped" if swapped else f"found {line[:60]!r}"
                message = f"`{language}-000000001 TAB en-000000001` expected, {what}"
                faults.append(Problem(message, str(path), number))
                continue
            unknown = [name for name, known in zip((foreign, english), sides, strict=True) if name not in known]
            faults += [Problem("no sentence has this id", str(path), number, example=name) for name in unknown]
            first = pairs.setdefault((foreign, english), number)
            if first != number:
                faults.append(Problem(f"the pair of line {first} again", str(path), number, example=foreign))
    return list(pairs)


def _is_id(text: str, language: str) -> bool:
    """Whether a text is an id of the release's form; gold labels and predictions have only such ids."""
    number = text.removeprefix(f"{language}-")
    return number != text and len(number) == ID_DIGITS and number.isascii() and number.isdigit()
