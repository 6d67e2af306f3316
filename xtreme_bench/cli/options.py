"""Options that several commands share, and how commands print results."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from xtreme_bench.errors import Problem
from xtreme_bench.wording import json_text, say

EXISTING = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ALLOW_PARTIAL = click.option(
    "--allow-partial", is_flag=True, help="Accept a corpus with far fewer records than published."
)
_OUTPUT = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def json_option(what: str) -> Callable[[_Command], _Command]:
    """The option that writes `what` as JSON; the command passes its value to `emit`."""
    return click.option("--json", "json_file", type=_OUTPUT, help=f"Write {what} as JSON; - is standard output.")


def emit(json_file: Path | None, value: Any, text: Callable[[], str]) -> None:
    """Print the text, and write JSON to the file if one is given; with `-` standard output has only the JSON."""
    if json_file is None or str(json_file) != "-":
        say(text())
    if json_file is not None and str(json_file) == "-":
        say(json_text(value))
    elif json_file is not None:
        _write(json_file, f"{json_text(value)}\n")


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all; into a pipe, a device or a link, such as /dev/stdout, without replacing it."""
    from xtreme_bench.files import write_text

    if os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
        file.write_text(text, encoding="utf-8")
    else:
        write_text(file, text)


def say_problems(problems: Sequence[Problem]) -> None:
    """Print each problem on a line of standard error."""
    for problem in problems:
        say(str(problem), err=True)
