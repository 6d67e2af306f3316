"""The run that is exported: its bundle, and its recipe as the manifest holds it, read again as a recipe is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.composed import origins
from xtreme_bench.bundle.load import Bundle, load
from xtreme_bench.bundle.manifest import claims
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.recipe.fields import Recipe
from xtreme_bench.recipe.load import recall
from xtreme_bench.wording import one_line


@dataclass(frozen=True)
class Run:
    """A bundle and its recipe. What others wrote in the manifest counts only as far as the recipe can be read."""

    bundle: Bundle
    recipe: Recipe

    @property
    def built_in(self) -> bool:
        """Whether it ran on the built-in corpora, which nobody else has."""
        return self.recipe.data.source == "miniature"

    @property
    def claims(self) -> dict[str, Any]:
        """The languages that the run is trained on and zero-shot in."""
        return claims(self.recipe, origins(self.bundle.manifest))

    @property
    def command(self) -> str:
        """The command that makes the run again from its recipe file."""
        settings = [text for text in self.bundle.manifest.get("overrides", ()) if isinstance(text, str)]
        options = [part for text in settings for part in ("--set", text)]
        if not any(text.startswith("seed=") for text in settings):
            options += ["--seed", str(self.recipe.seed)]
        folder = "" if self.built_in else " --data <folder of the corpora>"
        # An override is text that anyone may have written, and this goes into a code block of a card.
        return f"{one_line(shlex.join(['xtreme-bench', 'run', self.recipe.name, *options]))}{folder}"


def read(path: Path) -> Run:
    """The run of a bundle's folder or zip.

    Errors: `InputError` if its manifest or its recipe cannot be read, or its predictions are not those of the recipe.
    """
    bundle = load(path)
    recipe, faults = recall(bundle.manifest["recipe"], bundle.name)
    if recipe is None:
        raise InputError(f"{path}: the recipe in its manifest cannot be read", faults)
    if not bundle.languages:
        raise InputError(f"{path}: it has no predictions")
    problems = [
        Problem("not a target of the recipe", TASKS[task].file(code), task=task, language=code)
        for task, codes in bundle.languages.items()
        for code in codes
        if task not in recipe.targets or code not in recipe.targets[task].languages
    ]
    if problems:
        raise InputError(f"{path}: its predictions are not those of its recipe", problems)
    return Run(bundle, recipe)
