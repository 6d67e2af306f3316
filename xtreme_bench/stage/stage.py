"""A stage of a plan: its inputs, its key, and whether the inputs have changed since."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import Problem, StageError
from xtreme_bench.files import Digests, Stamp, canonical, digest, stamp
from xtreme_bench.intermediate import CORPORA, INTERMEDIATE, preparers, readers_of
from xtreme_bench.stage import code
from xtreme_bench.stage.kinds import KINDS, Kind
from xtreme_bench.stage.params import plain
from xtreme_bench.stage.store import SCHEMA_VERSION, Store
from xtreme_bench.stage.versions import needed_versions
from xtreme_bench.wording import shown

# The key of a folder that lacks files: stages that read it cannot run.
MISSING = "missing"


@dataclass(frozen=True)
class Folder:
    """An input from outside the store. `key`: a digest of the files that are read, or `MISSING`.

    `stamps`: the stamps of the files, taken before digesting, to notice later changes. `files`: file name -> digest, so
    that a record can tell later which file has changed. The names are safe to print.
    """

    path: Path
    key: str
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def digested(cls, path: Path, names: Iterable[str], digests: Digests) -> Folder:
        """The input of a stage that reads the files `names` in a folder."""
        stamps = stamps_of(path, names)
        files = digests.of(path, stamps)
        return cls(path, digest(files), stamps, {shown(name): sha256 for name, sha256 in files.items()})

    def changed(self) -> list[Problem]:
        """A problem for each file that was changed, restored or removed since the key was made."""
        now = stamps_of(self.path, self.stamps)
        there = {name: str(self.path / name) for name in self.stamps if now.get(name) != self.stamps[name]}
        return [Problem("was changed" if name in now else "was removed", file) for name, file in there.items()]

    def folder(self, store: Store) -> Path:
        """The path of the files."""
        return self.path


def _targets(texts: Collection[str]) -> list[str]:
    """The target tasks that parameters name, directly or by their shared training set."""
    return [task.name for task in TASKS.values() if task.name in texts or task.source in texts]


def _intermediate(texts: Collection[str]) -> list[str]:
    """The intermediate tasks that parameters name, and their parts."""
    return [one for name, row in INTERMEDIATE.items() if name in texts for one in dict.fromkeys((name, *row.parts))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for pair in value.items() for one in pair for text in _texts(one))
    elif isinstance(value, list | tuple):
        yield from (text for one in value for text in _texts(one))


def stamps_of(folder: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """Name -> stamp of each existing file or folder in `names`."""
    return {name: stamp(folder / name) for name in names if (folder / name).exists()}


@dataclass(frozen=True)
class Accepted:
    """A finished stage that replaces one with other code: its key, and the modules that differ."""

    key: str
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One unit of work: `KINDS[kind]` run with `params` (the dataclass of its row) and `inputs`.

    `image`: the digest of its container image; None means the packages that are installed here. `accepted`: the
    finished stage to use instead, if the user accepts results of other code.
    """

    kind: str
    name: str
    params: Any
    inputs: Mapping[str, Stage | Folder]
    image: str | None = None
    accepted: Accepted | None = None

    @property
    def sources(self) -> list[Stage]:
        """The inputs that are stages."""
        return [source for source in self.inputs.values() if isinstance(source, Stage)]

    @cached_property
    def key(self) -> str:
        """The sha256 (hex) of everything that the result depends on. The name is not included."""
        return self.accepted.key if self.accepted else digest(self.description())

    def description(self) -> dict[str, Any]:
        """The content of the key as JSON values, as in a record; do not change it, since it is made once."""
        return self._described

    @cached_property
    def _described(self) -> dict[str, Any]:
        made_from = {
            "schema_version": SCHEMA_VERSION,
            "kind": self.kind,
            "params": self._params,
            "rows": self._rows(),
            "inputs": {name: source.key for name, source in self.inputs.items()},
            **({"image": self.image} if self.image else {"versions": needed_versions()}),
            "code": code.parts(*self.code),
        }
        described: dict[str, Any] = json.loads(canonical(made_from))
        return described

    @property
    def code(self) -> tuple[str, ...]:
        """The code that it runs, each as "module:name": from its kind and from the rows of its tasks."""
        if self.row.prepares:
            return *self.row.code, *preparers(), *readers_of(CORPORA)
        return *self.row.code, *readers_of(_intermediate(set(_texts(self._params))))

    @cached_property
    def _params(self) -> dict[str, Any]:
        """The parameters that its result depends on."""
        return {name: value for name, value in plain(self.params).items() if name not in self.row.aside}

    def _rows(self) -> dict[str, Any]:
        """The rows of the tables of tasks that its result depends on."""
        texts = set(_texts(self._params))
        targets = {name: TASKS[name].row for name in _targets(texts)}
        if self.row.prepares:
            return {**targets, **{name: row.prepared_from for name, row in CORPORA.items()}}
        return {**targets, **{name: CORPORA[name].trained_on for name in _intermediate(texts)}}

    @property
    def files(self) -> dict[str, dict[str, str]]:
        """Input -> file name -> digest, for the files outside the store."""
        return {name: dict(source.files) for name, source in self.outside.items()}

    @property
    def places(self) -> dict[str, str]:
        """Input -> its folder, for the folders outside the store."""
        return {name: str(source.path.resolve()) for name, source in self.outside.items()}

    @property
    def row(self) -> Kind:
        """The row of its kind."""
        return KINDS[self.kind]

    @property
    def outside(self) -> dict[str, Folder]:
        """The inputs from outside the store."""
        return {name: source for name, source in self.inputs.items() if isinstance(source, Folder)}

    def require_unchanged(self) -> None:
        """Errors: `StageError` if an input from outside the store has changed since the key was made."""
        problems = [problem for source in self.outside.values() for problem in source.changed()]
        if problems:
            raise StageError("its input has changed since this run began: run the same command again", problems)

    def folder(self, store: Store) -> Path:
        """The folder of the outputs of the finished stage."""
        return store.out(self.key)
