"""Archives of releases as untrusted input: possible data files are unpacked, within bounds, into our folder."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from xtreme_bench.data.release.bounded import (
    Allowance,
    Counted,
    Sparse,
    TooMuch,
    member_of_zip,
    opened_zip,
    tar_members,
)
from xtreme_bench.data.release.recognition import COMPRESSED, may_be_data
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.files import digest
from xtreme_bench.untrusted import mode_fault, path_fault, zip_fault
from xtreme_bench.wording import shown

_COMPRESSED: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
DEPTH = 2  # AmazonPhotos.zip holds an archive for each language
# The largest real archive is that of UD 2.5: 1,600 files, 2.7 GB unpacked of 0.4 GB.
MAX_MEMBERS = 20_000  # and folders of those that are written
MAX_BYTES = 32 << 30
# Text shrinks to a fifth, columns of tags to a thirtieth. Below FREE_BYTES a ratio harms nobody.
MAX_RATIO, FREE_BYTES = 200, 64 << 20
MAX_HEADERS = 4 << 20  # bytes of all long names of a tar
MAX_PATH, MAX_DEPTH = 1000, 16  # characters and folders of a member's path
BLOCK = 1 << 20
MAX_LISTED = 20

_DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError, OSError,
)  # fmt: skip
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class _Member:
    name: str
    fault: str | None
    open: Callable[[], IO[bytes] | None]


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive that can be unpacked, or a single data file that is compressed."""
    return name.lower().endswith(ENDINGS) or (_is_single(name) and may_be_data(name))


def _is_single(name: str) -> bool:
    lowered = name.lower()
    return lowered.endswith(COMPRESSED) and not lowered.endswith(ENDINGS)


def unpacked(archive: Path, name: str, folder: Path) -> list[tuple[str, Path]]:
    """The files of an archive that may be data, as (name of the archive/path inside, path on disk).

    A single compressed file keeps its name; on the disk it has no ending of compression.

    They are written below `folder`, once: an archive that was unpacked before, and has not changed since, is not read
    again; one that was interrupted is. Archives inside are unpacked too. Hidden files and what macOS adds are
    skipped. Errors: `InputError` with all members whose path leaves the archive or that are links or devices in place
    of a data file, for an archive that is damaged, and for one that unpacks to too much.
    """
    allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * archive.stat().st_size))
    try:
        return _unpacked(
            archive, name, shown(str(archive)), folder, Allowance(allowed, MAX_MEMBERS, MAX_HEADERS), DEPTH
        )
    except TooMuch as reason:
        raise InputError(
            f"{archive} {reason}, which no release of these corpora does: unpack it yourself if you trust it, and give "
            "the folder"
        ) from None


def _unpacked(
    archive: Path, name: str, place: str, folder: Path, allowance: Allowance, depth: int
) -> list[tuple[str, Path]]:
    """As `unpacked`; `place` is the archive in messages: the path of the outermost one, and the path inside."""
    state = archive.stat()
    target = folder / digest([name, state.st_size, state.st_mtime_ns])[:16]
    if not target.is_dir():
        unfinished = target.with_name(f"{target.name}.partial")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            _unpack(archive, name, place, unfinished, allowance)
        except (InputError, TooMuch):
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        unfinished.replace(target)
    if _is_single(name):
        return [(name, target / archive.stem)]
    found = []
    for path in sorted(p for p in target.rglob("*") if p.is_file()):
        below = shown(path.relative_to(target).as_posix())
        inside = f"{name}/{below}"
        if is_archive(inside) and (depth > 1 or _is_single(inside)):
            found += _unpacked(path, inside, f"{place}/{below}", folder, allowance, depth - 1)
        else:
            found.append((inside, path))
    return found


def _unpack(archive: Path, name: str, place: str, folder: Path, allowance: Allowance) -> None:
    state = archive.stat()
    problems: list[Problem] = []
    seen: set[str] = set()
    try:
        for member in _members(archive, name, allowance):
            fault = member.fault or ("occurs twice in the archive" if member.name in seen else None)
            if len(member.name) > MAX_PATH or member.name.count("/") > MAX_DEPTH:
                fault = f"path of {len(member.name):,} characters and {member.name.count('/')} folders in the archive"
            seen.add(member.name)
            if fault is not None:
                problems.append(Problem(fault, file=f"{name}/{shown(member.name[:MAX_PATH])}"))
                if len(problems) == MAX_LISTED:
                    break
            elif not problems and (source := member.open()) is not None:
                allowance.member(member.name.count("/") + 1)  # its folders are made, too
                with source:
                    _copy(source, folder / member.name)
                # A file that is unpacked again must not look changed.
                os.utime(folder / member.name, ns=(state.st_mtime_ns, state.st_mtime_ns))
    except Sparse as sparse:
        problems.append(Problem("is a sparse file; releases hold none", file=f"{name}/{sparse}"))
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            raise  # not the archive's fault
        reason = str(error).partition("\n")[0].rstrip(":") or type(error).__name__
        raise InputError(f"{place} is damaged or not an archive ({reason}): get it again") from error
    if problems:
        raise InputError(f"{place} cannot be trusted; nothing in it is used", problems)


def _copy(source: IO[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as stream:
        while block := source.read(BLOCK):
            stream.write(block)


def _members(archive: Path, named: str, allowance: Allowance) -> Iterator[_Member]:
    """The members of an archive that may be data or archives, and those that prove it hostile.

    What a member may be depends on the folders above the archive too, which is called `named`.
    """
    if _is_single(archive.name):
        unpacker = _COMPRESSED[archive.suffix.lower()]
        yield _Member(archive.stem, None, lambda: cast(IO[bytes], Counted(unpacker(archive), allowance)))
    elif archive.name.lower().endswith(".zip"):
        yield from _zip_members(archive, named, allowance)
    else:
        yield from _tar_members(archive, named, allowance)


def _zip_members(archive: Path, named: str, allowance: Allowance) -> Iterator[_Member]:
    with opened_zip(archive, allowance) as opened:
        for info in opened.infolist():
            if not info.is_dir() and _wanted(info.filename, named):
                fault = path_fault(info.orig_filename) or zip_fault(info)
                yield _Member(info.orig_filename, fault, partial(member_of_zip, opened, info, allowance))
            elif fault := path_fault(info.orig_filename.rstrip("/")):
                yield _Member(info.orig_filename, fault, lambda: None)


def _tar_members(archive: Path, named: str, allowance: Allowance) -> Iterator[_Member]:
    for info, open_it in tar_members(archive, allowance):
        name = info.name.removeprefix("./")
        # Bytes that are not UTF-8 are no fault of a name.
        readable = re.sub("[\udc80-\udcff]", "\ufffd", name.rstrip("/"))
        fault = path_fault(readable) if name not in (".", "") else None
        if not info.isdir() and _wanted(name, named):
            yield _Member(name, fault or mode_fault(_mode(info)), open_it)
        elif fault:
            yield _Member(name, fault, lambda: None)


def _mode(info: tarfile.TarInfo) -> int:
    if info.issym() or info.islnk():
        return stat.S_IFLNK
    return stat.S_IFREG if info.isreg() else stat.S_IFCHR


def _wanted(name: str, archive: str) -> bool:
    hidden = any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in name.split("/"))
    return not hidden and (may_be_data(f"{archive}/{name}") or is_archive(name))
