"""The report page of an entry: what `report` shows of a run, from its bundles alone."""

from __future__ import annotations

from typing import Any

from xtreme_bench.comparison.arms import read_arm
from xtreme_bench.comparison.compare import compare
from xtreme_bench.leaderboard.board import Board
from xtreme_bench.leaderboard.entries import MOST_CHARACTERS, Entry
from xtreme_bench.report.page import comparison_page
from xtreme_bench.report.versus import Versus
from xtreme_bench.wording import json_text, listing


def report_page(entry: Entry, board: Board) -> str:
    """The page of an entry, beside the entry that is its baseline if there is one: its differences are tested."""
    runs, tested = [_told(entry)], dict[int, Versus]()
    other = _baseline(entry, board)
    if other is not None and board.labels is not None:
        runs.append(_told(other))
        before, after = (read_arm(one.bundles, board.labels) for one in (other, entry))
        (found,) = compare(before, after)
        tested[0] = Versus(found)
    computed = range(len(runs)) if entry.verified else ()
    return comparison_page(runs, tested, computed, lead=_seeds(entry), back=f"{entry.slug}.html")


def _told(entry: Entry) -> dict[str, Any]:
    """The first manifest, with the means over seeds; without what would fill the page."""
    manifest = {**entry.manifests[0], "scores": entry.scores or None}
    long = [part for part in ("trained_on", "stages") if len(json_text(manifest[part])) > MOST_CHARACTERS]
    return {**manifest, **{part: type(manifest[part])() for part in long}}


def _baseline(entry: Entry, board: Board) -> Entry | None:
    """The verified entry with the same files that the recipe names as its baseline; None if several have the name."""
    name = entry.manifests[0]["recipe"].get("baseline")
    ranked = [one.entry for group in board.groups for one in group.placed]
    found = [one for one in ranked if one.name == name and one is not entry]
    alike = entry.verified and len(found) == 1 and found[0].coverage == entry.coverage
    return found[0] if alike and entry.coverage else None


def _seeds(entry: Entry) -> str:
    seeds = [str(one["seed"]) for one in entry.manifests]
    return f"Means over {len(seeds)} seeds ({listing(seeds)})." if seeds[1:] else ""
