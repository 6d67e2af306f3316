"""The plot of the page of findings: differences with their intervals, as SVG that needs no page around it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from xtreme_bench.findings.pieces import Change

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _BOTTOM = 860, 330, 24, 26, 40, 44
_INK, _GRID, _UNSURE, _SURE = "#1f2328", "#d1d9e0", "#8b949e", "#0969da"
# The distances between marks of the axis, in points; of those with few enough marks the first is taken.
_STEPS = (1, 2, 5, 10, 20, 50)
_MOST_MARKS = 9


def intervals(title: str, rows: Sequence[tuple[str, Change, bool]]) -> str:
    """One row for each difference: its name, a dot and its interval, coloured if it is sure."""
    ends = [0.0, *(end for _, change, _ in rows for end in change)]
    step = next((one for one in _STEPS if (max(ends) - min(ends)) / one <= _MOST_MARKS - 2), 100)
    low, high = step * math.floor(min(ends) / step), step * math.ceil(max(ends) / step)
    if low == high:
        high += step

    def place(points: float) -> str:
        return f"{_LEFT + (points - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT):.1f}"

    bottom = _TOP + _ROW * len(rows)
    parts = [_text(14, 22, title, "start")]
    for mark in range(low, high + 1, step):
        at = place(mark)
        parts += [
            _line(at, _TOP, at, bottom, _GRID if mark else _INK, 1),
            _text(at, bottom + 18, f"{mark:+d}" if mark else "0", "middle"),
        ]
    parts.append(_text(_WIDTH - _RIGHT, bottom + 36, "points", "end"))
    for row, (name, (middle, begin, end), sure) in enumerate(rows):
        y, color = _TOP + _ROW * row + _ROW // 2, _SURE if sure else _UNSURE
        parts += [
            _text(_LEFT - 14, y + 4, name, "end"),
            _line(place(begin), y, place(end), y, color, 2),
            f'<circle cx="{place(middle)}" cy="{y}" r="4.5" fill="{color}"/>',
        ]
    height = bottom + _BOTTOM
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" '
            f'font-family="sans-serif" font-size="13" fill="{_INK}">',
            f"<title>{html.escape(title)}</title>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        )
    )


def _text(x: float | str, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _line(x1: str, y1: float, x2: str, y2: float, color: str, width: int) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="{width}"/>'
