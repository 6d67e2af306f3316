"""Archives of releases: nested ones are unpacked; hostile and damaged ones are refused, by the name of the member."""

from __future__ import annotations

import io
import os
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import hostile_archives as hostile
import pytest
from data_samples import conllu

from xtreme_bench.data.release import archives, bounded
from xtreme_bench.data.release.archives import unpacked
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError

WIKIANN = "de:Ulm\tB-LOC\nde:liegt\tO\n\n"
TREEBANK = conllu([("1", "Ulm", "PROPN", "0")])
NAME = "de_a-ud-test.conllu"


def tar(path: Path, members: dict[str, str | bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("name", "mode"), [("a.tar", "w:"), ("a.tgz", "w:gz"), ("a.tar.xz", "w:xz"), ("a.tar.bz2", "w:bz2"), ("a.zip", "")]
)
def test_every_kind_of_archive_is_a_release_like_a_folder(tmp_path, name, mode):
    members = {f"./ud/{NAME}" if mode else f"ud/{NAME}": TREEBANK, "ud/README.md": "not data"}
    archive = tar(tmp_path / name, members, mode) if mode else zipped(tmp_path / name, members)
    notes = prepare([archive], tmp_path / "data", tmp_path / "labels")
    assert (tmp_path / "data/udpos/test-de.tsv").read_text() == "Ulm\n"
    assert notes["tasks"]["udpos"]["made_from"] == [f"{name}/ud/{NAME}"]
    assert not (tmp_path / "data/.prepare/unpacked").exists()


def test_wikiann_comes_as_a_zip_of_one_archive_for_each_language(tmp_path):
    inner = {code: WIKIANN.replace("de:", f"{code}:") for code in ("de", "fr")}
    members = {
        f"panx_dataset/{code}.tar.gz": tar(tmp_path / "x", {"train": text, "dev": text, "test": text}).read_bytes()
        for code, text in inner.items()
    }
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in/AmazonPhotos.zip", members | {"__MACOSX/._de.tar.gz": b"no archive"})
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert notes["found"]["panx"]["WikiAnn"]["languages"] == ["de", "fr"]
    assert (tmp_path / "data/panx/test-fr.tsv").read_text() == "Ulm\nliegt\n"
    assert (tmp_path / "labels/panx/test-fr.tsv").read_text() == "B-LOC\nO\n"


def test_a_fault_inside_of_an_archive_is_named_by_its_place_in_it(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"ud/{NAME}": TREEBANK.replace("PROPN", "CONJ")})
    with pytest.raises(InputError) as caught:
        prepare([path], tmp_path / "data", tmp_path / "labels")
    assert str(caught.value).startswith(
        f"a.zip/ud/{NAME} (treebank of de) cannot be used: 1 fault\n  a.zip/ud/{NAME}:2: "
    )


def _link(kind: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with tarfile.open(folder / "a.tar", "w") as archive:
            info = tarfile.TarInfo(NAME)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        return folder / "a.tar"

    return make


def _linked_in_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        info = zipfile.ZipInfo(NAME)
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return folder / "a.zip"


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda folder: tar(folder / "a.tar", {f"../{NAME}": TREEBANK}, "w:"), f"a.tar/../{NAME}: path with `..`"),
        (lambda folder: tar(folder / "a.tar", {f"/{NAME}": TREEBANK}, "w:"), f"a.tar//{NAME}: absolute path"),
        (lambda folder: tar(folder / "a.tar", {"../evil.sh": "x"}, "w:"), "a.tar/../evil.sh: path with `..`"),
        (lambda folder: zipped(folder / "a.zip", {f"b/../../{NAME}": TREEBANK}), "path with `..`"),
        (lambda folder: zipped(folder / "a.zip", {f"b\\{NAME}": TREEBANK}), "backslash in the path"),
        (_link(tarfile.SYMTYPE), f"a.tar/{NAME}: is a link"),
        (_link(tarfile.LNKTYPE), f"a.tar/{NAME}: is a link"),
        (_link(tarfile.CHRTYPE), f"a.tar/{NAME}: is not a regular file"),
        (_linked_in_zip, f"a.zip/{NAME}: is a link"),
        (lambda folder: _twice(folder / "a.tar"), f"a.tar/{NAME}: occurs twice"),
    ],
)
def test_members_that_leave_the_archive_or_are_no_files_are_refused_by_name(tmp_path, make, fault):
    with pytest.raises(InputError, match="cannot be trusted; nothing in it is used") as caught:
        prepare([make(tmp_path)], tmp_path / "data", tmp_path / "labels")
    assert fault in str(caught.value.problems[0])
    assert not (tmp_path / "data/udpos").exists()
    assert not (tmp_path / "evil.sh").exists()


