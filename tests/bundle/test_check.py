"""`check` says what is wrong with a bundle; `broken_bundles/` holds one broken bundle per file, as data."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_bundle import LABELS, put, put_bundle, put_data

from xtreme_bench.benchmark import OVERALL, TASKS
from xtreme_bench.bundle import read
from xtreme_bench.bundle.check import check
from xtreme_bench.bundle.format import file_entry
from xtreme_bench.bundle.paths import known_path
from xtreme_bench.bundle.verify import verify
from xtreme_bench.errors import InputError
from xtreme_bench.official.predictions import examine

CASES = sorted((Path(__file__).parent / "broken_bundles").glob("*.yaml"))


def break_bundle(folder: Path, case: dict[str, Any]) -> Path:
    """A bundle with the faults of a case: the edits are made in the order in which they stand below."""
    bundle, edit = put_bundle(folder), case["edit"]
    if not case.get("keep_zip"):
        (bundle / "small.zip").unlink()
    for path in [path for path in bundle.rglob("*") if path.is_file()]:
        name = path.relative_to(bundle).as_posix()
        kept = name in edit.get("keep", [name]) or name == "manifest.json"
        if name in edit.get("remove", []) or not kept or (name == "manifest.json" and "manifest" not in case["given"]):
            path.unlink()
    put(bundle, edit.get("write", {}))
    put(bundle, {name: bytes.fromhex(content) for name, content in edit.get("write_hex", {}).items()})
    put(bundle, {name: text * times for name, (text, times) in edit.get("repeat", {}).items()})
    for name, (old, new) in edit.get("replace", {}).items():
        text = (bundle / name).read_text(encoding="utf-8")
        assert old in text
        put(bundle, {name: text.replace(old, new, 1)})
    for old, new in edit.get("rename", {}).items():
        (bundle / new).parent.mkdir(parents=True, exist_ok=True)
        (bundle / old).rename(bundle / new)
    for name, target in edit.get("link", {}).items():
        (bundle / name).unlink()
        (bundle / name).symlink_to(target)
    edit_manifest(bundle, edit)
    return pack(bundle, case["zip"]) if "zip" in case else bundle


def edit_manifest(bundle: Path, edit: dict[str, Any]) -> None:
    """Change fields (null removes one), and record files as they are now."""
    if not edit.get("manifest") and not edit.get("remeasure"):
        return
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    for key, value in edit.get("manifest", {}).items():
        manifest[key] = value
        if value is None:
            del manifest[key]
    for name in edit.get("remeasure", []):
        raw = (bundle / name).read_bytes()
        task, language = known_path(name)
        manifest["files"][name] = file_entry(examine(raw, task, language), hashlib.sha256(raw).hexdigest())
    put(bundle, {"manifest.json": json.dumps(manifest)})


def pack(bundle: Path, entries: list[dict[str, Any]]) -> Path:
    """A zip of a folder, with entries that no ordinary program would write."""
    path = bundle.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in bundle.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(bundle))
        for entry in entries:
            info = zipfile.ZipInfo(entry["name"])
            info.external_attr = entry.get("mode", 0o100644) << 16
            method = zipfile.ZIP_BZIP2 if entry.get("method") == "bzip2" else zipfile.ZIP_DEFLATED
            content = bytes(entry["zeros"]) if "zeros" in entry else entry.get("text", "").encode()
            archive.writestr(info, content, method)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_broken_bundle_has_exactly_the_problems_that_its_file_lists(path: Path, tmp_path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    bundle = break_bundle(tmp_path, case)
    labels = put(tmp_path / "labels", LABELS) if "labels" in case["given"] else None
    data = put_data(tmp_path / "data") if "data" in case["given"] else None
    report = check(bundle, labels=labels, data=data)
    assert [str(problem) for problem in report.problems] == case["problems"]
    assert [note for note in case.get("notes", []) if note not in report.notes] == []


def test_there_are_at_least_thirty_broken_bundles() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("as_zip", [False, True], ids=["folder", "zip"])
def test_a_bundle_as_it_was_written_has_no_problems(as_zip: bool, tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    labels, data = put(tmp_path / "labels", LABELS), put_data(tmp_path / "data")
    report = check(bundle / "small.zip" if as_zip else bundle, labels=labels, data=data)
    assert (report.problems, report.sizes_from) == ((), "the manifest")


def test_a_partial_bundle_says_what_it_lacks(tmp_path: Path) -> None:
    bundle = break_bundle(tmp_path, {"given": [], "edit": {"keep": ["xnli/test-de.tsv", "xnli/test-en.tsv"]}})
    report = check(bundle, labels=put(tmp_path / "labels", LABELS))
    assert report.problems == ()
    assert report.partial
    assert report.coverage == {"xnli": ("de", "en")}
    assert report.notes == (
        "no manifest: nothing says what was run, or what each file holds",
        "partial: no pawsx, udpos, panx, xquad, mlqa, tydiqa, bucc2018, tatoeba, so no overall score",
        "partial: some languages are missing (xnli 2 of 15)",
        "2 files with another size than XTREME's test set: not comparable with its leaderboard",
    )


def test_the_report_says_where_each_size_comes_from(tmp_path: Path) -> None:
    files = ["xnli/test-de.tsv", "xnli/test-en.tsv", "pawsx/test-de.tsv", "tatoeba/test-de.tsv"]
    bundle = break_bundle(tmp_path, {"given": [], "edit": {"keep": files}})
    labels, data = put(tmp_path / "labels", LABELS), put_data(tmp_path / "data")
    assert check(bundle).sizes_from == "the benchmark's published sizes"
    assert check(bundle, labels=labels).sizes_from == "the labels"
    (labels / "tatoeba/test-de.tsv").unlink()
    (labels / "pawsx/test-de.tsv").unlink()
    report = check(bundle, labels=labels, data=data)
    assert report.sizes_from == "the labels (2 files), the benchmark's published sizes (1 file), the data (1 file)"


def test_a_complete_set_of_predictions_is_not_partial(tmp_path: Path) -> None:
    lines = {"xnli": "neutral\n", "pawsx": "1\n", "udpos": "X\n\n", "panx": "O\n\n", "tatoeba": "0\n"}
    files = {}
    for task in (TASKS[name] for name in OVERALL):
        for language in task.languages:
            if task.group == "qa":
                content = json.dumps({f"q{n}": "a" for n in range(task.test_sizes[language])})
            elif task.name == "bucc2018":
                content = f"{language}-000000001\ten-000000001\n"
            else:
                content = lines[task.name] * task.test_sizes.get(language, 2)
            files[task.file(language)] = content
    report = check(put(tmp_path, files))
    assert report.problems == ()
    assert not report.partial
    assert report.sizes_from == "the benchmark's published sizes (141 files), not known (17 files)"


def test_the_report_is_json(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    put(bundle, {"xnli/test-de.tsv": "contradictory\n" * 5})
    report = json.loads(json.dumps(check(bundle).to_dict()))
    first = next(problem for problem in report["problems"] if problem["line"] == 1)
    assert (first["task"], first["language"], first["file"]) == ("xnli", "de", "xnli/test-de.tsv")
    assert report["partial"] is True


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("de-000000001\ten-000000009", "the test set has no sentence `en-000000009`"),
        ("en-000000004\tde-000000001", "swapped columns"),
        ("de-000000001\ten-000000004 ", "not a pair of ids"),
    ],
)
def test_gold_pairs_that_do_not_fit_the_sentences_are_an_error(line: str, message: str, tmp_path: Path) -> None:
    gold = f"{LABELS['bucc2018/test-de.tsv']}{line}\n"
    labels = put(tmp_path / "labels", {**LABELS, "bucc2018/test-de.tsv": gold})
    with pytest.raises(InputError, match="these gold labels cannot be used") as raised:
        check(put_bundle(tmp_path), labels=labels, data=put_data(tmp_path / "data"))
    assert message in str(raised.value)


def test_the_limits_of_a_bundle_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = put_bundle(tmp_path)
    monkeypatch.setattr(read, "MAX_TOTAL_BYTES", 1_000)
    found = [problem.message for problem in check(bundle / "small.zip").problems]
    assert "not read: with it the files would have more than 1,000 bytes, the limit of a bundle" in found
    monkeypatch.setattr(read, "MAX_FILES", 3)
    found = [problem.message for problem in check(bundle).problems]
    assert "more than 3 files; a bundle has at most a few hundred" in found


def test_a_refused_file_does_not_count_in_the_size_of_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = put_bundle(tmp_path)
    sizes = [path.stat().st_size for path in bundle.glob("*/*")]
    (bundle / "a.log").write_bytes(b"x" * (max(sizes) + 1))
    monkeypatch.setattr(read, "MAX_FILE_BYTES", max(sizes))
    monkeypatch.setattr(read, "MAX_TOTAL_BYTES", sum(sizes) + (bundle / "manifest.json").stat().st_size)
    with read.opened(bundle) as contents:
        assert [problem.file for problem in contents.problems] == ["a.log"]
    monkeypatch.setattr(read, "MAX_TOTAL_BYTES", read.MAX_TOTAL_BYTES - 1)
    with read.opened(bundle) as contents:
        assert len(contents.problems) == 2


def test_a_folder_with_a_bundle_for_each_seed_names_the_bundles_to_check(tmp_path: Path) -> None:
    for seed in (1, 2):
        put_bundle(tmp_path, seed=seed).rename(put(tmp_path / "all", {"seeds.json": "{}"}) / f"seed-{seed}")
    said = f"2 bundles in a folder, one for each seed; give one alone\n  {tmp_path}/all/seed-1: a bundle"
    with pytest.raises(InputError, match=said):
        check(tmp_path / "all")
    with pytest.raises(InputError, match=said):
        verify(tmp_path / "all", put(tmp_path / "labels", LABELS))


def test_a_damaged_zip_names_the_file(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    with zipfile.ZipFile(bundle / "small.zip") as archive:
        offset = archive.getinfo("xnli/test-de.tsv").header_offset
    raw = bytearray((bundle / "small.zip").read_bytes())
    start = offset + 30 + len("xnli/test-de.tsv")
    raw[start : start + 4] = b"\xff\xff\xff\xff"
    path = tmp_path / "damaged.zip"
    path.write_bytes(raw)
    problems = check(path).problems
    assert [(problem.task, problem.language) for problem in problems] == [("xnli", "de")]
    assert "damaged inside the zip" in problems[0].message


def test_what_is_no_bundle_at_all_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        check(tmp_path / "absent")
    (tmp_path / "text.zip").write_text("not a zip")
    with pytest.raises(InputError, match="cannot be read as a zip"):
        check(tmp_path / "text.zip")
    with pytest.raises(InputError, match="--labels takes a folder"):
        check(tmp_path, labels=tmp_path / "absent")


def test_a_folder_that_may_not_be_read_is_an_error_and_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, scan = put_bundle(tmp_path), os.scandir

    def closed(path: str) -> Any:
        if Path(path).name == "xnli":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(InputError, match="xnli: cannot be read .Permission denied."):
        check(bundle)
