"""A board in a real browser: its tables sort, no page is wider than the screen, and no script of a bundle runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from board_bundles import HOSTILE, put_named
from small_bundle import LABELS, PREDICTIONS, put

from xtreme_bench.leaderboard import site
from xtreme_bench.leaderboard.board import board

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: the pages are checked as text alone"),
]
# A frame is a screen of 400 pixels. It is of the same folder, so this page can look inside.
_WATCH = """
<iframe id="frame" src="{page}" style="width:400px;height:800px"></iframe>
<pre id="said"></pre>
<script>
onload = () => {{
  const inside = document.getElementById("frame").contentDocument;
  const said = [inside.documentElement.scrollWidth, inside.title];
  const button = inside.querySelectorAll("thead button")[2];
  for (const _ of [1, 2]) {{
    button.click();
    said.push([...inside.querySelectorAll("tbody")[0].rows].map(row => row.cells[0].textContent).join(" "));
  }}
  document.getElementById("said").textContent = said.join("|");
}};
</script>
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    labels, place = put(folder / "labels", LABELS), folder / "submissions"
    put_named(place / "best", "best", labels)
    put_named(place / "worse", "worse", labels, {"xnli/test-de.tsv": "neutral\n" * 5})
    put_named(place / "worst", "worst", labels, {"xnli/test-de.tsv": "neutral\n" * 5, "tatoeba/test-de.tsv": "0\n" * 4})
    put(place, {f"{name}/{file}": text for name in ["raw"] for file, text in PREDICTIONS.items()})
    return site.write(board([place], labels, by=HOSTILE, when=HOSTILE), folder / "site").parent


def seen(pages: Path, page: str) -> list[str]:
    """Width and title of a page, and the order of its rows after one and two clicks on the third heading."""
    watch = pages / "watch.html"
    watch.write_text(_WATCH.format(page=page), encoding="utf-8")
    line = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    line += ["--disable-web-security", f"--user-data-dir={pages.parent / 'profile'}", "--dump-dom", watch.as_uri()]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=120)
    found = re.search('<pre id="said">(.*?)</pre>', done.stdout)
    assert found, done.stdout[-2000:]
    return found[1].split("|")


def test_the_table_sorts_by_a_click_and_the_page_is_not_wider_than_a_small_screen(pages: Path) -> None:
    width, title, once, twice = seen(pages, "index.html")
    assert (int(width) <= 400, title) == (True, "XTREME leaderboard")
    assert (once, twice) == ("worst worse best", "best worse worst")


@pytest.mark.parametrize("page", ["entries/best.html", "tasks/xnli.html", "languages/de.html"])
def test_other_pages_are_not_wider_than_a_small_screen_either(pages: Path, page: str) -> None:
    assert int(seen(pages, page)[0]) <= 400
