"""What a stage's container sees of this machine: its inputs read-only, its own folder, each at its own path.

Links are not followed, so what they lead to is not there, but for an encoder's in the hub's cache (`folders`).
With the same paths inside and outside, stage files and error messages hold in both places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from docker.types import Mount

from xtreme_bench.errors import InputError
from xtreme_bench.stage import folders

# Paths at which the image has something of its own.
OWN = frozenset(map(Path, (
    "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt", "/opt/venv", "/opt/xtreme-bench", "/proc", "/run",
    "/sbin", "/sys", "/tmp", "/usr", "/var",
)))  # fmt: skip
KERNEL = ("proc", "sys", "dev")


def of_stage(folder: Path, inputs: Mapping[str, Path], closed: Sequence[Path]) -> list[Mount]:
    """The mounts of the stage in `folder` (`<store>/partial/<key>`): `inputs` are read-only, `folder` is writable.

    Where a folder of `closed` (gold labels, the store) lies within an input, an empty folder covers it. Errors:
    `InputError` for gold labels that cannot be told from other data, and for a path at which the image has its own.
    """
    sources = {name: path.resolve() for name, path in inputs.items()}
    covers = [path.resolve() for path in closed]
    for name, source in sources.items():
        if source in OWN or source.parts[1] in KERNEL:
            raise InputError(f"{source}: a container has something of its own there; move the data to another folder")
        if name != "labels" and any(_is_of(source, cover, folder.parent.parent) for cover in covers):
            raise InputError(f"{source}: {folders.TOGETHER}")
    mounts = {str(path): _read_only(path, path) for path in sources.values()}
    if "encoder" in sources:
        links, problems = folders.foreign_links(sources["encoder"])
        if problems:
            raise InputError("links of an encoder are followed into the hub's cache alone", problems)
        mounts |= {str(link): _read_only(link, target) for link, target in links.items()}
    for source in sources.values():
        for cover in covers:
            if source in cover.parents:
                mounts[str(cover)] = Mount(str(cover), None, type="tmpfs", tmpfs_size=1 << 20, tmpfs_mode=0o555)
    mounts[str(folder)] = Mount(str(folder), str(folder), type="bind")
    return list(mounts.values())


def _is_of(source: Path, cover: Path, store: Path) -> bool:
    """Whether an input is a closed folder or lies in one; in the store all inputs of other stages do."""
    return source == cover or (cover in source.parents and store not in cover.parents)


def _read_only(target: Path, source: Path) -> Mount:
    return Mount(str(target), str(source), type="bind", read_only=True)
