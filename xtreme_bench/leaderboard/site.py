"""Write the pages of a board to a folder: static files that need no server, and one JSON feed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.errors import InputError
from xtreme_bench.files import write_text
from xtreme_bench.leaderboard import facts, tables
from xtreme_bench.leaderboard.board import Board, Placed
from xtreme_bench.leaderboard.entries import MOST_CHARACTERS, MOST_LISTED, Manifest
from xtreme_bench.leaderboard.reports import report_page
from xtreme_bench.official.published import SYSTEMS
from xtreme_bench.official.scores import headline
from xtreme_bench.report.render import render
from xtreme_bench.untrusted import has_at_most
from xtreme_bench.wording import json_text

_FOLDER = Path(__file__).with_name("templates")
FEED = "feed.json"
# Of a recipe, on the page of its entry; the longest has a few hundred values.
MOST_VALUES = 2_000
# The folders that a site consists of; a new site replaces them.
_PARTS = ("entries", "tasks", "languages")


def write(board: Board, to: Path) -> Path:
    """Write the site to the folder `to` and return its first page. An older site there is replaced.

    Errors: `InputError` if `to` holds something else.
    """
    if to.exists() and not _is_site(to) and not (to.is_dir() and not any(to.iterdir())):
        raise InputError(f"{to}: exists and is not a site; name another folder or remove it")
    for part in _PARTS:
        shutil.rmtree(to / part, ignore_errors=True)
        (to / part).mkdir(parents=True)
    for name, text in _files(board):
        write_text(to / name, text)
    return to / "index.html"


def _is_site(folder: Path) -> bool:
    """Whether a folder holds a site that this module wrote; others have files of the name `feed.json` too."""
    try:
        told = json.loads((folder / FEED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and {"verified_by", "entries", "refused", "published"} <= told.keys()


def _files(board: Board) -> Iterator[tuple[str, str]]:
    """Name and text of each file."""
    yield "index.html", _index(board)
    for placed in board.placed:
        slug = placed.entry.slug
        yield f"entries/{slug}.html", _entry(placed, board)
        yield f"entries/{slug}.report.html", report_page(placed.entry, board)
        for at, manifest in enumerate(placed.entry.manifests, 1):
            yield f"entries/{slug}.{at}.json", f"{json_text(manifest)}\n"
    for task in TASKS.values():
        title = f"{task.name}: {task.release}"
        yield f"tasks/{task.name}.html", _page("scores.html", "../", title, table=tables.task_table(task.name, board))
    for code, language in LANGUAGES.items():
        table = tables.language_table(code, board)
        yield f"languages/{code}.html", _page("scores.html", "../", f"{language.name} ({code})", table=table)
    yield FEED, f"{json_text(feed(board))}\n"


def _index(board: Board) -> str:
    groups = [(group, tables.group_table(group, board)) for group in board.groups]
    return _page(
        "index.html",
        "",
        "XTREME leaderboard",
        board=board,
        groups=groups,
        published=None if any(group.complete for group, _ in groups) else tables.published_table(),
        systems=SYSTEMS,
        unverified=tables.unverified_table(board.unverified) if board.unverified else None,
        tasks=TASKS,
        languages=LANGUAGES,
    )


def _entry(placed: Placed, board: Board) -> str:
    entry, manifest = placed.entry, placed.entry.manifests[0]
    notes = list(dict.fromkeys(note for result in entry.results for note in result.notes))
    problems = [str(problem) for result in entry.results for problem in result.problems]
    tasks, languages = facts.intermediate(manifest)
    composed = {"targets": origin} if (origin := facts.origin(manifest)) else {}
    return _page(
        "entry.html",
        "../",
        entry.name,
        placed=placed,
        entry=entry,
        board=board,
        overall=tables.number(headline(entry.scores, "overall")),
        interval=tables.interval(placed),
        table=tables.scores_table(entry.scores),
        facts={
            "model": facts.model(manifest),
            "million weights": tables.millions(manifest),
            "zero-shot": "yes" if facts.is_zero_shot(manifest) else "no",
            "intermediate tasks": ", ".join(tasks) or "none",
            **composed,
            "languages of the intermediate data": " ".join(languages) or "none",
            "seeds": facts.seeds(entry),
            "image": facts.image(manifest),
        },
        problems=[facts.short(one) for one in problems[:MOST_LISTED]],
        notes=[facts.short(one) for one in notes[:MOST_LISTED]],
        recipe=_recipe(manifest),
        summaries=list(dict.fromkeys(result.summary for result in entry.results)),
    )


def _recipe(manifest: Manifest) -> str:
    """The settings of a recipe as YAML."""
    if not has_at_most(MOST_VALUES, manifest["recipe"]):
        return "too many values to show; they are in the manifest"
    return yaml.safe_dump(manifest["recipe"], sort_keys=False, allow_unicode=False)[:MOST_CHARACTERS]


def feed(board: Board) -> dict[str, Any]:
    """The whole board as JSON values. Scores are those computed here, unless `verified` is false: then claimed."""
    return {
        "verified_by": board.by if board.labels else None,
        "verified_on": board.when if board.labels else None,
        "entries": [_told(placed) for placed in board.placed],
        "refused": [vars(one) for one in board.refused],
        "published": [
            {
                "name": one.name,
                "zero_shot": one.zero_shot,
                "source": one.source,
                "scores": dict(one.scores),
                "note": one.note,
            }
            for one in SYSTEMS
        ],
    }


def _told(placed: Placed) -> dict[str, Any]:
    entry, manifest = placed.entry, placed.entry.manifests[0]
    tasks, languages = facts.intermediate(manifest)
    return {
        "name": entry.name,
        "page": f"entries/{entry.slug}.html",
        "verified": entry.verified,
        "partial": not entry.complete,
        "rank": placed.rank,
        "interval": placed.interval,
        "scores": entry.scores,
        "model": facts.model(manifest),
        "parameters": facts.parameters(manifest),
        "zero_shot": facts.is_zero_shot(manifest),
        "intermediate": {"tasks": tasks, "languages": languages},
        "seeds": [one["seed"] for one in entry.manifests],
        "image": None if manifest["image"] is None else facts.image(manifest),
        "recipe_sha256": [one["recipe_sha256"] for one in entry.manifests],
        "summaries": [result.summary for result in entry.results],
        "flags": [vars(flag) for flag in entry.flags],
    }


def _page(template: str, root: str, title: str, **values: Any) -> str:
    """A page in the style of reports. `root`: the way to the first page, from the page's folder."""
    return render(template, _FOLDER, title=title, root=root, **values)
