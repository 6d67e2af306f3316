"""From a tree with lines to the dataclasses of a recipe, by their types and fields; every fault is collected."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from xtreme_bench.benchmark import LANGUAGES
from xtreme_bench.recipe.setting import ALL
from xtreme_bench.recipe.tree import Entries, Entry, Items, Reading, Scalar, Tree, blamed
from xtreme_bench.wording import did_you_mean, hint, listing, nearest, plural


def read(cls: type[Any], tree: Tree, path: str, reading: Reading, defaults: object = None) -> Any:
    """An instance of the dataclass `cls`, or None when something in it is wrong.

    `path` names the place in messages (`finetuning.xnli`). What the file leaves out is taken from `defaults`, an
    instance of `cls`, else from the defaults of the fields.
    """
    settings = {item.name: item for item in fields(cls) if item.metadata}
    short = getattr(cls, "SHORT", None) if isinstance(tree, Scalar) and tree.kind == "text" else None
    if short:
        tree = Entries(tree.line, {short: Entry(tree.line, tree)})
    if not isinstance(tree, Entries):
        keys = ", ".join(_required(cls) or settings)
        rest = "write {} for the defaults" if tree.kind == "empty" and not _required(cls) else f"it has {keys}"
        reading.fault(f"{path} must be a mapping, not {tree.kind}; {rest}", tree.line)
        return None
    before = len(reading.problems)
    for key, entry in tree.entries.items():
        if key not in settings:
            where = f" in {path}" if path else ""
            reading.fault(f"unknown key '{key}'{where}{_hint(cls, settings, key)}", entry.line)
    _read_rules(cls, tree, path, reading)
    types = _types(cls)  # type: ignore[arg-type]  # a class can be hashed
    values: dict[str, Any] = {}
    for name, item in settings.items():
        here = f"{path}.{name}" if path and name != short else path or name
        if name in tree.entries:
            values[name] = _read_field(types[name], item, tree.entries[name].value, here, reading)
        elif defaults is not None:
            values[name] = getattr(defaults, name)
        elif name in _required(cls):
            reading.fault(f"{here} is missing: {item.metadata['about']}", tree.line)
    for name, item in settings.items():
        if name in tree.entries and item.metadata["instead_of"]:
            values[item.metadata["instead_of"]] = None
    return cls(**values) if len(reading.problems) == before else None


def _hint(cls: type[Any], settings: Mapping[str, Field[Any]], key: str) -> str:
    """What to write in place of an unknown key; it may be a value of the field that a text alone stands for."""
    short = getattr(cls, "SHORT", None)
    meant = short and key in settings[short].metadata["choices"]
    return f"; write {short}: {key}" if meant else hint(key, settings)


# Python evaluates the text of every annotation anew, which takes a third of the time of reading.
_types = cache(get_type_hints)


def _required(cls: type[Any]) -> list[str]:
    return [f.name for f in fields(cls) if f.metadata and f.default is MISSING and f.default_factory is MISSING]


def _read_rules(cls: type[Any], tree: Entries, path: str, reading: Reading) -> None:
    """Check a dataclass's rules about its fields together: one of several, all or none, one instead of another."""
    given = [name for name in tree.entries if name in {item.name for item in fields(cls)}]
    one_of = getattr(cls, "EXACTLY_ONE", ())
    one_missing = one_of and sum(name in given for name in one_of) != 1
    if one_missing:
        found = listing(name for name in given if name in one_of) or "none"
        line = blamed(tree.line, *(tree.entries[name].line for name in given if name in one_of))
        reading.fault(f"{path or 'a recipe'} needs exactly one of {', '.join(one_of)}; found {found}", line)
    together = getattr(cls, "TOGETHER", ())
    present = [name for name in together if name in given]
    if present and len(present) < len(together) and not one_missing:
        missing = listing(name for name in together if name not in given)
        reading.fault(f"{path}.{missing} is missing: {listing(present)} needs it", tree.line)
    for item in fields(cls):
        other = item.metadata.get("instead_of") if item.metadata else None
        if other and item.name in given and other in given:
            line = blamed(tree.entries[item.name].line, tree.entries[other].line)
            reading.fault(f"{path} has both {other} and {item.name}; keep one", line)


