"""Where recipes are found: by path, by name in recipes/ or among those that come with the package; and new ones."""

import contextlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from command import Done, call
from places import ROOT

from xtreme_bench.errors import InputError
from xtreme_bench.recipe import files, load

NAMES = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
SMALL = """\
description: a small recipe
seed: 1
model: {path: encoder}
targets: {xnli: {languages: [en, de]}}
"""


def put(file: Path, text: str = SMALL) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_the_recipes_and_the_schema_come_with_the_package() -> None:
    assert sorted(path.stem for path in files.SHIPPED.glob("*.yaml")) == NAMES
    assert (files.SHIPPED / files.SCHEMA).read_bytes() == (ROOT / "recipes" / files.SCHEMA).read_bytes()


@pytest.mark.slow
def test_they_are_files_in_the_wheel_and_in_the_source_archive(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("xtreme_bench", "recipes"):
        leave = shutil.ignore_patterns("__pycache__", "languages")
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=leave)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    code = "from setuptools.build_meta import build_sdist, build_wheel; build_wheel('..'); build_sdist('..')"
    subprocess.run([sys.executable, "-c", code], cwd=tree, check=True, capture_output=True)
    wanted = {f"{name}.yaml" for name in NAMES} | {files.SCHEMA}
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        assert {Path(name).name for name in wheel.namelist() if "/shipped/" in name} == wanted
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        assert {Path(one.name).name for one in archive if "/shipped/" in one.name and one.isfile()} == wanted


def test_a_recipe_is_found_by_path_and_by_name_where_one_works_or_in_the_package(tmp_path: Path) -> None:
    folder = tmp_path / "recipes"
    own, elsewhere = put(folder / "own.yaml"), put(tmp_path / "elsewhere.yaml")
    assert files.find("own", folder) == files.find("own.yaml", folder) == files.find(str(own), folder) == own
    assert files.find(str(elsewhere), folder) == elsewhere
    assert files.find("quickstart", folder) == files.SHIPPED / "quickstart.yaml"
    put(folder / "quickstart.yaml")
    assert files.find("quickstart", folder) == folder / "quickstart.yaml"
    assert files.listing(folder)["quickstart"] == "a small recipe"


def test_an_unknown_name_lists_the_recipes_and_suggests_the_nearest(tmp_path: Path) -> None:
    put(tmp_path / "first.yaml")
    put(tmp_path / "broken.yaml", "seed: [")
    with pytest.raises(InputError) as caught:
        files.find("fist", tmp_path)
    head, *lines = str(caught.value).split("\n")
    assert head == "there is no recipe 'fist'; did you mean 'first'? Recipes:"
    assert [line.split()[0] for line in lines] == sorted([*NAMES, "first", "broken"])
    assert "broken (has faults: xtreme-bench validate shows them)" in [" ".join(line.split()) for line in lines]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "./gone/first.yaml",
            "./gone/first.yaml: no such file; give a recipe's path, or a name from `xtreme-bench list`",
        ),
        ("", "the recipe's name is empty; give a recipe's path, or a name from `xtreme-bench list`"),
        (".", ".: is a folder; give a recipe's path, or a name from `xtreme-bench list`"),
        ("./words.txt", "./words.txt: a recipe's file ends in .yaml"),
    ],
)
def test_a_path_without_a_recipe_is_not_answered_with_a_list_of_names(path: str, said: str, tmp_path: Path) -> None:
    put(tmp_path / "words.txt")
    with contextlib.chdir(tmp_path), pytest.raises(InputError) as caught:
        files.find(path)
    assert str(caught.value) == said


@pytest.mark.parametrize("word", ["quick", "QUICKSTART", "qucikstart", " quickstart"])
def test_a_beginning_another_case_and_a_slip_of_the_hand_are_understood(word: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'quickstart'"):
        files.find(word, tmp_path)


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    put(tmp_path / "secret.yaml")
    with pytest.raises(InputError, match=r"\.\./secret: no such file"):
        files.find("../secret", tmp_path / "recipes")


def test_a_baseline_is_found_beside_the_recipe_else_in_the_package(tmp_path: Path) -> None:
    file = put(tmp_path / "mine.yaml", f"{SMALL}baseline: baseline\n")
    assert load.load(file).baseline == "baseline"
    assert files.named("baseline", tmp_path) == files.SHIPPED / "baseline.yaml"
    beside = put(tmp_path / "baseline.yaml")
    assert files.named("baseline", tmp_path) == beside


@pytest.mark.parametrize("origin", NAMES)
def test_every_recipe_can_be_started_from(origin: str, tmp_path: Path) -> None:
    file = files.start("mine", origin, tmp_path / "recipes")
    assert file == tmp_path / "recipes/mine.yaml"
    made, source = load.load(file), load.load(files.SHIPPED / f"{origin}.yaml")
    assert made.to_dict() == {**source.to_dict(), "expect": {"scores": {}, "gains": {}, "development": {}}}
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={files.SCHEMA}\n")
    assert json.loads((file.parent / files.SCHEMA).read_text(encoding="utf-8"))["title"] == "xtreme-bench recipe"
    assert "xtreme-bench run mine" in text
    assert "make reproduce" not in text
    assert text.count("#") > 5


def test_a_recipe_of_ones_own_can_be_started_from_and_gets_the_schema(tmp_path: Path) -> None:
    put(tmp_path / "recipes/own.yaml", SMALL + "expect:\n  scores:\n    xnli: {at_least: 1}\n\nresources: {jobs: 2}\n")
    text = files.start("mine", "own", tmp_path / "recipes").read_text(encoding="utf-8")
    assert text == (
        f"# yaml-language-server: $schema={files.SCHEMA}\n"
        + SMALL.replace("a small recipe", "own, changed")
        + "resources: {jobs: 2}\n"
    )


@pytest.mark.parametrize(
    ("name", "origin", "said"),
    [
        ("taken", "quickstart", "there is a recipe 'taken' already"),
        ("quickstart", "mnli", "there is a recipe 'quickstart' already"),
        ("a/b", "quickstart", "'a/b' cannot name a recipe"),
        ("..", "quickstart", "'..' cannot name a recipe"),
        ("mine", "quikstart", "did you mean 'quickstart'"),
        ("mine", "broken", "cannot be copied"),
    ],
)
def test_a_start_overwrites_nothing_and_says_what_is_wrong(name: str, origin: str, said: str, tmp_path: Path) -> None:
    put(tmp_path / "taken.yaml")
    put(tmp_path / "broken.yaml", "seed: [")
    with pytest.raises(InputError, match=said):
        files.start(name, origin, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.yaml", "taken.yaml"]
    assert (tmp_path / "taken.yaml").read_text(encoding="utf-8") == SMALL


@pytest.mark.slow
def test_the_commands_work_from_an_empty_folder(tmp_path: Path) -> None:
    def run(*words: str) -> Done:
        done = call(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done

    listed = run("list").stdout.splitlines()
    assert [line.split()[0] for line in listed[2:]] == NAMES
    assert "xtreme-bench plan mine" in run("init", "mine", "--from", "multitask9").stderr
    assert "0 faults" in run("validate", "mine", "quickstart").stderr
    assert "0 of 62 stages done" in run("plan", "quickstart-scratch").stdout


def test_where_no_recipes_are_shipped_as_in_the_image_a_path_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shipped").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(files, "SHIPPED", tmp_path / "shipped")
    with pytest.raises(InputError, match="there is no recipe 'quickstart'; give the path of a file"):
        files.find("quickstart", tmp_path)
    assert files.find(str(put(tmp_path / "own.yaml")), tmp_path) == tmp_path / "own.yaml"
