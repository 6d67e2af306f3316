"""Plots as SVG to put into a page: text stays text, and colours are the page's own, light or dark."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xtreme_bench.benchmark import GROUPS
from xtreme_bench.official.scores import cells, headline
from xtreme_bench.report.tables import CHANCE, Run, measures_of, tasks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Matplotlib needs real colours; each of these is drawn and then replaced by the page's variable.
INK, MUTED, GRID, PAPER = "#010203", "#020304", "#030405", "#040506"
SERIES = ("#050601", "#050602", "#050603", "#050604", "#050605", "#050606", "#050607")
_VARIABLES: Mapping[str, str] = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    PAPER: "var(--paper)",
    **{color: f"var(--series-{at})" for at, color in enumerate(SERIES)},
}
WIDTH = 8.6


# The name of a run, the number of its colour, steps and values.
Line = tuple[str, int, Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Panel:
    """One small diagram: a title, a line for each run that has one, and the score of chance where it is known."""

    title: str
    lines: Sequence[Line]
    chance: float | None = None


def bars(runs: Sequence[Run], order: Sequence[int] | None = None) -> str:
    """Mean score of each task and overall, one bar per run; dashes mark chance. `order` gives the runs' colours."""
    keys = [key for key in measures_of(*(scores for _, scores in runs)) if key not in GROUPS]
    colors = order or range(len(runs))
    figure, (axes,) = _figure(1, 1, 3.1)
    width = 0.84 / len(runs)
    for at, ((name, scores), color) in enumerate(zip(runs, colors, strict=True)):
        shift = width * (at + 0.5) - 0.42
        found = {key: value for key in keys if (value := headline(scores, key)) is not None}
        places = [keys.index(key) + shift for key in found]
        axes.bar(places, list(found.values()), width=width * 0.92, color=SERIES[color], label=_short(name))
        for place, (key, value) in zip(places, found.items(), strict=True) if len(runs) <= 2 else ():
            chance = CHANCE.get(key, 0.0)
            top = chance if value < chance < value + 6 else value  # not through the dashes
            axes.text(place, top + 1, f"{value:.0f}", ha="center", va="bottom", color=INK, size=8)
    marks = [(place, CHANCE[key]) for place, key in enumerate(keys) if key in CHANCE]
    for number, (place, chance) in enumerate(marks):
        label = "chance" if number == 0 else None
        axes.plot([place - 0.48, place + 0.48], [chance] * 2, color=INK, lw=1.2, ls=(0, (3, 2)), label=label)
    axes.set_xticks(range(len(keys)), keys)
    axes.tick_params(axis="x", length=0)
    axes.set(ylim=(0, 105), yticks=range(0, 101, 25), ylabel="score, %")
    _legend(figure, axes, len(runs) + 1)
    return _svg(figure, "bars", "Bars: mean score of each task, by run")


def gaps(runs: Sequence[Run], order: Sequence[int] | None = None) -> str:
    """English and the mean of the other languages, joined by a line, per task and run; "" where no task has both."""
    tasks = [task for task in tasks_of(*(s for _, s in runs)) if any(_ends(scores, task) for _, scores in runs)]
    if not tasks:
        return ""
    colors = list(order or range(len(runs)))
    figure, (axes,) = _figure(1, 1, 0.8 + len(tasks) * max(0.33, 0.14 * len(runs)))
    for at, ((name, scores), color) in enumerate(zip(runs, colors, strict=True)):
        found = {row: ends for row, task in enumerate(tasks) if (ends := _ends(scores, task))}
        height = [row + (at - (len(runs) - 1) / 2) * 0.62 / len(runs) for row in found]
        english, others = zip(*found.values(), strict=True) if found else ((), ())
        axes.hlines(height, others, english, color=SERIES[color], lw=1.6)
        dots: dict[str, Any] = {"color": SERIES[color], "ms": 6, "clip_on": False, "zorder": 3}
        axes.plot(others, height, "o", label=_short(name), **dots)
        axes.plot(english, height, "o", mfc=PAPER, mew=1.6, **dots)
    axes.plot([], [], "o", color=INK, mfc=PAPER, mew=1.6, ms=6, label="English")
    axes.set_yticks(range(len(tasks)), tasks)
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(len(tasks) - 0.5, -0.5), xlim=(0, 100), xlabel="score, %")
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=GRID, lw=0.8)
    _legend(figure, axes, len(runs) + 1)
    return _svg(figure, "gaps", "Dots: score in English and mean of the other languages, by task and run")


