"""Plots as SVG that a page can hold."""

import re
from xml.etree import ElementTree

from made_up_run import scores

from xtreme_bench.report import plots
from xtreme_bench.report.plots import Panel

RUNS = [("with", scores(1.0)), ("without", scores())]


def texts(svg: str) -> list[str]:
    return [(element.text or "").strip() for element in ElementTree.fromstring(svg).iter() if element.text]


def test_bars_have_every_task_overall_and_its_number() -> None:
    svg = plots.bars(RUNS)
    shown = texts(svg)
    assert {"xnli", "tatoeba", "overall", "with", "without", "chance"} <= set(shown)
    assert f"{RUNS[0][1]['tatoeba']['avg_metric']:.0f}" in shown


def test_chance_is_marked_only_where_a_task_has_it() -> None:
    assert "chance" not in texts(plots.bars([("run", scores(tasks=("tatoeba", "panx")))]))


def test_tasks_without_english_have_no_transfer_gap() -> None:
    shown = texts(plots.gaps(RUNS))
    assert "xnli" in shown
    assert "tatoeba" not in shown
    assert plots.gaps([("run", scores(tasks=("tatoeba",)))]) == ""


def test_a_run_without_a_task_leaves_its_place_empty() -> None:
    runs = [*RUNS, ("part", scores(tasks=("xnli",)))]
    assert "part" in texts(plots.bars(runs))
    assert "part" in texts(plots.gaps(runs))


def test_curves_have_a_panel_for_each_name() -> None:
    panels = [Panel(name, [("run", 0, [1, 2, 3], [3.0, 2.0, 1.5])]) for name in ("mnli", "qqp", "ccg", "squad_v1")]
    assert {"mnli", "qqp", "ccg", "squad_v1", "step", "loss"} <= set(texts(plots.curves("loss", panels, "loss")))


def test_colours_are_the_pages_own_and_nothing_is_fetched() -> None:
    svg = plots.bars(RUNS) + plots.gaps(RUNS)
    assert not re.findall(r"#0[0-9a-f]{5}\b", svg)
    assert "var(--series-0)" in svg
    assert "var(--paper)" in svg
    assert not re.findall(r"(?:href|src)=\"(?!#)", svg)


def test_the_same_numbers_give_the_same_bytes_and_plots_share_no_ids() -> None:
    assert plots.bars(RUNS) == plots.bars(RUNS)
    ids = [re.findall(r' id="([^"]*)"', svg) for svg in (plots.bars(RUNS), plots.gaps(RUNS))]
    assert not set(ids[0]) & set(ids[1])


def test_any_name_can_be_drawn() -> None:
    names = ("_hidden", "$\\frac{", "<b>&", "日本\ud800\x1b", "x" * 200, "")
    svg = plots.bars([(name, scores()) for name in names])
    assert {"hidden", "$\\frac{", "<b>&", "????", "?"} <= set(texts(svg))
    assert "x" * 41 not in svg
