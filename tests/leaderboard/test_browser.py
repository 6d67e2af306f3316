"""A board in a real browser: its tables sort, no page is wider than the screen, and no script of a bundle runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_bundles import HOSTILE, put_named
from browser import CHROMIUM, Browser, browser
from small_bundle import LABELS, put

from xtreme_bench.files import digest
from xtreme_bench.leaderboard import site
from xtreme_bench.leaderboard.board import board

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
PAGES = ["index.html", "entries/best.html", "entries/liar.html", "tasks/xnli.html", "languages/de.html"]
PAGES += ["entries/best.report.html", "entries/liar.report.html"]
NAMES = "[...document.querySelector('tbody').rows].map(row => row.cells[0].textContent.trim())"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    labels, place = put(folder / "labels", LABELS), folder / "submissions"
    put_named(place / "best", "best", labels)
    put_named(place / "worse", "worse", labels, {"xnli/test-de.tsv": "neutral\n" * 5})
    put_named(place / "worst", "worst", labels, {"xnli/test-de.tsv": "neutral\n" * 5, "tatoeba/test-de.tsv": "0\n" * 4})
    liar = put_named(place / "liar", "liar", labels) / "manifest.json"
    content = json.loads(liar.read_text(encoding="utf-8"))
    content["recipe"]["model"] = {"hub": {"name": HOSTILE * 3}}
    liar.write_text(json.dumps({**content, "recipe_sha256": digest(content["recipe"])}), encoding="utf-8")
    return site.write(board([place], labels, by=HOSTILE, when=HOSTILE), folder / "site").parent


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium") / "profile") as one:
        yield one


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1300])
@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_wider_than_the_screen_and_its_policy_stops_nothing(
    page: str, width: int, dark: bool, chromium: Browser, pages: Path
) -> None:
    chromium.console.clear()
    chromium.open(pages / page, width, dark=dark)
    assert chromium.ask("document.documentElement.scrollWidth") <= width
    assert chromium.ask("document.querySelectorAll('table').length") > 0
    assert chromium.ask("document.scripts.length") == 1
    assert chromium.console == []


def test_a_table_sorts_by_a_click_and_published_rows_stay_below(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "index.html", 1300, dark=False)
    assert chromium.ask(NAMES) == ["best", "worse", "worst"]
    chromium.ask("document.querySelectorAll('thead button')[2].click()")
    assert chromium.ask(NAMES) == ["worst", "worse", "best"]
    chromium.open(pages / "tasks/xnli.html", 1300, dark=False)
    chromium.ask("document.querySelectorAll('thead button')[1].click()")
    assert "RemBERT" not in chromium.ask(NAMES)
    assert chromium.ask("document.querySelectorAll('tbody')[1].rows[0].cells[0].textContent.trim()") == "XLM-R Base"
