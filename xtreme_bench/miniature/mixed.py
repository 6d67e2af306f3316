"""Code-mixed sentences, as bilingual speakers say them: the frame of one language, some parts in another.

In the closed world they connect the languages of a very small encoder: a word occurs in the context of its
translation (Qin et al. 2020, CoSDA-ML, do the same to real text with dictionaries).
"""

from __future__ import annotations

import random
from itertools import groupby

from xtreme_bench.miniature import realise
from xtreme_bench.miniature.grammar import Token
from xtreme_bench.miniature.speech import Sentence, tokens

SWITCHED = 0.5  # share of the parts of a sentence that are said in the other language


def say_mixed(rng: random.Random, sentence: Sentence, language: str, other: str) -> str:
    """The sentence in `language`, in the order of that language, with some of its parts in `other`."""
    theirs = dict(_parts(sentence, other))
    spoken: list[tuple[str, Token]] = []
    for slot, ours in _parts(sentence, language):
        # Final punctuation has no slot. A part in two places is switched once, so that nothing is said twice.
        switched = bool(slot) and slot in theirs and rng.random() < SWITCHED
        part = theirs.pop(slot) if switched else ours
        spoken += [(other if switched else language, token) for token in part]
    out = ""
    for code, run in groupby(spoken, lambda pair: pair[0]):
        words = [token for _, token in run]
        out += ("" if not out or words[0].glued else " ") + realise.text(words, code)
    return out


def _parts(sentence: Sentence, language: str) -> list[tuple[str, list[Token]]]:
    """The words of a sentence by slot, in order."""
    return [(slot, list(part)) for slot, part in groupby(tokens(sentence, language), lambda token: token.slot)]
