"""README's tables are those of the recipes that are here, and a command writes them."""

from __future__ import annotations

import re
from pathlib import Path

from places import ROOT, script

from xtreme_bench.run.reproduce import Places, plans

README = (ROOT / "README.md").read_text(encoding="utf-8")


tool = script("tools/readme_tables.py")


def test_no_table_of_readme_is_older_than_its_recipe() -> None:
    assert tool.stale(README, {}) == []
    assert [table["name"] for table in tool.TABLE.finditer(README)][:1] == ["quickstart"]


def test_a_table_of_another_recipe_or_of_other_code_is_named(tmp_path: Path) -> None:
    planned = {"quickstart": plans(str(ROOT / "recipes/quickstart.yaml"), Places(store=tmp_path))}
    recipe = tool.recipe_hash(run.to_dict() for run in tool.runs_of("quickstart"))
    keys = tool.stages_hash(stage.key for one in planned["quickstart"] for stage in one.stages)
    table = f"<!-- table quickstart recipe={recipe} stages={keys} -->\n\n| 1 |\n\n<!-- end quickstart -->\n"
    assert tool.stale(table, planned) == []
    (said,) = tool.stale(table.replace(recipe, "0"), planned)
    assert "older than its recipe" in said
    (said,) = tool.stale(table.replace(keys, "0"), planned)
    assert "older than the code, data or packages of its stages" in said
    assert tool.stale(table.replace(keys, "0"), {}) == []


def test_what_is_expected_of_scores_does_not_make_them_older() -> None:
    runs = [run.to_dict() for run in tool.runs_of("quickstart")]
    other = [{**run, "expect": {}, "resources": {"threads": 9}} for run in runs]
    assert tool.recipe_hash(runs) == tool.recipe_hash(other)
    assert tool.recipe_hash(runs) != tool.recipe_hash([{**run, "seed": 99} for run in runs])


def test_scores_alone_stand_beside_published_ones() -> None:
    scores = {"udpos": {"f1": {"en": 90.0, "de": 70.0, "sw": 50.0}, "avg_f1": 70.0, "avg_metric": 70.0}}
    (row,) = [line for line in tool.alone_table([{"scores": scores}]).splitlines() if line.startswith("| udpos")]
    assert re.sub(r"\s+", " ", row) == "| udpos | 3 | 70.0 | 60.0 | 90.0 | 75.6 |"
