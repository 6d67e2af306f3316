"""Which of the user's files stages may get: those inside the named folder, and no gold labels among the data.

A folder that is named may itself be a link. Within it a link could lead a stage anywhere: to gold labels, or to what a
container should not see. So only the cache of the hub, whose snapshots are links to its blobs, may have any.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from xtreme_bench.errors import Problem

TOGETHER = "the gold labels are in the same folder as the data; put them in a folder of their own"


def strays(folder: Path, names: Iterable[str], labels: Path | None = None) -> list[Problem]:
    """A problem for each link by which one of `names` (relative to `folder`) is outside of it, or is a gold label; and
    one where a name is among the gold labels without any link."""
    root = _real(folder)
    found = {}
    for name in names:
        real = _real(root / name)
        if real.exists() and _leads_out(real, root, labels):
            links = (path for path in _parts(root, name) if path.is_symlink())
            link = next((path for path in links if _leads_out(_real(path), root, labels)), None)
            found[link] = Problem(TOGETHER, file=str(folder)) if link is None else _elsewhere(folder, root, link)
    return list(found.values())


def _elsewhere(folder: Path, root: Path, link: Path) -> Problem:
    return Problem(
        f"is a link to {_real(link)}, and stages see only the files in {folder}: put the files themselves there, or "
        "name the folder that they are in",
        file=str(folder / link.relative_to(root)),
    )


def foreign_links(encoder: Path) -> tuple[dict[Path, Path], list[Problem]]:
    """The links below an encoder's folder to the blobs of the hub's cache, by where they point, and a problem for each
    other one that leads out of the folder."""
    root, blobs, problems = _real(encoder), _blobs(encoder), []
    wanted: dict[Path, Path] = {}
    for link in _links(root):
        real = _real(link)
        if not real.exists() or _within(real, root):
            continue
        if blobs is not None and _within(real, blobs) and real.is_file():
            wanted[Path(os.path.normpath(link.parent / link.readlink()))] = real
        else:
            problems.append(
                Problem(f"is a link to {real}, outside of the encoder; put the file itself there", file=str(link))
            )
    return wanted, problems


def _blobs(encoder: Path) -> Path | None:
    """Where the files of a model in the hub's cache are (models--ORG--NAME/blobs); None for another folder."""
    root = _real(encoder)
    return root.parent.parent / "blobs" if root.parent.name == "snapshots" else None


def _links(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        yield from (path for path in (Path(directory, name) for name in (*names, *files)) if path.is_symlink())


def _parts(root: Path, name: str) -> Iterator[Path]:
    """The path of each folder on the way to a file, and of the file."""
    path = root
    for part in Path(name).parts:
        path /= part
        yield path


def _leads_out(real: Path, root: Path, labels: Path | None) -> bool:
    return not _within(real, root) or (labels is not None and _within(real, _real(labels)))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `resolve` raises for links in a circle


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
