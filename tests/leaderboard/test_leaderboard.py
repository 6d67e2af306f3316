"""A board ranks what was verified on the same items, keeps the rest apart, and takes nothing from a bundle but text."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from board_bundles import HOSTILE, put_labels, put_named, put_whole
from click.testing import CliRunner
from small_bundle import LABELS, put

from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.found import bundles_in
from xtreme_bench.cli.main import cli
from xtreme_bench.comparison.arms import read_arm
from xtreme_bench.comparison.interval import overall_interval
from xtreme_bench.errors import InputError
from xtreme_bench.files import digest
from xtreme_bench.leaderboard import site
from xtreme_bench.leaderboard.board import Board, board
from xtreme_bench.leaderboard.facts import is_zero_shot, parameters
from xtreme_bench.leaderboard.tables import reason
from xtreme_bench.wording import count


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("gold") / "labels", LABELS)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory, labels: Path) -> Path:
    """Two good bundles, one whose manifest lies and holds markup, one that cannot be read, and a link."""
    place = tmp_path_factory.mktemp("board") / "submissions"
    put_named(place / "first", "First", labels)
    put_named(place / "second", "second", labels, {"tatoeba/test-de.tsv": "2\n0\n0\n1\n"})
    liar = put_named(place / "liar", "first", labels)
    content = json.loads((liar / "manifest.json").read_text())
    content["recipe"]["model"] = {"hub": {"name": HOSTILE}}
    content["recipe"]["more"] = [{"x": number} for number in range(3_000)]
    content |= {"recipe_sha256": digest(content["recipe"]), "image": HOSTILE, "seed": 10**15}
    content["trained_on"]["intermediate"] = {HOSTILE: [HOSTILE, "7"], "x": ["3"]}
    content["trained_on"]["finetuning"] = {HOSTILE: [HOSTILE] * 9}
    content["scores"]["all_task"] = 99.0
    (liar / "manifest.json").write_text(json.dumps(content))
    put(place, {"broken/manifest.json": "{", "README.md": "no bundle"})
    (place / "link").symlink_to(labels)
    return place


@pytest.fixture(scope="module")
def made(submissions: Path, labels: Path) -> Board:
    return board([submissions], labels, by="somebody", when="2026-01-02")


@pytest.fixture(scope="module")
def pages(made: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site.write(made, tmp_path_factory.mktemp("site") / "site").parent


def test_verified_entries_are_ranked_and_the_others_stand_apart(made: Board) -> None:
    (group,) = made.groups
    # Four sentences cannot tell the two apart, so they share the first rank.
    assert [(one.entry.name, one.rank) for one in group.placed] == [("First", 1), ("second", 1)]
    assert not group.complete
    assert [(entry.slug, entry.verified) for entry in made.unverified] == [("first-2", False)]
    assert [(one.place, "not JSON" in one.problems[0]) for one in made.refused] == [("broken", True)]


def test_scores_are_those_that_were_computed_and_not_those_that_are_claimed(made: Board) -> None:
    told = {entry["page"]: entry for entry in site.feed(made)["entries"]}
    assert told["entries/first-2.html"]["verified"] is False
    assert told["entries/first-2.html"]["rank"] is None
    assert told["entries/first.html"]["scores"] == evaluate_of(made)
    assert json.loads(json.dumps(site.feed(made)))["verified_by"] == "somebody"


def evaluate_of(made: Board) -> Any:
    return made.groups[0].placed[0].entry.results[0].scores


class Links(HTMLParser):
    """The elements of a page, and the addresses that it names."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("href", "src", "action")]
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_every_page_has_one_script_of_ours_and_links_only_to_files_of_the_site(pages: Path) -> None:
    found = sorted(pages.rglob("*.html"))
    assert {page.relative_to(pages).parts[0] for page in found} == {"index.html", "entries", "tasks", "languages"}
    for page in found:
        text, links = page.read_text(encoding="utf-8"), Links()
        links.feed(text)
        (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
        allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert "default-src 'none'; base-uri 'none'; form-action 'none'" in text
        assert f"script-src 'sha256-{allowed}'" in text.replace("&#43;", "+")
        assert links.tags.count("script") == 1
        inside = [one for one in links.addresses if one.startswith(("#", "data:text/csv;", "data:application/json;"))]
        assert not inside or page.name.endswith(".report.html")
        others = [one for one in links.addresses if one not in inside]
        assert all((page.parent / one).resolve().is_relative_to(pages.resolve()) for one in others)
        assert all((page.parent / one).is_file() for one in others), page


def test_text_of_a_bundle_is_shown_and_never_markup(pages: Path) -> None:
    for name in ("first-2.html", "first-2.report.html"):
        text = (pages / "entries" / name).read_text(encoding="utf-8")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert" not in text
        assert 'href="javascript' not in text
        assert "{{ 7 * 7 }}" in text
    assert "too many values to show" in (pages / "entries/first-2.html").read_text(encoding="utf-8")
    assert len((pages / "entries/first-2.html").read_bytes()) < 40_000


def test_each_entry_has_its_report_which_says_what_is_claimed(pages: Path, made: Board) -> None:
    for name in ("first", "first-2"):
        assert f'href="{name}.report.html"' in (pages / f"entries/{name}.html").read_text(encoding="utf-8")
    text = (pages / "entries/first.report.html").read_text(encoding="utf-8")
    assert "The scores were computed here, from predictions and gold labels." in text
    assert "claimed" not in text
    assert 'href="first.html"' in text
    assert "Scores by language" in text
    assert 'download="scores.csv"' in text
    lies = (pages / "entries/first-2.report.html").read_text(encoding="utf-8")
    assert "nothing here has checked them" in lies
    assert "first, claimed" in lies


def test_a_manifest_cannot_fill_the_report_of_its_entry(labels: Path, tmp_path: Path) -> None:
    place = put_named(tmp_path / "submissions/x", "x", labels) / "manifest.json"
    content = json.loads(place.read_text())
    content["trained_on"]["finetuning"] = {str(at): ["x" * 100] for at in range(9_000)}
    place.write_text(json.dumps(content))
    page = site.write(board([tmp_path / "submissions"], labels, by="", when=""), tmp_path / "site")
    assert (page.parent / "entries/x.report.html").stat().st_size < 200_000


@pytest.mark.slow
def test_the_report_of_an_entry_has_tested_differences_to_its_baseline(labels: Path, tmp_path: Path) -> None:
    place = tmp_path / "submissions"
    put_named(place / "base", "base", labels, {"tatoeba/test-de.tsv": "2\n0\n0\n1\n"})
    put_named(place / "main", "main", labels, recipe={"baseline": "base"})
    page = site.write(board([place], labels, by="", when=""), tmp_path / "site")
    text = (page.parent / "entries/main.report.html").read_text(encoding="utf-8")
    assert "Difference to base, by language" in text
    assert "<span>Difference to base</span>" in text
    assert 'download="comparison.json"' in text
    assert "cannot tell" in text
    assert "Difference" not in (page.parent / "entries/base.report.html").read_text(encoding="utf-8")


def test_of_several_problems_the_first_is_shown_and_the_others_are_counted(made: Board) -> None:
    (entry,) = made.unverified
    number = 2 * len(entry.results[0].problems) - 1
    assert reason(replace(entry, results=entry.results * 2)).endswith(f"; and {count(number, 'more problem')}")


def test_pages_say_who_verified_and_what_is_only_published(pages: Path) -> None:
    text = (pages / "index.html").read_text(encoding="utf-8")
    assert "gold labels by somebody on 2026-01-02" in text
    assert "not comparable with partial entries" in text
    assert "published: RemBERT" in text
    assert "why it is not verified" in text
    entry = (pages / "entries/first.html").read_text(encoding="utf-8")
    assert "Checked with gold labels by somebody on 2026-01-02." in entry
    assert "<dt>targets</dt>" not in entry


@pytest.mark.slow
def test_without_labels_nothing_is_verified_or_ranked(submissions: Path, tmp_path: Path) -> None:
    made = board([submissions], None, by="somebody", when="2026-01-02")
    assert (made.groups, len(made.unverified)) == ((), 3)
    text = site.write(made, tmp_path / "site").read_text(encoding="utf-8")
    assert "This site was built without gold labels: nothing is verified" in text
    assert site.feed(made)["verified_by"] is None


@pytest.mark.slow
def test_the_command_writes_the_site_again_and_refuses_another_folder(
    submissions: Path, labels: Path, tmp_path: Path
) -> None:
    line = ["leaderboard", str(submissions / "first"), "--labels", str(labels), "--on", "2026-01-02", "--to"]
    for _ in range(2):
        said = CliRunner().invoke(cli, [*line, str(tmp_path / "site")])
        assert (said.exit_code, said.stderr.endswith("(1 submission, 1 verified)\n")) == (0, True)
    once = {path.name: path.read_bytes() for path in (tmp_path / "site").rglob("*.*")}
    CliRunner().invoke(cli, [*line, str(tmp_path / "twice")])
    assert once == {path.name: path.read_bytes() for path in (tmp_path / "twice").rglob("*.*")}
    put(tmp_path / "mine", {"thesis.txt": "..."})
    with pytest.raises(InputError, match="exists and is not a site"):
        site.write(board([submissions / "first"], None, by="", when=""), tmp_path / "mine")


@pytest.mark.parametrize("files", [{}, {"xnli/test-de.tsv": "maybe\n"}], ids=["none", "faulty"])
def test_labels_that_cannot_be_used_are_an_error_and_no_fault_of_the_bundles(
    files: dict[str, Any], submissions: Path, tmp_path: Path
) -> None:
    (tmp_path / "gold").mkdir()
    line = [
        "leaderboard",
        str(submissions),
        "--labels",
        str(put(tmp_path / "gold", files)),
        "--to",
        str(tmp_path / "site"),
    ]
    said = CliRunner().invoke(cli, line)
    assert isinstance(said.exception, InputError)
    assert "gold labels" in str(said.exception)
    assert not (tmp_path / "site").exists()


def test_a_folder_with_another_feed_is_no_site_and_keeps_its_files(submissions: Path, tmp_path: Path) -> None:
    place = put(tmp_path / "blog", {"feed.json": '{"version": "https://jsonfeed.org/version/1.1"}', "tasks/a.md": "a"})
    with pytest.raises(InputError, match="exists and is not a site"):
        site.write(board([submissions / "first"], None, by="", when=""), place)
    assert (place / "tasks/a.md").read_text() == "a"


def test_entries_of_any_names_get_pages_of_their_own(labels: Path, tmp_path: Path) -> None:
    for at, name in enumerate(("x", "x-3", "x", "X", "x-2")):
        put_named(tmp_path / f"submissions/{at}", name, labels, seed=at)
    made = board([tmp_path / "submissions"], None, by="", when="")
    assert [one.slug for one in made.unverified] == ["x", "x-2", "x-2-2", "x-3", "x-4"]


def test_what_a_board_refuses_is_named_without_the_path_on_this_machine(labels: Path, tmp_path: Path) -> None:
    place = tmp_path / "submissions" / os.fsdecode(b"odd\xff.zip")
    place.parent.mkdir()
    place.write_bytes(b"no zip")
    (refused,) = board([place.parent], labels, by="", when="").refused
    assert refused.problems[0].startswith("odd\\xff.zip: cannot be read as a zip")


@pytest.mark.slow
def test_runs_with_several_seeds_are_one_entry_of_their_mean(labels: Path, tmp_path: Path) -> None:
    place = tmp_path / "submissions"
    for seed, line in ((2, "2\n0\n0\n1\n"), (1, "2\n0\n1\n1\n")):
        files = {"tatoeba/test-de.tsv": line}
        put_named(place / f"many/seed-{seed}", "many", labels, files, seed=seed, recipe={"seed": seed})
    # A folder that is not named after its seed is an entry of its own.
    put_named(place / "many/seed-7", "many", labels, {"tatoeba/test-de.tsv": "0\n" * 4}, seed=1, recipe={"seed": 1})
    made = board([place], labels, by="", when="")
    entries = sorted((one.entry for one in made.placed), key=lambda entry: -len(entry.manifests))
    assert [[one["seed"] for one in entry.manifests] for entry in entries] == [[1, 2], [1]]
    assert entries[0].scores["tatoeba"]["accuracy"]["de"] == 62.5
    assert entries[0].scores["tatoeba"]["avg_metric"] == 62.5
    page = site.write(made, tmp_path / "site").parent / f"entries/{entries[0].slug}.html"
    assert "verify again/many/seed-1 --labels" in page.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_submission_that_is_given_twice_is_one_entry_and_a_faulty_copy_hides_nothing(
    packed: bool, labels: Path, tmp_path: Path
) -> None:
    place = tmp_path / "submissions"
    for seed in (1, 2):
        put_named(place / f"b/seed-{seed}", "one", labels, seed=seed, recipe={"seed": seed})
    (place / "a").mkdir()
    if packed:
        shutil.copy(place / "b/seed-2/one.zip", place / "a/copy.zip")
    else:
        shutil.copytree(place / "b/seed-2", place / "a/copy")
    shutil.copytree(place / "b/seed-1", place / "faulty")
    (place / "faulty/xnli/test-de.tsv").write_text("neutral\n" * 5)
    found = CliRunner().invoke(cli, ["leaderboard", str(place), "--labels", str(labels), "--to", str(tmp_path / "to")])
    assert "(2 submissions, 1 verified)" in found.output
    copy = f"a/copy{'.zip' if packed else ''}"
    assert f"{copy}: the same submission as {place}/b/seed-1, so there is one entry" in found.output
    told = json.loads((tmp_path / "to/feed.json").read_text())["entries"]
    assert [(one["verified"], one["seeds"]) for one in told] == [(True, [1, 2]), (False, [1])]


def test_no_place_is_searched_through_a_link(submissions: Path, tmp_path: Path) -> None:
    assert [path.name for path in bundles_in([submissions])] == ["broken", "first", "liar", "second"]
    (tmp_path / "link").symlink_to(submissions)
    with pytest.raises(InputError, match="is a link"):
        bundles_in([tmp_path / "link"])
    (tmp_path / "notes.txt").write_text("no bundle")
    with pytest.raises(InputError, match="notes.txt: is not a bundle; give a bundle's folder or its zip"):
        bundles_in([tmp_path / "notes.txt"])


@pytest.mark.parametrize(
    ("intermediate", "finetuning", "zero_shot"),
    [
        ({"mnli": ["en"]}, {"woz": ["en"]}, True),
        ({"mnli": ["de"]}, {"woz": ["en"]}, False),
        ({"mnli": ["en"]}, {"woz": ["en", "de"]}, False),
    ],
)
def test_a_run_is_zero_shot_if_all_its_labels_are_english(
    intermediate: dict[str, list[str]], finetuning: dict[str, list[str]], zero_shot: bool
) -> None:
    assert is_zero_shot({"trained_on": {"intermediate": intermediate, "finetuning": finetuning}}) is zero_shot


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        ({"scratch": {"layers": 1, "width": 2, "feedforward": 3, "vocabulary": 10, "positions": 4}}, 83),
        ({"hub": {"name": "FacebookAI/xlm-roberta-large"}}, 558_840_832),
        ({"package": "multilingual-e5-small-q4", "blocks": 1}, 97_986_432),
        ({"scratch": {"layers": 10**9, "width": "2"}}, None),
        ({"hub": HOSTILE}, None),
        ([], None),
    ],
)
def test_the_number_of_weights_follows_from_the_model(model: Any, weights: int | None) -> None:
    assert parameters({"recipe": {"model": model}}) == weights


