"""Rank entries: only those that were scored on the same test items, and with ties where the items cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_bench.comparison.arms import Arm, read_arm
from xtreme_bench.comparison.compare import compare, least_resamples
from xtreme_bench.comparison.interval import overall_interval
from xtreme_bench.leaderboard.entries import Entry, Refused, entries
from xtreme_bench.official.scores import headline

# Enough for a rank; `compare` draws more.
RESAMPLES = 2_000


@dataclass(frozen=True)
class Placed:
    """An entry, its rank (None: not ranked), and the 95 % interval of its overall score (None: it has none)."""

    entry: Entry
    rank: int | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Group:
    """Verified entries with the same tasks and languages, best first."""

    complete: bool
    placed: tuple[Placed, ...]


@dataclass(frozen=True)
class Board:
    """All entries: verified ones in groups, complete first; the others by name; bundles that no page can show.

    `by` and `when`: who verified them and on which day, as the site says it; `labels`: the gold labels, if there were.
    `repeated`: a sentence for each submission that was given more than once.
    """

    groups: tuple[Group, ...]
    unverified: tuple[Entry, ...]
    refused: tuple[Refused, ...]
    by: str
    when: str
    labels: Path | None
    repeated: tuple[str, ...]

    @property
    def placed(self) -> list[Placed]:
        """All entries, in the order of the board."""
        ranked = [one for group in self.groups for one in group.placed]
        return ranked + [Placed(entry) for entry in self.unverified]


def board(places: Sequence[Path], labels: Path | None, *, by: str, when: str) -> Board:
    """Verify and rank the bundles in `places`. Errors: as `entries`."""
    found = entries(places, labels)
    apart: dict[frozenset[str], list[Entry]] = {}
    for entry in found.entries:
        if entry.verified:
            apart.setdefault(entry.coverage, []).append(entry)
    groups = [Group(members[0].complete, _ranked(members, labels)) for members in apart.values() if labels is not None]
    groups.sort(key=lambda group: (not group.complete, -len(group.placed[0].entry.coverage)))
    unverified = sorted((entry for entry in found.entries if not entry.verified), key=lambda entry: entry.slug)
    return Board(tuple(groups), tuple(unverified), found.refused, by, when, labels, found.repeated)


def _ranked(members: Sequence[Entry], labels: Path) -> tuple[Placed, ...]:
    """The entries by overall score. An entry has the rank of the first one from which a paired test cannot tell it.

    The test is that of `compare`: with several entries below the first one, Holm's correction covers all of them.
    """
    scored = [(value, entry) for entry in members if (value := headline(entry.scores, "overall")) is not None]
    scored.sort(key=lambda one: (-one[0], one[1].slug))
    arms = {entry.slug: read_arm(entry.bundles, labels) for _, entry in scored}
    ranks: dict[str, int] = {}
    rest = [entry.slug for _, entry in scored]
    while rest:
        first, *others = rest
        tied = {first, *_alike(arms[first], [arms[slug] for slug in others], others)}
        # Ranks never go back: whoever is above a tied entry is tied too.
        last = max(at for at, slug in enumerate(rest) if slug in tied)
        place = len(ranks) + 1
        ranks |= dict.fromkeys(rest[: last + 1], place)
        rest = rest[last + 1 :]
    placed = [
        Placed(entry, ranks[entry.slug], overall_interval(arms[entry.slug], resamples=RESAMPLES)) for _, entry in scored
    ]
    return (*placed, *(Placed(entry) for entry in members if entry.slug not in ranks))


def _alike(first: Arm, others: Sequence[Arm], slugs: Sequence[str]) -> list[str]:
    """The entries whose overall score a paired test cannot tell from that of `first`."""
    if not others:
        return []
    found = compare(first, *others, resamples=max(RESAMPLES, least_resamples(len(others))))
    verdicts = [next(one.verdict for one in each.estimates if one.level == "overall") for each in found]
    return [slug for slug, verdict in zip(slugs, verdicts, strict=True) if verdict == "cannot tell"]
