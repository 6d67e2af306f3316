"""What is said of a run in words."""

from pathlib import Path

from made_up_run import GAIN, UNSCORED, made_up

from xtreme_bench.report.verdict import expectations, verdict


def said(folder: Path, **options: object) -> str:
    outcome, _ = made_up(folder, **options)  # type: ignore[arg-type]
    return "\n".join(verdict(outcome.main.manifest, outcome.baseline.manifest if outcome.baseline else None))


def test_gains_and_losses_are_said_with_their_size(tmp_path: Path) -> None:
    text = said(tmp_path)
    assert "intermediate training on mnli, qqp and ccg helped on average over the nine tasks (+3.4 points)" in text
    assert "Better: retrieval (+10.9 points), classification (+3.8 points) and qa (+1.1 points)" in text
    assert "worse: tagging (−0.8 points)" in text
    assert "one run with one seed" in text


def test_training_that_hurts_is_said_to_hurt(tmp_path: Path) -> None:
    text = said(tmp_path, gain=-1.0)
    assert "hurt on average over the nine tasks (−3.4 points)" in text
    assert text.count("retrieval (−10.9 points)") == 1


def test_training_without_effect_is_said_to_have_none(tmp_path: Path) -> None:
    text = said(tmp_path, gain=0.0)
    assert "made no difference on average over the nine tasks (0.0 points)" in text
    assert "Better: none; changed by less than 0.5 points: classification, tagging, qa and retrieval." in text
    assert "Scores are higher in 0 and lower in 0 of" in text


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
    outcome, _ = made_up(tmp_path, expect={"development": {"mnli": {"at_least": 99.5}, "qqp": {"at_least": 0}}})
    manifest = {**outcome.main.manifest, "dev": {"intermediate": {"dev": {"mnli": 61.5, "qqp": 70.0}}}}
    lines = expectations(manifest, None)
    assert [(line.name, line.state) for line in lines] == [
        ("development score of mnli", "MISSED"),
        ("development score of qqp", "holds"),
    ]
    assert [line.found for line in lines] == [61.5, 70.0]
    assert "development score of mnli should be at least 99.5, it is 61.50" in "\n".join(verdict(manifest, None))


def test_each_expectation_has_its_bound_its_number_and_whether_it_holds(tmp_path: Path) -> None:
    outcome, _ = made_up(tmp_path)
    assert outcome.baseline is not None
    lines = {line.name: line for line in expectations(outcome.main.manifest, outcome.baseline.manifest)}
    after, before = outcome.main.manifest["scores"], outcome.baseline.manifest["scores"]
    assert lines["pawsx"].wanted == "59 within 5"
    assert lines["pawsx"].found == after["pawsx"]["avg_metric"]
    assert lines["gain of retrieval"].found == after["retrieval"] - before["retrieval"]
    assert [lines[name].state for name in ("gain of retrieval", "gain of tagging")] == ["holds", "MISSED"]


def test_scores_near_chance_are_not_called_above_it(tmp_path: Path) -> None:
    outcome, _ = made_up(tmp_path, baseline=False)
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
    assert f"tatoeba (+{GAIN['tatoeba'] + 0.1:.1f} points)" in text


def test_without_labels_nothing_is_said_of_quality(tmp_path: Path) -> None:
    assert "no gold labels were given" in said(tmp_path, tasks=UNSCORED)
