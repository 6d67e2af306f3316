"""What a stage's key holds of the code: what its function runs, and nothing else."""

import dataclasses
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.data.corpora import IntermediateChoice
from xtreme_bench.data.release.params import Releases
from xtreme_bench.intermediate import CORPORA, INTERMEDIATE, Corpus, Release, readers_of
from xtreme_bench.releases import Source
from xtreme_bench.stage.code import ROOT, digest, parts, sources
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.versions import versions
from xtreme_bench.training.params import Features

TRAINING = {"pretrain", "intermediate", "finetune"}


def changed(root: Path) -> set[str]:
    """The kinds of stages whose code is another one in the package at `root`."""
    return {name for name, kind in KINDS.items() if digest(*kind.code, root=root) != digest(*kind.code)}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package once more, its files linked: `edit` puts another one in the place of a link."""
    ignored = shutil.ignore_patterns("__pycache__", "shipped")
    return Path(shutil.copytree(ROOT, tmp_path / "xtreme_bench", ignore=ignored, copy_function=os.symlink))


@pytest.mark.parametrize(
    ("file", "pattern", "replacement"),
    [
        ("training/loop.py", r"\Z", "\n# A comment.\n"),
        ("training/loop.py", r'\A"""', '"""Another docstring. '),
        ("official/metrics.py", r'(def accuracy[^\n]+\n    """)', r"\1Said otherwise. "),
        ("data/targets.py", r"(def read_test\(data): Path", r"\1: 'Path | None'"),
        ("report/page.py", r"\Z", "\nEXTRA = 1\n"),
        ("plan/stages.py", r"\Z", "\nEXTRA = 1\n"),
        ("recipe/setting.py", r"Highest learning rate", "The highest learning rate"),
        ("stage/params.py", r"\Z", "\nEXTRA = 1\n"),
        (
            "stage/kinds.py",
            r"(KINDS: [^\n]+\n)",
            r'\1    "other": Kind("xtreme_bench.official.scores:other", "xtreme_bench.official.params:Other", "do"),'
            + "\n",
        ),
        ("benchmark.py", r"(_ROWS = \(\n)", r'\1    Task("wikiqa", "qa", ("en",), "json", _QA, "squad"),' + "\n"),
        (
            "intermediate.py",
            r"(_ROWS = \(\n)",
            r'\1    Corpus("tenth", "classification", Release("Tenth")),' + "\n",
        ),
        ("intermediate.py", r"nyu-mll/glue", "elsewhere/glue"),
    ],
)
def test_what_changes_no_result_changes_no_key(package: Path, file: str, pattern: str, replacement: str) -> None:
    edit(package / file, pattern, replacement)
    assert changed(package) == set()


@pytest.mark.parametrize(
    ("file", "name", "kinds"),
    [
        ("training/loop.py", "fit", TRAINING),
        ("training/train.py", "finetune", {"finetune"}),
        ("training/families/masking.py", "objective", {"pretrain", "intermediate"}),
        ("training/params.py", "Finetune", {"finetune"}),
        ("training/params.py", "Learning", TRAINING),
        ("training/params.py", "Sampling", {"intermediate"}),
        ("data/corpora.py", "SourceChoice", {"features", "finetune"}),
        ("data/intermediate.py", "read", {"features", "intermediate", "audit"}),
        ("data/targets.py", "read_train", {"features", "finetune", "audit"}),
        ("retrieval/params.py", "Embedding", {"retrieve", "layers"}),
        ("data/targets.py", "read_tatoeba", {"retrieve", "audit"}),
        ("retrieval/neighbours.py", "both_ways", {"retrieve", "layers"}),
        ("official/metrics.py", "set_f1", {"intermediate", "finetune", "score", "score_chosen"}),
        ("miniature/languages/sw.py", "WORDS", {"corpus", "labels"}),
    ],
)
def test_a_changed_definition_changes_the_keys_of_those_who_run_it(
    package: Path, file: str, name: str, kinds: set[str]
) -> None:
    edit(package / file, r"\Z", f"\n{name} = {name}\n")
    assert changed(package) == kinds


