"""Small pieces of HTML. Values are escaped here and nowhere else; what these functions return is safe to join."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

# A difference of this many points has the full colour of a heat map.
FULL = 15.0


def text(value: Any) -> str:
    """Any value as text that cannot be taken for markup; half surrogate pairs, which JSON may hold, as `?`."""
    return html.escape(str(value).encode("utf-8", "replace").decode("utf-8"), quote=True)


def paragraph(*sentences: str, kind: str = "") -> str:
    """Sentences (plain text) as one paragraph."""
    return f"<p{_class(kind)}>{text(' '.join(sentences))}</p>"


def section(title: str, *parts: str) -> str:
    """A part of the page with a heading, or nothing when it would be empty."""
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{text(title)}</h2>\n{body}\n</section>" if body else ""


def table(headings: Sequence[Any], rows: Sequence[Sequence[Any]], *, kind: str = "", note: str = "") -> str:
    """A table of plain values. The first column heads its row; an empty row separates; `note` stands below."""
    return rich_table(headings, [[cell(value) for value in row] for row in rows], kind=kind, note=note)


def rich_table(headings: Sequence[Any], rows: Sequence[Sequence[str]], *, kind: str = "", note: str = "") -> str:
    """As `table`, of cells that `cell` or `heat_cell` made; the first cell of a row becomes its heading."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{text(heading)}</th>' for heading in headings)
    body = "\n".join(_row(row, len(headings)) for row in rows)
    below = paragraph(note, kind="note") if note else ""
    return (
        f'<div class="scroll" tabindex="0"><table{_class(kind)}>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>\n{below}"
    )


def _row(row: Sequence[str], width: int) -> str:
    if not row:
        return f'<tr class="gap"><td colspan="{width}"></td></tr>'
    first = row[0].removeprefix("<td").removesuffix("</td>")
    return f'<tr><th scope="row"{first}</th>{"".join(row[1:])}</tr>'


def cell(value: Any, kind: str = "") -> str:
    """One cell of a table."""
    return f"<td{_class(kind)}>{text(value)}</td>"


def heat_cell(shown: str, points: float | None) -> str:
    """A cell coloured by a difference in points: blue above zero, orange below, stronger the further from it."""
    if points is None:
        return cell(shown, "none")
    strength = round(100 * min(1.0, abs(points) / FULL))
    return f'<td class="{"up" if points > 0 else "down"}" style="--heat:{strength}%">{text(shown)}</td>'


def figure(svg: str, caption: str) -> str:
    """A plot (made by `plots`) with a caption in plain text."""
    return f'<figure><div class="scroll" tabindex="0">{svg}</div><figcaption>{text(caption)}</figcaption></figure>'


def command(line: str) -> str:
    """A command line to copy."""
    return f"<pre><code>{text(line)}</code></pre>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
