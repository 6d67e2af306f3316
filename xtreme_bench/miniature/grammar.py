"""What all ten grammars share: tokens, the reading of a word table, and the arranging of slots into a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xtreme_bench.miniature.world import CATEGORY, CONCEPTS, HYPERNYM, NP, Clause


class Token(NamedTuple):
    """One word of a sentence.

    `upos` is its Universal POS tag. `entity` is PER, LOC, ORG or None; `slot` names the part of the clause it
    belongs to (subject, object, recipient, place, time, daytime, verb, ...; the parts of an embedded clause
    are prefixed with "content."). `answer` is False for words of a slot that do not belong to a short answer
    (for adpositions and articles the language decides). `glued` means no space before it in running text.
    """

    text: str
    upos: str
    slot: str = ""
    entity: str | None = None
    answer: bool = True
    glued: bool = False


def words(table: str) -> dict[str, dict[str, str]]:
    """Read a word table: a line `key form` or `key name=form name=form ...`; `_` in a form is a space.

    The bare first form is stored under "lemma". A line `: name name ...` gives the names of the bare forms of the
    lines after it (": lemma plural" makes `dog dog dogs` singular and plural). Names that start with a capital are
    features, not forms (`Gender=f`). Lines that start with # and blank lines are skipped. A word of a form may
    carry its own tag after a slash, `loaves_of/ADP_bread` (see `spell`).
    """
    out: dict[str, dict[str, str]] = {}
    columns = ["lemma"]
    for line in filter(None, map(str.split, table.splitlines())):
        key, *forms = line
        if key.startswith("#"):
            continue
        if key == ":":
            columns = forms
            continue
        if key in out:
            raise ValueError(f"the word table holds {key!r} twice")
        bare = [form for form in forms if "=" not in form]
        if len(bare) > len(columns):
            raise ValueError(f"{key!r} has {len(bare)} forms, the word table names {len(columns)}: {columns}")
        named = dict(form.split("=", 1) for form in forms if "=" in form)
        named |= dict(zip(columns, bare, strict=False))
        out[key] = {name: form.replace("_", " ") for name, form in named.items()}
    return out


def latin_names() -> dict[str, dict[str, str]]:
    """The rows of a word table for people and cities where the language writes them as the world's keys do."""
    return {key: {"lemma": key.capitalize()} for kind in ("given", "family", "city") for key in CONCEPTS[kind]}


def spell(form: str, upos: str, *, answer: bool = True, entity: str | None = None) -> list[Token]:
    """The tokens of a form: split at spaces, each tagged `upos` unless it carries a tag of its own ("of/ADP")."""
    out = []
    for word in form.split():
        word, _, tag = word.partition("/")
        comma = word in {",", "،", "，", "、"}
        out.append(Token(word, "PUNCT" if comma else tag or upos, "", entity, answer and not comma, comma))
    return out


def arrange(order: str, parts: Mapping[str, Sequence[Token]]) -> list[Token]:
    """The parts of a clause in the given order ("subject verb object"), each token marked with its slot.

    A part that is missing is skipped. What follows a dot in the name of a part ("verb.aux") tells parts of one slot
    apart. Tokens that have a slot already are those of an embedded clause: theirs is prefixed ("content.subject").
    """
    unknown = parts.keys() - set(order.split())
    if unknown:
        raise ValueError(f"the order {order!r} leaves out {sorted(unknown)}")
    out = []
    for name in order.split():
        slot = name.partition(".")[0]
        for token in parts.get(name, ()):
            out.append(token._replace(slot=f"{slot}.{token.slot}" if token.slot else slot))
    return out


def front(order: str, *names: str) -> str:
    """The order with the named parts moved to the front."""
    return " ".join([*names, *(name for name in order.split() if name not in names)])


def name_of(np: NP, table: Mapping[str, Mapping[str, str]], case: str = "lemma") -> list[Token]:
    """The tokens of a person, a city or a named organisation; an empty list for any other noun phrase.

    `case` names the form to take where the table has it, else the lemma is taken. The table's form "org" of an
    organisation is its name with @ for the city: `bank org=Bank_of/ADP_@` (the city in its form "org", else lemma).
    """
    entity = {"given": "PER", "city": "LOC", "organisation": "ORG"}.get(CATEGORY[np.head])
    if entity is None or (entity == "ORG" and np.city is None):
        return []
    if entity == "ORG" and np.city is not None:
        city = table[np.city]
        form = form_of(table[np.head], f"org_{case}", "org").replace("@", form_of(city, "org", "lemma"))
        return spell(form, "PROPN", entity=entity)
    keys = [np.head, np.family] if np.family and entity == "PER" else [np.head]
    return [token for key in keys for token in spell(form_of(table[key], case, "lemma"), "PROPN", entity=entity)]


def form_of(entry: Mapping[str, str], *names: str) -> str:
    """The first of the named forms that an entry of a word table has."""
    for name in names:
        if name in entry:
            return entry[name]
    raise KeyError(f"the word table has none of {names} in {dict(entry)}")


def verb_of(c: Clause, table: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """The entry of the clause's verb: that for its object, or for the kind of thing it is, where the table has one.

    `eat_soup` is how one says that soup is eaten, `have_animal_class` how one says that somebody has an animal.
    """
    heads = (c.object.head, HYPERNYM.get(c.object.head, "")) if c.object else ()
    return next((table[key] for head in heads if (key := f"{c.verb}_{head}") in table), table[c.verb])


def numeral(number: int) -> str:
    """The key of a number from 2 to 10."""
    return CONCEPTS["number"][number - 2]


def is_human(np: NP) -> bool:
    """Whether one asks for it with "who": people, roles, and organisations as those who act."""
    return CATEGORY[np.head] in {"given", "role", "organisation"} or np.head == "person"


def connective_of(table: Mapping[str, Mapping[str, str]], key: str) -> list[Token]:
    """The tokens of a connective: and, but, because or then."""
    return spell(table[key]["lemma"], {"because": "SCONJ", "then": "ADV"}.get(key, "CCONJ"))


def link(clauses: Sequence[Sequence[Token]], connective: Sequence[Token]) -> list[Token]:
    """Clauses with a connective between them; slots from the second clause on are prefixed with "2.", "3.", ..."""
    out = list(clauses[0])
    for index, clause in enumerate(clauses[1:], start=2):
        out += [*connective, *(token._replace(slot=f"{index}.{token.slot}") for token in clause)]
    return out


def text(tokens: Sequence[Token], *, spaces: bool = True) -> str:
    """Running text of a sentence; without `spaces` (zh, ja) everything is joined."""
    out = ""
    for token in tokens:
        out += ("" if token.glued or not out or not spaces else " ") + token.text
    return out
