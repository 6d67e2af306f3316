"""Which user files a stage may read: files inside the named folder, and no gold labels.

The named folder itself may be a link. Links inside it could lead to gold labels, or out of what a container may see. So
they are refused, except in the cache of the hub, whose snapshots are links to its blobs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from xtreme_bench.errors import Problem

TOGETHER = "the gold labels are in the same folder as the data; put them in a folder of their own"


def strays(folder: Path, names: Iterable[str], labels: Path | None = None) -> list[Problem]:
    """A problem for each link that takes one of `names` (relative to `folder`) out of it or to a gold label, and one
    if a name is in the folder of gold labels without a link."""
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
        f"is a link to {_real(link)}, and stages see only the files in {folder}: copy the files there, or "
        "name the folder that contains them",
        file=str(folder / link.relative_to(root)),
    )


def foreign_links(encoder: Path) -> tuple[dict[Path, Path], list[Problem]]:
    """The links of an encoder folder into the blobs of the hub's cache (link -> target), and a problem for each other
    link that leads out of the folder."""
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
                Problem(f"is a link to {real}, outside of the encoder folder; copy the file there", file=str(link))
            )
    return wanted, problems


def _blobs(encoder: Path) -> Path | None:
    """The blobs of a model in the hub's cache (models--ORG--NAME/blobs); None for another folder."""
    root = _real(encoder)
    return root.parent.parent / "blobs" if root.parent.name == "snapshots" else None


def _links(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        yield from (path for path in (Path(directory, name) for name in (*names, *files)) if path.is_symlink())


def _parts(root: Path, name: str) -> Iterator[Path]:
    """The path of each folder that leads to a file, and of the file."""
    path = root
    for part in Path(name).parts:
        path /= part
        yield path


def _leads_out(real: Path, root: Path, labels: Path | None) -> bool:
    return not _within(real, root) or (labels is not None and _within(real, _real(labels)))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `Path.resolve` raises for circular links


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
