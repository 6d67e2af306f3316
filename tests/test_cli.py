"""The command line as a user meets it: what it prints, where, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import call as run

from xtreme_bench.cli.options import emit


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "xtreme_bench.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_recipe_that_does_not_exist_lists_those_that_do_and_suggests_the_nearest() -> None:
    done = start("run", "quickstrat")
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
    assert "needs files that are missing" in done.stderr
    assert "--data" in done.stderr


def test_plan_says_what_would_run_and_what_is_missing_and_ends_with_2_where_something_is() -> None:
    done = run("plan", "multitask9", "--data", "nowhere")
    assert done.returncode == 2
    assert "intermediate training" in done.stdout
    assert "xlm-roberta-large" in done.stdout
    assert "xtreme-bench data fetch hellaswag --to nowhere" in done.stdout
    assert run("plan", "multitask9", "--data", "nowhere", "--allow-missing").returncode == 0
    assert run("plan", "quickstart").returncode == 0


def test_a_plan_comes_as_json(tmp_path: Path) -> None:
    recipe = str(Path("recipes/baseline.yaml").resolve())
    found = json.loads(run("plan", recipe, "--json", "-", cwd=tmp_path).stdout)
    assert (found["recipes"], found["done"], found["to_do"]) == (["baseline"], 0, 2), "exports, at one layer and at all"
    assert found["cannot_run"] == len(found["stages"]) - found["to_do"]
    assert {one["what"] for one in found["missing"]} >= {"xnli", "tatoeba"}


@pytest.mark.parametrize(
    "command", [["plan", "RECIPE", "--data", "data"], ["plan", "RECIPE"], ["validate", "RECIPE"], ["list"]]
)
def test_looking_makes_nothing(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "data/xnli").mkdir(parents=True)
    (tmp_path / "data/xnli/dev-en.tsv").write_text("a file to hash")
    recipe = str(Path("recipes/baseline.yaml").resolve())
    run(*(recipe if word == "RECIPE" else word for word in command), cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_name_that_is_near_none_gets_the_list_and_no_suggestion() -> None:
    done = run("run", "nonsense")
    assert done.returncode == 2
    assert "did you mean" not in done.stderr
    assert "multitask9 " in done.stderr


SMALL = """
seed: 1
description: small
model: {scratch: {layers: 1, width: 32, heads: 2, feedforward: 64, vocabulary: 500, positions: 130}}
pretraining: {steps: 10, languages: [en, de]}
data: {source: miniature}
targets: {tatoeba: {languages: [de]}}
retrieval: {layer: 1, pooling: mean, max_length: 64}
"""


def test_a_name_too_long_and_an_occupied_output_folder_are_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / f"{'a' * 101}.yaml").write_text(SMALL)
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "submissions/small").mkdir(parents=True)
    (tmp_path / "submissions/small/thesis.txt").write_text("years of work")
    for recipe, said in (("a" * 101, "cannot name a bundle"), ("small", "exists and is not a bundle")):
        done = run("run", f"{recipe}.yaml", cwd=tmp_path)
        assert (done.returncode, said in done.stderr, "started" in done.stderr) == (2, True, False)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("option", "folder"), [("--store", "store/deep"), ("--out", "out/deep"), ("--reports", "reports")]
)
def test_a_folder_that_cannot_be_written_is_told_before_any_work(option: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    file = tmp_path / ("reports/small" if option == "--reports" else folder.partition("/")[0])
    file.parent.mkdir(exist_ok=True)
    file.write_text("a file where a folder should be")
    done = run("run", "small.yaml", option, folder, cwd=tmp_path)
    assert (done.returncode, "started" in done.stderr) == (2, False)
    assert f"{Path(folder) / ('small' if option != '--store' else '')}: cannot be written" in done.stderr


def test_a_place_for_results_that_cannot_be_written_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "submissions").mkdir()
    done = run("leaderboard", "submissions", "--to", "file/site", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: Not a directory: file/site" in done.stderr


@pytest.mark.parametrize("name", [b"two\nlines", b"a\rb", b"M\xfcller"])
def test_a_store_whose_path_is_no_line_of_text_is_told_before_any_work(name: bytes, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    store = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    for command in ("run", "plan"):
        done = run(command, "small.yaml", "--store", store, cwd=tmp_path)
        assert done.returncode == 2
        assert "the path of the store, " in done.stderr
        assert "holds a control character or is not UTF-8" in done.stderr
        assert "Traceback" not in done.stderr


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


@pytest.mark.slow
def test_a_file_that_is_missing_is_one_sentence_and_a_traceback_only_with_debug(tmp_path: Path) -> None:
    (tmp_path / "not.zip").write_text("not a zip")
    done = run("compare", str(tmp_path / "not.zip"), str(tmp_path / "not.zip"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Traceback" in start("--debug", "compare", str(tmp_path / "not.zip"), str(tmp_path / "not.zip")).stderr
    assert run("check", str(tmp_path / "absent")).returncode == 2


def test_every_command_has_a_help_page() -> None:
    for command in ("run", "plan", "validate", "list", "evaluate", "check", "verify", "compare", "report", "data"):
        done = run(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")


def test_the_built_in_corpora_are_not_written_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    done = run("data", "miniature", "--to", str(tmp_path), "--scale", "0.01")
    assert (done.returncode, done.stderr) == (2, f"error: {tmp_path}: not empty; give a new folder\n")
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe"])
def test_json_goes_through_what_is_no_file_and_does_not_replace_it(kind: str, tmp_path: Path) -> None:
    place, target = tmp_path / "place", tmp_path / "target"
    if kind != "pipe":
        place.symlink_to(target)
        if kind == "link":
            target.touch()
        emit(place, {"a": 1}, str)
        found = target.read_text()
    else:
        os.mkfifo(place)
        reader = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
        emit(place, {"a": 1}, str)
        found = os.read(reader, 100).decode()
        os.close(reader)
    assert json.loads(found) == {"a": 1}
    assert place.is_fifo() if kind == "pipe" else place.is_symlink()


def test_a_terminal_that_lacks_a_character_gets_its_code(tmp_path: Path) -> None:
    program = "from xtreme_bench.cli import main; main.cli.main = lambda **_: main.say('−1 ü'); main.main()"
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, env=env)
    assert (done.returncode, done.stdout.decode("latin-1")) == (0, "\\u22121 ü\n"), done.stderr
