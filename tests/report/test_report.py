"""Text for the terminal."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from board_bundles import put_named
from click.testing import CliRunner
from made_up_run import UNSCORED, scores, told
from small_bundle import LABELS, manifest, put, put_bundle

from xtreme_bench.bundle.check import Report, check
from xtreme_bench.bundle.load import load
from xtreme_bench.bundle.verify import check_expect
from xtreme_bench.bundle.write import write
from xtreme_bench.cli.main import cli
from xtreme_bench.comparison.arms import read_arm
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.report import terminal, versus
from xtreme_bench.report.manifest_differences import compare
from xtreme_bench.report.page import comparison_page

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


def test_a_check_that_knows_no_sizes_says_so(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    (tmp_path / "xnli").mkdir()
    (tmp_path / "xnli/test-de.tsv").write_text("neutral\n", encoding="utf-8")
    assert terminal.check_text(check(tmp_path)).endswith("; sizes not known")


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


def test_what_a_released_encoder_was_tuned_for_stands_beside_its_retrieval_scores(tmp_path: Path) -> None:
    released = {"tuned_for": "retrieval, on pairs; so its scores are not zero-shot"}
    names, said = (
        ("one", "two"),
        "The encoder that one and two began with was tuned for retrieval, on pairs; so its scores",
    )
    labels = put(tmp_path / "labels", LABELS)
    places = [str(put_named(tmp_path / name, name, labels, released=released)) for name in names]
    for more in ([], ["--labels", str(labels)]):
        assert said in CliRunner().invoke(cli, ["report", *places, *more, "--out", str(tmp_path / "page")]).stdout
        assert f"note: {said}" in CliRunner().invoke(cli, ["compare", *places, *more]).stderr
    outcome = told(tmp_path)
    assert "tuned for" not in terminal.terminal(outcome)
    outcome.main.manifest["released"] = released
    assert "The encoder that made-up began with was tuned for retrieval" in terminal.terminal(outcome)
    without_retrieval = {**manifest(), "files": {"xnli/test-de.tsv": {}}, "released": released}
    assert "tuned for" not in terminal.bundles_text([without_retrieval])


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
    assert "small, bare, claimed" in found.output
    page = (tmp_path / "page/index.html").read_text(encoding="utf-8")
    assert "not tested: only one of the two has predictions" in page


def reported(tmp_path: Path, places: Sequence[Path], labels: Path | None = None) -> tuple[str, str]:
    """What `report` prints of some bundles, and its page."""
    more = ["--labels", str(labels)] if labels else []
    found = CliRunner().invoke(cli, ["report", *map(str, places), *more, "--out", str(tmp_path / "page")])
    assert found.exit_code == 0, found.output
    return found.output, (tmp_path / "page/index.html").read_text(encoding="utf-8")


def test_a_folder_with_a_bundle_per_seed_is_one_column_of_means_that_are_tested_together(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    for name, more in (("base", {}), ("main", {"baseline": "base"})):
        for seed, answers in ((1, "2\n0\n0\n1\n"), (2, "2\n0\n1\n1\n")):
            files = {"tatoeba/test-de.tsv": answers} if name == "main" else {}
            put_named(tmp_path / f"{name}/seed-{seed}", name, labels, files, seed=seed, recipe={"seed": seed, **more})
    text, page = reported(tmp_path, [tmp_path / "base", tmp_path / "main"], labels)
    assert text.splitlines()[0].split() == ["base", "main", "difference"]
    assert next(line.split()[2] for line in text.splitlines() if line.startswith("tatoeba")) == "62.5"
    for shown in (text, page):
        assert "All are means over seeds 1 and 2." in shown
    assert "<span>Difference to base</span>" in page
    claimed, _ = reported(tmp_path, [tmp_path / "main", tmp_path / "base/seed-1"])
    assert "main is the mean over seeds 1 and 2." in claimed
    found = CliRunner().invoke(cli, ["compare", str(tmp_path / "base"), str(tmp_path / "main")])
    assert (found.exit_code, "base (a) and main (b)" in found.output) == (0, True), found.output


@pytest.mark.parametrize("command", ["report", "compare"])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_folder_with_bundles_of_several_recipes_has_no_means(command: str, labelled: bool, tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    for seed, name in enumerate(("one", "two", "two"), 1):
        more = {"seed": seed, "description": name}
        put_named(tmp_path / f"all/{name}-{seed}", name, labels, seed=seed, recipe=more)
    places = [str(tmp_path / "all"), *([str(tmp_path / "all/two-2")] if command == "compare" else [])]
    out = ["--out", str(tmp_path / "page")] if command == "report" else []
    found = CliRunner().invoke(cli, [command, *places, *out, *(["--labels", str(labels)] if labelled else [])])
    assert isinstance(found.exception, InputError), found.output
    assert "two-2: its recipe and that of" in str(found.exception)
    assert "differ in more than the seed" in str(found.exception)


def test_bundles_that_say_the_same_recipe_under_other_names_are_no_runs_of_one_experiment(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    for seed, name in enumerate(("one", "two"), 1):
        put_named(tmp_path / f"all/{name}", name, labels, seed=seed, recipe={"seed": seed})
    with pytest.raises(InputError, match=r"all/two: its recipe and that of .*all/one differ in more than the seed"):
        read_arm([tmp_path / "all/one", tmp_path / "all/two"], labels)


def test_runs_of_one_recipe_are_told_apart(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    for seed in (1, 2):
        put_named(tmp_path / str(seed), "same", labels, seed=seed, recipe={"seed": seed})
    for places, names in (("12", ("same, seed 1", "same, seed 2")), ("11", ("same, run 1", "same, run 2"))):
        text, page = reported(tmp_path, [tmp_path / one for one in places], labels)
        for name in names:
            assert text.splitlines()[0].count(name) == 1
            assert name in page


def test_each_of_several_runs_of_one_recipe_has_the_contrast_that_it_was_made_for(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    put_named(tmp_path / "other", "other", labels, seed=1, recipe={"seed": 1})
    for seed in (1, 2):
        asked = {"recipe": "same", "minus": "other", "over": "all"}
        more = {"seed": seed, "baseline": "other", "contrast": asked}
        put_named(tmp_path / str(seed), "same", labels, seed=seed, recipe=more)
    runs, computed = versus.scored([[load(tmp_path / one)] for one in ("other", "1", "2")], labels)
    tested = versus.of_runs(runs, labels)
    assert sorted(tested) == [1, 2]
    assert all(one.find("contrast", "contrast on all") for one in tested.values())
    page = comparison_page([run.manifest for run in runs], tested, computed)
    for seed in (1, 2):
        assert f"<li>same, seed {seed}: contrast on all: " in page


def test_differences_are_over_the_languages_that_both_runs_have(tmp_path: Path) -> None:
    result = {"accuracy": {"de": 40.0, "en": 80.0}, "avg_accuracy": 60.0, "avg_metric": 60.0}
    fewer = {"accuracy": {"de": 50.0}, "avg_accuracy": 50.0, "avg_metric": 50.0}
    for name, found in (("a", result), ("b", fewer)):
        write(tmp_path / name, {**manifest(scores={"xnli": found}), "name": name}, {})
    text, page = reported(tmp_path, [tmp_path / "a", tmp_path / "b"])
    assert next(line.split()[1:] for line in text.splitlines() if line.startswith("xnli")) == ["60.0", "50.0", "+10.0"]
    for shown in (text, page):
        assert "Differences are over the languages that both runs have." in shown
    assert check_expect({"gains": {"xnli": {"at_least": 9}}}, {"xnli": fewer}, {"xnli": result}) == []


def test_scores_of_a_folder_have_languages_groups_and_overall() -> None:
    text = terminal.score_table(scores())
    assert "sw  Swahili" in text
    assert text.splitlines()[-1].split() == ["overall", f"{scores()['all_task']:.1f}"]
