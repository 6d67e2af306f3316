"""Pointers, pages, error messages, archives and binaries are no data under whatever name; text about them is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from data_samples import squad, write

from xtreme_bench.data import layout, targets
from xtreme_bench.data.imposters import HEAD_BYTES, imposter
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError
from xtreme_bench.official.gold import read_gold
from xtreme_bench.official.predictions import examine

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12345\n" % (b"0a" * 32)
PAGE = b"<!DOCTYPE html>\n<html>\n<head><title>404 Not Found</title></head>\n<body></body>\n</html>\n"


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "x")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return stream.getvalue()


IMPOSTERS = {
    "git-lfs": (POINTER, "a Git LFS pointer, not the data: run `git lfs pull`"),
    "git-lfs-windows": (POINTER.replace(b"\n", b"\r\n"), "a Git LFS pointer"),
    "git-annex": (b"/annex/objects/SHA256E-s12--ab.tsv\n", "a git-annex pointer"),
    "page": (PAGE, "an HTML page"),
    "page-after-mark": (b"\xef\xbb\xbf\r\n" + PAGE.lower(), "an HTML page"),
    "page-without-doctype": (b"<html lang='en'>\r\n<head><title>502</title></head>", "an HTML page"),
    "page-after-comment": (b"<!-- a\nb --><HTML><BODY>", "an HTML page"),
    "xhtml": (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">\n<html>', "an HTML page"),
    "xml": (b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>', "an XML document"),
    "xml-without-prolog": (b"<Error><Code>NoSuchKey</Code></Error>", "an XML document"),
    "json": (b'{"error": "Repository not found"}', "the error message of a server"),
    "json-of-github": (b'{\n "message": "Not Found",\n "documentation_url": "https://x"\n}\n', "the error message"),
    "404": (b"404: Not Found", "the error message of a server"),
    "404-with-line-end": (b"404 Not Found\n", "the error message of a server"),
    "http": (b"HTTP/1.1 403 Forbidden\r\n", "the error message of a server"),
    "not-found": (b"Not Found", "the error message of a server"),
    "entry": (b"Entry not found", "the error message of a server"),
    "gateway": (b"Error 502: Bad Gateway.", "the error message of a server"),
    "gzip": (gzip.compress(b"x"), "compressed by gzip"),
    "bzip2": (bz2.compress(b"x", 1), "compressed by bzip2"),
    "xz": (lzma.compress(b"x"), "compressed by xz"),
    "zstd": (b"\x28\xb5\x2f\xfd\x24\x01\x09\x00\x00x", "compressed by zstd"),
    "zip": (zipped(), "a zip archive"),
    "tar": (tarred(), "a tar archive"),
    "parquet": (b"PAR1\x15\x04\x15\x10", "a parquet file"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    "utf-16": ("Guten Tag.\n".encode("utf-16"), "binary, or text in UTF-16"),
    "utf-16-without-mark": ("Guten Tag.\n".encode("utf-16-le"), "binary, or text in UTF-16"),
    "binary": (b"\x80\x04\x95\x00\x01K\x01\xff", "binary, or text in UTF-16"),
}
THOUSAND = b"".join(b"Sentence %d.\n" % i for i in range(1000))


@pytest.mark.parametrize("case", IMPOSTERS)
def test_what_is_no_data_is_known_by_how_it_begins(case: str) -> None:
    content, what = IMPOSTERS[case]
    assert (imposter(content[:HEAD_BYTES]) or "").startswith(what)


@pytest.mark.parametrize(
    "content",
    [
        b"404: Not Found\n" + THOUSAND,
        b"404 Not Found\nI see.\n",
        b"Not Found\nI see.\n",
        b"Gone.\n",
        b"I found 404 people.\n",
        b"404 people came.\n",
        b"<html> is a tag.\tIt is not.\tneutral\r\n",
        b"<html>\tX\n<b>\tX\n",
        b"<\tPUNCT\nhtml\tX\n",
        b"version https://git-lfs.github.com/spec/v1\tis a line\n",
        b"version\tO\nhttps://git-lfs.github.com/spec/v1\tO\n",
        b"<?xml is how it begins.\n",
        b"PAR1 is a magic word.\n",
        b"PK\tPROPN\n",
        b"{\tPUNCT\n",
        b'{"uid": "1", "context": "error", "hypothesis": "message"}\n',
        b'{"data": [], "version": "1.1"}',
        b"a\x00b\tNot a word\n",
        b"<!---->" * 2000 + b"x",  # for which a careless pattern needs for ever
        b"x" * 257 + b"ustar is in the middle\n",
        ("ä" * HEAD_BYTES).encode()[1:],
        b"\x00" + ("a" + "ä" * HEAD_BYTES).encode(),
    ],
)
def test_text_that_speaks_of_such_things_is_text(content: bytes) -> None:
    assert imposter(content[:HEAD_BYTES]) is None


FILES = {
    "xnli/test-de.tsv": lambda data: list(targets.read_test(data, "xnli", "de")),
    "udpos/test-de.tsv": lambda data: list(targets.read_test(data, "udpos", "de")),
    "panx/train-en.tsv": lambda data: list(targets.read_train(data, "panx", "train")),
    "xquad/xquad.de.json": lambda data: list(targets.read_test(data, "xquad", "de")),
    "tatoeba/de-en.de": lambda data: targets.read_tatoeba(data, "de"),
    "bucc2018/de-en.test.de": lambda data: targets.read_bucc(data, "de", "test"),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [POINTER, PAGE, b"404: Not Found", b""], ids=["pointer", "page", "404", "empty"])
def test_no_reader_takes_them_for_rows(tmp_path: Path, file: str, content: bytes) -> None:
    write(tmp_path, file, content.decode())
    what = imposter(content) if content else "empty"
    with pytest.raises(InputError) as caught:
        FILES[file](tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / file} (")
    assert str(caught.value).endswith(f" is {what}")


@pytest.mark.parametrize("task", ["xnli", "udpos", "xquad", "tatoeba", "bucc2018"])
def test_neither_gold_labels_nor_predictions_can_be_one(tmp_path: Path, task: str) -> None:
    path = write(tmp_path, f"{task}/test-de.x", PAGE.decode())
    with pytest.raises(InputError) as caught:
        read_gold(path, task, "de")
    assert [problem.message[:15] for problem in caught.value.problems] == ["is an HTML page"]
    problems = examine(PAGE, task, "de").problems
    assert [problem.message[:15] for problem in problems] == ["is an HTML page"]


@pytest.mark.parametrize(
    "files",
    [
        ["tatoeba.deu-eng.deu", "tatoeba.deu-eng.eng"],
        ["panx/test-de.tsv", "udpos/test-de.tsv"],
        ["xquad.de.json", "ccg.train", "tags_to_id.json"],
        ["de-train", "XNLI-1.0/xnli.dev.tsv", "a/de_x-ud-test.conllu"],
    ],
)
@pytest.mark.parametrize("content", [POINTER, PAGE, b"404: Not Found", b" \n"], ids=["pointer", "page", "404", "blank"])
def test_prepare_refuses_all_of_them_at_once_and_writes_nothing(
    tmp_path: Path, files: list[str], content: bytes
) -> None:
    for file in files:
        write(tmp_path, f"in/{file}", content.decode())
    write(tmp_path, "in/xquad.en.json", squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}]))
    with pytest.raises(InputError, match="these files are not what their names say") as caught:
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    what = f"is {imposter(content) or 'empty'}"
    assert [(problem.file, problem.message) for problem in caught.value.problems] == [(f, what) for f in sorted(files)]
    assert not (tmp_path / "data/xquad").exists()


def test_a_name_that_other_data_have_too_is_no_reason_to_stop(tmp_path: Path) -> None:
    write(tmp_path, "in/test", PAGE.decode())
    write(tmp_path, "in/xquad.en.json", squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}]))
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    (line,) = notes["not_used"]
    assert line.startswith("test: named like panx (WikiAnn), but is an HTML page")


def test_a_run_is_told_of_them_before_any_work(tmp_path: Path) -> None:
    path = write(tmp_path, "panx/test-de.tsv", POINTER.decode())
    (problem,) = layout.missing(tmp_path, ["panx/test-de.tsv"], "test data of panx")
    assert problem.file == str(path)
    assert problem.message.startswith("is a Git LFS pointer, not the data")
    assert problem.message.endswith("; it should hold the test data of panx")
