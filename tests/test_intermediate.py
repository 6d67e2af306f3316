"""The table of intermediate tasks: what a row must have, and that nothing else names the tasks."""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.fetch.corpora import corpora, fetch
from xtreme_bench.data.fetch.sources import SOURCES
from xtreme_bench.data.published import published
from xtreme_bench.data.release.forms import FORMS
from xtreme_bench.data.release.prepare import STEPS
from xtreme_bench.errors import InputError
from xtreme_bench.files import write_json
from xtreme_bench.intermediate import CORPORA, INTERMEDIATE, SPLITS, parts_of
from xtreme_bench.recipe.load import validate
from xtreme_bench.stage.code import ROOT
from xtreme_bench.stage.loaded import named
from xtreme_bench.training.features import FAMILIES

RECIPE = {
    "description": "small",
    "seed": 1,
    "data": {"source": "miniature"},
    "model": {"scratch": {}},
    "pretraining": {"steps": 5},
    "finetuning": {"xnli": {"steps": 5}},
    "targets": {"xnli": {"languages": ["en", "de"]}},
}


def test_the_tasks_stand_in_the_order_of_the_published_experiments() -> None:
    nine = ["anli_plus", "mnli", "qqp", "squad_v1", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa"]
    assert list(INTERMEDIATE)[:9] == nine
    assert {name for name, row in CORPORA.items() if not row.alone} == {"snli", "anli"} == {*CORPORA} - {*INTERMEDIATE}
    assert not {*CORPORA} & {*TASKS}, "a name stands for a row of one table"


@pytest.mark.parametrize("name", CORPORA)
def test_a_row_has_all_that_the_rest_asks_of_it(name: str) -> None:
    row = CORPORA[name]
    assert (row.name, row.release.name != "") == (name, True)
    assert row.family in FAMILIES
    assert row.target in ("", *TASKS)
    assert row.target or {f"{split} en" for split in SPLITS} <= row.release.sizes.keys()
    if row.parts:
        assert all(row.family == part.family and row.labels == part.labels for part in row.corpora)
        assert not row.files
        assert not row.release.forms
        return
    files = [file for split in SPLITS for file in row.files[split]]
    assert all(file.count("{}") == 1 for file in [*files, *([row.label_file] if row.label_file else [])])
    assert (row.family in ("classification", "tagging")) == bool(row.labels or row.label_file)
    assert ("tags" in inspect.signature(named(row.reader)).parameters) == bool(row.label_file)
    assert {"path", "purpose", "left_out"} <= inspect.signature(named(row.reader)).parameters.keys()
    assert list(inspect.signature(named(row.release.preparer)).parameters) == ["preparation"]
    assert row.release.forms
    assert {form.corpus for form in row.release.forms} == {name}
    assert row.release.source is None or row.release.source.corpus == name
    assert {*row.release.borrows} <= {*TASKS}


def test_layout_recognition_preparation_and_fetching_follow_the_rows() -> None:
    own = {name for name, row in CORPORA.items() if not row.parts}
    assert own <= {name for name, _ in STEPS}
    assert own <= {form.corpus for form in FORMS}
    assert {name for name in own if CORPORA[name].release.source} <= SOURCES.keys()
    assert corpora(["anli_plus", "xquad"]) == ["snli", "mnli", "anli", "xquad", "squad_v1"]
    assert layout.intermediate_split_files("anli_plus", "dev", "de")[0] == "snli/de/snli_1.0_dev.jsonl"
    assert layout.label_files("ccg", ["en", "de"]) == ["ccg/tags_to_id.json", "ccg/de/tags_to_id.json"]
    assert (published("mnli", "train", "sw"), published("qqp", "train", "sw")) == (392_702, None)
    assert (parts_of("squad"), parts_of("anli_plus"), parts_of("xnli")) == (
        ("squad_v1",),
        ("snli", "mnli", "anli"),
        ("xnli",),
    )


def test_a_corpus_without_an_address_is_refused_when_it_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(SOURCES, "qqp")
    with pytest.raises(InputError, match="qqp cannot be fetched: no address of it is known"):
        fetch(["qqp"], tmp_path)


def test_no_other_module_lists_the_tasks() -> None:
    # Preparers and makers of the built-in corpora are functions of one task each; licences are in no key of a stage.
    own = {"intermediate.py", "miniature/intermediate.py", "data/release/training.py", "export/licences.py"}
    names = re.compile(rf"""["'](?:{"|".join(INTERMEDIATE)})["']""")
    for file in sorted(ROOT.rglob("*.py")):
        found = {match[0] for match in names.finditer(file.read_text(encoding="utf-8"))}
        assert len(found) < 5 or file.relative_to(ROOT).as_posix() in own, f"{file} lists {found}"


@pytest.mark.parametrize("place", ["targets", "intermediate.tasks"])
def test_a_recipe_on_the_built_in_corpora_cannot_name_a_task_that_they_lack(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, table, attribute = ("xnli", TASKS, "TASKS") if place == "targets" else ("qqp", INTERMEDIATE, "INTERMEDIATE")
    changed = {**table, name: dataclasses.replace(table[name], miniature=False)}  # type: ignore[type-var]
    monkeypatch.setattr(f"xtreme_bench.recipe.checks.{attribute}", changed)
    write_json(tmp_path / "small.yaml", {**RECIPE, "intermediate": {"tasks": {"qqp": {}}, "steps": 5}})
    (problem,) = validate(tmp_path / "small.yaml")
    assert problem.message == f"{place}.{name} is not in the built-in corpora; remove it, or name other data"


def test_the_table_is_light() -> None:
    code = "import sys, xtreme_bench.intermediate; assert not {'torch', 'numpy', 'xtreme_bench.data'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)
