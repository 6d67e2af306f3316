"""Archives that cost far more than they weigh: each function makes one, small or large, of the kind it is named for."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PACKERS: dict[str, Any] = {"gz": gzip, "bz2": bz2, "xz": lzma}
DATA = "xquad.en.json"  # a name that may be data; others are passed over


def header(name: str = DATA, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    """One header block of a tar."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % tarfile.BLOCKSIZE)


def _pax(values: dict[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A pax header with some records, to stand before another header."""
    records = b"".join(_record(key, value) for key, value in values.items())
    return header("pax", kind, len(records)) + _padded(records)


def _record(key: str, value: str) -> bytes:
    rest = f" {key}={value}\n".encode()
    length = len(rest) + 1
    while length != len(str(length)) + len(rest):
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _gzipped(path: Path, parts: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=9) as stream:
        for part in parts:
            stream.write(part)
        stream.write(bytes(2 * tarfile.BLOCKSIZE))
    return path


def chained_sparse_headers(folder: Path, blocks: int) -> Path:
    """One sparse member whose map goes on in block after block, each with 21 entries."""
    begin = bytearray(header(kind=tarfile.GNUTYPE_SPARSE))
    begin[482] = 1
    begin[148:156] = b"%06o\0 " % (sum(begin[:148]) + 256 + sum(begin[156:]))
    entries = (b"%011o\0" % 1 + b"%011o\0" % 1) * 21
    block = entries + b"\1" + bytes(7)
    return _gzipped(folder / "a.tar.gz", [bytes(begin), *(block * 1000 for _ in range(max(1, blocks // 1000)))])


def pax_sparse(folder: Path, entries: int) -> Path:
    """One member with a sparse map in its data, in the form of pax 1.0."""
    numbers = b"%d\n" % entries + b"0\n" * (2 * entries)
    marks = _pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "0"})
    return _gzipped(folder / "a.tar.gz", [marks, header(size=len(numbers)), _padded(numbers)])


def pax_sparse_map(folder: Path, members: int) -> Path:
    """Many members, each with a sparse map in its pax header, in the form of pax 0.1."""
    marks = _pax({"GNU.sparse.map": ",".join("0" * 30_000), "GNU.sparse.numblocks": "15000"})
    return _gzipped(folder / "a.tar.gz", ((marks + header(f"{at}/{DATA}")) for at in range(members)))


def empty_files(folder: Path, archives: int, members: int) -> Path:
    """Archives inside an archive, each of nothing but empty files, all of which may be data."""
    inner = gzip.compress(b"".join(header(f"{at}/{DATA}") for at in range(members)) + bytes(1024), 9)
    with tarfile.open(folder / "a.tar.bz2", "w:bz2") as outer:
        for at in range(archives):
            info = tarfile.TarInfo(f"{at}.tar.gz")
            info.size = len(inner)
            outer.addfile(info, io.BytesIO(inner))
    return folder / "a.tar.bz2"


def folders(folder: Path, members: int, depth: int) -> Path:
    """Empty files, each below many folders of its own."""
    names = ("/".join([str(at), *["d"] * depth, DATA]) for at in range(members))
    return _gzipped(folder / "a.tar.gz", (_long_name(name) + header("x") for name in names))


def _long_name(name: str) -> bytes:
    return header("././@LongLink", tarfile.GNUTYPE_LONGNAME, len(name) + 1) + _padded(name.encode() + b"\0")


def long_names(folder: Path, members: int, name: str = DATA) -> Path:
    """Many members, each with a path of 60 kB."""
    names = (f"{at}/{'d' * 60_000}/{name}" for at in range(members))
    return _gzipped(folder / "a.tar.gz", (_long_name(long) + header() for long in names))


def pax_records(folder: Path, members: int) -> Path:
    """Many members, each with some thousand pax records."""
    marks = _pax({f"{at:x}": "" for at in range(6_000)})
    return _gzipped(folder / "a.tar.gz", (marks + header(f"{at}/{DATA}") for at in range(members)))


def global_records(folder: Path, headers: int, members: int) -> Path:
    """Pax records for all members that follow, which a reader copies for each of them."""
    marks = (_pax({f"{at:x}.{key:x}": "" for key in range(100)}, tarfile.XGLTYPE) for at in range(headers))
    return _gzipped(folder / "a.tar.gz", [*marks, *(header(f"{at}.txt") for at in range(members))])


def passed_over(folder: Path, size: int, compress: str) -> Path:
    """A member that nothing reads, but that has to be unpacked to get past it."""
    path = folder / f"a.tar.{compress}"
    block = bytes(1 << 20)
    with PACKERS[compress].open(path, "wb") as stream:
        stream.write(header("readme.txt", size=size))
        for _ in range(size >> 20):
            stream.write(block)
        stream.write(header() + bytes(1024))
    return path


def directory(folder: Path, entries: int) -> Path:
    """An archive inside an archive, with a directory of very many entries."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for at in range(entries):
            archive.writestr(f"{at}.txt", b"")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as outer:
        outer.writestr("inner.zip", inner.getvalue())
    return folder / "a.zip"
