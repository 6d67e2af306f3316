"""Download one file from one address: bounded, resumed after a cut, checked, and written whole or not at all."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from xtreme_bench.errors import CheckFailed, InputError, StageError
from xtreme_bench.files import file_digest, write_text

MAX_BYTES = 4 << 30  # the largest release (XNLI-MT-1.0.zip) has half a gigabyte
BLOCK = 1 << 18
TIMEOUT = 20.0  # seconds without a byte
ANSWER = 60.0  # seconds from asking to the end of the headers
MIN_RATE, WINDOW = 4096, 30.0  # bytes a second that must arrive, checked each time this many seconds have passed
PAUSES = (0.5, 2.0, 5.0)  # seconds before each further attempt
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CUT = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)
Progress = Callable[[int, int], None]


class Unreachable(StageError):
    """An address that does not answer, or does not give the file; another one may."""


class _Again(Exception):
    """A fault that may not recur at the next attempt."""


class _InTime(urllib.request.AbstractHTTPHandler):
    """A server that sends its headers byte by byte is never silent for long, but is cut off all the same."""

    def do_open(self, http_class: Any, req: urllib.request.Request, **options: Any) -> http.client.HTTPResponse:
        opened: list[http.client.HTTPConnection] = []

        def connection(*arguments: Any, **more: Any) -> http.client.HTTPConnection:
            opened.append(http_class(*arguments, **more))
            return opened[-1]

        def cut() -> None:
            for one in opened:
                if one.sock is not None:
                    with suppress(OSError):
                        one.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(ANSWER, cut)
        timer.daemon = True
        timer.start()
        try:
            return super().do_open(connection, req, **options)
        finally:
            timer.cancel()


class _Http(_InTime, urllib.request.HTTPHandler):
    pass


class _Https(_InTime, urllib.request.HTTPSHandler):
    pass


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        require_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def require_safe(url: str) -> None:
    """Raise `InputError` unless `url` is HTTPS, or HTTP to this machine (a mirror of one's own)."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise InputError(f"{url} is not an HTTPS address: nothing is fetched from it, or sent to it")


def download(
    url: str, to: Path, *, sha256: str | None = None, max_bytes: int = MAX_BYTES, progress: Progress | None = None
) -> tuple[str, int]:
    """Fetch `url` into the file `to` and return its (sha256, bytes).

    What arrived before a cut is kept in `<to>.part`, with the server's tag for it, and is not asked for again while
    the server still has the same file. The result must have `sha256` if it is given; `progress` is told bytes done
    and in all (0: unknown).

    Errors: `Unreachable` when the address does not give the file, `CheckFailed` when the checksum is not the required
    one, `InputError` for an unsafe address or a file over `max_bytes`.
    """
    require_safe(url)
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f"{to.name}.part")
    for pause in (*PAUSES, None):
        try:
            _attempt(url, part, max_bytes, progress or (lambda done, total: None))
            break
        except _Again as fault:
            if pause is None:
                raise Unreachable(f"{url}: {fault}, after {len(PAUSES) + 1} attempts") from fault
            time.sleep(pause)
    found = file_digest(part)
    if sha256 is not None and found != sha256:
        _discard(part)
        raise CheckFailed(
            f"{url} is not the file it was: its sha256 is {found}, {sha256} is required. Nothing was kept; find out "
            "what changed upstream before you remove the old checksum from the lock file."
        )
    size = part.stat().st_size
    part.replace(to)
    _discard(part)
    return found, size


def _attempt(url: str, part: Path, max_bytes: int, progress: Progress) -> None:
    """Download the rest of `part`, or raise `_Again` for a fault that may not recur."""
    begun = part.stat().st_size if part.is_file() and _tag(part).is_file() else 0
    headers = {"User-Agent": "xtreme-bench", "Accept-Encoding": "identity"}
    if begun:
        headers |= {"Range": f"bytes={begun}-", "If-Range": _tag(part).read_text(encoding="utf-8")}
    try:
        opener = urllib.request.build_opener(_Http, _Https, _SafeRedirects)
        with opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as answer:
            begun, total = _place(answer, part, begun, url)
            if total > max_bytes:
                raise InputError(f"{url} has {total} bytes, more than the {max_bytes} that are fetched")
            _keep_tag(part, answer)
            _append(answer, part, begun, max_bytes, lambda done: progress(done, total), url)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:  # what is here is longer than what is there
                _discard(part)
                raise _Again("the part that was downloaded before does not fit") from error
            if error.code == 429 or error.code >= 500:
                raise _Again(f"the server answers {error.code} {error.reason}") from error
            raise Unreachable(f"{url}: the server answers {error.code} {error.reason}") from error
    except _CUT as error:
        reason = getattr(error, "reason", error)
        if isinstance(error, urllib.error.URLError) and not isinstance(reason, ConnectionResetError):
            raise Unreachable(
                f"{url} cannot be reached: {reason}"
            ) from error  # no such host, refused, no way there: at once
        raise _Again(f"the connection was cut: {reason}") from error
    except ValueError as error:
        raise Unreachable(f"{url} leads to an invalid address: {error}") from error
    if total and part.stat().st_size < total:
        raise _Again(f"the connection was cut at {part.stat().st_size} of {total} bytes")
    if part.stat().st_size == 0:
        _discard(part)
        raise _Again("the server sends an empty file")


def _place(answer: http.client.HTTPResponse, part: Path, begun: int, url: str) -> tuple[int, int]:
    """Where the bytes of an answer begin in the file, and how many the file has (0: unknown)."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unreachable(f"{url}: the server compresses the file, which was not asked for")
    length = answer.headers.get("Content-Length")
    if length is not None and not re.fullmatch("[0-9]{1,18}", length):
        raise Unreachable(f"{url}: the server gives an invalid length")
    if answer.status == 200:
        return 0, int(length or 0)
    told = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", answer.headers.get("Content-Range", ""))
    fits = told is not None and int(told[1]) == begun and (told[2] == "*" or int(told[2]) > begun)
    if answer.status != 206 or not begun or told is None or not fits:
        _discard(part)  # the next attempt asks for all of it
        raise _Again(f"the server answers {answer.status} with a part that was not asked for")
    return begun, int(told[2]) if told[2] != "*" else begun + int(length or 0)


def _append(
    answer: http.client.HTTPResponse, part: Path, begun: int, max_bytes: int, tell: Callable[[int], None], url: str
) -> None:
    with part.open("ab" if begun else "wb") as stream:
        done = judged = begun
        since = time.monotonic()
        while block := answer.read1(BLOCK):  # what is there, without waiting for a whole block
            done += len(block)
            if done > max_bytes:
                raise InputError(f"{url} sends more than the {max_bytes} bytes that are fetched")
            stream.write(block)
            tell(done)
            passed = time.monotonic() - since
            if passed > WINDOW:
                if done - judged < MIN_RATE * passed:
                    raise _Again(f"the server sends less than {MIN_RATE} bytes a second")
                judged, since = done, since + passed


def _keep_tag(part: Path, answer: http.client.HTTPResponse) -> None:
    """Without a strong tag a later attempt cannot know whether the file is the same, and starts again."""
    tag = answer.headers.get("ETag") or ""
    if tag and not tag.startswith("W/"):
        write_text(_tag(part), tag)
    else:
        _tag(part).unlink(missing_ok=True)


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)
