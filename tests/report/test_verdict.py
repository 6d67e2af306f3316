"""What is said of a run in words."""

from pathlib import Path

import pytest
from made_up_run import UNSCORED, made_up_comparison, told

from xtreme_bench.comparison.forms import sentences
from xtreme_bench.report.verdict import expectations, verdict
from xtreme_bench.report.versus import Versus
from xtreme_bench.run.seeds import unlearned


def said(folder: Path, **options: object) -> str:
    outcome = told(folder, **options)
    return "\n".join(verdict(outcome.main.manifest, outcome.baseline.manifest if outcome.baseline else None))


def test_a_difference_that_was_not_tested_is_said_with_its_size_and_no_verdict(tmp_path: Path) -> None:
    text = said(tmp_path)
    assert "With intermediate training on mnli, qqp and ccg, the average over the nine tasks differs by +3.4" in text
    assert "Whether this is chance was not tested: the gold labels were not given." in text
    assert "one run with one seed" in text


def test_a_tested_difference_is_said_as_compare_says_it(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    assert outcome.baseline is not None
    tested = Versus(made_up_comparison())
    text = "\n".join(verdict(outcome.main.manifest, outcome.baseline.manifest, tested))
    assert tested.comparison is not None
    assert "\n".join(sentences(tested.comparison)) in text
    assert "not tested" not in text


def test_a_task_that_learned_nothing_is_named_with_chance(tmp_path: Path) -> None:
    outcome = told(tmp_path, baseline=False)
    outcome.main.manifest["dev"]["fine-tune xnli (made-up)"] = {"dev": {"xnli": 34.0, "mean": 34.0}}
    lines = verdict(outcome.main.manifest, None)
    assert "`fine-tune xnli (made-up)` learned nothing: 34.0 in xnli (chance: 33.3)." in lines


def test_an_expected_effect_that_did_not_appear_is_named_with_both_numbers(tmp_path: Path) -> None:
    text = said(tmp_path)
    assert (
        "1 of 4 things that the recipe expects did NOT appear: gain of tagging should be at least 1, it is −0.78."
        in text
    )


def test_expectations_that_hold_are_said_to_hold(tmp_path: Path) -> None:
    expect = {"scores": {"xnli/transfer": {"at_least": 40}}, "gains": {"retrieval": {"value": 10, "within": 2}}}
    assert "Everything that the recipe expects was found (2 numbers)." in said(tmp_path, expect=expect)


def test_a_task_that_was_not_learned_is_named(tmp_path: Path) -> None:
    outcome = told(tmp_path, expect={"development": {"mnli": {"at_least": 99.5}, "qqp": {"at_least": 0}}})
    manifest = {**outcome.main.manifest, "dev": {"intermediate": {"dev": {"mnli": 61.5, "qqp": 70.0}}}}
    lines = expectations(manifest, None)
    assert [(line.name, line.state) for line in lines] == [
        ("development score of mnli", "MISSED"),
        ("development score of qqp", "holds"),
    ]
    assert [line.found for line in lines] == [61.5, 70.0]
    assert "development score of mnli should be at least 99.5, it is 61.50" in "\n".join(verdict(manifest, None))


def test_each_expectation_has_its_bound_its_number_and_whether_it_holds(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    assert outcome.baseline is not None
    lines = {line.name: line for line in expectations(outcome.main.manifest, outcome.baseline.manifest)}
    after, before = outcome.main.manifest["scores"], outcome.baseline.manifest["scores"]
    assert lines["pawsx"].wanted == "59 within 5"
    assert lines["pawsx"].found == after["pawsx"]["avg_metric"]
    assert lines["gain of retrieval"].found == after["retrieval"] - before["retrieval"]
    assert [lines[name].state for name in ("gain of retrieval", "gain of tagging")] == ["holds", "MISSED"]


def test_scores_near_chance_are_not_called_above_it(tmp_path: Path) -> None:
    outcome = told(tmp_path, baseline=False)
    table = outcome.main.manifest["scores"]["xnli"]["accuracy"]
    table.update(dict.fromkeys(table, 36.0))
    (line,) = [line for line in verdict(outcome.main.manifest, None) if "chance" in line]
    # 200 examples a language: 36 % may be 33 %, 61 % is not 50 %.
    assert "xnli is 36.0, not clearly above the 33.3 of chance" in line
    assert "pawsx is 61.1, above the 50.0 of chance" in line


def test_some_tasks_only_have_no_overall_score(tmp_path: Path) -> None:
    text = said(tmp_path, tasks=("xnli", "tatoeba"))
    assert "scored on 2 of nine tasks, so there is no overall score: xnli 58.2, tatoeba 71.3." in text
    assert "over the 2 tasks that both have" in text


def test_without_labels_nothing_is_said_of_quality(tmp_path: Path) -> None:
    assert "no gold labels were given" in said(tmp_path, tasks=UNSCORED)


@pytest.mark.parametrize("dev", [None, "x", {"a": None}, {"a": {"dev": 7}}, {"a": {"dev": {"xnli": "low"}}}])
def test_development_scores_of_anybody_are_left_out_where_they_are_none(dev: object) -> None:
    assert unlearned({"dev": dev}) == unlearned({}) == {}
