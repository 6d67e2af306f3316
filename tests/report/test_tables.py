"""Tables for the terminal, from made-up scores."""

import pytest
from made_up_run import scores

from xtreme_bench.benchmark import OVERALL
from xtreme_bench.report import tables


def row(text: str, name: str) -> list[str]:
    return next(line.removeprefix(name).split() for line in text.splitlines() if line.startswith(name))


def test_the_language_table_shows_the_score_that_counts_for_each_task() -> None:
    found = scores()
    german = row(tables.language_table(found), "de  German")
    assert german[0] == f"{found['xnli']['accuracy']['de']:.1f}"
    # Question answering counts as the mean of exact match and F1.
    assert german[4] == f"{(found['xquad']['exact_match']['de'] + found['xquad']['f1']['de']) / 2:.1f}"
    assert german[6] == "–", "TyDiQA has no German"


def test_the_means_below_the_languages_are_those_of_the_scorer() -> None:
    found = scores()
    text = tables.language_table(found)
    assert row(text, "mean  ") == [f"{found[task]['avg_metric']:.1f}" for task in OVERALL]
    others = [value for code, value in found["xnli"]["accuracy"].items() if code != "en"]
    assert row(text, "mean without en")[0] == f"{sum(others) / len(others):.1f}"


def test_english_stands_first_and_families_together() -> None:
    order = tables.languages_of(scores())
    assert order[0] == "en"
    families = [tables.LANGUAGES[code].family for code in order[1:]]
    assert families == sorted(families)


def test_the_summary_has_tasks_groups_overall_and_the_difference_to_the_reference() -> None:
    before, after = scores(), scores(1.0)
    text = tables.summary_table([("with", after), ("without", before)], reference=1)
    gain = after["retrieval"] - before["retrieval"]
    assert row(text, "retrieval") == [f"{after['retrieval']:.1f}", f"{before['retrieval']:.1f}", f"{gain:+.1f}"]
    assert row(text, "overall")[0] == f"{after['all_task']:.1f}"
    assert row(text, "tydiqa")[2].startswith("−")


def test_a_task_that_one_run_lacks_has_a_dash_and_no_difference() -> None:
    text = tables.summary_table([("one", scores(tasks=("xnli", "tatoeba"))), ("other", scores(tasks=("xnli",)))], 1)
    assert row(text, "tatoeba")[1:] == ["–", "–"]
    assert "retrieval" not in text, "a group with one of its tasks missing has no score"
    assert "overall" not in text


def test_several_runs_have_a_column_and_a_difference_each() -> None:
    runs = [("a", scores()), ("b", scores(1.0)), ("c", scores(2.0))]
    text = tables.summary_table(runs, reference=0)
    assert text.splitlines()[0].split() == ["a", "b", "c", "Δ", "b", "Δ", "c"]
    assert len(row(text, "xnli")) == 5


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (1.25, "+1.2"), (-3.0, "−3.0"), (-0.04, "0.0"), (0.0, "0.0")]
)
def test_differences_have_a_sign_unless_they_round_to_nothing(value: float | None, shown: str) -> None:
    assert tables.cell(value, sign=True) == shown
