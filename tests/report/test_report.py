"""Text for the terminal."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up_run import UNSCORED, scores, told
from small_bundle import LABELS, put, put_bundle

from xtreme_bench.bundle.check import Report
from xtreme_bench.cli.main import cli
from xtreme_bench.errors import Problem
from xtreme_bench.report import terminal
from xtreme_bench.report.manifest_differences import compare

AVERAGED = {"xnli": {"accuracy": {"de": 60.0, "en": 80.0}, "avg_accuracy": 70.0, "avg_metric": 70.0}}


def test_the_terminal_shows_tables_expectations_and_what_was_trained_on(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    text = terminal.terminal(outcome)
    assert text.startswith("made-up: An invented run\n")
    assert "de  German" in text
    assert "made-up-baseline    difference" in text
    assert "MISSED  gain of tagging    at least 1   found −0.78" in text
    assert "intermediate tasks: mnli, qqp, ccg: en" in text
    assert "zero-shot: everything but en in xnli, pawsx, udpos, panx, xquad, mlqa, tydiqa" in text


def test_results_of_other_code_are_named_on_the_terminal_and_the_pages(tmp_path: Path) -> None:
    outcome = told(tmp_path, baseline=False, tasks=UNSCORED)
    head = "results of made-up made by other code and accepted (--accept-code)"
    said = "code of training/loop and training/train differs from the finished run"
    assert "other code" not in terminal.terminal(outcome)
    (stage,) = [one for one in outcome.main.manifest["stages"] if one["kind"] == "intermediate"]
    stage["accepted_code"] = ["xtreme_bench.training.loop", "xtreme_bench.training.train"]
    assert f"{head}\n  intermediate training (made-up): {said}\n" in terminal.terminal(outcome)
    for page in (
        terminal.write_page(outcome, tmp_path / "one"),
        terminal.write_comparison_page([outcome.main.manifest], tmp_path / "several"),
    ):
        text = page.read_text()
        assert f"<h2>{head.capitalize()}</h2>" in text
        assert said in text


def test_a_run_without_labels_or_baseline_has_no_tables_of_scores(tmp_path: Path) -> None:
    text = terminal.terminal(told(tmp_path, baseline=False, tasks=UNSCORED))
    assert "German" not in text
    assert "no gold labels were given" in text


def test_a_check_lists_problems_notes_and_what_it_was_checked_against() -> None:
    problem = Problem("4 lines, 5 expected", "xnli/test-de.tsv", 5, "xnli", "de")
    found = Report((problem,), ("a remark",), "the manifest", {"xnli": ("de", "en")})
    assert terminal.check_text(found).splitlines() == [
        f"problem: {problem}",
        "note: a remark",
        "1 problem: partial bundle, 2 files of 1 task; sizes from the manifest",
    ]


def test_a_comparison_says_which_way_differences_go(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    assert outcome.baseline is not None
    text = terminal.comparison_text(compare(outcome.baseline.manifest, outcome.main.manifest))
    assert text.startswith("made-up-baseline (a) and made-up (b); differences are b minus a, in points\n")
    assert "retrieval" in text
    assert "+10.9" in text
    assert "Turkic" in text


def test_bundles_side_by_side_differ_from_their_baseline(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    assert outcome.baseline is not None
    text = terminal.bundles_text([outcome.main.manifest, outcome.baseline.manifest], computed=(0, 1))
    assert text.splitlines()[0].split() == ["made-up", "made-up-baseline", "difference"]


@pytest.mark.parametrize(
    ("given", "labelled", "shown", "said"),
    [
        ("whole", True, "70.0", "The scores were computed here, from predictions and gold labels."),
        ("whole", False, "99.0", "The scores are what the manifest of a bundle claims: nothing here has checked them."),
        ("bare", True, "99.0", "The scores are what the manifest of a bundle claims: nothing here has checked them."),
    ],
)
def test_scores_that_a_bundle_only_claims_are_marked_and_others_are_computed(
    given: str, labelled: bool, shown: str, said: str, tmp_path: Path
) -> None:
    claim = {"accuracy": {"de": 99.0, "en": 99.0}, "avg_accuracy": 99.0, "avg_metric": 99.0}
    bundle, labels = put_bundle(tmp_path, scores={"xnli": claim}), put(tmp_path / "labels", LABELS)
    bare = put(tmp_path / "bare", {"manifest.json": (bundle / "manifest.json").read_bytes()})
    place = {"whole": bundle, "bare": bare}[given]
    more = ["--labels", str(labels)] if labelled else []
    found = CliRunner().invoke(cli, ["report", str(place), *more, "--out", str(tmp_path / "page")])
    assert found.exit_code == 0, found.output
    page = (tmp_path / "page/index.html").read_text(encoding="utf-8")
    claimed = shown == "99.0"
    for text in (found.output, page):
        assert said in text
        assert shown in text
        assert ("small, claimed" in text) == claimed
        assert ("99.0" in text) == claimed
    assert "scores.csv" in page


def test_two_bundles_of_which_one_has_no_predictions_are_not_tested_and_say_why(tmp_path: Path) -> None:
    bundle, labels = put_bundle(tmp_path, scores=AVERAGED), put(tmp_path / "labels", LABELS)
    bare = put(tmp_path / "bare", {"manifest.json": (bundle / "manifest.json").read_bytes()})
    args = ["report", str(bundle), str(bare), "--labels", str(labels), "--out", str(tmp_path / "page")]
    found = CliRunner().invoke(cli, args)
    assert found.exit_code == 0, found.output
    assert "small, claimed" in found.output
    page = (tmp_path / "page/index.html").read_text(encoding="utf-8")
    assert "not tested: only one of the two has predictions" in page


def test_scores_of_a_folder_have_languages_groups_and_overall() -> None:
    text = terminal.score_table(scores())
    assert "sw  Swahili" in text
    assert text.splitlines()[-1].split() == ["overall", f"{scores()['all_task']:.1f}"]
