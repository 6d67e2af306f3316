"""`manifest.json` of a bundle: what was run on which inputs, its scores, and what each file of predictions holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any

from xtreme_bench.benchmark import GROUPS, TASKS, Group, Task
from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.bundle.read import MAX_FILES
from xtreme_bench.errors import Problem
from xtreme_bench.files import digest
from xtreme_bench.official.findings import LISTED, Findings, Size, ids_sha256
from xtreme_bench.untrusted import Malformed, flaw, parse_json
from xtreme_bench.wording import count, quoted

SCHEMA_VERSION = 1
BUNDLE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"

_MAYBE, _NUMBER = (dict, NoneType), (int, float)
# The keys of every manifest, and those of some, with the types that a value may have: whoever reads one relies on it.
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "schema_version": (int,),
    "name": (str,),
    "recipe": (dict,),
    "recipe_sha256": (str,),
    "model": (dict,),
    "data": (dict,),
    "seed": (int,),
    "stages": (list,),
    "versions": (dict,),
    "image": (str, NoneType),
    "device": (list,),
    "scores": _MAYBE,
    "trained_on": (dict,),
    "zero_shot": (dict,),
    "files": (dict,),
}
_OF_SOME: Mapping[str, tuple[type, ...]] = {
    "audit": _MAYBE,
    "chosen_layer": _MAYBE,
    "composed": (dict,),
    "dev": (dict,),
    "layers": _MAYBE,
    "left_out": (dict,),
    "near": (dict,),
    "overrides": (list,),
    "precision": _MAYBE,
    "released": (dict,),
    "retrieval": (dict,),
}
# The same inside of them: `*` is each entry of an object or a list. An entry need not be there.
_INSIDE: Mapping[str, tuple[type, ...]] = {
    "audit.compared": (dict,),
    "audit.criteria": (dict,),
    "audit.overlaps": (list,),
    "audit.overlaps.*": (dict,),
    "audit.relations": (list,),
    "audit.relations.*": (dict,),
    "audit.repeats": (list,),
    "audit.repeats.*": (dict,),
    "audit.seen": (dict,),
    "audit.seen.*": (dict,),
    "composed.*": (dict,),
    "composed.*.development": (dict,),
    "composed.*.development.*": _NUMBER,
    "composed.*.from": (str,),
    "composed.*.judged_by": (str,),
    "data.made_from": _MAYBE,
    "data.sha256": (str,),
    "data.source": (str,),
    "dev.*": (dict,),
    "dev.*.chance": (dict,),
    "dev.*.chance.*": _NUMBER,
    "dev.*.dev": (dict,),
    "dev.*.dev.*": _NUMBER,
    "device.*": (str,),
    "left_out.*": (dict,),
    "near.*": (list,),
    "near.*.*": (str,),
    "overrides.*": (str,),
    "retrieval.*": (dict,),
    "retrieval.*.languages": (dict,),
    "retrieval.*.languages.*": (dict,),
    "stages.*": (dict,),
    "stages.*.key": (str,),
    "stages.*.kind": (str,),
    "stages.*.name": (str,),
    "trained_on.*": (dict, list, NoneType),
    "trained_on.intermediate": (dict, NoneType),
    "trained_on.intermediate.*": (list,),
    "trained_on.intermediate.*.*": (str,),
    "trained_on.items_differ": (list,),
    "trained_on.items_differ.*": (str,),
    "trained_on.mlm": (list, NoneType),
    "trained_on.mlm.*": (str,),
    "versions.*": (str,),
    "zero_shot.*": (list,),
    "zero_shot.*.*": (str,),
}
_TYPE_NAMES = {int: "an integer", str: "text", dict: "an object", list: "a list", NoneType: "null"}


def parse_manifest(raw: bytes) -> tuple[dict[str, Any] | None, list[Problem]]:
    """A manifest and its faults; None instead of the manifest if it cannot be used."""
    try:
        value = parse_json(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return None, [Problem(f"not JSON: {error}", MANIFEST)]
    except Malformed as error:
        return None, [Problem(f"not JSON: {error}", MANIFEST, error.line)]
    if fault := flaw(value):
        return None, [Problem(fault, MANIFEST)]
    if not isinstance(value, dict):
        return None, [Problem("expected one JSON object", MANIFEST)]
    if value.get("schema_version") != SCHEMA_VERSION:
        found = quoted(json.dumps(value.get("schema_version")))
        return None, [Problem(f"schema_version is {found}; this program reads version {SCHEMA_VERSION}", MANIFEST)]
    faults = _field_faults(value)
    if faults:
        return None, [Problem(message, MANIFEST) for message in faults]
    if value["recipe_sha256"] != digest(value["recipe"]):
        return value, [Problem("recipe_sha256 is not the hash of the manifest's recipe", MANIFEST)]
    return value, []


def _field_faults(value: Mapping[str, Any]) -> list[str]:
    faults = [f"`{key}` is missing" for key in _FIELDS if key not in value]
    faults += _wrong_types(value)
    if isinstance(value.get("name"), str) and not re.fullmatch(BUNDLE_NAME, value["name"]):
        faults.append("`name` must be letters, digits, `.`, `_` and `-`")
    if isinstance(value.get("scores"), dict):
        faults += _score_faults(value["scores"])
    return faults + _file_faults(value["files"]) if isinstance(value.get("files"), dict) else faults


def _wrong_types(value: Mapping[str, Any]) -> list[str]:
    """Fields, and entries inside of them, with a type that they cannot have: all of them, each kind up to a limit."""
    faults = []
    for pattern, kinds in {**_FIELDS, **_OF_SOME, **_INSIDE}.items():
        wrong = [path for path, found in _entries(value, pattern.split(".")) if type(found) not in kinds]
        faults += [f"{quoted('.'.join(path))} must be {_named(kinds)}" for path in wrong[:LISTED]]
        if len(wrong) > LISTED:
            faults.append(f"`{pattern}`: {len(wrong) - LISTED:,} more entries like the {LISTED} above")
    return faults


def _entries(value: Any, pattern: Sequence[str], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The path and value of each entry that a pattern names; none where what holds it has another type itself."""
    if not pattern:
        yield path, value
        return
    name, *rest = pattern
    held = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    for key in held if name == "*" else [name] if name in held else []:
        yield from _entries(held[key], rest, (*path, str(key)))


