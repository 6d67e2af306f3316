"""The store: what counts as finished, and what is noticed when it is damaged."""

import errno
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench import files
from xtreme_bench.files import Digests, digest, write_json, write_text
from xtreme_bench.stage.job import PACE
from xtreme_bench.stage.store import Store

STAGE = {"schema_version": 1, "kind": "score", "params": {"tasks": ["xnli"]}, "rows": {}, "inputs": {},
         "code": {"xtreme_bench.official.scores": "c"}, "versions": {}}  # fmt: skip
KEY = digest(STAGE)
RAN = {"device": "cpu", "versions": {}, "peak_memory_bytes": 1, "cpu_seconds": 1.0, "gpus": 0, "joules": None}
RECORD = {**STAGE, "name": "score", "files": {}, "facts": {"rows": 5}, "seconds": 1.5, "ran": RAN}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def finish(store: Store, text: str = "result\n") -> Path:
    out = store.partial(KEY) / "out"
    out.mkdir(parents=True)
    (out / "scores.json").write_text(text)
    store.commit(KEY, RECORD)
    return store.out(KEY) / "scores.json"


def test_a_finished_stage_has_its_outputs_and_a_record_with_their_hashes(store: Store) -> None:
    file = finish(store)
    record = store.record(KEY)
    assert record is not None
    assert file.read_text() == "result\n"
    assert record["outputs"]["scores.json"]["bytes"] == 7
    assert record["key"] == KEY
    assert not store.partial(KEY).exists()


def test_the_pace_of_a_stage_is_kept_but_is_no_output(store: Store) -> None:
    pace = store.partial(KEY) / "work" / PACE
    pace.mkdir(parents=True)
    (pace / "curve.jsonl").write_text("{}\n")
    finish(store)
    assert (store.pace(KEY) / "curve.jsonl").read_text() == "{}\n"
    (store.pace(KEY) / "curve.jsonl").write_text("another run\n")
    assert store.damage(KEY) == []
    record = store.record(KEY)
    assert record is not None
    assert list(record["outputs"]) == ["scores.json"]


def test_a_folder_without_a_record_does_not_exist(store: Store) -> None:
    finish(store)
    (store.root / "stages" / KEY / "record.json").unlink()
    assert store.record(KEY) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "another"}', '{"key": 1, "outputs": {}}'])
def test_a_record_that_was_cut_or_belongs_elsewhere_counts_as_none(store: Store, text: str) -> None:
    finish(store)
    (store.root / "stages" / KEY / "record.json").write_text(text)
    assert store.record(KEY) is None


def mended(record: dict[str, Any]) -> dict[str, Any]:
    """A record with a hash that fits, as somebody would write who forges one."""
    del record["sha256"]
    return {**record, "sha256": digest(record)}


def another_stage(record: dict[str, Any]) -> dict[str, Any]:
    return mended({**record, "params": {"tasks": ["xnli"], "seed": 2}})


def lacking(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda record: mended({key: value for key, value in record.items() if key != name})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda record: {**record, "facts": {"rows": 6}}, "has changed since the stage was finished"),
        (lambda record: {**record, "seconds": 9.5}, "has changed since the stage was finished"),
        (lambda record: {**record, "outputs": {}}, "has changed since the stage was finished"),
        (lambda record: {**record, "sha256": 5}, "has changed since the stage was finished"),
        (lambda record: {**record, "params": {}}, "describes another stage than the name of its folder"),
        (another_stage, "describes another stage than the name of its folder"),
        (lambda record: mended({**record, "key": "ab" * 32}), "describes another stage"),
        (lambda record: mended({**record, "inputs": {"labels": "ab" * 32}}), "describes another stage"),
        (lacking("kind"), "describes another stage than the name of its folder"),
        (lacking("facts"), "lacks facts"),
        (lacking("seconds"), "lacks seconds"),
        (lacking("ran"), "lacks ran"),
        (lambda record: mended({**record, "ran": {"device": "cpu"}}), "lacks ran.versions, ran.peak_memory_bytes, "),
        (lambda record: mended({**record, "outputs": None, "name": 1}), "lacks name, outputs"),
        (lambda record: [record], "is not a record of a stage"),
        (lambda record: {**record, "facts": {"rows": float("nan")}}, "cannot be read"),
        (lambda record: {**record, "facts": "\ud800"}, "is not a record of a stage: a text holds half a surrogate"),
    ],
)
def test_a_record_that_was_edited_forged_or_is_incomplete_counts_as_none_and_is_named(
    store: Store, change: Callable[[Any], Any], fault: str
) -> None:
    file = finish(store).parents[1] / "record.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    assert store.record(KEY) is None
    (problem,) = store.damage(KEY)
    assert problem.file == str(file)
    assert fault in problem.message


def test_a_record_nested_too_deeply_counts_as_none(store: Store) -> None:
    file = finish(store).parents[1] / "record.json"
    file.write_text("[" * 100_000)
    assert store.record(KEY) is None


def test_what_a_kill_left_of_a_stage_that_was_finished_is_removed_and_work_in_progress_stays(store: Store) -> None:
    finish(store)
    (store.partial(KEY) / "work").mkdir(parents=True)
    (store.partial("ab" * 32) / "work").mkdir(parents=True)
    store.tidy()
    assert [path.name for path in (store.root / "partial").iterdir()] == ["ab" * 32]


@pytest.mark.parametrize("text", ["[]", '{"/x": 5}', "5"])
def test_remembered_digests_that_are_damaged_are_forgotten(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.txt").write_text("data\n")
    (tmp_path / "digests.json").write_text(text.replace("/x", str((tmp_path / "data.txt").resolve())))
    fresh = Digests(tmp_path / "none.json").of(tmp_path, ["data.txt"])
    assert Digests(tmp_path / "digests.json").of(tmp_path, ["data.txt"]) == fresh


def test_a_stage_that_another_run_removes_while_it_is_looked_at_is_not_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(store)
    assert store.whole(KEY)
    read = Path.read_text

    def then_gone(path: Path, encoding: str) -> str:
        text = read(path, encoding)
        Store(store.root).discard(KEY)
        return text

    monkeypatch.setattr(Path, "read_text", then_gone)
    assert not store.whole(KEY)
    assert not store.whole(KEY)  # nor is one that is not there


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


def test_the_file_that_a_full_disk_has_no_room_for_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        write_text(tmp_path / "a", "x")
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(tmp_path / "a"))


def test_what_a_killed_writer_left_is_used_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".file.json.tmp").write_text("half a file that is longer than the next")
    write_text(tmp_path / "file.json", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file.json", "new")]


def test_writers_of_one_file_take_turns_and_each_leaves_it_whole(tmp_path: Path) -> None:
    texts = {str(number) * 100_000 for number in range(10)}
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda text: write_text(tmp_path / "file", text), [*texts] * 5))
    assert (tmp_path / "file").read_text() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SETTLED_SECONDS", 0.0)


@pytest.mark.usefixtures("settled")
def test_a_file_of_the_same_size_and_time_with_other_content_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_text("one")
    digests = Digests(tmp_path / "digests.json")
    first = digests.of(tmp_path, ["a.tsv"])
    digests.save()
    before = file.stat()
    time.sleep(0.02)
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Digests(tmp_path / "digests.json").of(tmp_path, ["a.tsv"]) != first


def test_what_changed_just_before_it_was_hashed_is_hashed_again_by_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("one")
    digests = Digests(tmp_path / "digests.json")
    digests.of(tmp_path, ["a.tsv"])
    digests.save()
    assert json.loads((tmp_path / "digests.json").read_text()) == {}


@pytest.mark.usefixtures("settled")
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