def _read_field(kind: Any, item: Field[Any], tree: Tree, path: str, reading: Reading) -> Any:
    """The value of one field, of whichever type it has."""
    if get_origin(kind) is UnionType:
        if item.metadata["nullable"] and tree.kind == "empty":
            return None
        kind = next(choice for choice in get_args(kind) if choice is not type(None))
    if is_dataclass(kind) and isinstance(kind, type):
        return read(kind, tree, path, reading)
    if get_origin(kind) is Mapping:
        return _read_mapping(common(kind), item, tree, path, reading)
    if get_origin(kind) is tuple:
        numbers = get_args(kind)[0] is int
        return _read_numbers(item, tree, path, reading) if numbers else _read_list(item, tree, path, reading)
    if kind is str:
        return _read_text(item, tree, path, reading)
    return _read_number(kind, item, tree, path, reading)


def common(mapping: Any) -> type[Any]:
    """The dataclass of a mapping's values; of a union the first, which is that of the keys without a form."""
    kind: type[Any] = get_args(mapping)[1]
    return get_args(kind)[0] if get_origin(kind) is UnionType else kind


def _read_mapping(kind: type[Any], item: Field[Any], tree: Tree, path: str, reading: Reading) -> Any:
    """A mapping of names to dataclasses, in the order of the known names so that two spellings are one recipe."""
    noun, known, defaults = item.metadata["noun"], item.metadata["choices"], item.metadata["defaults"] or {}
    if not isinstance(tree, Entries):
        reading.fault(f"{path} must be a mapping of {plural(noun)}, not {tree.kind}", tree.line)
        return None
    if not tree.entries and item.default_factory is MISSING:
        reading.fault(f"{path} is empty; name at least one {noun}", tree.line)
    for key, entry in tree.entries.items():
        if key not in known:
            reading.fault(f"unknown {noun} '{key}' in {path}{hint(key, known)}", entry.line)
    values = dict(defaults)
    for key in known:
        if key in tree.entries:
            form = item.metadata["forms"].get(key, kind)
            values[key] = read(form, tree.entries[key].value, f"{path}.{key}", reading, defaults.get(key))
    return {key: values[key] for key in known if key in values}


def _read_list(item: Field[Any], tree: Tree, path: str, reading: Reading) -> tuple[str, ...] | None:
    """A list of names, in the order of the known names; of languages, the word all names every one.

    Names that no table lists, which have a pattern instead, keep their own order.
    """
    choices, pattern = item.metadata["choices"], item.metadata["pattern"]
    languages = callable(choices)
    known = choices(path, reading.source) if languages else choices
    words = item.metadata["words"] if languages else ()
    if fault := _no_example(item, tree):
        reading.fault(f"{path} must be {fault}", tree.line)
        return None
    alone = tree.items[0] if isinstance(tree, Items) and len(tree.items) == 1 else tree
    if isinstance(alone, Scalar) and alone.text in words and (alone is tree or alone.text not in ALL):
        return (alone.text,)
    if not isinstance(tree, Items):
        text = tree.text if isinstance(tree, Scalar) else ""
        example = nearest(text, known) or known[0] if known else text or item.metadata["noun"]
        either = f"the word {' or '.join(words)}, or a list" if len(words) > 1 else "the word all or a list"
        either = either if words else "a list"
        meant = nearest(text, words)
        advice = f"did you mean '{meant}'?" if meant else f"write [{example}]"
        reading.fault(f"{path} must be {either}, not {tree.kind}; {advice}", tree.line)
        return None
    if not tree.items and item.default != ():
        reading.fault(f"{path} is an empty list; leave it out or name at least one", tree.line)
    seen: list[str] = []
    for element in tree.items:
        if not isinstance(element, Scalar) or element.kind != "text":
            mend = f"; put it in quotes: '{element.text}'" if isinstance(element, Scalar) and element.text else ""
            reading.fault(f"{path} must list {plural(item.metadata['noun'])}, not {element.kind}{mend}", element.line)
        elif element.text in seen:
            reading.fault(f"{path} names '{element.text}' twice", element.line)
        elif pattern and not re.fullmatch(pattern[0], element.text):
            reading.fault(f"{path} must list {plural(item.metadata['noun'])}, not '{element.text[:80]}'", element.line)
        elif known and element.text not in known:
            reading.fault(_not_among(element.text, known, item.metadata["noun"], path, reading), element.line)
        else:
            seen.append(element.text)
    return tuple(name for name in known or seen if name in seen)


