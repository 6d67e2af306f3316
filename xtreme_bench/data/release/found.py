"""The files in the sources of `prepare`, and which of them are skipped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xtreme_bench.data.release.archives import is_archive
from xtreme_bench.data.release.recognition import recognise
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.wording import shown

# Samples of formats and results of other tools: never a data set, though the files have the names of one.
NOT_DATA = frozenset({"excerpts", "labels", "predictions"})


def find(sources: Sequence[Path]) -> list[tuple[str, Path]]:
    """All files below the sources as (relative POSIX path, path), sources in order, names sorted.

    A source is a folder or an archive. Links, pipes, hidden files and folders named excerpts, labels or predictions are
    skipped. Bytes of a name that are not UTF-8 are shown as `\\xfc`.
    """
    absent = [source for source in sources if not source.is_dir() and not _is_archive_file(source)]
    if absent or not sources:
        problems = [Problem("neither a folder nor an archive", file=str(source)) for source in absent]
        raise InputError("the releases to prepare must be existing folders or archives", problems)
    return [(name, path) for source in sources for name, path, why in _walk(source) if why is None]


def below(folder: Path) -> list[str]:
    """The paths of the files that `find` finds in one folder, relative to it, as they are on the disk."""
    return [path.relative_to(folder).as_posix() for _, path in find([folder])]


def passed_over(sources: Sequence[Path]) -> list[tuple[str, str]]:
    """What `find` skips, as (why, name)."""
    return [(why, name) for source in sources for name, _, why in _walk(source) if why is not None]


def near_misses(folder: Path, used: Usage) -> list[Problem]:
    """What is wrong with files of releases that a recipe needs; files in archives are not checked.

    `used` is what the recipe trains on and is tested on, as in `Recognised.lacking`.
    """
    found = recognise([(name, path) for name, path in find([folder]) if not is_archive(name)])
    return [replace(problem, file=str(folder / str(problem.file))) for problem in found.lacking(used)]


def _walk(source: Path) -> list[tuple[str, Path, str | None]]:
    """The files of a source with their names, sorted; what is skipped has its reason, a folder as a whole."""
    if source.is_file():
        return [(shown(source.name), source, None)]
    found = []
    for folder, inner, inside in os.walk(source):
        for path in (Path(folder) / name for name in [*inner, *inside]):
            why = _why_not(path)
            if path.is_dir():
                inner[:] = [name for name in inner if why is None or name != path.name]
            if why is not None or not path.is_dir():
                found.append((shown(path.relative_to(source).as_posix()), path, why))
    return sorted(found)


def _why_not(path: Path) -> str | None:
    """Why a file or folder is skipped."""
    if path.name.startswith("."):
        return "hidden"
    if path.is_symlink():
        return "a link, which is not followed: give what it points to"
    if path.is_dir():
        return "a folder of samples or results, by its name" if path.name in NOT_DATA else None
    return None if path.is_file() else "neither a file nor a folder"


def _is_archive_file(path: Path) -> bool:
    return path.is_file() and is_archive(path.name)
