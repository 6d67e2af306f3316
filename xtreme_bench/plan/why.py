"""Why a stage must run: how it differs from the most similar finished stage in the store, in plain words."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from xtreme_bench.stage.code import PACKAGE
from xtreme_bench.stage.stage import Folder, Stage
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import listing

Record = Mapping[str, Any]
# A stage of another recipe with more differences than this is not mentioned.
ALIKE = 3
# Values are cut after this many characters.
SHOWN = 40
# A reason lists at most this many names.
LISTED = 3
_CODE = "code of "


class History:
    """The finished stages of a store. They are read once, at the first question."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def why(self, stage: Stage, names: Container[str], waiting: Mapping[str, str]) -> tuple[bool, list[str]]:
        """Whether a version of the stage is finished, and how it differs.

        `names` are the names of the stage in the recipes that share it. `waiting` maps the key of each stage that must
        run to "to do" or "to do again". If only another recipe has a finished version, one sentence names it, provided
        that it is similar.
        """
        if fault := self._store.fault(stage.key):
            return True, [f"the record of the finished run {fault}"]
        alike = self._alike.get((stage.kind, title(stage.name)), [])
        now = stage.description() if alike else {}
        found = [(list(_differences(stage, now, one, waiting)), one["name"]) for one in alike]
        if own := [what for what, name in found if name in names]:
            return True, [*min(own, key=len), *_follows(stage, waiting)]
        others = [pair for pair in found if 0 < len(pair[0]) <= ALIKE]
        what, name = min(others, key=lambda pair: len(pair[0]), default=([], ""))
        return False, [f"unlike {name}: {'; '.join(what)}"] if what else []

    @cached_property
    def _alike(self) -> dict[tuple[str, str], list[Record]]:
        """The finished stages by kind and title, newest first."""
        found: dict[tuple[str, str], list[Record]] = {}
        for record in self._store.records():
            found.setdefault((record["kind"], title(record["name"])), []).append(record)
        return found


def title(name: str) -> str:
    """The name of a stage without the name of its recipe."""
    return name.rpartition(" (")[0] or name


def code_differs(modules: Iterable[str]) -> str:
    """The sentence about code: `modules` are names as in `stage.code.parts`."""
    names = [module.removeprefix(f"{PACKAGE}.").replace(".", "/") for module in modules]
    return f"{_CODE}{listing(names, LISTED)} differs from the finished run"


def by_code_alone(why: Sequence[str]) -> bool:
    """Whether code is the only difference of a stage."""
    return bool(why) and all(one.startswith(_CODE) for one in why)


def unequal(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """The keys whose values differ, or that only one of the two has."""
    return [key for key in dict.fromkeys([*now, *then]) if now.get(key) != then.get(key)]


def _differences(stage: Stage, now: Record, record: Record, waiting: Mapping[str, str]) -> Iterator[str]:
    """The differences of a stage, described by `now`, from a finished one, except inputs that must run themselves."""
    if modules := unequal(now["code"], record["code"]):
        yield code_differs(modules)
    yield from _settings(now["params"], record["params"])
    for task in unequal(now["rows"], record["rows"]):
        yield f"the benchmark's row of {task} differs"
    for name in unequal(now["inputs"], record["inputs"]):
        yield from _input(name, stage.inputs.get(name), record, waiting)
    if now.get("image") != record.get("image"):
        yield f"image differs: {_value(record.get('image'))} -> {_value(now.get('image'))}"
    elif versions := list(_settings(now.get("versions", {}), record.get("versions", {}))):
        yield f"package versions: {', '.join(versions)}"
    if now["schema_version"] != record["schema_version"]:
        yield "the format of records has changed"


def _settings(now: Any, then: Any, name: str = "") -> Iterator[str]:
    """`learning_rate 1e-05 -> 3e-05` for each value that differs."""
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        for key in unequal(now, then):
            yield from _settings(now.get(key), then.get(key), f"{name}.{key}" if name else key)
    elif isinstance(now, list) and isinstance(then, list):
        added = [f"{_value(one)} added" for one in now if one not in then]
        gone = [f"{_value(one)} removed" for one in then if one not in now]
        yield f"{name}: {listing([*added, *gone], LISTED) or 'in another order'}"
    else:
        yield f"{name} {_value(then)} -> {_value(now)}"


def _input(name: str, source: Stage | Folder | None, record: Record, waiting: Mapping[str, str]) -> Iterator[str]:
    """The sentences about an input that has changed."""
    then = record["files"].get(name, {})
    if source is None:
        yield f"{name} is no longer an input"
    elif name not in record["inputs"]:
        yield f"{name} is a new input"
    elif isinstance(source, Folder) and source.files and then:
        now = source.files
        for what, files in (
            ("changed", [file for file in now if file in then and now[file] != then[file]]),
            ("added", [file for file in now if file not in then]),
            ("removed", [file for file in then if file not in now]),
        ):
            if files:
                yield f"{name} {what}: {listing(files, LISTED)}"
    elif isinstance(source, Folder):
        yield f"{name} {_value(record['inputs'][name])} -> {_value(source.key)}"
    elif source.key not in waiting:
        yield f"input `{title(source.name)}` is a different finished stage"


def _follows(stage: Stage, waiting: Mapping[str, str]) -> Iterator[str]:
    for state in dict.fromkeys(waiting.values()):
        names = [f"`{title(one.name)}`" for one in stage.sources if waiting.get(one.key) == state]
        if names := list(dict.fromkeys(names)):
            yield f"it reads {listing(names, LISTED)}: {state}"


def _value(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