def _ends(scores: Mapping[str, Any], task: str) -> tuple[float, float] | None:
    english, others = cells(scores, task).get("en"), headline(scores, f"{task}/transfer")
    return None if english is None or others is None else (english, others)


def curves(name: str, panels: Sequence[Panel], ylabel: str, xlabel: str = "step", *, percent: bool = False) -> str:
    """Small diagrams side by side, all of the same kind of number, over training steps or another `xlabel`.

    `percent`: they share one axis from 0 to 100.
    """
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure, cells_ = _figure(rows, columns, 0.5 + 1.6 * rows)
    labelled: dict[str, Any] = {}
    chance = None
    for axes, panel in zip(cells_, panels, strict=False):
        for label, color, steps, values in panel.lines:
            marker = "o" if len(steps) < 20 else None
            (line,) = axes.plot(steps, values, color=SERIES[color], lw=1.4, marker=marker, ms=3.5)
            labelled.setdefault(_short(label), line)
        axes.set_title(_short(panel.title), size=9, color=INK, loc="left")
        axes.margins(x=0.03, y=0.12)
        axes.locator_params(nbins=4)
        if panel.chance is not None:
            chance = axes.axhline(panel.chance, color=INK, lw=1.2, ls=(0, (3, 2)))
        if percent:
            axes.set(ylim=(0, 102), yticks=range(0, 101, 25))
    for axes in cells_[len(panels) :]:
        axes.set_visible(False)
    labelled |= {"chance": chance} if chance is not None else {}
    figure.supxlabel(xlabel, size=9, color=MUTED)
    figure.supylabel(ylabel, size=9, color=MUTED)
    if len(labelled) > 1:
        _outside(figure, list(labelled.values()), list(labelled), 3)
    return _svg(figure, name, f"Lines: {ylabel} by {xlabel}")


# A name, the difference with both ends of its interval, and the verdict.
Interval = tuple[str, float, float, float, str]


def intervals(found: Sequence[Interval]) -> str:
    """Differences with their intervals, one below the other; grey where the data cannot tell."""
    figure, (axes,) = _figure(1, 1, 0.7 + 0.24 * len(found))
    colors = {"better": SERIES[0], "worse": SERIES[2]}
    for row, (_, middle, low, high, verdict) in enumerate(found):
        color = colors.get(verdict, SERIES[1])
        axes.plot([low, high], [row, row], color=color, lw=1.8, solid_capstyle="butt")
        axes.plot([middle], [row], "o", color=color, ms=5, zorder=3)
    axes.axvline(0, color=INK, lw=1)
    axes.set_yticks(range(len(found)), [_short(name) for name, *_ in found])
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(len(found) - 0.5, -0.5), xlabel="difference, points")
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=GRID, lw=0.8)
    return _svg(figure, "intervals", "Dots with lines: difference and its 95 % interval, by kind of language")


def _figure(rows: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.patch.set_visible(False)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid:
        axes.patch.set_visible(False)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(MUTED)
        axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=9, left=False)
        axes.yaxis.label.set_color(MUTED)
        axes.xaxis.label.set_color(MUTED)
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=GRID, lw=0.8)
    return figure, grid


def _legend(figure: Figure, axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    pairs = sorted(zip(handles, labels, strict=True), key=lambda pair: pair[1] == "chance")
    _outside(figure, [handle for handle, _ in pairs], [label for _, label in pairs], columns)


def _outside(figure: Figure, handles: Sequence[Any], labels: Sequence[str], columns: int) -> None:
    # Long names take more room: about 100 letters and marks fit beside each other.
    columns = max(1, min(columns, 100 // (max(map(len, labels)) + 6)))
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, frameon=False, labelcolor=INK, fontsize=9)


def _short(name: str) -> str:
    """A name that Matplotlib's font can draw; it leaves labels out of a legend that begin with an underscore."""
    name = re.sub(r"[^ -~]", "?", name).lstrip("_")
    return f"{name[:39]}…" if len(name) > 40 else name or "?"


def _svg(figure: Figure, name: str, title: str) -> str:
    """The figure as an SVG element without its own size, colours replaced, ids its own; same figure, same bytes."""
    from matplotlib import rc_context

    stream = io.StringIO()
    settings = {"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False}
    with rc_context(settings):
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    box = re.search(r'viewBox="([^"]*)"', svg)
    inside = svg[svg.index(">") + 1 :]
    for color, variable in _VARIABLES.items():
        inside = inside.replace(color, variable)
    assert box is not None
    root = f'<svg viewBox="{box[1]}" role="img" aria-label="{html.escape(title)}" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return f"{root}<title>{html.escape(title)}</title>{inside}"
