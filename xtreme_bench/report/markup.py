"""The pieces of a page as data. The templates turn them into HTML and escape all values; nothing here is markup."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

# A difference of this many points has the full colour of a heat map; the colours have so many steps.
FULL, STEPS = 15.0, 10


@dataclass(frozen=True)
class Block:
    """A piece of a page. `form` names the branch of the macro in `templates/blocks.html` that shows it."""

    form: ClassVar[str]


@dataclass(frozen=True)
class Paragraph(Block):
    """Plain sentences. `kind` is a class of the style sheet, as everywhere here."""

    form = "paragraph"
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Bullets(Block):
    """A list of sentences."""

    form = "bullets"
    sentences: Sequence[str]


@dataclass(frozen=True)
class Cell:
    """One cell of a table; `kind` says how it looks, `title` explains it to who points at it."""

    text: str
    kind: str = ""
    title: str = ""


@dataclass(frozen=True)
class Table(Block):
    """Rows in groups with a rule between them; a reader sorts the rows of each group. The first cell heads its row."""

    form = "table"
    headings: Sequence[str]
    groups: Sequence[Sequence[Sequence[Cell]]]
    kind: str = ""
    note: str = ""


@dataclass(frozen=True)
class Figure(Block):
    """A plot made by `plots`, the only markup that templates do not escape; `caption` is plain text."""

    form = "figure"
    svg: str
    caption: str


@dataclass(frozen=True)
class Code(Block):
    """Lines to read or copy as they are."""

    form = "code"
    text: str


@dataclass(frozen=True)
class Links(Block):
    """Other pages: text and address of each. The program makes the addresses, never a bundle."""

    form = "links"
    pages: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Download(Block):
    """A file inside the page."""

    form = "download"
    name: str
    kind: str
    content: str

    @property
    def address(self) -> str:
        """The file as a data: address."""
        packed = base64.b64encode(self.content.encode("utf-8", "replace")).decode("ascii")
        return f"data:{self.kind};charset=utf-8;base64,{packed}"


@dataclass(frozen=True)
class Details(Block):
    """Blocks behind a line that opens and closes them."""

    form = "details"
    summary: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Part(Block):
    """Blocks below a smaller heading."""

    form = "part"
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Section(Part):
    """A part of the page that the contents list names."""

    @property
    def anchor(self) -> str:
        """The name of its place on the page."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "section"


def paragraph(*sentences: str, kind: str = "") -> Paragraph:
    """Sentences as one paragraph."""
    return Paragraph(" ".join(sentence for sentence in sentences if sentence), kind)


def section(title: str, *blocks: Block | None) -> Section | None:
    """A section of the blocks that there are; None without any."""
    found = [block for block in blocks if block is not None]
    return Section(title, found) if found else None


def part(title: str, *blocks: Block | None) -> Part | None:
    """As `section`, inside one."""
    found = [block for block in blocks if block is not None]
    return Part(title, found) if found else None


def details(summary: str, *blocks: Block | None) -> Details | None:
    """The blocks that there are, closed until a reader opens them; None without any."""
    found = [block for block in blocks if block is not None]
    return Details(summary, found) if found else None


def table(headings: Sequence[Any], rows: Sequence[Sequence[Any]], *, kind: str = "", note: str = "") -> Table | None:
    """A table of plain values; an empty row begins a new group, `note` stands below. None without rows."""
    return rich_table(headings, [[cell(value) for value in row] for row in rows], kind=kind, note=note)


def rich_table(
    headings: Sequence[Any], rows: Sequence[Sequence[Cell]], *, kind: str = "", note: str = ""
) -> Table | None:
    """As `table`, of cells."""
    groups: list[list[Sequence[Cell]]] = [[]]
    for row in rows:
        if row:
            groups[-1].append(row)
        else:
            groups.append([])
    full = [group for group in groups if group]
    return Table([str(heading) for heading in headings], full, kind, note) if full else None


def cell(value: Any, kind: str = "", title: str = "") -> Cell:
    """One cell of a table."""
    return Cell(str(value), kind, title)


def change_cell(shown: str, points: float | None, *, sure: bool, title: str = "") -> Cell:
    """A difference in points: blue above zero, orange below, stronger the further from it; grey where not `sure`."""
    if points is None or not sure:
        return Cell(shown, "none" if points is None else "unsure", title)
    return Cell(shown, f"{'up' if points > 0 else 'down'} heat-{_step(abs(points) / FULL)}", title)


def level_cell(shown: str, percent: float | None, kind: str = "") -> Cell:
    """A score, shaded by its height."""
    if percent is None:
        return Cell(shown, "none")
    return Cell(shown, f"level heat-{_step(percent / 100)}{f' {kind}' if kind else ''}")


def _step(share: float) -> int:
    return max(1, min(STEPS, round(STEPS * share)))
