"""The table of stage kinds: what a row must have, and that a row and a module are all that a new kind takes."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import places
import pytest

from xtreme_bench.files import Digests
from xtreme_bench.plan.stages import plan
from xtreme_bench.recipe.load import load
from xtreme_bench.stage.code import ROOT
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.params import parse, plain

RECIPES = sorted(places.RECIPES.glob("*.yaml"))
HEAVY = ("torch", "numpy", "transformers", "onnx", "onnxruntime")


def named(name: str) -> type:
    module, _, inner = name.partition(":")
    found: type = getattr(importlib.import_module(module), inner)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_have_no_defaults_and_what_is_kept_out_of_the_key_is_among_them(kind: str) -> None:
    row = KINDS[kind]
    fields = dataclasses.fields(named(row.params))
    assert all(item.default is item.default_factory is dataclasses.MISSING for item in fields)
    assert {*row.aside} <= {item.name for item in fields}
    if row.trains:
        assert {"steps", "batch", "seed", "checkpoint_seconds"} <= {item.name for item in fields}
        assert row.curve in ("loss", "dev")
    if row.predicts:
        assert hasattr(named(row.params), "languages") or "languages" in {item.name for item in fields}


def test_the_parameters_of_every_kind_are_loaded_without_the_heavy_half() -> None:
    modules = sorted({row.params.partition(":")[0] for row in KINDS.values()})
    code = f"import sys, {', '.join(modules)}; assert not {{*{HEAVY}}} & {{*sys.modules}}"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_parameters_of_every_stage_of_every_recipe_are_those_of_its_kind(path: Path, tmp_path: Path) -> None:
    made = plan(load(path), data=tmp_path / "none", digests=Digests(tmp_path / "digests.json"))
    for stage in made.stages:
        sent = json.loads(json.dumps(plain(stage.params)))
        read = parse(named(stage.row.params), sent)
        assert type(read) is type(stage.params)
        assert plain(read) == sent
        assert stage.description()["params"].keys() == sent.keys() - {*stage.row.aside}


TOY = '''
"""A stage that repeats a word."""

from dataclasses import dataclass

from xtreme_bench.stage.job import Job


@dataclass(frozen=True)
class Repeat:
    word: str
    times: int
    patience: float


def repeat(job: Job[Repeat]) -> dict[str, object]:
    (job.out / "text").write_text(job.params.word * job.params.times)
    return {"type": type(job.params).__name__, "dropped": {}}
'''
ROW = """    "repeat": Kind(
        "xtreme_bench.toy:repeat", "xtreme_bench.toy:Repeat", "repeat", aside=("patience",), tells="audit"
    ),
"""
RUN = """
import json, sys
from pathlib import Path
from xtreme_bench.bundle import manifest
from xtreme_bench.engines.local import Local
from xtreme_bench.plan import facts
from xtreme_bench.plan.stages import Plan
from xtreme_bench.recipe.load import load
from xtreme_bench.run.progress import Display
from xtreme_bench.run.schedule import execute
from xtreme_bench.stage.store import Store
from xtreme_bench.toy import Repeat

recipe, store = load(Path(sys.argv[1])), Store(Path(sys.argv[2]))
made, other = Plan(recipe), Plan(recipe)
for plan, patience in ((made, 0.5), (other, 2.0)):
    plan.add("repeat", Repeat("ab", 3, patience), "a word")
assert made.stages[0].key == other.stages[0].key
engine = Local()
try:
    execute(made.stages, store, engine, jobs=1, display=Display(1))
finally:
    engine.close()
(stage,) = made.stages
record = store.record(stage.key)
print(json.dumps({
    "text": (store.out(stage.key) / "text").read_text(),
    "params": record["params"],
    "plan": facts.facts([other], store, Path("data"))["stages"][0],
    "audit": manifest.content(made, [record], None)["audit"],
}))
"""


@pytest.mark.slow
def test_a_new_kind_is_a_module_and_a_row(tmp_path: Path) -> None:
    package = Path(shutil.copytree(ROOT, tmp_path / "xtreme_bench", ignore=shutil.ignore_patterns("__pycache__")))
    (package / "toy.py").write_text(TOY)
    table = (package / "stage/kinds.py").read_text()
    head, line, rest = table.partition("KINDS: dict[str, Kind] = {\n")
    assert line
    (package / "stage/kinds.py").write_text(head + line + ROW + rest)
    recipe = next(path for path in RECIPES if path.stem == "quickstart-scratch")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(recipe), str(tmp_path / "store")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["text"] == "ababab"
    assert found["params"] == {"word": "ab", "times": 3}
    assert (found["plan"]["name"], found["plan"]["status"]) == ("repeat a word (quickstart-scratch)", "done")
    assert found["audit"] == {"type": "Repeat", "dropped": {}}
