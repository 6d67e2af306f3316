"""A bundle is deterministic, complete, and replaced as a whole."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_bundle import PREDICTIONS, bundle_hash, manifest, put, put_bundle

from xtreme_bench.bundle import write as bundle_module
from xtreme_bench.bundle.write import read_manifest, write
from xtreme_bench.errors import InputError
from xtreme_bench.files import digest


def folders(root: Path) -> dict[str, Path]:
    return {path.name: path for path in root.iterdir()}


def test_a_bundle_holds_the_predictions_a_manifest_and_a_zip_of_both(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    files = sorted(path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file())
    assert files == sorted([*PREDICTIONS, "manifest.json", "small.zip"])
    with zipfile.ZipFile(bundle / "small.zip") as archive:
        assert archive.namelist() == sorted([*PREDICTIONS, "manifest.json"])
        assert all(archive.read(name) == (bundle / name).read_bytes() for name in archive.namelist())


def test_the_same_content_gives_the_same_bytes_whenever_and_wherever_it_is_written(tmp_path: Path) -> None:
    first = put_bundle(tmp_path / "a")
    predictions = put(tmp_path / "other", dict(PREDICTIONS))
    for path in predictions.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    backwards = dict(reversed(folders(predictions).items()))
    second = write(tmp_path / "b", dict(reversed(manifest().items())), backwards)
    assert (first / "small.zip").read_bytes() == (second / "small.zip").read_bytes()
    assert (first / "manifest.json").read_bytes() == (second / "manifest.json").read_bytes()


def test_the_hash_names_the_content_and_not_the_packing(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    name = bundle_hash(bundle)
    assert bundle_hash(bundle / "small.zip") == name
    put(bundle, {"xnli/test-de.tsv": "neutral\n" * 5})
    assert bundle_hash(bundle) != name


def test_the_manifest_records_what_each_file_holds(tmp_path: Path) -> None:
    facts = {"tatoeba/test-de.tsv": {"candidates": 7}}
    found = read_manifest(put_bundle(tmp_path, files=facts))
    assert found["schema_version"] == 1
    assert found["recipe_sha256"] == digest(found["recipe"])
    assert sorted(found["files"]) == sorted(PREDICTIONS)
    tagging = found["files"]["udpos/test-de.tsv"]
    assert (tagging["records"], tagging["lengths"]) == (3, "12 3 4")
    assert found["files"]["xquad/test-de.json"]["records"] == 4
    assert len(found["files"]["xquad/test-de.json"]["ids_sha256"]) == 64
    assert found["files"]["tatoeba/test-de.tsv"]["candidates"] == 7


def test_the_manifest_can_be_read_from_the_zip(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    assert read_manifest(bundle / "small.zip") == read_manifest(bundle)


def test_a_new_bundle_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    write(bundle, manifest(name="next"), {"xnli": tmp_path / "predictions/xnli"})
    assert sorted(path.name for path in bundle.iterdir()) == ["manifest.json", "next.zip", "xnli"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions", "small"]


def test_what_a_killed_writer_left_does_not_matter(tmp_path: Path) -> None:
    put(tmp_path, {".small.writing/xnli/junk": "x", ".small.old/manifest.json": "{}"})
    assert bundle_hash(put_bundle(tmp_path)) == bundle_hash(put_bundle(tmp_path / "again"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "predictions", "small"]


def killed_at(event: int, bundle: Path, predictions: dict[str, Path]) -> bool:
    """Write a bundle in a process that dies at its nth file operation; whether it got so far."""
    child = os.fork()
    if child == 0:
        left = [event]

        def die(name: str, arguments: tuple[object, ...]) -> None:
            left[0] -= name.startswith(("open", "os.", "shutil.", "fcntl.", "ctypes."))
            if left[0] < 0:
                os._exit(9)

        sys.addaudithook(die)
        write(bundle, manifest(name="next"), predictions)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.slow
@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "by two renames"])
def test_killed_at_any_point_there_is_a_whole_bundle_and_the_next_writer_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(bundle_module, "exchange", lambda one, other: False)
    bundle = put_bundle(tmp_path)
    kept = shutil.copytree(bundle, tmp_path / "kept")
    predictions = {"xnli": tmp_path / "predictions/xnli"}
    whole = {bundle_hash(bundle), bundle_hash(write(tmp_path / "new", manifest(name="next"), predictions))}
    event = absent = 0
    while killed_at(event, bundle, predictions):
        absent += not bundle.exists()
        assert bundle_hash(bundle if bundle.exists() else tmp_path / ".small.old") in whole
        with pytest.raises(InputError):
            write(bundle, manifest(), {"xnli": tmp_path / "none"})
        assert bundle_hash(bundle) in whole
        assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "new", "predictions", "small"]
        shutil.rmtree(bundle)
        shutil.copytree(kept, bundle)
        event += 1
    assert event > 30
    assert absent == (0 if exchange else 1)


def test_the_file_system_here_lets_two_folders_change_places(tmp_path: Path) -> None:
    put(tmp_path, {"a/one": "1", "b/two": "2"})
    assert bundle_module.exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a/two").is_file()
    assert not bundle_module.exchange(tmp_path / "a", tmp_path / "absent")


def test_writers_of_one_bundle_take_turns_and_a_reader_always_finds_a_whole_one(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    predictions = folders(tmp_path / "predictions")
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, bundle, manifest(seed=n % 2), predictions) for n in range(12)]
        while not all(writer.done() for writer in writers):
            assert (bundle / "manifest.json").is_file()
            time.sleep(0.0002)  # the writers need the processor, too
        assert [writer.result() for writer in writers] == [bundle] * 12
    assert bundle_hash(bundle) == bundle_hash(bundle / "small.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions", "small"]


def test_a_bundle_with_the_same_content_is_left_as_it_is_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    before = bundle.stat().st_ino
    put_bundle(tmp_path)
    assert bundle.stat().st_ino == before
    put(bundle, {"xnli/test-de.tsv": "neutral\n" * 5})
    put_bundle(tmp_path)
    assert bundle.stat().st_ino != before
    assert bundle_hash(bundle) == bundle_hash(bundle / "small.zip")


def test_faulty_predictions_never_get_into_a_bundle_and_the_old_one_stays(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    before = bundle_hash(bundle)
    put(tmp_path / "predictions", {"xnli/test-de.tsv": "yes\n", "tatoeba/test-de.tsv": "[1]\n"})
    with pytest.raises(InputError, match="cannot be bundled") as raised:
        write(bundle, manifest(), folders(tmp_path / "predictions"))
    assert {problem.task for problem in raised.value.problems} == {"xnli", "tatoeba"}
    assert bundle_hash(bundle) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions", "small"]


def test_a_task_without_predictions_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="xnli: no predictions here"):
        write(tmp_path / "small", manifest(), {"xnli": tmp_path / "none"})


def test_an_incomplete_manifest_is_an_error(tmp_path: Path) -> None:
    predictions = put(tmp_path / "predictions", dict(PREDICTIONS))
    incomplete = manifest()
    del incomplete["model"]
    with pytest.raises(InputError, match="`model` is missing"):
        write(tmp_path / "small", incomplete, folders(predictions))


@pytest.mark.parametrize("name", ["../up", "", "a b", ".hidden", "a" * 101])
def test_a_name_that_is_no_file_name_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot name a bundle"):
        write(tmp_path / "small", manifest(name=name), {})


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path: Path) -> None:
    put(tmp_path / "small", {"thesis.txt": "years of work"})
    with pytest.raises(InputError, match="exists and is not a bundle"):
        put_bundle(tmp_path)
    assert (tmp_path / "small/thesis.txt").read_text() == "years of work"


def test_a_bundle_without_a_manifest_has_none_to_read(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    (bundle / "manifest.json").write_text(json.dumps({"schema_version": 1}))
    with pytest.raises(InputError, match="`recipe` is missing"):
        read_manifest(bundle)
    (bundle / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"no manifest\.json in the bundle"):
        read_manifest(bundle)
