"""Archives of releases as untrusted input: what may be data is unpacked below a folder of ours, within bounds."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from xtreme_bench.contents import mode_fault, path_fault, zip_fault
from xtreme_bench.data.forms import may_be_data
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.store import digest

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
DEPTH = 2  # AmazonPhotos.zip holds an archive for each language
# The largest real archive is that of UD 2.5: 1,600 files, 2.7 GB unpacked of 0.4 GB.
MAX_MEMBERS = 200_000
MAX_BYTES = 32 << 30
# Text shrinks to a fifth, columns of tags to a thirtieth. Below FREE_BYTES a ratio harms nobody.
MAX_RATIO, FREE_BYTES = 200, 64 << 20
BLOCK = 1 << 20
MAX_LISTED = 20

_DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError, OSError,
)  # fmt: skip


@dataclass(frozen=True)
class _Member:
    name: str
    fault: str | None
    open: Callable[[], IO[bytes] | None]


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive that can be unpacked."""
    return name.lower().endswith(ENDINGS)


def unpacked(archive: Path, name: str, folder: Path, depth: int = 1) -> list[tuple[str, Path]]:
    """The files of an archive that may be data, as (name of the archive/path inside, path on disk).

    They are written below `folder`, once: an archive that was unpacked before, and has not changed since, is not read
    again; one that was interrupted is. Archives inside are unpacked, too. Hidden files and what macOS adds are passed
    over. Errors: `InputError` with all members whose path leaves the archive or that are links or devices where a data
    file should be, for an archive that is damaged, and for one that unpacks to too much.
    """
    state = archive.stat()
    target = folder / digest([name, state.st_size, state.st_mtime_ns])[:16]
    if not target.is_dir():
        partial = target.with_name(f"{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _unpack(archive, partial)
        partial.replace(target)
    found = []
    for path in sorted(p for p in target.rglob("*") if p.is_file()):
        inside = f"{name}/{path.relative_to(target).as_posix()}"
        if is_archive(path.name):
            if depth < DEPTH:
                found += unpacked(path, inside, folder, depth + 1)
        else:
            found.append((inside, path))
    return found


def _unpack(archive: Path, folder: Path) -> None:
    state = archive.stat()
    allowed = max(FREE_BYTES, MAX_RATIO * state.st_size)
    problems: list[Problem] = []
    total = 0
    try:
        for member in _members(archive):
            if member.fault is not None:
                problems.append(Problem(member.fault, file=f"{archive}: {member.name}"))
            elif not problems and (source := member.open()) is not None:
                with source:
                    total += _copy(source, folder / member.name, min(allowed, MAX_BYTES) - total)
                # Unpacked again, a file must not look like a changed one.
                os.utime(folder / member.name, ns=(state.st_mtime_ns, state.st_mtime_ns))
    except _TooMuch:
        raise InputError(
            f"{archive} unpacks to more than {min(allowed, MAX_BYTES) >> 20} MiB, which no release of these corpora "
            "does: unpack it yourself if you trust it, and give the folder"
        ) from None
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a full disk is no fault of the archive
        raise InputError(f"{archive} is damaged or no archive ({error}): get it again") from error
    if problems:
        raise InputError(f"{archive} cannot be trusted, nothing of it is used", problems[:MAX_LISTED])


class _TooMuch(Exception):
    pass


def _copy(source: IO[bytes], target: Path, allowed: int) -> int:
    """Copy at most `allowed` bytes; what the archive says of sizes is not believed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    copied = 0
    with target.open("wb") as stream:
        while block := source.read(BLOCK):
            copied += len(block)
            if copied > allowed:
                raise _TooMuch
            stream.write(block)
    return copied


def _members(archive: Path) -> Iterator[_Member]:
    """The members of an archive that may be data or archives, and those that prove it hostile."""
    if archive.name.lower().endswith(".zip"):
        yield from _zip_members(archive)
    else:
        yield from _tar_members(archive)


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
        _bounded(archive, len(entries))
        for info in entries:
            if not info.is_dir() and _wanted(info.filename):
                fault = path_fault(info.orig_filename) or zip_fault(info)
                yield _Member(info.orig_filename, fault, lambda info=info: opened.open(info))  # type: ignore[misc]
            elif fault := path_fault(info.orig_filename.rstrip("/")):
                yield _Member(info.orig_filename, fault, lambda: None)


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive, "r:*", errors="strict") as opened:
        for number, info in enumerate(opened, start=1):
            _bounded(archive, number)
            name = info.name.removeprefix("./")
            fault = path_fault(name.rstrip("/")) if name not in (".", "") else None
            if not info.isdir() and _wanted(name):
                fault = fault or mode_fault(_mode(info))
                yield _Member(name, fault, lambda info=info: opened.extractfile(info))  # type: ignore[misc]
            elif fault:
                yield _Member(name, fault, lambda: None)


def _mode(info: tarfile.TarInfo) -> int:
    if info.issym() or info.islnk():
        return stat.S_IFLNK
    return stat.S_IFREG if info.isreg() else stat.S_IFCHR


def _bounded(archive: Path, members: int) -> None:
    if members > MAX_MEMBERS:
        raise InputError(f"{archive} has more than {MAX_MEMBERS:,} members, more than any release of these corpora")


def _wanted(name: str) -> bool:
    hidden = any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in name.split("/"))
    return not hidden and (may_be_data(name) or is_archive(name))
