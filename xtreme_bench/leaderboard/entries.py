"""The entries of a leaderboard: experiments, each of one bundle or of one per seed, as anybody may have sent them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.check import Report, check
from xtreme_bench.bundle.found import bundles_in
from xtreme_bench.bundle.suspicion import Flag
from xtreme_bench.bundle.verify import Verification, verify
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.comparison.arms import without_seed
from xtreme_bench.errors import XtremeBenchError
from xtreme_bench.files import digest
from xtreme_bench.official.gold import require_labels
from xtreme_bench.official.means import mean_of_runs
from xtreme_bench.official.scores import cells
from xtreme_bench.wording import shown

Manifest = Mapping[str, Any]
# What an untrusted manifest may fill of a page: a text, a list, a whole part.
MOST_TEXT, MOST_LISTED, MOST_CHARACTERS = 200, 50, 50_000


@dataclass(frozen=True)
class Entry:
    """One experiment: its bundles, their manifests and results, in the order of seeds.

    `scores`: the means over seeds, computed here if `verified`, else claimed; empty if there are none.
    """

    slug: str
    bundles: tuple[Path, ...]
    manifests: tuple[Manifest, ...]
    results: tuple[Verification, ...]
    scores: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return str(self.manifests[0]["name"])

    @property
    def verified(self) -> bool:
        """Whether all its bundles were scored here, and nothing was wrong."""
        return all(result.verified for result in self.results)

    @property
    def coverage(self) -> frozenset[str]:
        """The files that have scores; only entries with the same ones are ranked together."""
        return frozenset(TASKS[task].file(code) for task in TASKS for code in cells(self.scores, task))

    @property
    def complete(self) -> bool:
        """Whether it has all tasks and languages of XTREME."""
        return not any(result.partial for result in self.results)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The signs of copied labels: of each kind and task the first one in its bundles."""
        found: dict[tuple[str, str | None], Flag] = {}
        for flag in (flag for result in self.results for flag in result.flags):
            found.setdefault((flag.kind, flag.task), flag)
        return tuple(found.values())


@dataclass(frozen=True)
class Refused:
    """A bundle that no page can show, and why."""

    place: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """All experiments in some places, and what is none of its own.

    `repeated`: a sentence for each copy of a submission; copies are one entry.
    """

    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...]
    repeated: tuple[str, ...]


# A bundle, its manifest, and what its check or verification showed.
Read = tuple[Path, Manifest, Verification]


def entries(places: Sequence[Path], labels: Path | None) -> Found:
    """Read, check and, with gold labels, verify all bundles in `places`.

    The folders `seed-<n>` in one folder are one entry if their recipes differ only in the seed.
    A faulty bundle is an entry that is not verified, or refused if its manifest cannot be read. Errors: `InputError` if
    a place is missing, or the labels cannot be read.
    """
    if labels is not None:
        require_labels(labels)
    refused: list[Refused] = []
    groups: dict[tuple[Path, Any], list[Read]] = {}
    for bundle in bundles_in(places):
        try:
            manifest = read_manifest(bundle)
            result = _checked(check(bundle)) if labels is None else verify(bundle, labels)
        except XtremeBenchError as error:
            # The message names the path on this machine, which is nobody's business.
            whole = str(error).replace(shown(str(bundle)), shown(bundle.name))
            said = [str(problem) for problem in error.problems] or [whole]
            refused.append(Refused(bundle.name, tuple(one[:MOST_TEXT] for one in said[:MOST_LISTED])))
            continue
        groups.setdefault(_experiment(bundle, manifest), []).append((bundle, manifest, result))
    kept, repeated = _distinct(list(groups.values()))
    slugs: set[str] = set()
    return Found(tuple(_entry(group, slugs) for group in kept), tuple(refused), tuple(repeated))


def _distinct(groups: Sequence[Sequence[Read]]) -> tuple[list[Sequence[Read]], list[str]]:
    """The experiments without those whose runs are all in another one too, and a sentence for each that is left out."""
    # A manifest has the hashes of the files. A faulty copy is no copy, so that it cannot hide the bundle it copies.
    runs = [{(digest(manifest), bool(result.problems)) for _, manifest, result in group} for group in groups]
    kept, repeated = [], []
    for at, group in enumerate(groups):
        holder = next(
            (one for one, other in enumerate(runs) if runs[at] < other or (runs[at] == other and one < at)), None
        )
        if holder is None:
            kept.append(group)
        else:
            repeated.append(f"{group[0][0]}: the same submission as {groups[holder][0][0]}, so there is one entry")
    return kept, repeated


def _experiment(bundle: Path, manifest: Manifest) -> Any:
    """What runs of one experiment share; a run that is not one of several seeds shares it with no other."""
    if bundle.name != f"seed-{manifest['seed']}":
        return bundle
    return bundle.parent, manifest["name"], digest(without_seed(manifest))


def _checked(report: Report) -> Verification:
    """A check as a verification of nothing."""
    return Verification(report.problems, report.notes, {}, "checked without gold labels", partial=report.partial)


def _entry(group: Sequence[Read], slugs: set[str]) -> Entry:
    bundles, manifests, results = zip(*sorted(group, key=lambda one: one[1]["seed"]), strict=True)
    stem = re.sub("[^a-z0-9-]", "-", manifests[0]["name"].lower())
    slug = next(one for one in chain([stem], (f"{stem}-{at}" for at in count(2))) if one not in slugs)
    slugs.add(slug)
    scored = all(result.verified for result in results)
    found = [
        result.scores if scored else manifest["scores"] or {}
        for manifest, result in zip(manifests, results, strict=True)
    ]
    return Entry(slug, bundles, manifests, results, mean_of_runs(found))
