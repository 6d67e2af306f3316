"""Every shipped recipe runs: as a small twin, with another model, other data and a tiny budget set by `--set`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from places import RECIPES
from twins import twin

from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.recipe.load import load
from xtreme_bench.run.reproduce import Places, planned

SHIPPED = sorted(path for path in RECIPES.glob("*.yaml") if path.stem != "recipe.schema")
# The others differ from these in the names of tasks or languages alone.
RUN = (
    "baseline", "mnli", "multitask9", "multitask9-mlm", "multitask9-translated", "multitask9-both", "english", "single",
    "multilingual8-en", "pocket-none", "pocket-english", "pocket-diverse-en",
)  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_small_twin_of_every_recipe_can_run_on_the_built_in_corpora(path: Path, tmp_path: Path) -> None:
    (made,) = planned(str(path), Places(store=tmp_path / "store"), "local", overrides=twin(path))
    assert made.missing == []
    before, now = load(path).intermediate, made.recipe.intermediate
    assert (before is None) == (now is None)
    if before and now:
        assert len(now.tasks) == len(before.tasks)
        assert [task.items for task in now.tasks.values()] == [task.items for task in before.tasks.values()]
        assert (before.mlm is None, before.select_on == ("last",)) == (now.mlm is None, now.select_on == ("last",))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_small_twins_of_the_experiments_run_to_a_bundle(tmp_path: Path) -> None:
    for name in RUN:
        path = RECIPES / f"{name}.yaml"
        sets = [part for line in twin(path) for part in ("--set", line)]
        command = [sys.executable, "-m", "xtreme_bench.cli", "run", str(path), "--allow-partial", *sets]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"
        manifest = read_manifest(tmp_path / "submissions" / name)
        assert set(manifest["scores"]) >= {"xnli", "tatoeba"}
