"""`check` says what is wrong with a bundle; `broken_bundles/` holds one broken bundle per file, as data."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_bundle import LABELS, put, put_bundle, put_data

from xtreme_bench import contents
from xtreme_bench.benchmark import TASKS
from xtreme_bench.check import check
from xtreme_bench.errors import InputError
from xtreme_bench.manifest import file_entry
from xtreme_bench.names import known_path
from xtreme_bench.predictions import examine

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
