"""What a stage's key holds of the code: what its function runs, and nothing else."""

import re
import shutil
from pathlib import Path

import pytest

from xtreme_bench.stage.code import ROOT, digest, parts, sources
from xtreme_bench.stage.kinds import KINDS

TRAINING = {"pretrain", "intermediate", "finetune"}


def changed(root: Path) -> set[str]:
    """The kinds of stages whose code is another one in the package at `root`."""
    return {name for name, kind in KINDS.items() if digest(*kind.code, root=root) != digest(*kind.code)}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package that can be edited."""
    return Path(
        shutil.copytree(ROOT, tmp_path / "xtreme_bench", ignore=shutil.ignore_patterns("__pycache__", "shipped"))
    )


@pytest.mark.parametrize(
    ("file", "pattern", "replacement"),
    [
        ("training/loop.py", r"\Z", "\n# A comment.\n"),
        ("training/loop.py", r'\A"""', '"""Another docstring. '),
        ("official/metrics.py", r'(def accuracy[^\n]+\n    """)', r"\1Said otherwise. "),
        ("data/targets.py", r"(def read_test\(data): Path", r"\1: 'Path | None'"),
        ("report/page.py", r"\Z", "\nEXTRA = 1\n"),
        ("plan/stages.py", r"\Z", "\nEXTRA = 1\n"),
        (
            "stage/kinds.py",
            r"(KINDS: [^\n]+\n)",
            r'\1    "other": Kind("xtreme_bench.official.scores:other", "xtreme_bench.official.params:Other", "do"),'
            + "\n",
        ),
        ("benchmark.py", r"(_ROWS = \(\n)", r'\1    Task("wikiqa", "qa", "qa", ("en",), "json", _QA, "squad"),' + "\n"),
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
        ("training/families/masking.py", "objective", {"pretrain"}),
        ("data/targets.py", "read_tatoeba", {"retrieve", "audit"}),
        ("retrieval/neighbours.py", "both_ways", {"retrieve", "layers"}),
        ("official/metrics.py", "set_f1", {"intermediate", "finetune", "score"}),
        ("miniature/languages/sw.py", "WORDS", {"corpus", "labels"}),
    ],
)
def test_a_changed_definition_changes_the_keys_of_those_who_run_it(
    package: Path, file: str, name: str, kinds: set[str]
) -> None:
    edit(package / file, r"\Z", f"\n{name} = {name}\n")
    assert changed(package) == kinds


def edit(file: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"{file.name} has no {pattern}"
    file.write_text(text, encoding="utf-8")


def test_a_finetuning_runs_fewer_than_fifty_modules_and_no_stage_the_report() -> None:
    assert len(parts(*KINDS["finetune"].code)) < 50
    for kind in KINDS.values():
        assert not [
            name for name in parts(*kind.code) if re.match(r"xtreme_bench\.(cli|report|run|bundle|plan)\b", name)
        ]


def test_modules_that_are_loaded_by_name_count() -> None:
    assert "xtreme_bench.miniature.languages.sw" in parts(*KINDS["corpus"].code)
    assert sources(*KINDS["corpus"].code).keys() == parts(*KINDS["corpus"].code).keys()
