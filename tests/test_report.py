"""Text for the terminal."""

from pathlib import Path

from made_up_run import RECIPE, UNSCORED, made_up, scores

from xtreme_bench import recipe, report
from xtreme_bench.check import Report
from xtreme_bench.compare import compare
from xtreme_bench.errors import Problem
from xtreme_bench.plan import plan
from xtreme_bench.store import Digests, Store, write_json


def test_the_terminal_shows_tables_expectations_and_what_was_trained_on(tmp_path: Path) -> None:
    outcome, _ = made_up(tmp_path)
    text = report.terminal(outcome)
    assert text.startswith("made-up: An invented run\n")
    assert "de  German" in text
    assert "made-up-baseline    difference" in text
    assert "MISSED  gain of tagging    at least 1   found −0.78" in text
    assert "intermediate tasks: mnli, qqp, ccg: en" in text
    assert "zero-shot: everything but en in xnli, pawsx, udpos, panx, xquad, mlqa, tydiqa" in text


def test_a_run_without_labels_or_baseline_has_no_tables_of_scores(tmp_path: Path) -> None:
    text = report.terminal(made_up(tmp_path, baseline=False, tasks=UNSCORED)[0])
    assert "German" not in text
    assert "no gold labels were given" in text


def test_a_plan_tells_what_is_done_and_what_is_not(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path)
    assert outcome.baseline is not None
    plans = [outcome.main.plan, outcome.baseline.plan]
    text = report.plan_table(plans, store)
    assert "56 of 56 stages done in 11 min 40 s of computing; to do: nothing" in text
    training = next(stage for stage in outcome.main.plan.stages if stage.kind == "intermediate")
    store.discard(training.key)
    text = report.plan_table(plans, store)
    (line,) = [line for line in text.splitlines() if "intermediate training" in line]
    assert "to do: not in the store" in line
    assert "600 steps in batches of 32" in line
    assert training.key[:12] in line
    assert "to do: 1, of which 1 train with 19,200 training examples" in text


def test_a_plan_names_missing_files_weights_and_labels(tmp_path: Path) -> None:
    content = {key: value for key, value in RECIPE.items() if key not in ("data", "pretraining", "finetuning")}
    hub = {"hub": {"name": "nobody/nothing", "revision": "0" * 40}}
    write_json(tmp_path / "real.yaml", {**content, "description": "x", "model": hub, "targets": {"xnli": {}}})
    made = plan(recipe.load(tmp_path / "real.yaml"), data=tmp_path, digests=Digests(tmp_path / "digests.json"))
    text = report.plan_table([made], Store(tmp_path / "store"))
    assert "weights to fetch from the hub first: nobody/nothing at revision 000" in text
    assert f"not there:\n  {tmp_path}/xnli/" in text
    assert "cannot run: files are missing" in text
    assert "no gold labels, so no scores: real (give their folder with --labels)" in text


def test_a_check_lists_problems_notes_and_what_it_was_checked_against() -> None:
    problem = Problem("4 lines, 5 expected", "xnli/test-de.tsv", 5, "xnli", "de")
    found = Report((problem,), ("a remark",), "the manifest", {"xnli": ("de", "en")})
    assert report.check_text(found).splitlines() == [
        f"problem: {problem}",
        "note: a remark",
        "1 problem: partial bundle, 2 files of 1 task; sizes from the manifest",
    ]


def test_a_comparison_says_which_way_differences_go(tmp_path: Path) -> None:
    outcome, _ = made_up(tmp_path)
    assert outcome.baseline is not None
    text = report.comparison_text(compare(outcome.baseline.manifest, outcome.main.manifest))
    assert text.startswith("made-up-baseline (a) and made-up (b); differences are b minus a, in points\n")
    assert "retrieval" in text
    assert "+10.9" in text
    assert "Turkic" in text


def test_bundles_side_by_side_differ_from_their_baseline(tmp_path: Path) -> None:
    outcome, _ = made_up(tmp_path)
    assert outcome.baseline is not None
    text = report.summary_table([outcome.main.manifest, outcome.baseline.manifest])
    assert text.splitlines()[0].split() == ["made-up", "made-up-baseline", "difference"]


def test_scores_of_a_folder_have_languages_groups_and_overall() -> None:
    text = report.score_table(scores())
    assert "sw  Swahili" in text
    assert text.splitlines()[-1].split() == ["overall", f"{scores()['all_task']:.1f}"]