def test_an_interval_holds_the_score_and_is_the_same_every_time(submissions: Path, labels: Path) -> None:
    arm = read_arm([submissions / "first"], labels)
    first, again = (overall_interval(arm, resamples=300) for _ in range(2))
    assert first == again
    assert first is not None
    assert first[0] < evaluate(submissions / "first", labels)["all_task"] < first[1]
    (labels.parent / "some/xnli").mkdir(parents=True)
    shutil.copy(labels / "xnli/test-de.tsv", labels.parent / "some/xnli")
    assert overall_interval(read_arm([submissions / "first"], labels.parent / "some")) is None


@pytest.mark.slow
def test_complete_entries_are_ranked_beside_the_published_rows(tmp_path: Path) -> None:
    labels, place = put_labels(tmp_path / "labels"), tmp_path / "submissions"
    for at, (name, skill) in enumerate((("good", 0.8), ("alike", 0.795), ("poor", 0.5))):
        put_whole(place / name, name, skill, labels, draw=at)
    made = board([place], labels, by="somebody", when="2026-01-02")
    (group,) = made.groups
    assert group.complete
    assert {one.entry.name: one.rank for one in group.placed} == {"good": 1, "alike": 1, "poor": 3}
    text = site.write(made, tmp_path / "site").read_text(encoding="utf-8")
    assert text.index("All tasks and languages") < text.index("X-STILTs, best task for each target")
    assert "not comparable with partial entries" not in text
