"""Names of files that are not UTF-8 are shown with their bytes, and nothing ends because of them."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from data_samples import squad, write

from xtreme_bench.cli.main import cli
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.files import Digests, digest, write_json
from xtreme_bench.wording import shown

LATIN = os.fsdecode(b"M\xfcller")
SQUAD = squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}])


def call(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert result.exception is None or isinstance(result.exception, SystemExit | InputError), result.exception
    return result


@pytest.mark.parametrize(
    ("name", "expected"), [(LATIN, r"M\xfcller"), ("Müller", "Müller"), (os.fsdecode(b"\x80\xff"), r"\x80\xff")]
)
def test_bytes_that_are_not_utf_8_are_shown_as_they_are(name: str, expected: str) -> None:
    assert shown(name) == expected
    assert str(Problem("wrong", file=name)) == f"{expected}: wrong"
    assert str(InputError(f"{name} is missing")) == f"{expected} is missing"


def test_what_is_written_as_json_is_read_back_the_same(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {LATIN: LATIN})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {LATIN: LATIN}
    assert digest(LATIN) != digest("Müller")


def test_a_file_of_such_a_name_among_releases_is_listed_and_one_below_such_a_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path, f"in/Foto {LATIN}.txt", "x")
    write(tmp_path, f"in/{LATIN}/xquad.de.json", SQUAD)
    result = call("data", "prepare", tmp_path / "in", "--to", tmp_path / LATIN, "--allow-partial", "--json", "-")
    assert result.exit_code == 0
    notes = json.loads(result.stdout)
    assert notes["not_used"] == [r"Foto M\xfcller.txt: not known"]
    assert notes["tasks"]["xquad"]["made_from"] == [r"M\xfcller/xquad.de.json"]
    # Again: what is there already is found under its name.
    again = call("data", "prepare", tmp_path / "in", "--to", tmp_path / LATIN)
    assert "already prepared" in again.stderr
    assert r"M\xfcller" in again.stderr


def test_status_and_audit_take_such_a_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = tmp_path / LATIN
    write(data, "xquad/xquad.de.json", squad([{"id": "q", "context": "Ada"}]))
    write(data, f"xquad/{LATIN}.json", "x")
    for state in ("new", "known"):
        result = call("data", "status", "--data", data, "--task", "xquad", "--json", "-")
        entry = next(entry for entry in json.loads(result.stdout)["entries"] if entry["language"] == "de")
        assert (entry["records"], entry["checksum"]) == (1, state)
    assert call("data", "audit", "--data", data).exit_code == 0


def test_in_a_bundle_it_is_a_problem_like_any_other_unknown_name(tmp_path: Path) -> None:
    write(tmp_path, f"bundle/xnli/{LATIN}.tsv", "neutral\n")
    result = call("check", tmp_path / "bundle", "--json", "-")
    assert result.exit_code == 1
    assert r"xnli/M\xfcller.tsv" in [problem["file"] for problem in json.loads(result.stdout)["problems"]]


def test_a_tar_with_such_names_is_not_damaged(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in (f"ud/Foto {LATIN}.txt", f"{LATIN}/xquad.de.json"):
            info = tarfile.TarInfo(name)
            info.size = len(SQUAD)
            archive.addfile(info, io.BytesIO(SQUAD.encode()))
    result = call("data", "prepare", tmp_path / "a.tar", "--to", tmp_path / "data", "--json", "-")
    assert json.loads(result.stdout)["tasks"]["xquad"]["made_from"] == [r"a.tar/M\xfcller/xquad.de.json"]


def test_a_hostile_member_of_such_a_name_is_still_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(f"../{LATIN}/xquad.de.json"))
    result = call("data", "prepare", tmp_path / "a.tar", "--to", tmp_path / "data")
    assert isinstance(result.exception, InputError)
    assert r"a.tar/../M\xfcller/xquad.de.json: path with `..`" in str(result.exception)


def test_inputs_of_stages_may_have_such_names(tmp_path: Path) -> None:
    write(tmp_path, f"in/{LATIN}", "x")
    digests = Digests(tmp_path / "digests.json")
    key = digests.of(tmp_path / "in", [LATIN])
    digests.save()
    assert Digests(tmp_path / "digests.json").of(tmp_path / "in", [LATIN]) == key
