"""The JSON Schema of a recipe, for editors: made from the same dataclasses that reading follows.

`python -m xtreme_bench.recipe.schema > recipes/recipe.schema.json` writes it anew; a test compares the two.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from xtreme_bench.benchmark import of_group
from xtreme_bench.recipe.aligned import AlignedTask
from xtreme_bench.recipe.compose import KEY, Composition
from xtreme_bench.recipe.fields import Bound, Recipe, Target
from xtreme_bench.recipe.phases import IntermediateTask, Training
from xtreme_bench.recipe.read import common
from xtreme_bench.recipe.setting import ALL
from xtreme_bench.stage.params import plain

Schema = dict[str, Any]


def schema() -> Schema:
    """JSON Schema (draft 2020-12) of a recipe. It is wider than `recipe.validate`, which also compares fields."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "xtreme-bench recipe",
        "if": {"required": [KEY]},
        "then": _object(Composition),
        "else": _whole(),
        "$defs": {cls.__name__: _object(cls) for cls in (IntermediateTask, AlignedTask, Training, Bound)},
    }


def _whole() -> Schema:
    """The schema of a recipe that is not composed of others."""
    retrieval = of_group("retrieval")
    return {
        **_object(Recipe),
        "allOf": [
            {
                "if": {
                    "properties": {"targets": {"anyOf": [{"required": [task]} for task in retrieval]}},
                    "required": ["targets"],
                },
                "then": {"required": ["retrieval"]},
            },
            {
                "if": {"properties": {"model": {"required": ["scratch"]}}, "required": ["model"]},
                "then": {"required": ["pretraining"]},
                "else": {"not": {"required": ["pretraining"]}},
            },
            {
                "if": {"properties": {"expect": {"required": ["gains"]}}, "required": ["expect"]},
                "then": {"required": ["baseline"]},
            },
        ],
    }


def text() -> str:
    """The schema as it stands in the file: indented, short lists on one line."""
    indented = json.dumps(schema(), indent=1, ensure_ascii=False)
    joined = re.sub(r"\[\n[^\[\]{}]*\]", lambda match: " ".join(match[0].split()), indented)
    return joined.replace("[ ", "[").replace(" ]", "]") + "\n"


def _object(cls: type[Any], key: str = "") -> Schema:
    """The schema of a dataclass that stands under `key`."""
    types = get_type_hints(cls)
    settings = [item for item in fields(cls) if item.metadata]
    required = [item.name for item in settings if item.default is MISSING and item.default_factory is MISSING]
    found: Schema = {
        "description": cls.__doc__,
        "type": "object",
        "properties": {item.name: _field(types[item.name], item, key) for item in settings},
        "required": required,
        "additionalProperties": False,
    }
    if one_of := getattr(cls, "EXACTLY_ONE", ()):
        found["oneOf"] = [{"required": [name]} for name in one_of]
    if together := getattr(cls, "TOGETHER", ()):
        found["dependentRequired"] = {name: [other for other in together if other != name] for name in together}
    for item in settings:
        if item.metadata["instead_of"]:
            found["not"] = {"required": [item.name, item.metadata["instead_of"]]}
    return found


def _field(kind: Any, item: Field[Any], key: str) -> Schema:
    if get_origin(kind) is UnionType:
        kind = next(choice for choice in get_args(kind) if choice is not type(None))
    found = {**_value(kind, item, key), "description": item.metadata["about"]}
    if item.metadata["nullable"]:
        found["type"] = [found["type"], "null"]
    if item.default is not MISSING and item.default is not None and not is_dataclass(item.default):
        found["default"] = "all" if item.default == ALL else plain(item.default)
    return found


def _value(kind: Any, item: Field[Any], key: str) -> Schema:
    facts = item.metadata
    choices = facts["choices"]
    if is_dataclass(kind) and isinstance(kind, type):
        return _with_short(kind, _object(kind, item.name))
    if get_origin(kind) is Mapping:
        least = {"minProperties": 1} if item.default_factory is MISSING else {}
        forms = {name: facts["forms"].get(name, common(kind)) for name in choices}
        rows = {name: _row(form, name, (facts["defaults"] or {}).get(name)) for name, form in forms.items()}
        return {"type": "object", "properties": rows, "additionalProperties": False, **least}
    if get_origin(kind) is tuple and get_args(kind)[0] is int:
        return {"type": "array", "items": _value(int, item, key), "uniqueItems": True, "minItems": 1}
    if get_origin(kind) is tuple:
        words: list[Schema] = [{"const": word} for word in facts["words"]]
        names = {"enum": list(choices(key, "download") if callable(choices) else choices)} if choices else None
        array: Schema = {"type": "array", "items": names or _value(str, item, key), "uniqueItems": True}
        many = len(facts["example"])
        bounds = {"minItems": many, "maxItems": many} if many else {"minItems": 1}
        return {"anyOf": [*words, {**array, **bounds}]} if callable(choices) else array
    if kind is str:
        limits: Schema = {"enum": list(choices)} if choices else {"pattern": f"^(?:{facts['pattern'][0]})$"}
        return {"type": "string", **limits}
    names_of = {"low": "minimum", "high": "maximum", "above": "exclusiveMinimum"}
    limits = {names_of[name]: facts[name] for name in names_of if facts[name] is not None}
    return {"type": "integer" if kind is int else "number", **limits}


def _with_short(cls: type[Any], whole: Schema) -> Schema:
    """The schema of a dataclass that a text may stand for: the value of one of its fields."""
    short = getattr(cls, "SHORT", None)
    return {"anyOf": [{"enum": whole["properties"][short]["enum"]}, whole]} if short else whole


def _row(cls: type[Any], key: str, defaults: object) -> Schema:
    """The value of one key of a mapping. Only targets differ from key to key, in their languages."""
    if cls is Target:
        return _object(cls, key)
    found: Schema = {"$ref": f"#/$defs/{cls.__name__}"}
    if defaults is not None:
        found["default"] = _given(plain(defaults))
    return found


def _given(value: Any) -> Any:
    """JSON values without those of a mapping that are null."""
    if not isinstance(value, Mapping):
        return value
    return {name: _given(inner) for name, inner in value.items() if inner is not None}


if __name__ == "__main__":
    sys.stdout.write(text())
