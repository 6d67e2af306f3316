"""The sentences at the top of the page say what the contrasts found, and vanish with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from xtreme_bench.benchmark import NEARNESS
from xtreme_bench.findings.experiments import EXPERIMENTS, Experiment
from xtreme_bench.findings.pieces import Change, Records
from xtreme_bench.findings.standing import NOWHERE, Standing
from xtreme_bench.findings.summary import by_nearness, sentences
from xtreme_bench.findings.words import Answer

NLI, PARAPHRASE, QA = (one for one in EXPERIMENTS if not one.questions[0].columns)
STOOD = Standing(
    {"udpos": 0.5, "tatoeba": 5.5},
    {"none": 60.0, "diverse": 54.0, "english": 48.0},
    {"tatoeba": {"none": 90.0, "diverse": 70.0, "english": 40.0}},
)


def answer(one: Experiment, layer: int, change: Change, p: float = 0.01, seeds: int = 3, **known: Any) -> Answer:
    return Answer(one.questions[0], ("contrast on family unseen", layer), "contrast", change, seeds, p, **known)


def said(*answered: tuple[Experiment, Answer]) -> list[str]:
    by_experiment: Mapping[Experiment, Sequence[Answer]] = {
        experiment: [one for own, one in answered if own == experiment]
        or [Answer(experiment.questions[0], ("", None), "")]
        for experiment in (NLI, PARAPHRASE, QA)
    }
    return [*sentences(by_experiment)]


def test_each_layer_has_its_answers_side_by_side_and_says_what_was_not_tested() -> None:
    assert said(
        (NLI, answer(NLI, 12, (5.0, 2.0, 8.0))),
        (NLI, answer(NLI, 7, (0.5, -1.0, 2.0), p=0.4)),
        (PARAPHRASE, answer(PARAPHRASE, 7, (-2.0, -5.0, 1.0), p=0.4)),
        (QA, answer(QA, 7, (-6.0, -9.0, -3.0))),
    ) == [
        "**Layer 7.** English alone is better than diverse languages after question answering (-6.0 [-9.0, -3.0]). The "
        "data cannot tell which is better after natural language inference (+0.5 [-1.0, +2.0]) and paraphrase (-2.0 "
        "[-5.0, +1.0]).",
        "**Layer 12.** Diverse languages are better than English alone after natural language inference (+5.0 [+2.0, "
        "+8.0]). Not tested after paraphrase and question answering.",
    ]


@pytest.mark.parametrize(
    ("p", "low", "seeds", "end"),
    [
        (0.01, -9.0, 3, "below 0 after question answering."),
        (
            0.09,
            -9.0,
            3,
            "below 0 after question answering; after question answering that is not significant once p is corrected.",
        ),
        (0.01, -9.0, 2, None),
        (0.01, 1.0, 3, None),
    ],
)
def test_where_intervals_lie_on_both_sides_of_0_the_page_says_after_which_tasks(
    p: float, low: float, seeds: int, end: str | None
) -> None:
    other = answer(QA, 12, (-6.0, -9.0, low + 6.0), p=p, seeds=seeds)
    [line] = said((NLI, answer(NLI, 12, (5.0, 2.0, 8.0))), (QA, other))
    assert ("The interval is above 0" in line) == (end is not None)
    assert end is None or line.endswith(f"above 0 after natural language inference and {end}")


def test_a_difference_that_is_nearly_all_of_one_target_says_so_with_the_scores_of_all_arms() -> None:
    made = "After natural language inference, layer 12: tatoeba makes up +5.5 of the +6.0 points: 90.0 (none), "
    made += "70.0 (diverse), 40.0 (english). Both arms lie below none (54.0 and 48.0 against 60.0)"
    assert said((NLI, answer(NLI, 12, (6.0, 2.0, 8.0), standing=STOOD)))[1:] == [
        f'{made}, so "better" means "loses less" here.'
    ]
    # An interval may leave out 0 and its answer be "cannot tell" all the same.
    assert said((NLI, answer(NLI, 12, (6.0, 2.0, 8.0), p=0.09, standing=STOOD)))[1:] == [f"{made}."]
    whole = Standing({**STOOD.adds, "tatoeba": 6.0}, STOOD.means, STOOD.by_target)
    assert "makes up all of the +6.0 points: " in said((NLI, answer(NLI, 12, (6.0, 2.0, 8.0), standing=whole)))[1]
    scoreless = Standing(whole.adds, whole.means, {})
    assert (
        "makes up all of the +6.0 points. Both" in said((NLI, answer(NLI, 12, (6.0, 2.0, 8.0), standing=scoreless)))[1]
    )


@pytest.mark.parametrize(
    ("change", "stood"),
    [
        ((6.0, -2.0, 8.0), STOOD),  # no difference to speak of
        ((6.0, 2.0, 8.0), NOWHERE),
        ((6.0, 2.0, 8.0), Standing({"udpos": 3.0, "tatoeba": 3.0}, {"none": 1.0, "a": 0.5, "b": 2.0}, {})),
        ((6.0, 2.0, 8.0), Standing({"tatoeba": 6.0}, {"a": 0.5, "b": 2.0}, {})),
    ],
)
def test_what_the_records_do_not_support_is_not_said(change: Change, stood: Standing) -> None:
    assert len(said((NLI, answer(NLI, 12, change, standing=stood)))) == 1


def test_without_contrasts_nothing_is_said() -> None:
    assert said() == []


def test_the_differences_are_shown_by_how_near_languages_are_to_those_of_training() -> None:
    better, than = NLI.questions[0].better, NLI.questions[0].than
    rows = [("seen", 2.0, 46), ("none", -1.0, 16)]
    estimates = [
        {"level": "intermediate data", "name": name, "difference": points, "low": -3.0, "high": 4.0, "cells": cells}
        for name, points, cells in rows
    ]
    known = {"layer": 7, "a": than, "b": better, "seeds": [1, 2, 3], "estimates": estimates}
    few = known | {"layer": 12, "seeds": [1]}
    text = by_nearness({NLI: Records({}, [], [few, known]), QA: Records({}, [], [])})
    heads, _, *found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert heads == ["after", *NEARNESS]
    assert found == [
        ["Natural language inference, layer 7", "+2.0 [-3.0, +4.0] (46)", "", "", "-1.0 [-3.0, +4.0] (16)"]
    ]
    assert by_nearness({NLI: Records({}, [], [few])}) == ""