def test_a_changed_reader_changes_the_keys_of_those_who_read_its_tasks(package: Path) -> None:
    edit(package / "data/intermediate.py", r"\Z", "\nread_qqp = read_qqp\n")
    kind = KINDS["features"]
    others = {
        task: digest(*kind.code, *readers_of([task]), root=package) != digest(*kind.code, *readers_of([task]))
        for task in INTERMEDIATE
    }
    assert [task for task, other in others.items() if other] == ["qqp"]


def features_of(task: str) -> Stage:
    """The stage that tokenises an intermediate task."""
    choice = IntermediateChoice(task, ("en",), ("en",), None, 128, None, evaluate_on=500, unusable=0.1)
    return Stage("features", task, Features(choice, threads=1), {})


def stages() -> dict[str, Stage]:
    releases = Stage("release_labels", "releases", Releases((), 0, 0.1, partial=False), {})
    return {**{task: features_of(task) for task in INTERMEDIATE}, "releases": releases}


def same_address(row: Corpus) -> Corpus:
    source = dataclasses.replace(row.release.source or Source(row.name), upstream=())
    return dataclasses.replace(row, release=dataclasses.replace(row.release, source=source))


@pytest.mark.parametrize(
    ("change", "others"),
    [
        (lambda rows: {**rows, "tenth": dataclasses.replace(rows["qqp"], name="tenth")}, {"releases"}),
        (lambda rows: {**rows, "qqp": dataclasses.replace(rows["qqp"], labels=("1", "0"))}, {"qqp", "releases"}),
        (lambda rows: {**rows, "snli": dataclasses.replace(rows["snli"], labels=())}, {"anli_plus", "releases"}),
        (lambda rows: {**rows, "mnli": dataclasses.replace(rows["mnli"], release=Release("Multi"))},
         {"releases"}),
        (lambda rows: {name: same_address(row) for name, row in rows.items()}, set()),
    ],
    ids=["a new row", "a changed row", "a changed part", "another release", "another address"],
)  # fmt: skip
def test_a_row_is_in_the_keys_of_the_stages_that_name_its_task(
    change: Callable[[dict[str, Corpus]], dict[str, Corpus]], others: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: stage.key for name, stage in stages().items()}
    rows = change(dict(CORPORA))
    for module in ("xtreme_bench.intermediate", "xtreme_bench.stage.stage"):
        monkeypatch.setattr(f"{module}.CORPORA", rows)
        monkeypatch.setattr(f"{module}.INTERMEDIATE", {name: row for name, row in rows.items() if row.alone})
    after = {name: stage.key for name, stage in stages().items()}
    assert {name for name in before if before[name] != after[name]} == others


def edit(file: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"{file.name} has no {pattern}"
    file.unlink()
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("kind", ["pretrain", "score"])
def test_a_release_changes_no_key_as_the_code_is_in_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def description() -> dict[str, Any]:
        return Stage(kind, "a stage", Releases((), 0, 0.0, partial=False), {}).description()

    before = description()
    monkeypatch.setattr("xtreme_bench.stage.versions.__version__", "9.9.9")
    assert description() == before
    assert "xtreme-bench" not in before["versions"]
    assert versions()["xtreme-bench"] == "9.9.9"


def test_a_finetuning_runs_at_most_sixty_six_modules_and_no_stage_the_report() -> None:
    assert len(parts(*KINDS["finetune"].code)) <= 66
    for kind in KINDS.values():
        assert not [
            name for name in parts(*kind.code) if re.match(r"xtreme_bench\.(cli|report|run|bundle|plan)\b", name)
        ]


def test_modules_that_are_loaded_by_name_count() -> None:
    assert "xtreme_bench.miniature.languages.sw" in parts(*KINDS["corpus"].code)
    assert sources(*KINDS["corpus"].code).keys() == parts(*KINDS["corpus"].code).keys()
