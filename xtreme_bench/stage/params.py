"""Parameters of stages: each kind has its own frozen dataclass, which is passed on as JSON values.

Fields are bool, int, float, str, dataclasses, `tuple[X, ...]`, `Mapping[str, X]`, and unions of these with None. Fields
have no defaults: the plan alone sets each value, and the key of the stage contains it.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from xtreme_bench.errors import Problem, StageError
from xtreme_bench.wording import hint

T = TypeVar("T")
_NAMES: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def plain(value: Any) -> Any:
    """A dataclass, mapping, list or tuple as JSON values."""
    if is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def taken(cls: type[T], settings: Any, **others: Any) -> T:
    """A `cls` from the fields with the same names in another dataclass, and from `others`."""
    shared = {item.name for item in fields(cls)} & {item.name for item in fields(settings)} - others.keys()  # type: ignore[arg-type]
    return cls(**{name: getattr(settings, name) for name in shared}, **others)


def parse(cls: type[T], values: Any) -> T:
    """A `cls` from JSON values. Errors: `StageError` with every unknown or missing field and every wrong type."""
    faults: list[Problem] = []
    made: T = _made(cls, values, "", faults)
    if faults:
        message = "the parameters in the plan do not fit the stage: run the same command again"
        raise StageError(message, faults)
    return made


def _made(form: Any, value: Any, path: str, faults: list[Problem]) -> Any:
    """The value of type `form` from a JSON value; adds its faults to `faults`."""
    origin, inner = typing.get_origin(form), typing.get_args(form)
    if origin in (typing.Union, types.UnionType):
        return None if value is None and type(None) in inner else _made(_member(inner, value), value, path, faults)
    if is_dataclass(form) and isinstance(value, Mapping):
        return _instance(form, value, path, faults)
    if origin is tuple and isinstance(value, list):
        return tuple(_made(inner[0], one, f"{path}[{at}]", faults) for at, one in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {key: _made(inner[1], one, _below(path, key), faults) for key, one in value.items()}
    if type(value) is form or (form is float and type(value) is int):
        return form(value)
    wanted = "a list" if origin is tuple else _NAMES.get(form, "a mapping")
    faults.append(Problem(f"must be {wanted}, not {value!r:.40}", path))
    return None


def _member(members: Sequence[Any], value: Any) -> Any:
    """The member of a union that a value belongs to; the field names tell dataclasses apart."""
    named = [one for one in members if one is not type(None)]
    if isinstance(value, Mapping) and len(named) > 1:
        return min(named, key=lambda one: len({item.name for item in fields(one)} ^ value.keys()))
    return next((one for one in named if type(value) is one), named[0])


# Python evaluates the text of every annotation anew.
_hints = functools.cache(typing.get_type_hints)


def _instance(cls: Any, values: Mapping[str, Any], path: str, faults: list[Problem]) -> Any:
    hints = _hints(cls)
    names = [item.name for item in fields(cls)]
    wrong = [*_unknown(cls, names, values, path), *(Problem("is missing", _below(path, name)) for name in names
                                                    if name not in values)]  # fmt: skip
    given = {name: _made(hints[name], values[name], _below(path, name), wrong) for name in names if name in values}
    faults += wrong
    return None if wrong else cls(**given)


def _unknown(cls: type, names: Sequence[str], values: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for name in values:
        if name not in names:
            yield Problem(f"is not a field of {cls.__name__}{hint(name, names)}", _below(path, name))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
