"""The report page: its numbers, its words for what is missing, and that nothing in it is taken for markup."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_run import UNSCORED, made_up, made_up_comparison
from page_reader import Reader

from xtreme_bench.benchmark import TASKS
from xtreme_bench.files import file_digest
from xtreme_bench.report.page import write_comparison_page, write_page
from xtreme_bench.report.versus import Versus
from xtreme_bench.run.outcome import Finished

HOSTILE = """</title><script>alert(1)</script><img src=x onerror=alert(2)> "' & ${title} $body \u202e"""
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def page(folder: Path, **options: object) -> str:
    outcome, store = made_up(folder, **options)  # type: ignore[arg-type]
    return write_page(outcome, folder / "report", store).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Finished, str]:
    """A run, its baseline, and their page; only to be read."""
    folder = tmp_path_factory.mktemp("runs")
    outcome, store = made_up(folder)
    assert outcome.baseline is not None
    return outcome.main, outcome.baseline, write_page(outcome, folder / "report", store).read_text(encoding="utf-8")


def test_the_summary_shows_the_scores_of_both_runs_and_their_difference(runs: tuple[Finished, Finished, str]) -> None:
    main, baseline, text = runs
    found = Reader(text)
    after, before = main.manifest["scores"], baseline.manifest["scores"]
    for name, a, b in [
        ("xnli", after["xnli"]["avg_metric"], before["xnli"]["avg_metric"]),
        ("retrieval", after["retrieval"], before["retrieval"]),
        ("overall", after["all_task"], before["all_task"]),
    ]:
        assert found.row(name)[:3] == [f"{a:.1f}", f"{b:.1f}", f"{a - b:+.1f}"]


def test_the_heat_map_has_the_difference_of_each_language_and_the_table_its_score(
    runs: tuple[Finished, Finished, str],
) -> None:
    main, baseline, text = runs
    after, before = (one.manifest["scores"]["xnli"]["accuracy"] for one in (main, baseline))
    heat, table, second = (row[1:] for row in Reader(text).rows if row and row[:2] == ["tr", "Turkish"])
    assert heat[:4] == ["Turkish", "Turkic", "Latin", f"{after['tr'] - before['tr']:+.1f}"]
    assert (table[3], second[3]) == (f"{after['tr']:.1f}", f"{before['tr']:.1f}")


def test_the_page_needs_nothing_but_itself(runs: tuple[Finished, Finished, str]) -> None:
    text = runs[2]
    found = Reader(text)
    assert not {"link", "iframe", "img"} & set(found.tags)
    addresses = [str(value) for name, value in found.attributes if name in ("src", "href")]
    assert not [one for one in addresses if not one.startswith(("#", "data:"))]
    assert not re.search(r"url\((?!#)|@import", text)
    assert "default-src 'none'" in text


def test_the_one_script_is_the_one_that_the_policy_allows(runs: tuple[Finished, Finished, str]) -> None:
    (script,) = SCRIPT.findall(runs[2])
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in runs[2]


def test_every_plot_has_a_name_for_those_who_do_not_see_it(runs: tuple[Finished, Finished, str]) -> None:
    found = Reader(runs[2])
    # Means, transfer gap, and three kinds of curves.
    assert found.tags.count("svg") == 5
    labels = [value for name, value in found.attributes if name == "aria-label" and value != "Contents"]
    assert len(labels) == 5
    assert all(labels)


def test_the_page_says_what_was_run_and_how_to_run_it_again(runs: tuple[Finished, Finished, str]) -> None:
    main, _, text = runs
    found = Reader(text)
    assert "make reproduce RECIPE=made-up\n" in text
    assert "xtreme-bench compare submissions/made-up-baseline submissions/made-up --labels" in text
    assert found.row("bundle, sha256 of the zip") == [file_digest(main.bundle / "made-up.zip")]
    assert found.row("retrieve bucc2018 (made-up): de") == ["1.0625", "47.5", "88"]
    assert found.row("intermediate tasks: mnli, qqp, ccg") == ["en"]
    stage = next(one for one in main.records if one["kind"] == "intermediate")
    assert found.row(stage["name"]) == ["12 s", "made-up processor", "300 MiB", stage["key"][:12]]
    assert found.row("engine") == ["local"]
    assert "nowhere" not in text, "host names are not for publishing"


@pytest.mark.slow
def test_a_lower_precision_stands_beside_fp32_and_layers_beside_each_other(tmp_path: Path) -> None:
    asked = {"layer": 2, "pooling": "mean", "precision": "int8", "min_cosine": 0.9, "layers": "all"}
    found = page(tmp_path, retrieval=asked)
    read = Reader(found)
    assert ["retrieve tatoeba (made-up)", "4,000", "0.987654"] in read.rows
    assert ["tatoeba: de", "61.5", "60.2"] in read.rows
    assert "Lines: F1 on development pairs, % by layer" in found
    assert "this recipe takes layer 2" in found


