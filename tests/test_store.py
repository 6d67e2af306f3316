"""The store: what counts as finished, and what is noticed when it is damaged."""

import json
from pathlib import Path

import pytest

from xtreme_bench.store import Digests, Store, digest, write_json, write_text

KEY = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def finish(store: Store, text: str = "result\n") -> Path:
    out = store.partial(KEY) / "out"
    out.mkdir(parents=True)
    (out / "scores.json").write_text(text)
    store.commit(KEY, {"kind": "score", "facts": {}})
    return store.out(KEY) / "scores.json"


def test_a_finished_stage_has_its_outputs_and_a_record_with_their_hashes(store: Store) -> None:
    file = finish(store)
    record = store.record(KEY)
    assert record is not None
    assert file.read_text() == "result\n"
    assert record["outputs"]["scores.json"]["bytes"] == 7
    assert record["key"] == KEY
    assert not store.partial(KEY).exists()


def test_a_folder_without_a_record_does_not_exist(store: Store) -> None:
    finish(store)
    (store.root / "stages" / KEY / "record.json").unlink()
    assert store.record(KEY) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "another"}', '{"key": 1, "outputs": {}}'])
def test_a_record_that_was_cut_or_belongs_elsewhere_counts_as_none(store: Store, text: str) -> None:
    finish(store)
    (store.root / "stages" / KEY / "record.json").write_text(text)
    assert store.record(KEY) is None


def test_a_record_without_the_facts_of_its_stage_counts_as_none(store: Store) -> None:
    finish(store)
    write_json(store.root / "stages" / KEY / "record.json", {"key": KEY, "outputs": {}})
    assert store.record(KEY) is None


@pytest.mark.parametrize("text", ["[]", '{"/x": 5}', "5"])
def test_remembered_digests_that_are_damaged_are_forgotten(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.txt").write_text("data\n")
    (tmp_path / "digests.json").write_text(text.replace("/x", str((tmp_path / "data.txt").resolve())))
    fresh = Digests(tmp_path / "none.json").of(tmp_path, ["data.txt"])
    assert Digests(tmp_path / "digests.json").of(tmp_path, ["data.txt"]) == fresh


def test_damaged_outputs_are_named_one_by_one(store: Store) -> None:
    file = finish(store)
    assert store.damage(KEY) == []
    file.write_text("changed")
    (file.parent / "extra").write_text("x")
    assert [problem.message for problem in store.damage(KEY)] == [
        "was added since the stage was finished",
        "has changed since the stage was finished",
    ]
    file.unlink()
    (file.parent / "extra").unlink()
    assert [problem.file for problem in store.damage(KEY)] == [str(file)]


def test_a_stage_made_again_replaces_what_was_there(store: Store) -> None:
    finish(store)
    file = finish(store, "better\n")
    assert file.read_text() == "better\n"
    assert store.damage(KEY) == []


def test_the_digest_of_a_value_ignores_the_order_of_keys_and_sees_every_value() -> None:
    assert digest({"a": 1, "b": [1.0, "ü"]}) == digest({"b": [1.0, "ü"], "a": 1})
    assert digest({"a": 1}) != digest({"a": 1.0}) != digest({"a": "1"})


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    write_text(file, "old")
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(file, {"score": float("nan")})
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "new \ud800")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_file_digests_are_remembered_and_renewed_when_a_file_changes(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("one")
    digests = Digests(tmp_path / "digests.json")
    first = digests.of(tmp_path, ["a.tsv", "absent.tsv"])
    digests.save()
    again = Digests(tmp_path / "digests.json")
    assert again.of(tmp_path, ["a.tsv"]) == first
    known = json.loads((tmp_path / "digests.json").read_text())
    assert list(known) == [str((tmp_path / "a.tsv").resolve())]
    (tmp_path / "a.tsv").write_text("other")
    assert again.of(tmp_path, ["a.tsv"]) != first
