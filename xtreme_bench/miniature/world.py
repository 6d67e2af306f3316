"""The closed world: its concepts, what they can do, and clauses as language-neutral trees.

A concept is a lower-case English key. `CONCEPTS` is the one table of them; the words of a language are
in `languages/<code>.py`, under the same keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

# category -> keys. Every language has a form for every key.
CONCEPTS: dict[str, tuple[str, ...]] = {
    name: tuple(keys.split())
    for name, keys in {
        # Given names: the first twelve are women, the others men. Names are invented or international, and
        # each language writes them in its own script.
        "given": "anna clara elena lina maria nora olga rita sara tina vera zora "
        "adam bruno david felix ivan karim leo marco omar paul samir tomas",
        "family": "amari bergen castro demir fontana grant haddad ito kovac lang moreno novak okoro petrov rossi "
        "tanaka",
        "city": "arden belmar corva delfi estra falun galia hadar irma jorvik kalmar lunda",
        "animal": "dog cat horse bird cow sheep fish rabbit goat duck",
        "food": "apple bread cheese rice egg soup cake orange meat tomato",
        "object": "book letter knife lamp key table chair box bottle hat coat ring picture clock bag bicycle",
        "role": "teacher doctor farmer student driver cook nurse writer painter soldier merchant singer",
        "site": "house garden market school station hospital library kitchen forest street",
        "organisation": "bank museum university factory",
        "class": "person animal_class food_class thing",  # hypernyms: person, animal, food, thing
        "transitive": "see buy sell find lose eat cook_verb read write clean carry open close break paint wash "
        "love hate need hide choose forget",
        "ditransitive": "give show send bring",
        "intransitive": "sleep laugh cry work sing dance wait rest fall smile",
        "motion": "go come run travel return arrive",
        "cognition": "say think know hope believe",
        "adjective": "big small old new red blue green white black good bad expensive cheap clean_adj dirty happy sad "
        "tired hungry strong weak",
        "number": "two three four five six seven eight nine ten",
        "time": "yesterday today tomorrow",
        "daytime": "morning evening night",
        "connective": "and but because then",
    }.items()
}

CATEGORY: dict[str, str] = {key: name for name, keys in CONCEPTS.items() for key in keys}

# What each thing is a kind of.
HYPERNYM: dict[str, str] = {
    **dict.fromkeys(CONCEPTS["animal"], "animal_class"),
    **dict.fromkeys(CONCEPTS["food"], "food_class"),
    **dict.fromkeys(CONCEPTS["object"], "thing"),
    **dict.fromkeys(CONCEPTS["role"], "person"),
}

# Pairs that exclude each other.
ANTONYMS: tuple[tuple[str, str], ...] = (
    ("big", "small"), ("old", "new"), ("white", "black"), ("good", "bad"), ("expensive", "cheap"),
    ("clean_adj", "dirty"), ("happy", "sad"), ("strong", "weak"), ("buy", "sell"), ("find", "lose"),
    ("open", "close"), ("love", "hate"), ("laugh", "cry"), ("work", "rest"), ("go", "come"),
    ("morning", "evening"),
)  # fmt: skip
OPPOSITE: dict[str, str] = {a: b for pair in ANTONYMS for a, b in (pair, pair[::-1])}

# Which categories, or subsets of them, the object of a transitive verb may have.
OBJECTS: dict[str, tuple[str, ...]] = {
    "eat": ("food",), "cook_verb": ("cookable",), "read": ("readable",), "write": ("readable",),
    "open": ("openable",), "close": ("closable",), "wash": ("washable",), "clean": ("cleanable",),
    "carry": ("object", "food", "portable"),
    "love": ("given", "animal", "role", "food"), "hate": ("given", "animal", "role", "food"),
    "see": ("given", "animal", "role", "object", "food"), "find": ("given", "animal", "object", "food"),
    "forget": ("given", "object"), "break": ("breakable",), "paint": ("object", "animal"),
}  # fmt: skip
DEFAULT_OBJECTS: tuple[str, ...] = ("object", "food", "animal")
SUBSETS: dict[str, tuple[str, ...]] = {
    name: tuple(keys.split())
    for name, keys in {
        "readable": "book letter",
        "openable": "book letter box bottle bag",
        "closable": "book box bottle bag",
        "breakable": "knife lamp key table chair box ring clock",
        "cleanable": "knife lamp table chair box bottle bicycle",
        "cookable": "rice egg soup meat tomato",
        "portable": "dog cat bird fish rabbit duck",
        "washable": "knife table bottle hat coat bag bicycle dog cat horse cow sheep goat apple orange tomato rice",
    }.items()
}

# Which categories the place of a verb may have (any, where a verb is not here), and what an animal does.
PLACES: dict[str, tuple[str, ...]] = {"travel": ("city", "organisation")}
ANIMALS_DO: tuple[str, ...] = ("sleep", "wait", "rest", "fall")


@cache
def heads_of(categories: tuple[str, ...]) -> tuple[str, ...]:
    """The concepts of categories, or of subsets of them."""
    return tuple(head for name in categories for head in SUBSETS.get(name) or CONCEPTS[name])


@dataclass(frozen=True)
class NP:
    """A noun phrase.

    `head` is a given name (then `family` may hold the family name), a city, an organisation (then `city` names
    where it belongs: one ORG entity, "the Bank of Arden"), or a common noun. `number` is 1 for singular; from 2
    on the numeral is spoken ("three red books"). `definite` chooses "the" or "a" where a language has them.
    """

    head: str
    family: str | None = None
    city: str | None = None
    adjective: str | None = None
    number: int = 1
    definite: bool = True


@dataclass(frozen=True)
class Clause:
    """One statement or question.

    `verb` is a verb key or "be". With "be" the complement is `adjective`, or `complement` (a role or class:
    "Anna is a doctor"), or `place` ("the book is in the box"). With "have" (possession) `object` is what is
    had. `place` is where it happens for other verbs, and the goal of a motion verb ("goes to the market";
    for "come", "return" and "arrive" too). `content` is the embedded clause of a cognition verb ("Anna says
    that ..."). `asks` makes it a question for that part: subject (who), object (what), place (where),
    time (when), recipient (to whom), number (how many OBJECT), or "polar" (yes or no); the asked part of the
    clause is kept, so that one tree gives statement, question and answer.
    """

    verb: str
    subject: NP
    object: NP | None = None
    recipient: NP | None = None
    adjective: str | None = None
    complement: NP | None = None
    place: NP | None = None
    time: str | None = None  # yesterday, today, tomorrow
    daytime: str | None = None  # morning, evening, night: "in the morning"
    tense: str = "present"  # past, present, future
    negated: bool = False
    content: Clause | None = None
    asks: str | None = None


FEMALE: frozenset[str] = frozenset(CONCEPTS["given"][:12])
