"""From trees to text: sentences of one or two clauses, and passages of several sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xtreme_bench.miniature import realise
from xtreme_bench.miniature.grammar import Token
from xtreme_bench.miniature.world import Clause

WITHOUT_SPACES = ("ja", "zh")  # no space between the sentences of a passage, and names are split into characters


@dataclass(frozen=True)
class Joined:
    """Two clauses in one sentence, held together by a connective (and, but, because, then)."""

    first: Clause
    connective: str
    second: Clause


Sentence = Clause | Joined


def tokens(sentence: Sentence, language: str) -> list[Token]:
    """The words of a sentence, with tags, final punctuation included."""
    if isinstance(sentence, Joined):
        return realise.join((sentence.first, sentence.second), sentence.connective, language)
    return realise.realise(sentence, language)


def say(sentence: Sentence, language: str) -> str:
    """A sentence as running text."""
    return realise.text(tokens(sentence, language), language)


def tell(sentences: Sequence[Sentence], language: str) -> str:
    """A passage: several sentences as running text."""
    return gap(language).join(say(sentence, language) for sentence in sentences)


def gap(language: str) -> str:
    """What stands between two sentences of a passage."""
    return "" if language in WITHOUT_SPACES else " "
