"""The mounts of a stage's container: its inputs (read-only) and its own folder, each at its path on the host.

So stage files and error messages hold inside and outside. Links are not followed and their targets are absent, except
those of an encoder in the hub's cache (`folders`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from docker.types import Mount

from xtreme_bench.errors import InputError
from xtreme_bench.stage import folders

# Paths that the image uses itself.
OWN = frozenset(map(Path, (
    "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt", "/opt/venv", "/opt/xtreme-bench", "/proc", "/run",
    "/sbin", "/sys", "/tmp", "/usr", "/var",
)))  # fmt: skip
KERNEL = ("proc", "sys", "dev")


def of_stage(folder: Path, inputs: Mapping[str, Path], closed: Sequence[Path]) -> list[Mount]:
    """The mounts of the stage in `folder` (`<store>/partial/<key>`): `inputs` are read-only, `folder` is writable.

    If a folder of `closed` (gold labels, the store) is inside an input, an empty folder covers it. Errors: `InputError`
    for gold labels that are in the same folder as other data, and for a path that the image uses itself.
    """
    sources = {name: path.resolve() for name, path in inputs.items()}
    covers = [path.resolve() for path in closed]
    for name, source in sources.items():
        if source in OWN or source.parts[1] in KERNEL:
            raise InputError(f"{source}: containers use this path themselves; move the data to another folder")
        if name != "labels" and any(_is_of(source, cover, folder.parent.parent) for cover in covers):
            raise InputError(f"{source}: {folders.TOGETHER}")
    mounts = {str(path): _read_only(path, path) for path in sources.values()}
    if "encoder" in sources:
        links, problems = folders.foreign_links(sources["encoder"])
        if problems:
            raise InputError("links of an encoder may lead only into the hub's cache", problems)
        mounts |= {str(link): _read_only(link, target) for link, target in links.items()}
    for source in sources.values():
        for cover in covers:
            if source in cover.parents:
                mounts[str(cover)] = Mount(str(cover), None, type="tmpfs", tmpfs_size=1 << 20, tmpfs_mode=0o555)
    mounts[str(folder)] = Mount(str(folder), str(folder), type="bind")
    return list(mounts.values())


def _is_of(source: Path, cover: Path, store: Path) -> bool:
    """Whether an input is a closed folder or is in one; outputs of other stages are in the store, which is allowed."""
    return source == cover or (cover in source.parents and store not in cover.parents)


def _read_only(target: Path, source: Path) -> Mount:
    return Mount(str(target), str(source), type="bind", read_only=True)
