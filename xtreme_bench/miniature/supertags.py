"""Supertags: the category of categorial grammar that each word of a sentence has as it is used there.

Categories follow the notation of CCGbank (Hockenmaier and Steedman 2007): X/Y takes a Y after it, X\\Y one before it.
They are read off the tree and the order of its words, so that they fit each language: an English object stands after
its verb, (S[dcl]\\NP)/NP, a Japanese one before it, (S[dcl]\\NP)\\NP.
"""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_bench.miniature.grammar import Token
from xtreme_bench.miniature.speech import Joined, Sentence
from xtreme_bench.miniature.world import CATEGORY, Clause

MODIFIER = "(S\\NP)"  # a verb phrase, where its features do not matter


def supertags(sentence: Sentence, tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """The words of a sentence, each with its category."""
    clauses = {"": sentence.first, "2.": sentence.second} if isinstance(sentence, Joined) else {"": sentence}
    for prefix, clause in list(clauses.items()):
        if clause.content:
            clauses[f"{prefix}content."] = clause.content
    where = [max((prefix for prefix in clauses if token.slot.startswith(prefix)), key=len) for token in tokens]
    heads = {prefix: _head(prefix, where, tokens) for prefix in clauses}
    out = []
    for index, token in enumerate(tokens):
        prefix = where[index]
        clause, slot = clauses[prefix], token.slot.removeprefix(prefix).partition(".")[0]
        if token.upos == "PUNCT":
            category = token.text
        elif token.upos in ("CCONJ", "SCONJ") or not slot:
            category = _link(token, slot)
        elif slot == "verb":
            category = _verb(clause, prefix, index, heads[prefix], tokens)
        else:
            category = _phrase(clause, slot, index, heads[prefix], tokens)
        out.append((token.text, category))
    return out


def _head(prefix: str, where: Sequence[str], tokens: Sequence[Token]) -> int:
    """Where the main verb of a clause stands: its verb, else its last auxiliary; -1 where it has no word at all."""
    verbal = [i for i, token in enumerate(tokens) if where[i] == prefix and token.upos in ("VERB", "AUX")]
    return next((i for i in verbal if tokens[i].upos == "VERB"), verbal[-1] if verbal else -1)


def _link(token: Token, slot: str) -> str:
    """Conjunctions: "and" between clauses, "because" before one, "that" before a content."""
    if token.upos == "SCONJ":
        return "S[em]/S[dcl]" if slot == "content" else "(S\\S)/S"
    return "conj" if token.upos == "CCONJ" else "S/S"


def _result(clause: Clause) -> str:
    return "S[dcl]" if clause.asks in (None, "subject") else "S[q]"


def _arguments(clause: Clause) -> dict[str, str]:
    """The parts that the clause's verb requires, with their categories; other parts are modifiers."""
    place = clause.verb == "be" or CATEGORY.get(clause.verb) == "motion"
    names = {"subject": "NP", "object": "NP", "recipient": "PP", "complement": "NP", "adjective": "S[adj]\\NP",
             "content": "S[em]"} | ({"place": "PP"} if place else {})  # fmt: skip
    return {name: category for name, category in names.items() if getattr(clause, name)}


def _verb(clause: Clause, prefix: str, index: int, head: int, tokens: Sequence[Token]) -> str:
    """The main verb takes its arguments, in the order of the sentence; its companions modify the verb phrase."""
    if index != head:
        if tokens[index].upos == "AUX":
            inner = "S[b]\\NP" if index < head else "S\\NP"
            return f"(S[dcl]\\NP){'/' if index < head else chr(92)}({inner})"
        return f"{MODIFIER}{chr(92) if index > head else '/'}{MODIFIER}"
    category = _result(clause)
    for name, argument in _arguments(clause).items():
        start = f"{prefix}{name}"
        part = [i for i, token in enumerate(tokens) if token.slot == start or token.slot.startswith(f"{start}.")]
        if not part or (name == clause.asks and name != "subject"):
            continue
        if argument == "PP" and all(tokens[i].upos != "ADP" for i in part):
            argument = "NP"  # case, word order or the verb tells it
        inner = f"({category})" if category not in ("S[dcl]", "S[q]") else category
        argument = f"({argument})" if "\\" in argument else argument
        category = f"{inner}{'/' if part[0] > index else chr(92)}{argument}"
    return category


def _phrase(clause: Clause, slot: str, index: int, head: int, tokens: Sequence[Token]) -> str:
    """A word of a noun phrase, an adverbial or a predicate."""
    token = tokens[index]
    part = [i for i, other in enumerate(tokens) if other.slot == token.slot]
    nominal = [i for i in part if tokens[i].upos in ("NOUN", "PROPN", "PRON")]
    noun = nominal[-1] if nominal else part[-1]
    toward = "/" if index < noun else "\\"
    if slot == clause.asks and token.upos in ("PRON", "ADV"):
        rest = "(S[dcl]\\NP)" if slot == "subject" else "(S[q]/NP)" if token.upos == "PRON" else "S[q]"
        return f"S[wq]/{rest}"
    if token.upos == "ADP":
        if tokens[part[0]].entity and token.entity:
            return "(NP\\NP)/NP"
        argument = {"subject": "NP", "object": "NP"}.get(slot, "PP")
        return f"{argument if slot in _arguments(clause) else f'({_modifier(index, head)})'}{toward}NP"
    if token.upos in ("ADJ", "NUM", "DET"):
        if slot == "adjective":
            return "S[adj]\\NP"
        return {"ADJ": f"N{toward}N", "NUM": f"N{toward}N", "DET": f"NP{toward}N"}[token.upos]
    if token.upos == "PROPN":
        return "NP" if index == noun else f"NP{toward}NP"
    if token.upos in ("NOUN", "PRON"):
        if slot not in _arguments(clause) and index == noun and not any(tokens[i].upos == "ADP" for i in part):
            return _modifier(index, head)  # an adverb, or a case that does the work of an adposition
        return "N" if any(tokens[i].upos == "DET" for i in part) else "NP"
    return _modifier(index, head)


def _modifier(index: int, head: int) -> str:
    """The category of what modifies a verb phrase from where it stands."""
    return f"{MODIFIER}{'/' if index < head else chr(92)}{MODIFIER}"
