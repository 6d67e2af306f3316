"""The page as a real browser shows it: light and dark, on a wide screen and on a telephone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser, browser
from made_up_run import made_up, made_up_comparison

from xtreme_bench.report.page import write_page
from xtreme_bench.report.versus import Versus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
LOOKS = [(1300, False), (1300, True), (400, False), (400, True)]

# Words that are broken at a place without a hyphen or space: their letters have more than one line.
BROKEN = """(() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    if (node.parentElement.closest("script, style, .hash, svg, details:not([open])")) continue;
    for (const word of node.data.matchAll(/[\\p{L}_\\d]+/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(one => Math.round(one.top))).size > 1) found.push(word[0]);
    }
  }
  return found;
})()"""

# What reaches beyond the screen and is not in a box that scrolls.
BEYOND = """[...document.querySelectorAll("body *")].filter(one =>
  !one.closest(".scroll *, pre *, svg, script") && one.getBoundingClientRect().right > innerWidth + 1
).map(one => one.outerHTML.slice(0, 80))"""

# Texts whose contrast with what lies behind them is below 4.5 (WCAG AA).
FAINT = """(() => {
  const numbers = color => {
    const parts = color.match(/[\\d.]+/g).map(Number), scale = color.startsWith("color(") ? 255 : 1;
    return [...parts.slice(0, 3).map(one => one * scale), parts[3] ?? 1];
  };
  const light = color => {
    const [r, g, b] = color.slice(0, 3).map(one => one / 255).map(
      one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = one => {
    for (; one; one = one.parentElement) {
      const color = numbers(getComputedStyle(one).backgroundColor);
      if (color[3] > 0) return color;
    }
    return [255, 255, 255, 1];
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const one = node.parentElement;
    if (!node.data.trim() || one.closest("script, style, title")) continue;
    const style = getComputedStyle(one);
    const [a, b] = [light(numbers(one.closest("svg") ? style.fill : style.color)), light(behind(one))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${one.tagName}.${one.className} ${node.data.slice(0, 30)}`);
  }
  return [...new Set(found)];
})()"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium") / "profile") as one:
        yield one


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    asked = {"layer": 2, "pooling": "mean", "max_length": 64, "layers": "all"}
    outcome, store = made_up(folder, retrieval=asked)
    return write_page(outcome, folder / "report", store, Versus(made_up_comparison()))


@pytest.fixture(params=LOOKS, ids=[f"{width} {'dark' if dark else 'light'}" for width, dark in LOOKS])
def look(request: pytest.FixtureRequest, chromium: Browser, page: Path) -> Browser:
    width, dark = request.param
    chromium.console.clear()
    chromium.open(page, width, dark=dark)
    return chromium


def test_nothing_reaches_beyond_the_screen_and_no_word_is_broken(look: Browser) -> None:
    assert look.ask("document.documentElement.scrollWidth <= innerWidth")
    assert look.ask(BEYOND) == []
    assert look.ask(BROKEN) == []


def test_every_text_can_be_read_in_light_and_dark(look: Browser) -> None:
    look.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert look.ask(FAINT) == []


def test_the_tables_of_scores_fit_the_screen(look: Browser) -> None:
    tables = "[...document.querySelectorAll('table.languages, table.pair')].map(one => one.parentElement)"
    fits = f"{tables}.map(box => box.scrollWidth <= box.clientWidth)"
    found: list[bool] = look.ask(fits)
    assert found
    assert all(found)


def test_even_a_small_difference_is_seen(look: Browser) -> None:
    shades: list[str] = look.ask("""[...document.querySelectorAll("td.heat-1, td.heat-2")].map(
        one => getComputedStyle(one).backgroundColor)""")
    paper = look.ask("getComputedStyle(document.body).backgroundColor")
    assert shades
    assert all(_distance(shade, paper) > 18 for shade in shades)


def _distance(one: str, other: str) -> float:
    """How far two colours are apart: the largest difference of a channel, of 255."""
    a, b = (_channels(color) for color in (one, other))
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def _channels(color: str) -> list[float]:
    scale = 255 if color.startswith("color(") else 1
    inside = color[color.index("(") + 1 : -1].replace("srgb", "").replace(",", " ").split()
    return [float(part) * scale for part in inside[:3]]


def test_the_script_sorts_rows_and_the_policy_stops_nothing(chromium: Browser, page: Path) -> None:
    chromium.console.clear()
    chromium.open(page, 1300, dark=False)
    table = "document.querySelector('#difference-to-made-up-baseline-by-language table')"
    column = f"[...{table}.tBodies[1].rows].map(row => row.cells[4].textContent)"
    before = chromium.ask(column)
    chromium.ask(f"{table}.tHead.rows[0].cells[4].firstChild.click()")
    found = chromium.ask(column)
    numbers = [float(text.replace("−", "-")) for text in found if text]
    assert numbers == sorted(numbers)
    assert sorted(before) == sorted(found)
    assert before != found
    assert found[len(numbers) :] == [""] * (len(found) - len(numbers))
    assert chromium.console == []


def test_every_line_of_the_contents_has_its_place(chromium: Browser, page: Path) -> None:
    chromium.open(page, 1300, dark=False)
    links: list[str] = chromium.ask("[...document.querySelectorAll('nav a')].map(one => one.getAttribute('href'))")
    assert len(links) > 10
    assert len(set(links)) == len(links)
    assert all(chromium.ask(f"document.querySelector('{link}') !== null") for link in links)
