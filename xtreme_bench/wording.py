"""How text leaves the program: what came from outside cannot steer a terminal or pass for a line of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import click

# Spaces and joiners that ordinary text of some language has, though Python does not call them printable.
_TEXT = "\u00a0\u200c\u200d\u2009\u202f\u3000"
_HIDDEN_IN_JSON = re.compile("[\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def shown(name: str) -> str:
    """A path as text that can be written anywhere: bytes that are not UTF-8 become `\\xfc`."""
    return re.sub("[\udc80-\udcff]", lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", name)


def visible(text: str, kept: str = f"\n\t{_TEXT}") -> str:
    """Text as a terminal may get it: control characters, direction marks and halves of surrogate pairs as `<U+001B>`.

    Bytes of a path that are not UTF-8 are written as in `shown`.
    `kept` are those that stay as they are though they are not printable.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in kept else f"<U+{ord(char):04X}>" for char in shown(text))


def one_line(text: str) -> str:
    """Like `visible`, for text that must not begin a new line either."""
    return visible(text, _TEXT)


def json_text(value: Any) -> str:
    """Indented JSON with sorted keys that any terminal and any encoder takes: what is not visible is escaped."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return _HIDDEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def few(names: Sequence[str], most: int = 3) -> str:
    """The first of several names and how many more there are: "a, b, c and 4 more"."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def duration(seconds: float) -> str:
    """Seconds as a person reads them: "8 s", "3 min 05 s", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def say(text: str = "", *, err: bool = False) -> None:
    """Print text, on standard error where asked. All commands print with this."""
    click.echo(visible(text), err=err)
