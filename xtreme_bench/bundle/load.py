"""A bundle as one value: its manifest, and its predictions by task and language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.read import opened
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.errors import InputError
from xtreme_bench.official.predictions import examine


@dataclass(frozen=True)
class Bundle:
    """A bundle's folder or zip. `languages`: task -> the languages that it has predictions for."""

    path: Path
    manifest: Mapping[str, Any]
    languages: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The name of the bundle, which is that of its recipe."""
        return str(self.manifest["name"])

    @property
    def scores(self) -> Mapping[str, Any]:
        """The scores that its manifest claims, with the official keys, in percent; empty if it has none."""
        return self.manifest["scores"] or {}

    def predictions(self, task: str, language: str) -> Any:
        """The predictions of one language.

        A list of labels, a list of lists of tags, a dict question id -> answer, or the lines of the file (retrieval).
        Errors: `InputError` if there are none, or with every fault of the file.
        """
        if language not in self.languages.get(task, ()):
            raise InputError(f"{self.path}: no predictions of {task} in `{language}`")
        with opened(self.path) as contents:
            found = examine(contents.read(TASKS[task].file(language)), task, language)
        if found.problems:
            raise InputError(f"{self.path}: faulty predictions", found.problems)
        return found.value


def load(path: Path) -> Bundle:
    """Read a bundle's folder or zip as untrusted input. Errors: `InputError` if it has no usable manifest."""
    manifest = read_manifest(path)
    with opened(path) as contents:
        names = set(contents.names)
    languages = {name: tuple(one for one in task.languages if task.file(one) in names) for name, task in TASKS.items()}
    return Bundle(path, manifest, {task: codes for task, codes in languages.items() if codes})
