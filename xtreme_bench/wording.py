"""Text for people: uniform counts, lists and hints, and no text from outside that can control a terminal."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

# Spaces and joiners that are ordinary text in some languages, but not printable for Python.
_TEXT = "\u00a0\u200c\u200d\u2009\u202f\u3000"
_HIDDEN_IN_JSON = re.compile("[\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
# Longer words are not compared with names: it would be slow, and they resemble none.
_MOST_LETTERS = 60
_LIKE = 0.6  # the least similarity of a name, as `difflib` measures it


def count(number: int, noun: str) -> str:
    """`1 line`, `5,010 lines`."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """`languages`, `families`, `tasks that are trained on`."""
    head, *rest = re.split("(?= of | that | with )", noun, maxsplit=1)
    many = f"{head[:-1]}ies" if head.endswith("y") else f"{head}s"
    return "".join([many, *rest]).replace(" that is ", " that are ")


def listing(names: Iterable[str], most: int | None = None, noun: str = "") -> str:
    """`a, b and c`; of more than `most` names the first, and how many more: `a, b and 12 more`, or `12 more files`."""
    found = list(names)
    if most is not None and len(found) > most:
        found[most:] = [f"{count(len(found) - most, f'more {noun}')}" if noun else f"{len(found) - most:,} more"]
    return " and ".join([part for part in (", ".join(found[:-1]), *found[-1:]) if part])


def cut(lines: Sequence[str], most: int, rest: str = "") -> list[str]:
    """The first `most` lines and, where there are more, one that counts them: `and 12 more` and then `rest`."""
    more = [f"and {len(lines) - most:,} more{rest}"] if len(lines) > most else []
    return [*lines[:most], *more]


def quoted(text: str) -> str:
    """Text from a file for an error message: short, on one line, with tabs and odd characters visible."""
    short = visible(text[:60], "\t").replace("\t", "<TAB>")
    return f"`{short}…`" if len(text) > 60 else f"`{short}`"


def nearest(word: str, names: Iterable[str], like: float = _LIKE) -> str | None:
    """The name that a word probably means: one that is similar (`like`), else one that begins with it, else None.

    Case and outer spaces are ignored.
    """
    word = word.strip().casefold()
    if not word or len(word) > _MOST_LETTERS:
        return None
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(word, folded, n=1, cutoff=like)
    close = close or [name for name in folded if name.startswith(word) and len(word) > 2]
    return folded[close[0]] if close else None


def did_you_mean(word: str, names: Iterable[str], like: float = _LIKE) -> str:
    """`; did you mean 'name'?` if one of the names is similar, else nothing."""
    near = nearest(word, names, like)
    return f"; did you mean '{near}'?" if near else ""


def hint(word: str, names: Iterable[str]) -> str:
    """The hint for an unknown name: the nearest known name, else all of them."""
    known = list(names)
    return did_you_mean(word, known) or f"; known: {', '.join(known)}"


def shown(name: str) -> str:
    """A path as text that can always be written: bytes that are not UTF-8 become `\\xfc`."""
    return re.sub("[\udc80-\udcff]", lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", name)


def visible(text: str, kept: str = f"\n\t{_TEXT}") -> str:
    """Text that is safe for a terminal: control characters, direction marks and half surrogates become `<U+001B>`.

    Bytes of a path that are not UTF-8 are written as in `shown`.
    `kept` are characters that stay, although they are not printable.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in kept else f"<U+{ord(char):04X}>" for char in shown(text))


def one_line(text: str) -> str:
    """Like `visible`, for text that must stay on one line."""
    return visible(text, _TEXT)


def json_text(value: Any) -> str:
    """Indented JSON with sorted keys for any terminal and encoding: characters that are not visible are escaped."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return _HIDDEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def duration(seconds: float) -> str:
    """Seconds as a person reads them: "8 s", "3 min 05 s", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def say(text: str = "", *, err: bool = False) -> None:
    """Print text, on standard error if asked. All commands print with this."""
    import click  # here, because training needs this module too, on machines that have no more than that takes

    click.echo(visible(text), err=err)
