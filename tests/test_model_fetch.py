"""`model fetch`, against a server on this machine: branches become commits, and every failure says what helps."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from local_server import COMMIT, Site, use_hub

from xtreme_bench.cli.main import cli
from xtreme_bench.errors import InputError, StageError, XtremeBenchError

NAME = "FacebookAI/xlm-roberta-base"


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the model at COMMIT in a cache, weights and all."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--FacebookAI--xlm-roberta-base" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text("{}")
    return folder


def fails(*arguments: str) -> XtremeBenchError:
    error = CliRunner().invoke(cli, ["model", "fetch", *arguments]).exception
    assert isinstance(error, XtremeBenchError)
    return error


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [((NAME,), "main"), ((f"{NAME}@v1",), "v1"), ((NAME, "--revision", "refs/pr/1"), "refs/pr/1")],
)
def test_a_branch_or_tag_becomes_the_commit_to_paste(
    site: Site, cached: Path, arguments: tuple[str, ...], asked: str
) -> None:
    about = json.dumps({"id": NAME, "sha": COMMIT, "siblings": []}).encode()
    site.files[f"/api/models/{NAME}/revision/{asked.replace('/', '%2F')}"] = about
    done = CliRunner().invoke(cli, ["model", "fetch", *arguments])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{cached}\n"
    way = f"{asked} is commit {COMMIT} now; in a recipe:\nmodel:\n  hub: {{name: {NAME}, revision: {COMMIT}}}\n"
    assert done.stderr == way


def test_a_full_commit_in_the_cache_needs_no_network(site: Site, cached: Path) -> None:
    assert CliRunner().invoke(cli, ["model", "fetch", f"{NAME}@{COMMIT}"]).stdout == f"{cached}\n"
    assert site.asked == []


@pytest.mark.parametrize("name", ["../../x", "/etc", "", "a b", "org/../x", "no/such/model", ".x", "x/"])
def test_what_cannot_be_the_name_of_a_model_is_refused_without_asking_the_hub(site: Site, name: str) -> None:
    error = fails(f"{name}@{COMMIT}")
    assert isinstance(error, InputError)
    assert f"`{name}` is not the name of a model on the hub: give a name like FacebookAI/xlm-roberta-large" in str(
        error
    )
    assert site.asked == []


def test_a_model_or_revision_that_the_hub_lacks_is_wrong_input(site: Site, cached: Path) -> None:
    assert "the hub answers 404 for model" in str(fails(f"{NAME}@v9"))
    assert CliRunner().invoke(cli, ["model", "fetch", f"{NAME}@v9", "--revision", "v1"]).exit_code == 2


@pytest.mark.parametrize("revision", ["main", "0" * 40])
def test_without_a_network_it_fails_in_seconds_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, cached: Path, revision: str
) -> None:
    use_hub(monkeypatch, "http://127.0.0.1:9")
    begun = time.monotonic()
    error = fails(f"{NAME}@{revision}")
    assert isinstance(error, StageError)
    assert f"{NAME} (revision {revision}) is not in the local cache and the hub cannot be reached" in str(error)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("revision", ["main", "0" * 40])
def test_without_the_packages_that_train_it_names_the_command_that_brings_them(
    monkeypatch: pytest.MonkeyPatch, cached: Path, revision: str
) -> None:
    for module in ("huggingface_hub", "huggingface_hub.errors"):
        monkeypatch.setitem(sys.modules, module, None)
    error = fails(f"{NAME}@{revision}")
    assert isinstance(error, InputError)
    assert "pip install 'xtreme-bench[hub]'" in str(error)


def test_a_model_without_safetensors_weights_is_refused_with_the_way_to_make_them(site: Site, cached: Path) -> None:
    name = "microsoft/mdeberta-v3-base"
    file = {"type": "file", "path": "pytorch_model.bin", "size": 2, "oid": "0"}
    about = {"id": name, "sha": COMMIT, "siblings": []}
    site.files[f"/api/models/{name}/revision/{COMMIT}"] = json.dumps(about).encode()
    site.files[f"/api/models/{name}/tree/{COMMIT}"] = json.dumps([file]).encode()
    error = fails(f"{name}@{COMMIT}")
    assert isinstance(error, InputError)
    for said in (f"{name} at revision {COMMIT} has no safetensors weights", "save_pretrained", "model: {path: FOLDER}"):
        assert said in str(error)
    assert not any("pytorch_model.bin" in path for path, _ in site.asked)
