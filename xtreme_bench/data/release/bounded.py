"""Read tars and zips that are not trusted: whatever their headers claim, they cost no more than is allowed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, NoReturn, Self, cast

MAX_HEADER = 1 << 16  # bytes of one long name or extended header of a tar
MAX_DIRECTORY = 4 << 20  # bytes of the list of members that a zip ends with

_PACKED: tuple[tuple[bytes, Callable[..., Any]], ...] = (
    (b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open),
)  # fmt: skip
_LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
)  # fmt: skip


class TooMuch(Exception):
    """An archive needs more than is allowed; the message completes "the archive ..."."""


class Sparse(Exception):
    """A member, named by the message, is a sparse file, whose map of holes is bounded by nothing."""


@dataclass
class Allowance:
    """What an archive and the archives inside it may still cost together.

    `bytes` are those that come out of decompression, read or passed over; `members` are members and folders; `headers`
    are bytes of long names and extended headers, each of which is parsed.
    """

    bytes: int
    members: int
    headers: int

    def __post_init__(self) -> None:
        self._at_first = (self.bytes, self.members, self.headers)

    def unpack(self, size: int) -> None:
        """Take bytes."""
        self.bytes -= size
        if self.bytes < 0:
            raise TooMuch(f"unpacks to more than {self._at_first[0] >> 20} MiB")

    def member(self, count: int = 1) -> None:
        """Take members or folders."""
        self.members -= count
        if self.members < 0:
            raise TooMuch(f"has more than {self._at_first[1]:,} members and folders")

    def header(self, size: int) -> None:
        """Take one long header."""
        self.headers -= size
        if size > MAX_HEADER:
            raise TooMuch(f"has a header of more than {MAX_HEADER:,} bytes")
        if self.headers < 0:
            raise TooMuch(f"has headers of more than {self._at_first[2]:,} bytes together")


class Counted(io.RawIOBase):
    """A stream whose bytes, read or passed over, are taken from an allowance; `last` is what was read last."""

    def __init__(self, stream: IO[bytes], allowance: Allowance) -> None:
        self._stream, self._allowance = stream, allowance
        self.last = b""

    def read(self, size: int | None = -1) -> bytes:
        """As of any stream."""
        self.last = self._stream.read(-1 if size is None else size)
        self._allowance.unpack(len(self.last))
        return self.last

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """To a place counted from the beginning."""
        self._allowance.unpack(max(0, offset - self._stream.tell()))
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As of any stream."""
        return self._stream.tell()

    def close(self) -> None:
        """As of any stream."""
        self._stream.close()
        super().close()


def tar_members(path: Path, allowance: Allowance) -> Iterator[tuple[tarfile.TarInfo, Callable[[], IO[bytes] | None]]]:
    """Each member of a tar, packed or not, with the function that opens it before the next one is asked for.

    Errors: `TooMuch`, `Sparse`, and those of the standard library for one that is damaged or breaks off.
    """
    with path.open("rb") as raw:
        start = raw.peek(6)
        unpacker = next((opener for magic, opener in _PACKED if start.startswith(magic)), None)
        counted = Counted(unpacker(raw) if unpacker else raw, allowance)
        with tarfile.open(fileobj=counted, mode="r:", errors="surrogateescape", tarinfo=_tar_info(allowance)) as opened:
            while (info := opened.next()) is not None:
                allowance.member()
                yield info, partial(opened.extractfile, info)
                # What tarfile keeps of finished members, and copies to later ones, is not needed.
                opened.members, opened.pax_headers = [], {}  # type: ignore[attr-defined]
            # tarfile takes a damaged header, and a missing end, for the end.
            if counted.last != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("it breaks off")


def _tar_info(allowance: Allowance) -> type[tarfile.TarInfo]:
    """Headers of a tar, refused before their content is read."""

    class Info(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            info = super().frombuf(buf, encoding, errors)
            if info.type == tarfile.GNUTYPE_SPARSE:
                raise Sparse(info.name)
            if info.type in _LONG_HEADERS:
                allowance.header(info.size)
            return info

        def _refused(self, member: tarfile.TarInfo, *rest: Any) -> NoReturn:
            raise Sparse(member.name)

        # The three forms of a sparse file in pax headers.
        _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refused

    return Info


class _Bounded(io.BufferedReader):
    """A zip's directory is read at once, with the size that the zip's end states."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise TooMuch(f"lists its members in more than {MAX_DIRECTORY >> 20} MiB")
        return super().read(size)


@contextmanager
def opened_zip(path: Path, allowance: Allowance) -> Iterator[zipfile.ZipFile]:
    """A zip whose members are taken from the allowance. Errors: `TooMuch`, and those of the standard library."""
    with _Bounded(io.FileIO(path)) as stream, zipfile.ZipFile(stream) as opened:
        allowance.member(len(opened.infolist()))
        yield opened


def member_of_zip(opened: zipfile.ZipFile, info: zipfile.ZipInfo, allowance: Allowance) -> IO[bytes]:
    """The content of a member, which is taken from the allowance as it is read."""
    return cast(IO[bytes], Counted(opened.open(info), allowance))