def test_what_is_not_zero_shot_is_set_apart(runs: tuple[Finished, Finished, str]) -> None:
    found = Reader(runs[2])
    assert ["xnli", "en", "ar de es hi ru sw tr zh"] in found.rows
    assert any(name == "class" and str(value).split()[-1] == "seen" for name, value in found.attributes)


def test_prepared_releases_are_named_with_what_is_not_as_in_xtreme(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path, baseline=False, curves=False)
    files = [f"tatoeba.{number}" for number in range(9)]
    notes = {"tatoeba": {"made_from": files, "examples": {}, "remarks": ["Only 3 of 36 languages."]}}
    outcome.main.manifest["data"]["made_from"] = {"dev_as_test": ["xnli", "panx"], "sample": 200, "tasks": notes}
    text = write_page(outcome, tmp_path / "report", store).read_text(encoding="utf-8")
    assert "Development sets stand in for the test sets of xnli, panx. At most 200 test examples a language" in text
    expected = ["tatoeba.0, tatoeba.1, tatoeba.2 and 6 more", "Only 3 of 36 languages."]
    assert Reader(text).rows.count(["tatoeba", *expected]) == 1


def test_text_from_outside_is_never_markup(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path, curves=False, description=HOSTILE)
    for one in (outcome.main, outcome.baseline):
        assert one is not None
        one.manifest["trained_on"][HOSTILE] = {HOSTILE: [HOSTILE, "\ud800"]}
    main = replace(outcome.main, manifest={**outcome.main.manifest, "versions": {HOSTILE: HOSTILE}})
    text = write_page(replace(outcome, main=main), tmp_path / "report", store).read_text(encoding="utf-8")
    manifests = [{**one.manifest, "name": HOSTILE} for one in (outcome.main, outcome.baseline) if one is not None]
    for page_text in (text, write_comparison_page(manifests, tmp_path / "both").read_text(encoding="utf-8")):
        assert "&lt;script&gt;alert(1)" in page_text
        found = Reader(page_text)
        assert found.tags.count("script") == 1
        assert "img" not in found.tags
        assert not [name for name, _ in found.attributes if name.startswith("on")]


def test_without_a_baseline_there_are_no_differences(tmp_path: Path) -> None:
    text = page(tmp_path, curves=False, baseline=False)
    assert "Difference" not in text
    assert Reader(text).row("xnli") == ["58.2"]


@pytest.mark.slow
def test_without_labels_the_page_has_no_scores_and_says_so(tmp_path: Path) -> None:
    text = page(tmp_path, curves=False, tasks=UNSCORED)
    assert "no gold labels were given" in text
    assert "<h2>Summary</h2>" not in text
    assert Reader(text).row("gain of retrieval") == ["at least 5", "–", "no score"]
    assert "<h2>Cost</h2>" in text


@pytest.mark.slow
def test_some_tasks_only_have_a_page_without_overall(tmp_path: Path) -> None:
    found = Reader(page(tmp_path, curves=False, tasks=("panx", "tatoeba")))
    assert found.row("panx")
    assert "overall" not in [row[0] for row in found.rows if row]


def test_without_curves_the_page_has_no_place_for_them(tmp_path: Path) -> None:
    text = page(tmp_path, baseline=False, curves=False)
    assert "Fine-tuning</h2>" not in text
    assert Reader(text).tags.count("svg") == 2


def test_bundles_are_compared_with_the_one_that_is_their_baseline(
    runs: tuple[Finished, Finished, str], tmp_path: Path
) -> None:
    after, before = runs[0].manifest, runs[1].manifest
    expected = after["scores"]["all_task"] - before["scores"]["all_task"]
    for manifests in ([after, before], [before, after]):
        text = write_comparison_page(manifests, tmp_path / "both").read_text(encoding="utf-8")
        assert "Differences are to made-up-baseline." in text
        assert Reader(text).row("overall")[2] == f"{expected:+.1f}"


def test_many_bundles_have_tables_but_no_crowded_plots(runs: tuple[Finished, Finished, str], tmp_path: Path) -> None:
    manifests = [{**runs[0].manifest, "name": f"run-{number}"} for number in range(9)]
    text = write_comparison_page([*manifests, runs[1].manifest], tmp_path / "all").read_text(encoding="utf-8")
    found = Reader(text)
    assert "10 runs compared" in text
    assert "svg" not in found.tags
    scores, differences = (row[1:] for row in found.rows if row and row[0] == "overall")
    assert (len(scores), len(differences)) == (10, 9)


def test_the_page_is_written_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    page(tmp_path, baseline=False, curves=False)
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["index.html"]


