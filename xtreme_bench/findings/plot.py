"""The pictures of the page of findings, as SVG that needs no page around it: intervals, and curves over layers."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

from xtreme_bench.findings.pieces import Change, mean

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _BOTTOM = 860, 330, 24, 26, 40, 44
_INK, _GRID, _UNSURE, _SURE = "#1f2328", "#d1d9e0", "#8b949e", "#0969da"
# The distances between marks of the axis, in points; of those with few enough marks the first is taken.
_STEPS = (1, 2, 5, 10, 20, 50)
_MOST_MARKS = 9
# Of curves: the panels, and the colours of Okabe and Ito, which the colour-blind tell apart.
_PANEL, _HIGH, _GAP, _LEGEND = 380, 230, 44, 44
_COLORS = ("#000000", "#d55e00", "#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9")

# Arm -> the scores of each seed, in percent, at each layer.
Curves = Mapping[str, Sequence[Sequence[float]]]


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
    return _picture(title, bottom + _BOTTOM, parts)


def curves(title: str, panels: Mapping[str, Curves]) -> str:
    """A panel for each target: the mean of each arm at each layer, on a band from its least to its best seed."""
    arms = list(dict.fromkeys(arm for panel in panels.values() for arm in panel))
    colors = {arm: _COLORS[at % len(_COLORS)] for at, arm in enumerate(arms)}
    parts = [_text(14, 22, title, "start")]
    for at, arm in enumerate(arms):
        x = 14 + at * (_WIDTH - 28) // len(arms)
        parts += [_line(x, 44, x + 20, 44, colors[arm], 3), _text(x + 26, 48, arm, "start")]
    top = 44 + _LEGEND
    for number, (target, panel) in enumerate(panels.items()):
        left = _GAP + number * (_PANEL + _GAP)
        parts += _panel(target, panel, colors, left, top)
    return _picture(title, top + _HIGH + _BOTTOM, parts)


def _panel(target: str, panel: Curves, colors: Mapping[str, str], left: int, top: int) -> list[str]:
    last = max(len(run) for runs in panel.values() for run in runs) - 1

    def place(layer: int, score: float) -> str:
        return f"{left + layer * _PANEL / max(1, last):.1f},{top + _HIGH * (1 - score / 100):.1f}"

    bottom = top + _HIGH
    parts = [_text(left, top - 12, target, "start"), _text(left + _PANEL, bottom + 36, "layer", "end")]
    for score in range(0, 101, 25):
        y = bottom - _HIGH * score / 100
        parts += [_line(left, y, left + _PANEL, y, _GRID, 1), _text(left - 8, y + 4, str(score), "end")]
    parts += [
        _text(place(layer, 0).partition(",")[0], bottom + 18, str(layer), "middle") for layer in range(0, last + 1, 2)
    ]
    for arm, runs in panel.items():
        scores = list(zip(*runs, strict=True))
        ends = [*enumerate(map(min, scores)), *reversed([*enumerate(map(max, scores))])]
        band, line = (" ".join(place(*point) for point in way) for way in (ends, enumerate(map(mean, scores))))
        parts += [
            f'<polygon points="{band}" fill="{colors[arm]}" fill-opacity="0.15"/>',
            f'<polyline points="{line}" fill="none" stroke="{colors[arm]}" stroke-width="2"/>',
        ]
    return parts


def _picture(title: str, height: int, parts: Sequence[str]) -> str:
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


def _line(x1: float | str, y1: float, x2: float | str, y2: float, color: str, width: int) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="{width}"/>'
