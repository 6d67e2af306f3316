"""A zip of text files as untrusted input, read where it lies: nothing is unpacked to the disk."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from xtreme_bench.data.release.archives import FREE_BYTES, MAX_RATIO
from xtreme_bench.data.release.bounded import Allowance, TooMuch, member_of_zip, opened_zip
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.untrusted import path_fault, zip_fault
from xtreme_bench.wording import shown

# OpenSubtitles 2018 has some 2 GB in two languages.
MAX_BYTES = 16 << 30
MAX_MEMBERS = 1000


@contextmanager
def members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[dict[str, IO[bytes]]]:
    """The wanted members of a zip by their names, each as a stream. Errors: `InputError` for a zip that is damaged,
    that unpacks to too much, or whose members are links, encrypted, or named as if they lay elsewhere."""
    allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * archive.stat().st_size))
    allowance = Allowance(allowed, MAX_MEMBERS, 0)
    try:
        with opened_zip(archive, allowance) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir() and wanted(info.filename)]
            faults = ((info, path_fault(info.orig_filename) or zip_fault(info)) for info in infos)
            problems = [Problem(fault, f"{archive}/{shown(info.filename[:200])}") for info, fault in faults if fault]
            if problems:
                raise InputError(f"{archive} cannot be trusted; nothing in it is used", problems)
            yield {info.filename: member_of_zip(opened, info, allowance) for info in infos}
    except TooMuch as reason:
        raise InputError(f"{archive} {reason}: unpack it yourself if you trust it, and name the folder") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{archive} is damaged or not a zip ({error}): get it again") from error