def _no_example(item: Field[Any], tree: Tree) -> str | None:
    """What a list with a given number of names must be, if it is not."""
    example = item.metadata["example"]
    if not example or (isinstance(tree, Items) and len(tree.items) == len(example)):
        return None
    word = f"the word {tree.text}" if isinstance(tree, Scalar) and tree.text in ALL else tree.kind
    found = f"of {len(tree.items)}" if isinstance(tree, Items) else word
    return f"a list of {len(example)} {plural(item.metadata['noun'])}, such as [{', '.join(example)}], not {found}"


def _read_numbers(item: Field[Any], tree: Tree, path: str, reading: Reading) -> tuple[int, ...]:
    """A list of different whole numbers, in its own order."""
    if not isinstance(tree, Items) or not tree.items:
        found = tree.kind if not isinstance(tree, Items) else "an empty one"
        reading.fault(f"{path} must be a list of whole numbers, not {found}; write [1, 2, 3]", tree.line)
        return ()
    seen: list[int] = []
    for element in tree.items:
        number = _read_number(int, item, element, path, reading)
        if number in seen:
            reading.fault(f"{path} names {number} twice", element.line)
        elif number is not None:
            seen.append(int(number))
    return tuple(seen)


def _not_among(name: str, known: tuple[str, ...], noun: str, path: str, reading: Reading) -> str:
    if noun != "language":
        return f"unknown {noun} '{name}' in {path}{hint(name, known)}"
    where = " in the miniature corpora" if reading.source == "miniature" else ""
    meant = did_you_mean(name, known) if name not in LANGUAGES else ""
    return f"{path} has no language '{name}'{where}{meant or ';'} it has {' '.join(known)}"


def _read_text(item: Field[Any], tree: Tree, path: str, reading: Reading) -> str | None:
    choices, pattern = item.metadata["choices"], item.metadata["pattern"]
    wanted = f"one of {', '.join(choices)}" if choices else pattern[1]
    if not isinstance(tree, Scalar) or tree.kind != "text":
        quotes = f"; put it in quotes: '{tree.text}'" if isinstance(tree, Scalar) and tree.text and not choices else ""
        reading.fault(f"{path} must be {wanted}, not {tree.kind}{quotes}", tree.line)
        return None
    if choices and tree.text not in choices:
        reading.fault(f"{path} must be {wanted}, not '{tree.text}'{did_you_mean(tree.text, choices)}", tree.line)
    elif pattern and not re.fullmatch(pattern[0], tree.text):
        reading.fault(f"{path} must be {wanted}, not '{tree.text[:80]}'", tree.line)
    return tree.text


def _read_number(kind: type, item: Field[Any], tree: Tree, path: str, reading: Reading) -> int | float | None:
    """An int or float; a whole number counts as a float, nothing else is converted."""
    wanted = "a whole number" if kind is int else "a number"
    if not isinstance(tree, Scalar) or isinstance(tree.value, bool | str | None):
        mend = _number_hint(tree, kind) if isinstance(tree, Scalar) else ""
        reading.fault(f"{path} must be {wanted}, not {tree.kind}{mend}", tree.line)
        return None
    if kind is int and not isinstance(tree.value, int):
        reading.fault(f"{path} must be a whole number, not {tree.text}", tree.line)
        return None
    value = tree.value
    facts = item.metadata
    if not math.isfinite(value):
        reading.fault(f"{path} must be a finite number, not {tree.text}", tree.line)
    elif facts["above"] is not None and value <= facts["above"]:
        reading.fault(f"{path} must be above {facts['above']}, not {tree.text}", tree.line)
    elif facts["low"] is not None and value < facts["low"]:
        reading.fault(f"{path} must be at least {facts['low']}, not {tree.text}", tree.line)
    elif facts["high"] is not None and value > facts["high"]:
        reading.fault(f"{path} must be at most {facts['high']}, not {tree.text}", tree.line)
    return value if kind is int else float(value)


def _number_hint(tree: Scalar, kind: type) -> str:
    """Why what looks like a number is not one. In YAML 1.1 the text 1e-5 lacks a dot, and 1.0e5 the sign."""
    match = re.fullmatch(r"([-+]?[0-9]+)(\.[0-9]*)?(?:[eE]([-+]?)([0-9]+))?", tree.text)
    if tree.kind != "text" or not match:
        return f" ({tree.text[:40]})" if tree.text and tree.kind != "text" else ""
    whole, rest, sign, exponent = match.groups()
    if exponent is None:
        return f"; write {tree.text} without quotes"
    if kind is int:
        return f"; write {tree.text} out"
    return f"; YAML 1.1 reads {tree.text} as text, write {whole}{rest or '.0'}e{sign or '+'}{exponent}"
