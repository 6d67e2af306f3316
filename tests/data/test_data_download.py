"""One file from one address, against a server on this machine with the faults that real ones have."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from local_server import Site, sha256

from xtreme_bench.data.fetch import download as downloads
from xtreme_bench.data.fetch.download import Unreachable, download
from xtreme_bench.errors import CheckFailed, InputError

CONTENT = bytes(range(256)) * 4000


def test_a_cut_connection_goes_on_where_it_was_cut(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    site.cut.add("/a.zip")
    assert download(f"{site.address}/a.zip", tmp_path / "a.zip") == (sha256(CONTENT), len(CONTENT))
    assert (tmp_path / "a.zip").read_bytes() == CONTENT
    assert [asked for _, asked in site.asked] == [None, f"bytes={len(CONTENT) // 2}-"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_what_was_there_of_another_version_of_the_file_is_not_used(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.zip.part").write_bytes(b"old")
    (tmp_path / "a.zip.part.tag").write_text('"another"')
    site.files["/a.zip"] = CONTENT
    download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    site.busy["/a.zip"] = 2
    download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert len(site.asked) == 3
    with pytest.raises(Unreachable, match="the server answers 404"):
        download(f"{site.address}/b.zip", tmp_path / "b.zip")
    assert len(site.asked) == 4
    site.busy["/a.zip"] = 99
    with pytest.raises(Unreachable, match="the server answers 503 .*, after 4 attempts"):
        download(f"{site.address}/a.zip", tmp_path / "c.zip")


def test_a_file_with_another_checksum_is_not_kept(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    with pytest.raises(CheckFailed, match=f"its sha256 is {sha256(CONTENT)}, 00 is required"):
        download(f"{site.address}/a.zip", tmp_path / "a.zip", sha256="00")
    assert list(tmp_path.iterdir()) == []


def test_only_https_and_this_machine_are_asked_whatever_an_address_leads_to(site: Site, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an HTTPS address"):
        download("http://example.org/a.zip", tmp_path / "a.zip")
    with pytest.raises(InputError, match="is not an HTTPS address"):
        download("file:///etc/passwd", tmp_path / "a.zip")
    site.moved["/a.zip"] = "http://example.org/a.zip"
    with pytest.raises(InputError, match=r"http://example\.org/a\.zip is not an HTTPS address"):
        download(f"{site.address}/a.zip", tmp_path / "a.zip")


def test_a_file_that_is_too_large_is_refused(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    with pytest.raises(InputError, match="more than the 1000 that are fetched"):
        download(f"{site.address}/a.zip", tmp_path / "a.zip", max_bytes=1000)


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode() + body


PARTIAL = "206 Partial Content"


@pytest.mark.parametrize(
    ("bad", "begun"),
    [
        (answer(PARTIAL, "Content-Range: bytes 0-9/1000", "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Range: bytes 500-509/400", "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Range: rows 500-509/1000", "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Range: bytes 0-9/10", "Content-Length: 10", body=b"0123456789"), 0),
        (answer("200 OK", "Content-Length: 0"), 0),
        (answer("200 OK"), 0),
        (answer("204 No Content"), 0),
        (answer("200 OK", "Content-Length: 1000", body=b"broken off"), 0),
        (answer("200 OK", "Transfer-Encoding: chunked", body=b"a\r\n0123456789\r\n"), 0),
    ],
)
def test_an_answer_that_is_not_the_file_is_not_taken_and_the_next_one_is(
    site: Site, tmp_path: Path, bad: bytes, begun: int
) -> None:
    site.files["/a.zip"] = CONTENT
    site.raw["/a.zip"] = [bad]
    if begun:
        (tmp_path / "a.zip.part").write_bytes(CONTENT[:begun])
        (tmp_path / "a.zip.part.tag").write_text(f'"{sha256(CONTENT)}"')
    assert download(f"{site.address}/a.zip", tmp_path / "a.zip") == (sha256(CONTENT), len(CONTENT))
    site.raw["/b.zip"] = [bad] * 4
    with pytest.raises(Unreachable, match="after 4 attempts"):
        download(f"{site.address}/b.zip", tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (answer("200 OK", f"Content-Length: {'9' * 5000}", body=b"x"), "gives an invalid length"),
        (answer("200 OK", "Content-Length: -5", body=b"x"), "gives an invalid length"),
        (answer("200 OK", "Content-Length: 1e3", body=b"x"), "gives an invalid length"),
        (answer("200 OK", "Content-Encoding: gzip", "Content-Length: 1", body=b"x"), "compresses the file"),
        (answer("302 Found", "Location: https://["), "leads to an invalid address"),
        (answer("302 Found", "Location: /a.zip"), "the server answers 302"),
    ],
)
def test_an_answer_that_will_not_be_better_next_time_is_an_error_at_once(
    site: Site, tmp_path: Path, bad: bytes, fault: str
) -> None:
    site.raw["/a.zip"] = [bad] * 20
    with pytest.raises(Unreachable, match=fault):
        download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize(
    "bad",
    [
        answer("200 OK", "Content-Length: 100000", body=bytes(1000)),
        answer("200 OK", *(f"X-{at}: {'x' * 90}" for at in range(50))),
        b"HTTP/1.1 200 " + b"x" * 5000,
    ],
)
def test_a_server_that_sends_byte_by_byte_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bad: bytes
) -> None:
    monkeypatch.setattr(downloads, "PAUSES", ())
    monkeypatch.setattr(downloads, "ANSWER", 0.3)
    monkeypatch.setattr(downloads, "WINDOW", 0.3)
    site.raw["/a.zip"], site.dripping = [bad], True
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert time.monotonic() - begun < 3
