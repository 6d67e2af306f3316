"""README's tables are those of the recipes that are here, and a command writes them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from places import ROOT, script

from xtreme_bench.comparison.compare import Comparison
from xtreme_bench.comparison.estimate import Estimate
from xtreme_bench.run.reproduce import Places, plans

README = (ROOT / "README.md").read_text(encoding="utf-8")


tool = script("tools/readme_tables.py")


def line(table: str, name: str) -> str:
    (found,) = [one for one in table.splitlines() if one.startswith(f"| {name}")]
    return re.sub(r"\s+", " ", found)


def test_no_table_of_readme_is_older_than_its_recipe() -> None:
    assert tool.stale(README, {}) == []
    assert [table["name"] for table in tool.TABLE.finditer(README)][:1] == ["quickstart"]


def test_a_table_of_another_recipe_or_of_other_code_is_named(tmp_path: Path) -> None:
    planned = {"quickstart": plans(str(ROOT / "recipes/quickstart.yaml"), Places(store=tmp_path))}
    recipe = tool.recipe_hash(run.to_dict() for run in tool.runs_of("quickstart"))
    keys = tool.stages_hash(stage.key for one in planned["quickstart"] for stage in one.stages)
    marker = f"recipe={recipe} stages={keys} picture={tool.picture_hash('quickstart')}"
    table = f"<!-- table quickstart {marker} -->\n\n| 1 |\n\n<!-- end quickstart -->\n"
    assert tool.stale(table, planned) == []
    (said,) = tool.stale(table.replace("picture=", "picture=0"), planned)
    assert "docs/quickstart.svg is not the picture of the table of quickstart" in said
    (said,) = tool.stale(table.replace(recipe, "0"), planned)
    assert "older than its recipe" in said
    (said,) = tool.stale(table.replace(keys, "0"), planned)
    assert "older than the code, data or packages of its stages" in said
    assert tool.stale(table.replace(keys, "0"), {}) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [("quikstart", "README.md has no table quikstart; it has quickstart"), ("quickstart", "error: submissions/quick")],
)
def test_a_table_that_cannot_be_written_is_said(
    asked: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["readme_tables.py", asked])
    with pytest.raises(SystemExit, match="2"):
        tool.main()
    assert said in capsys.readouterr().err
    assert (ROOT / "README.md").read_text(encoding="utf-8") == README


def test_what_is_expected_of_scores_does_not_make_them_older() -> None:
    runs = [run.to_dict() for run in tool.runs_of("quickstart")]
    other = [{**run, "expect": {}, "resources": {"threads": 9}} for run in runs]
    assert tool.recipe_hash(runs) == tool.recipe_hash(other)
    assert tool.recipe_hash(runs) != tool.recipe_hash([{**run, "seed": 99} for run in runs])


def test_scores_alone_stand_beside_published_ones() -> None:
    scores = {"udpos": {"f1": {"en": 90.0, "de": 70.0, "sw": 50.0}, "avg_f1": 70.0, "avg_metric": 70.0}}
    assert line(tool.alone_table([{"scores": scores}]), "udpos") == "| udpos | 3 | 70.0 | 60.0 | 90.0 | 75.6 |"


def estimate(name: str, level: str, a: float, b: float) -> Estimate:
    return Estimate(name, level, a, b, b - a, b - a - 1, b - a + 1, 0.01, 0.03, 2.0, 3)


ESTIMATES = (
    estimate("udpos", "task", 70, 72),
    estimate("udpos/transfer", "transfer", 60, 61.5),
    estimate("overall", "overall", 50, 51),
)
COMPARED = Comparison("none", "squad", ((1,), (1,)), True, ESTIMATES, {}, 100)


def test_a_picture_shows_the_differences_of_tasks_groups_and_overall() -> None:
    drawn = ElementTree.fromstring(tool.picture(COMPARED))
    texts = [text.text for text in drawn.findall(".//{*}text")]
    assert texts[0] == "squad minus none, 95 % intervals; blue: better or worse"
    assert {"udpos", "overall"} < set(texts)
    assert len(drawn.findall(".//{*}circle")) == 2


def test_beside_a_baseline_tasks_have_their_means_without_english_too() -> None:
    table = tool.compared_table(COMPARED)
    assert line(table, "udpos") == "| udpos | 70.0 | 72.0 | +2.0 | +1.0 to +3.0 | better | 60.0 | 61.5 |"
    assert line(table, "overall") == "| overall | 50.0 | 51.0 | +1.0 | 0.0 to +2.0 | better | – | – |"


def test_a_sentence_says_how_well_each_seed_learned_the_intermediate_task() -> None:
    manifests = [
        {"seed": seed, "trained_on": {"intermediate": {"squad_v1": ["en"]}}, "dev": {"x": {"dev": {"squad_v1": score}}}}
        for seed, score in ((1, 90.95), (2, 88.0))
    ]
    assert list(tool.learned(manifests)) == [
        "Development score of squad_v1 after intermediate training: 91.0 (seed 1) and 88.0 (seed 2)."
    ]