def _twice(path: Path) -> Path:
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo(NAME))
    return path


def test_links_and_paths_with_dots_among_files_that_are_not_data_do_not_lead_anywhere(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("ud")
        info.type, info.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(info)
        info = tarfile.TarInfo(f"ud/{NAME}")
        info.size = len(TREEBANK)
        archive.addfile(info, io.BytesIO(TREEBANK.encode()))
    ((name, path),) = unpacked(tmp_path / "a.tar", "a.tar", tmp_path / "out")
    assert name == f"a.tar/ud/{NAME}"
    assert path.resolve().is_relative_to(tmp_path / "out")
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:xz", "w:bz2", ""])
def test_an_archive_that_was_cut_off_or_changed_is_damaged_and_not_a_smaller_one(tmp_path, mode):
    members: dict[str, str | bytes] = {f"de_{x}-ud-test.conllu": TREEBANK * 30 for x in "abcd"}
    path = tar(tmp_path / "a.tar", members, mode) if mode else zipped(tmp_path / "a.zip", members)
    whole = path.read_bytes()
    at = whole.index(b"de_c") if mode == "w:" else len(whole) // 2
    for damaged in (whole[: len(whole) // 3], whole[:at], whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]):
        path.write_bytes(damaged)
        said = rf"^{path} is damaged or not an archive \(.+\): get it again$"
        with pytest.raises(InputError, match=said):
            unpacked(path, path.name, tmp_path / "out")


def test_a_damaged_archive_in_an_archive_is_named_by_the_path_of_the_outer_one(tmp_path):
    path = zipped(tmp_path / "a.zip", {"inside/b.zip": b"no zip"})
    with pytest.raises(InputError, match=f"^{path}/inside/b.zip is damaged or not an archive"):
        unpacked(path, path.name, tmp_path / "out")


def test_a_file_where_another_member_needs_a_folder_is_damage(tmp_path):
    path = tar(tmp_path / "a.tar", {NAME: TREEBANK, f"{NAME}/{NAME}": TREEBANK}, "w:")
    with pytest.raises(InputError, match="damaged or not an archive"):
        unpacked(path, "a.tar", tmp_path / "out")


def test_no_more_is_unpacked_than_any_release_has_whatever_the_archive_says(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "FREE_BYTES", 10_000)
    monkeypatch.setattr(archives, "MAX_RATIO", 20)
    bomb = zipped(tmp_path / "a.zip", {"xquad.de.json": b"{" + b" " * 10**6})
    with pytest.raises(InputError, match=r"a\.zip unpacks to more than 0 MiB, .* unpack it yourself if you trust it"):
        unpacked(bomb, "a.zip", tmp_path / "out")
    # One allowance for all that is inside: many small bombs are no way around it.
    inner = zipped(tmp_path / "inner.zip", {"xquad.de.json": b"{" + b" " * 9_000}).read_bytes()
    outer = zipped(tmp_path / "b.zip", {f"{i}.zip": inner for i in range(9)})
    with pytest.raises(InputError, match="unpacks to more than"):
        unpacked(outer, "b.zip", tmp_path / "out")


def test_a_tar_header_that_claims_a_huge_name_is_not_read_into_memory(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(InputError, match="has a header of more than 65,536 bytes"):
        unpacked(tmp_path / "a.tar", "a.tar", tmp_path / "out")


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    members: dict[str, str | bytes] = {str(i): "x" for i in range(4)}
    for path in (tar(tmp_path / "a.tar", members), zipped(tmp_path / "a.zip", members)):
        with pytest.raises(InputError, match="more than 3 members"):
            unpacked(path, path.name, tmp_path / "out")


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda folder: hostile.chained_sparse_headers(folder, 2_000), "is a sparse file"),
        (lambda folder: hostile.pax_sparse(folder, 10_000), "is a sparse file"),
        (lambda folder: hostile.pax_sparse_map(folder, 1), "is a sparse file"),
        (lambda folder: hostile.empty_files(folder, 3, 40), "has more than 100 members and folders"),
        (lambda folder: hostile.folders(folder, 10, 12), "has more than 100 members and folders"),
        (lambda folder: hostile.folders(folder, 1, 50), "path of 115 characters and 51 folders in the archive"),
        (lambda folder: hostile.directory(folder, 101), "has more than 100 members and folders"),
        (lambda folder: hostile.long_names(folder, 6, "readme.txt"), "has headers of more than"),
        (lambda folder: hostile.long_names(folder, 1), r"d{900}: path of 60,016 characters and 2 folders"),
        (lambda folder: hostile.pax_records(folder, 8), "has headers of more than"),
        (lambda folder: hostile.global_records(folder, 1000, 1), "has headers of more than|breaks off|recursion"),
        (lambda folder: hostile.passed_over(folder, 3 << 20, "gz"), "unpacks to more than 2 MiB"),
        (lambda folder: hostile.passed_over(folder, 3 << 20, "bz2"), "unpacks to more than 2 MiB"),
        (lambda folder: hostile.passed_over(folder, 3 << 20, "xz"), "unpacks to more than 2 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_archive_costs_is_bounded_whatever_is_in_it(tmp_path, monkeypatch, make, fault):
    monkeypatch.setattr(archives, "FREE_BYTES", 2 << 20)
    monkeypatch.setattr(archives, "MAX_RATIO", 1)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 100)
    monkeypatch.setattr(archives, "MAX_HEADERS", 1 << 18)
    path = make(tmp_path)
    with pytest.raises(InputError) as caught:
        unpacked(path, path.name, tmp_path / "out")
    assert re.search(fault, str(caught.value))
    assert not list((tmp_path / "out").glob("*.partial"))


def test_a_zip_with_a_huge_directory_is_not_read_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded, "MAX_DIRECTORY", 1 << 20)
    path = hostile.directory(tmp_path, 20_000)
    with pytest.raises(InputError, match=r"a\.zip lists its members in more than 1 MiB"):
        unpacked(path, path.name, tmp_path / "out")


def test_members_of_archives_inside_are_counted_together_with_those_outside(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3 * (1 + 1 + 2 * (1 + 2)))
    path = hostile.empty_files(tmp_path, 3, 2)
    assert len(unpacked(path, path.name, tmp_path / "out")) == 6
    monkeypatch.setattr(archives, "MAX_MEMBERS", archives.MAX_MEMBERS - 1)
    with pytest.raises(InputError, match="members and folders"):
        unpacked(path, path.name, tmp_path / "again")


def test_unpacking_that_was_interrupted_is_done_again_and_what_is_done_is_not(tmp_path, monkeypatch):
    path = tar(tmp_path / "a.tar", {"xquad.de.json": "{1", "xquad.en.json": "{2"})
    utime, copied = os.utime, []

    def killed_once(target, **times):
        copied.append(target.name)
        if len(copied) == 2:
            raise KeyboardInterrupt
        utime(target, **times)

    monkeypatch.setattr(os, "utime", killed_once)
    with pytest.raises(KeyboardInterrupt):
        unpacked(path, "a.tar", tmp_path / "out")
    found = unpacked(path, "a.tar", tmp_path / "out")
    assert [path.read_text() for _, path in found] == ["{1", "{2"]
    assert unpacked(path, "a.tar", tmp_path / "out") == found
    assert len(copied) == 4
    # Another archive of that name is another one.
    tar(path, {"xquad.de.json": "{3"})
    os.utime(path, ns=(0, 0))
    assert [path.read_text() for _, path in unpacked(path, "a.tar", tmp_path / "out")] == ["{3"]
