"""The table of intermediate tasks over aligned text: cross-lingual language modelling (Moghe et al. 2021).

An example is made of consecutive lines that the two languages of a text share. A row says how many, in which of the
languages, and what of them a language model must find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BOTH, LAST, ONE = "both", "last", "one"


@dataclass(frozen=True)
class Task:
    """One row. An example has k + 1 consecutive lines; k is drawn from `least` to `most` for each example.

    `languages`: "both": all lines in one language, then all of them in the other. "last": the last line is in the other
    language than those before it. "one": all lines in one language. Which language is the one is a toss of a coin.
    `response`: every token of the last line is masked and nothing else. Without it 15 % of all tokens are: 80 % of
    these become the mask, 10 % another token, 10 % stay.
    """

    name: str
    least: int
    most: int
    languages: str
    response: bool = False


_ROWS = (
    Task("tlm-sentence", 0, 0, BOTH),
    Task("tlm-chat", 2, 8, BOTH),
    Task("xdm", 2, 15, LAST),
    Task("response-masking", 2, 15, LAST, response=True),
    Task("monodm", 2, 15, ONE),
)
SHARE = 0.15  # of the tokens that are masked
ALIGNED: Mapping[str, Task] = MappingProxyType({row.name: row for row in _ROWS})
