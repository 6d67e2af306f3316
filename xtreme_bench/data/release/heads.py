"""How the file of a form begins: with a text that a pattern describes, or with a JSON object that has some keys."""

from __future__ import annotations

import re
from functools import cache
from json import JSONDecoder

_JSON_HEAD = r"\{"


def head_fields(head: str, begin: str) -> dict[str, str] | None:
    """The named groups of the pattern `head` at the beginning of a file, or None if it does not match.

    A head that begins with an opening brace names the keys of the first object, in quotes. Their order and the white
    space are free, and what the values say does not matter, so the text is parsed and not matched.
    """
    if head.startswith(_JSON_HEAD):
        return {} if _keys_of(head) <= first_keys(begin) else None
    match = _pattern(head).match(begin)
    return None if match is None else match.groupdict()


def first_keys(text: str) -> frozenset[str]:
    """The keys of the JSON object that `text` begins with, as far as the text reaches; none if it begins otherwise."""
    keys: set[str] = set()
    decoder = JSONDecoder()
    rest = text.lstrip().removeprefix("{")
    if rest == text.lstrip():
        return frozenset()
    try:
        while rest:
            rest = rest.lstrip()
            key, end = decoder.raw_decode(rest)
            rest = rest[end:].lstrip()
            if not isinstance(key, str) or not rest.startswith(":"):
                break
            keys.add(key)
            rest = rest[1:].lstrip()
            _, end = decoder.raw_decode(rest)
            rest = rest[end:].lstrip()
            if not rest.startswith(","):
                break
            rest = rest[1:]
    except (ValueError, RecursionError):
        pass  # where the text was cut
    return frozenset(keys)


@cache
def _keys_of(head: str) -> frozenset[str]:
    return frozenset(re.findall(r'"(\w+)"', head))


@cache
def _pattern(head: str) -> re.Pattern[str]:
    return re.compile(head)