@pytest.mark.slow
def test_published_scores_stand_beside_those_of_whole_test_sets_only(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path, baseline=False, curves=False)
    manifest = outcome.main.manifest
    assert "No published scores are shown for xnli" in write_page(outcome, tmp_path / "own", store).read_text()
    manifest["data"]["source"] = "download"
    manifest["files"] |= {
        TASKS["xnli"].file(code): {"sha256": "0" * 64, "records": size}
        for code, size in TASKS["xnli"].test_sizes.items()
    }
    text = write_page(outcome, tmp_path / "whole", store).read_text()
    section = Reader(text[text.index('<section id="published-scores">') : text.index('<section id="retrieval">')])
    assert section.row("xnli")[:2] == [f"{manifest['scores']['xnli']['avg_metric']:.1f}", "79.2"]
    assert [row[0] for row in section.rows[1:]] == ["xnli"]
    manifest["recipe"]["data"]["dev_as_test"] = ["xnli"]
    assert ">79.2<" not in write_page(outcome, tmp_path / "dev", store).read_text()


def test_the_page_holds_its_files(runs: tuple[Finished, Finished, str]) -> None:
    main, _, text = runs
    found = dict(re.findall(r'download="([^"]+)" href="data:[^;]+;charset=utf-8;base64,([^"]*)"', text))
    files = {name: base64.b64decode(packed).decode() for name, packed in found.items()}
    assert json.loads(files["manifest.json"]) == main.manifest
    value = main.manifest["scores"]["xnli"]["accuracy"]["de"]
    assert f"xnli,de,accuracy,{value}" in files["scores.csv"].splitlines()


@pytest.mark.slow
def test_a_tested_page_has_the_numbers_of_compare_and_colours_only_what_is_sure(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path, curves=False)
    comparison = made_up_comparison()
    text = write_page(outcome, tmp_path / "report", store, Versus(comparison)).read_text(encoding="utf-8")
    (overall,) = comparison.level("overall")
    assert f"<strong>{overall.verdict}</strong>" in text
    assert text.count(f"{overall.low:+.1f} to {overall.high:+.1f}") >= 2
    for one in comparison.level("task"):
        row = next(row for row in Reader(text).rows if row[0] == one.name and len(row) == 8)
        assert row[5] == one.verdict
    shown = re.findall(r'<td class="(up|down) heat-\d+" title="[^"]*, ([^"]*)"', text)
    assert {(kind, verdict) for kind, verdict in shown} == {("up", "better"), ("down", "worse")}
    assert re.search(r'<td class="unsure" title="[^"]*, cannot tell"', text)
    assert "comparison.json" in text
    untested = write_page(outcome, tmp_path / "untested", store).read_text(encoding="utf-8")
    assert not re.search(r'<td class="(up|down)', untested)
    assert "not tested" in untested


@pytest.mark.slow
def test_without_an_overall_score_the_headline_counts_pairs_of_a_task_and_a_language(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path, curves=False, tasks=("xnli", "tatoeba"))
    whole = made_up_comparison()
    part = replace(whole, estimates=tuple(one for one in whole.estimates if one.level == "cell"))
    text = write_page(outcome, tmp_path / "report", store, Versus(part)).read_text(encoding="utf-8")
    better = sum(one.verdict == "better" for one in part.estimates)
    assert f"<span>Task and language: better</span> <strong>{better}</strong>" in text
    assert "<span>Tasks with a score</span> <strong>2 of 9</strong>" in text


def test_every_section_has_its_line_in_the_contents(runs: tuple[Finished, Finished, str]) -> None:
    text = runs[2]
    places = re.findall(r'<section id="([^"]+)">', text)
    assert re.findall(r'<li><a href="#([^"]+)">', text) == places
    assert len(set(places)) == len(places) > 10


@pytest.mark.slow
def test_two_bundles_of_others_have_a_headline_from_their_comparison_alone(
    runs: tuple[Finished, Finished, str], tmp_path: Path
) -> None:
    strange = [{**one.manifest, "dev": [], "recipe": {"baseline": None, "expect": 5}} for one in (runs[1], runs[0])]
    comparison = made_up_comparison()
    untested = write_comparison_page(strange, tmp_path / "untested").read_text(encoding="utf-8")
    assert 'class="headline' not in untested
    tested = {1: Versus(comparison)}
    text = write_comparison_page(strange, tmp_path / "tested", tested).read_text(encoding="utf-8")
    assert '<div class="headline better">' in text
    assert f"<strong>{comparison.level('overall')[0].difference:+.1f}</strong>" in text


def test_runs_of_one_name_have_each_their_own_test(runs: tuple[Finished, Finished, str], tmp_path: Path) -> None:
    main, before = runs[0].manifest, runs[1].manifest
    # In the first comparison every difference is significant, in the second none.
    tested = {at: Versus(made_up_comparison(margin)) for at, margin in ((1, 0.0), (2, 100.0))}
    text = write_comparison_page([before, main, main], tmp_path / "alike", tested).read_text(encoding="utf-8")
    verdicts = re.findall(r'title="[^"]*, (better|worse|cannot tell)"', text)
    assert ["cannot tell" in verdicts[column::2] for column in (0, 1)] == [False, True]
    assert set(verdicts[1::2]) == {"cannot tell"}