def _named(kinds: Sequence[type]) -> str:
    return "a number" if kinds == _NUMBER else " or ".join(_TYPE_NAMES[kind] for kind in kinds)


def _file_faults(files: Mapping[str, Any]) -> list[str]:
    """Faulty entries of files, and names that no bundle can have."""
    wrong = [f"files: {quoted(name)}: {fault}" for name, entry in files.items() if (fault := _entry_fault(entry))]
    if len(wrong) > LISTED:
        wrong[LISTED:] = [f"files: {len(wrong) - LISTED:,} more entries like the {LISTED} above"]
    if len(files) > MAX_FILES:
        wrong.append(f"files: more than {count(MAX_FILES, 'file')}; a bundle has at most a few hundred")
    return wrong


def _score_faults(scores: Mapping[str, Any]) -> list[str]:
    """Where the scores do not have the form of the official result, on which other code relies."""
    return [
        f"scores: {task.name}: {', '.join(task.metric)} must map the same languages to percentages"
        for task in TASKS.values()
        if task.name in scores and not _is_result(scores[task.name], task)
    ] + [
        f"scores: {key}: must be a percentage"
        for key in ("all_task", *GROUPS)
        if key in scores and not _number(scores[key])
    ]


def _is_result(row: Any, task: Task) -> bool:
    columns: list[Any] = [row.get(metric) for metric in task.metric] if isinstance(row, dict) else []
    return (
        bool(columns)
        and all(isinstance(column, dict) and column.keys() <= set(task.languages) for column in columns)
        and all(column.keys() == columns[0].keys() and all(map(_number, column.values())) for column in columns)
        and all(_number(row.get(f"avg_{name}")) for name in (*task.metric, "metric"))
        and bool(columns[0])
    )


def _number(value: Any) -> bool:
    return type(value) in _NUMBER and 0 <= value <= 100


def _entry_fault(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return "expected an object"
    if not re.fullmatch("[0-9a-f]{64}", str(entry.get("sha256"))):
        return "`sha256` must be 64 hexadecimal digits"
    for key in ("records", "candidates"):
        number = entry.get(key, 0 if key == "candidates" else None)
        if type(number) is not int or not 0 <= number < 10**9:
            return f"`{key}` must be a number of records"
    if not re.fullmatch("[0-9a-f]{64}", str(entry.get("ids_sha256", "0" * 64))):
        return "`ids_sha256` must be 64 hexadecimal digits"
    lengths = entry.get("lengths", "")
    # `split`, not a regular expression: a group that repeats a million times needs much memory.
    numbers = lengths.split(" ") if isinstance(lengths, str) and lengths else []
    if not isinstance(lengths, str) or not all(re.fullmatch("[0-9]{1,9}", number) for number in set(numbers)):
        return "`lengths` must be numbers with one space between them"
    if "lengths" in entry and len(numbers) != entry["records"]:
        return "`lengths` must have one number for each of the `records`"
    return None


def file_entry(findings: Findings, sha256: str) -> dict[str, Any]:
    """The manifest's entry for a file without faults.

    `records` counts its lines, sentences, answers or pairs; `lengths` (tagging) the words of each sentence, as one text
    because that is shorter for 350,000 numbers; `ids_sha256` names its set of question or dialogue ids.
    """
    value, more = findings.value, _MORE.get(findings.task.group)
    return {"sha256": sha256, "records": len(value), **(more(value) if more else {})}


_MORE: Mapping[Group, Callable[[Any], dict[str, str]]] = {
    "tagging": lambda value: {"lengths": " ".join(str(len(tags)) for tags in value)},
    "qa": lambda value: {"ids_sha256": ids_sha256(value)},
    "dialogue": lambda value: {"ids_sha256": ids_sha256(value)},
}


def entry_size(entry: Mapping[str, Any]) -> Size:
    """The size that `file_entry` recorded, to check other predictions against."""
    lengths = entry.get("lengths")
    return Size(
        records=entry["records"],
        lengths=None if lengths is None else tuple(map(int, lengths.split())),
        ids_sha256=entry.get("ids_sha256"),
        candidates=entry.get("candidates"),
        source="the manifest",
    )
