"""The command line as a user meets it: what it prints, where, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xtreme_bench.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )


def test_a_recipe_that_does_not_exist_lists_those_that_do_and_suggests_the_nearest() -> None:
    done = run("run", "quickstrat")
    assert done.returncode == 2
    assert "did you mean 'quickstart'?" in done.stderr
    assert "multitask9 " in done.stderr
    assert "Traceback" not in done.stderr


def test_validate_prints_all_faults_of_all_files_and_ends_with_2(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("description: x\nsed: 1\nmodel: {path: m}\ntargets: {xnly: {}}\n")
    done = run("validate", str(bad), "recipes/quickstart.yaml")
    assert done.returncode == 2
    assert f"{bad}:2: " in done.stderr
    assert f"{bad}:4: " in done.stderr
    assert run("validate", "recipes/quickstart.yaml").returncode == 0


@pytest.mark.parametrize("recipe", ["multitask9", "baseline", "real-sample"])
def test_missing_data_is_told_before_any_work_with_exit_2(recipe: str, tmp_path: Path) -> None:
    done = run("run", str(Path("recipes").resolve() / f"{recipe}.yaml"), "--data", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "needs files that are not there" in done.stderr
    assert "--data" in done.stderr


def test_plan_says_what_would_run_and_what_is_missing() -> None:
    done = run("plan", "multitask9", "--data", "nowhere", "--store", "nowhere-store")
    assert done.returncode == 0
    assert "intermediate training" in done.stdout
    assert "xlm-roberta-large" in done.stdout
    assert not Path("nowhere-store").exists()


def test_json_on_standard_output_comes_alone(tmp_path: Path) -> None:
    for folder, text in (("labels", "neutral\nentailment\n"), ("predictions", "neutral\nneutral\n")):
        (tmp_path / folder / "xnli").mkdir(parents=True)
        (tmp_path / folder / "xnli/test-de.tsv").write_text(text)
    where = ["--predictions", str(tmp_path / "predictions"), "--labels", str(tmp_path / "labels")]
    assert json.loads(run("evaluate", *where, "--json", "-").stdout)["xnli"]["accuracy"] == {"de": 50.0}
    done = run("evaluate", *where, "--json", str(tmp_path / "scores.json"))
    assert "50.0" in done.stdout
    assert json.loads((tmp_path / "scores.json").read_text())["xnli"]["avg_accuracy"] == 50.0


def test_a_bundle_that_is_none_is_a_problem_with_exit_1(tmp_path: Path) -> None:
    (tmp_path / "xnli").mkdir()
    (tmp_path / "xnli/test-de.tsv").write_text("0\n1\n")
    done = run("check", str(tmp_path))
    assert done.returncode == 1
    assert "xnli" in done.stdout + done.stderr


def test_a_file_that_is_missing_is_one_sentence_and_a_traceback_only_with_debug(tmp_path: Path) -> None:
    (tmp_path / "not.zip").write_text("not a zip")
    done = run("compare", str(tmp_path / "not.zip"), str(tmp_path / "not.zip"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Traceback" in run("--debug", "compare", str(tmp_path / "not.zip"), str(tmp_path / "not.zip")).stderr
    assert run("check", str(tmp_path / "absent")).returncode == 2


def test_every_command_has_a_help_page() -> None:
    for command in ("run", "plan", "validate", "list", "evaluate", "check", "verify", "compare", "report", "data"):
        done = run(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")


def test_the_built_in_corpora_are_not_written_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    done = run("data", "miniature", "--to", str(tmp_path), "--scale", "0.01")
    assert (done.returncode, done.stderr) == (2, f"error: {tmp_path}: is not empty; name a new folder\n")
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
