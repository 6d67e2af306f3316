"""Clauses as sentences: from a language-neutral tree to words in any of the ten languages.

A module `languages/<code>.py` has WORDS (its word table), SPACES, and `clause(c)`, which says a clause without final
punctuation. It may have `join(clauses, connective)` if linking clauses takes more than a word between them.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

from xtreme_bench.benchmark import MINIATURE_LANGUAGES
from xtreme_bench.miniature import grammar
from xtreme_bench.miniature.grammar import Token
from xtreme_bench.miniature.world import CONCEPTS, Clause

LANGUAGES = MINIATURE_LANGUAGES

STOP = {"zh": "。", "ja": "。", "hi": "।"}
QUESTION = {"zh": "？", "ja": "？", "ar": "؟"}


def realise(c: Clause, language: str) -> list[Token]:
    """The clause as a sentence: its words, final punctuation, a capital letter where the script has them."""
    _check(c)
    return _sentence(_module(language).clause(c), language, question=c.asks is not None)


def join(clauses: Sequence[Clause], connective: str, language: str) -> list[Token]:
    """Statements linked to one sentence: "clause1 because clause2"; `connective` is and, but, because or then.

    The slots of the second clause are prefixed with "2.", of the third with "3.", and so on.
    """
    if connective not in CONCEPTS["connective"]:
        raise ValueError(f"connective {connective!r} is not one of {', '.join(CONCEPTS['connective'])}")
    module = _module(language)
    if hasattr(module, "join"):
        return _sentence(module.join(clauses, connective), language)
    between = grammar.connective_of(module.WORDS, connective)
    return _sentence(grammar.link([module.clause(c) for c in clauses], between), language)


def text(tokens: Sequence[Token], language: str) -> str:
    """Running text of a sentence, with spaces where the language writes them."""
    return grammar.text(tokens, spaces=_module(language).SPACES)


def answer(c: Clause, language: str) -> str:
    """The short answer to the question `c`, a substring of `text(realise(replace(c, asks=None)))`.

    It is the first run of the asked slot's words that belong to an answer; for "number" the numeral of the object.
    Raises ValueError for a clause that asks nothing, or yes or no.
    """
    if c.asks in {None, "polar"}:
        raise ValueError(f"a clause that asks for {c.asks} has no words for an answer")
    slot = {"number": "object"}.get(str(c.asks), str(c.asks))
    if slot == "time" and c.time is None:
        slot = "daytime"
    run: list[Token] = []
    for token in realise(replace(c, asks=None), language):
        if token.slot == slot and token.answer and (c.asks != "number" or token.upos == "NUM"):
            run.append(token)
        elif run:
            break
    return text(run, language)


def _check(c: Clause) -> None:
    """Raise ValueError where a clause asks for a part that it does not have."""
    part = {"polar": c.verb, "number": c.object, "time": c.time or c.daytime}.get(
        str(c.asks), getattr(c, str(c.asks), None)
    )
    if c.asks is not None and part is None:
        raise ValueError(f"the clause asks for its {c.asks} but has none: {c}")
    if c.asks == "number" and c.object is not None and c.object.number < 2:
        raise ValueError(f"the clause asks how many, but its object is one: {c}")


def _sentence(tokens: Sequence[Token], language: str, *, question: bool = False) -> list[Token]:
    """Turn a clause into a sentence: add a capital letter and punctuation."""
    first, *rest = tokens
    initial = "İ" if language == "tr" and first.text[0] == "i" else first.text[0].upper()
    first = first._replace(text=initial + first.text[1:])
    end = Token((QUESTION if question else STOP).get(language, "?" if question else "."), "PUNCT", glued=True)
    if question and language == "es":
        return [Token("¿", "PUNCT"), first._replace(glued=True), *rest, end]
    return [first, *rest, end]


def _module(language: str) -> ModuleType:
    """The grammar of a language, imported when it is first needed."""
    if language not in LANGUAGES:
        raise ValueError(f"no grammar for {language!r}; there are {', '.join(LANGUAGES)}")
    return importlib.import_module(f"xtreme_bench.miniature.languages.{language}")
