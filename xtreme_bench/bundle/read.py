"""Read a bundle, folder or zip, as untrusted input: extract nothing, limit the size, refuse links."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from xtreme_bench.bundle.paths import MANIFEST, known_path
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.untrusted import mode_fault, path_fault, zip_fault
from xtreme_bench.wording import count, quoted

# All of XTREME's predictions are about 160 files and 25 MiB, the largest a list of BUCC pairs without a threshold of
# 12 MiB. Compression ratios do not show a zip bomb: an honest file of `O` tags reaches deflate's limit of about
# 1,000. So the unpacked size is limited. These limits keep a check within seconds and 300 MB.
MAX_FILES = 2_000
MAX_FILE_BYTES = 16 * 2**20
MAX_MANIFEST_BYTES = 4 * 2**20
MAX_TOTAL_BYTES = 64 * 2**20
# Each entry in the directory of a zip has 46 bytes and its name.
MAX_DIRECTORY_BYTES = MAX_FILES * 256

_END_BYTES, _LOCATOR_BYTES = 22, 20

# Exceptions of the standard library for a damaged or malicious zip.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, LookupError, RuntimeError)


@dataclass(frozen=True)
class Contents:
    """The regular files of a bundle that are safe to read: sorted names with `/`, and a function to read one.

    `problems`: the refused entries. `read` raises `InputError` if it cannot read the file.
    """

    names: tuple[str, ...]
    read: Callable[[str], bytes]
    problems: tuple[Problem, ...]


@contextmanager
def opened(bundle: Path) -> Iterator[Contents]:
    """Open a bundle for reading. Errors: `InputError` if `bundle` is neither a folder nor a zip."""
    if bundle.is_dir():
        yield _folder(bundle)
        return
    if not bundle.is_file():
        raise InputError(f"{bundle}: no such file or folder; give a bundle's folder or its zip")
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(bundle.open("rb"))
            if fault := _directory_fault(stream):
                raise InputError(f"{bundle}: {fault}")
            contents = _zip(stack.enter_context(zipfile.ZipFile(stream)))
        except _DAMAGE as error:
            raise InputError(
                f"{bundle}: cannot be read as a zip ({error}); give a bundle's folder or its zip"
            ) from None
        yield contents


def _directory_fault(stream: BinaryIO) -> str | None:
    """Why the directory of a zip is refused, from its end record alone: `ZipFile` would first load every entry."""
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - _END_BYTES - 0xFFFF - _LOCATOR_BYTES))
    tail = stream.read()
    at = len(tail) - _END_BYTES
    if not (tail[at:].startswith(b"PK\5\6") and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + _END_BYTES:
        return None
    entries, size = struct.unpack_from("<10xHI", tail, at)
    if tail[max(0, at - _LOCATOR_BYTES) :].startswith(b"PK\6\7"):
        return "a zip64 is larger than any bundle; make the zip again with the files of the bundle only"
    if entries > MAX_FILES:
        return f"more than {count(MAX_FILES, 'file')}; a bundle has at most a few hundred"
    if size > MAX_DIRECTORY_BYTES:
        return f"its list of files has {size:,} bytes; a bundle's has at most {MAX_DIRECTORY_BYTES:,}"
    return None


def _folder(root: Path) -> Contents:
    entries: list[tuple[str, str | None, int]] = []

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})")

    for folder, subfolders, files in os.walk(root, onerror=refuse):
        links = [name for name in subfolders if (Path(folder) / name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if name not in links)
        for name in sorted([*files, *links]):
            path = Path(folder) / name
            state = path.lstat()
            entries.append((path.relative_to(root).as_posix(), mode_fault(state.st_mode), state.st_size))
        if len(entries) > MAX_FILES:
            break
    names, problems = _bounded(entries)

    def read(name: str) -> bytes:
        try:
            with (root / name).open("rb") as stream:
                return _all(stream, name, _limit(name))
        except OSError as error:
            raise InputError(f"{name}: cannot be read ({error.strerror})") from None

    return Contents(names, read, problems)


def _all(stream: IO[bytes], name: str, most: int) -> bytes:
    """All bytes of a stream. Errors: `InputError` if there are more than `most`."""
    raw = stream.read(most + 1)
    if len(raw) > most:
        raise InputError(f"{name}: more than {most:,} bytes")
    return raw


def _zip(archive: zipfile.ZipFile) -> Contents:
    entries: list[tuple[str, str | None, int]] = []
    seen: set[str] = set()
    for info in archive.infolist()[: MAX_FILES + 1]:
        if info.is_dir() and not path_fault(info.orig_filename.rstrip("/")):
            continue
        fault = path_fault(info.orig_filename) or zip_fault(info)
        if fault is None and info.filename in seen:
            fault = "occurs twice in the zip"
        seen.add(info.filename)
        entries.append((info.orig_filename, fault, info.file_size))
    names, problems = _bounded(entries)

    def read(name: str) -> bytes:
        try:
            info = archive.getinfo(name)
            with archive.open(info) as stream:
                return _all(stream, name, info.file_size)
        except _DAMAGE as error:
            raise InputError(f"{name}: damaged inside the zip ({error}); make the zip again") from None

    return Contents(names, read, problems)


def _bounded(entries: list[tuple[str, str | None, int]]) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """The names of the entries (name, fault, bytes) that may be read, and a problem for each of the others."""
    problems, names, total = [], [], 0
    if len(entries) > MAX_FILES:
        problems.append(Problem(f"more than {count(MAX_FILES, 'file')}; a bundle has at most a few hundred"))
        entries = entries[:MAX_FILES]
    for name, fault, size in sorted(entries, key=lambda entry: entry[0]):
        # A folder's own zip does not count here: `opened` limits it.
        own_zip = "/" not in name and name.endswith(".zip")
        counted = 0 if own_zip else size
        if fault is None and size > (most := _limit(name)) and not own_zip:
            fault = (
                f"{size:,} bytes; {'a manifest' if name == MANIFEST else 'a file of predictions'} has at most {most:,}"
            )
        if fault is None and total + counted > MAX_TOTAL_BYTES:
            fault = f"not read: with it the files would have more than {MAX_TOTAL_BYTES:,} bytes, the limit of a bundle"
        if fault is None:
            names.append(name)
            total += counted
        else:
            task, language = known_path(name) or (None, None)
            problems.append(Problem(fault, quoted(name).strip("`"), task=task, language=language))
    refused = {problem.file for problem in problems}
    return tuple(name for name in names if name not in refused), tuple(problems)


def _limit(name: str) -> int:
    return MAX_MANIFEST_BYTES if name == MANIFEST else MAX_FILE_BYTES
