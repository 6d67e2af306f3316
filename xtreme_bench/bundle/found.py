"""Find the bundles in a folder of submissions that anybody may have made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.errors import InputError
from xtreme_bench.wording import count

# More than any board shows.
MOST = 1_000


def bundles_in(places: Sequence[Path]) -> list[Path]:
    """The bundles at `places`, each a bundle (folder or zip), a folder of bundles, or of folders with one per seed.

    A link is never followed, so a submission cannot point at other files. Errors: `InputError` if a place does not
    exist, is a link or a file that is no zip, or there are too many bundles.
    """
    found: list[Path] = []
    for place in places:
        if place.is_symlink() or not place.exists():
            raise InputError(f"{place}: {'is a link' if place.is_symlink() else 'no such file or folder'}")
        if place.is_file() and not is_bundle(place):
            raise InputError(f"{place}: is not a bundle; give a bundle's folder or its zip, or a folder of bundles")
        for bundle in _below(place, 2):
            found.append(bundle)
            if len(found) > MOST:
                raise InputError(f"{place}: more than {count(MOST, 'bundle')}; give a smaller folder")
    return list(dict.fromkeys(found))


def _below(place: Path, depth: int) -> Iterator[Path]:
    if is_bundle(place):
        yield place
    elif depth and place.is_dir():
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries if not entry.is_symlink())
        for name in names:
            yield from _below(place / name, depth - 1)


def is_bundle(place: Path) -> bool:
    """Whether a path looks like a bundle: a folder with a manifest, or a zip."""
    return (place / MANIFEST).is_file() or (place.suffix == ".zip" and place.is_file())
