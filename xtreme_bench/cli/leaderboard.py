"""The command `leaderboard`."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from xtreme_bench.cli.options import EXISTING, EXISTING_FOLDER, FOLDER
from xtreme_bench.wording import count, say


@click.command()
@click.argument("submissions", nargs=-1, required=True, type=EXISTING, metavar="SUBMISSIONS...")
@click.option("--labels", type=EXISTING_FOLDER, help="Folder of gold labels; without it nothing is verified or ranked.")
@click.option("--to", type=FOLDER, required=True, metavar="SITE", help="Folder for the pages.")
@click.option("--by", default="the builder of this site", show_default=True, help="Who verifies, as the pages say it.")
@click.option(
    "--on", "when", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The day of the verification; today (UTC)."
)
def leaderboard(
    submissions: tuple[Path, ...], labels: Path | None, to: Path, by: str, when: datetime.datetime | None
) -> None:
    """Verify and rank bundles, and write a static site: tables, a page for each bundle, task and language, a JSON feed.

    SUBMISSIONS are bundles or folders of bundles. Bundles are read as data, with limits.
    """
    from xtreme_bench.leaderboard import site
    from xtreme_bench.leaderboard.board import board

    day = (when or datetime.datetime.now(datetime.UTC)).date().isoformat()
    made = board(submissions, labels, by=by, when=day)
    page = site.write(made, to)
    for one in made.refused:
        say(f"note: {one.place}: {one.problems[0]}", err=True)
    for note in made.repeated:
        say(f"note: {note}", err=True)
    verified = sum(one.entry.verified for one in made.placed)
    say(f"leaderboard: {page} ({count(len(made.placed), 'submission')}, {verified} verified)", err=True)
