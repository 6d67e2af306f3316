"""Which release of Universal Dependencies treebanks are from. Each has other treebanks and splits; they never mix."""

from __future__ import annotations

import re
from collections import defaultdict

from xtreme_bench.data.release.recognition import Match, Recognised
from xtreme_bench.errors import InputError, Problem

RELEASE = "2.5"  # XTREME's
_KEY = ("udpos", "Universal Dependencies")
_FOLDER = re.compile(r"(?:^|/)ud-treebanks-v(\d+(?:\.\d+)*)")


def keep_one_release(found: Recognised) -> None:
    """If treebanks of several releases were found, keep those of XTREME's release, and list the others as not used.

    Errors: `InputError` when XTREME's release is not among them.
    """
    releases: dict[str, list[Match]] = defaultdict(list)
    for match in found.matches.get(_KEY, ()):
        releases[release(match)].append(match)
    if len(releases) < 2:
        return
    if RELEASE not in releases:
        problems = [Problem(f"of {_called(name)}", matches[0].name) for name, matches in sorted(releases.items())]
        raise InputError(
            f"treebanks of several releases of Universal Dependencies: give those of one, best of {RELEASE}, which "
            "XTREME has",
            problems,
        )
    found.matches[_KEY] = releases.pop(RELEASE)
    for name, matches in sorted(releases.items()):
        why = f"a treebank of {_called(name)}; those of {RELEASE}, XTREME's, are used, and releases are not mixed"
        found.others += [(why, match.name) for match in matches]


def other_release(found: Recognised) -> str | None:
    """The release of the treebanks that were found, if it is known and not XTREME's."""
    names = {release(match) for match in found.matches.get(_KEY, ())} - {"", RELEASE}
    return min(names, default=None)


def release(match: Match) -> str:
    """The release that the folders above a treebank name, "" if they name none."""
    names = _FOLDER.findall(match.name) or _FOLDER.findall(match.path.absolute().as_posix())
    return str(names[-1]) if names else ""


def _called(name: str) -> str:
    return f"release {name}" if name else "an unknown release"
