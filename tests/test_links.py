"""Links of the documentation: README is shown on package indexes too, so its links are whole and lead to files here."""

import re
import tomllib
from pathlib import Path

import pytest
from places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOME = PROJECT["urls"]["Homepage"]
RAW = HOME.replace("github.com", "raw.githubusercontent.com")  # where pictures are shown from
INSIDE = re.compile(rf"(?:{re.escape(HOME)}/(?:blob|tree)|{re.escape(RAW)})/main/(.+)")
PAGES = [path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))]
PAGES.append("submissions/README.md")


def prose(page: str) -> str:
    """A page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def links(page: str) -> list[str]:
    """The targets of all links of a page."""
    found = re.finditer(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", prose(page), re.MULTILINE)
    return [one[1] or one[2] for one in found]


def headings(file: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them from its headings."""
    found = re.findall(r"(?m)^#+ (.*)$", file.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in found}


def assert_leads_to_a_file(start: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = start / path
    assert file.exists(), target
    assert not anchor or anchor in headings(file), target


def test_readme_has_whole_links_only_and_each_name_in_brackets_is_one() -> None:
    assert len(links("README.md")) > 10
    assert [link for link in links("README.md") if not link.startswith("https://")] == []
    text = prose("README.md")
    assert set(re.findall(r"\[([^\]]+)\](?![:(\[])", text)) <= set(re.findall(r"(?m)^\[([^\]]+)\]: ", text))


@pytest.mark.parametrize("link", [*links("README.md"), *PROJECT["urls"].values()])
def test_a_whole_link_into_this_repository_names_what_is_in_it(link: str) -> None:
    if inside := INSIDE.fullmatch(link):
        assert_leads_to_a_file(ROOT, inside[1])
    else:
        assert not link.startswith(f"{HOME}/blob")
        assert "githubusercontent" not in link


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_to_files_and_headings(page: str) -> None:
    for link in links(page):
        if "://" not in link:
            # A heading of the same page has no path.
            assert_leads_to_a_file((ROOT / page).parent, f"{Path(page).name}{link}" if link.startswith("#") else link)
