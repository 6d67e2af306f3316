"""Files that are not what their name says: pointers, error pages, archives and other binaries, told by how they begin.

A page that a server sent in place of a corpus would otherwise be read as sentences, words and gold labels. Each rule
needs more than a sentence or a word of a corpus can have, so that text about such things is not refused.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from pathlib import Path

# How much of a file is looked at. A line of MultiNLI with its parses has some 2,000 characters.
HEAD_BYTES = 16384
_RENAME = "unpack it, or add {} to its name"
_AGAIN = "download it again"

# (bytes, where they stand, what the file is and what to do). Fewer bytes of some would be text.
_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\x1f\x8b\x08", 0, f"compressed by gzip: {_RENAME.format('.gz')}"),
    (b"\xfd7zXZ\0", 0, f"compressed by xz: {_RENAME.format('.xz')}"),
    (b"\x28\xb5\x2f\xfd", 0, "compressed by zstd: unpack it"),
    (b"PK\x03\x04", 0, f"a zip archive: {_RENAME.format('.zip')}"),
    (b"PK\x05\x06", 0, "a zip archive without files"),
    (b"7z\xbc\xaf\x27\x1c", 0, "a 7z archive: unpack it"),
    (b"Rar!\x1a\x07", 0, "a rar archive: unpack it"),
    (b"ustar\0", 257, f"a tar archive: {_RENAME.format('.tar')}"),
    (b"ustar  \0", 257, f"a tar archive: {_RENAME.format('.tar')}"),
    (b"PAR1\x15", 0, "a parquet file, not text: `xtreme-bench data fetch` reads those of the Hugging Face hub"),
    (b"ARROW1\0\0", 0, "an Arrow file, not text"),
    (b"%PDF-1.", 0, "a PDF document, not data"),
)
_TEXT: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"BZh[1-9]1AY&SY"), f"compressed by bzip2: {_RENAME.format('.bz2')}"),
    (
        re.compile(rb"version https://git-lfs\.github\.com/spec/\S+\r?\n(?:\S+ \S+\r?\n)*?oid \S+"),
        "a Git LFS pointer, not the data: run `git lfs pull` in the repository it comes from",
    ),
    (re.compile(rb"(?:\S*\.git)?/annex/objects/\S+\s*\Z"), "a git-annex pointer, not the data: run `git annex get`"),
    (
        re.compile(
            rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*"
            rb"(?:<!doctype\s+html\b[^>]*>\s*(?:<|\Z)|<(?:html|head|body)\b[^>]*>\s*<)",
            re.IGNORECASE | re.DOTALL,
        ),
        f"an HTML page, not data: see in a browser what it says, and {_AGAIN}",
    ),
    (
        re.compile(rb"<\?xml\s[^>]*\?>\s*<|<Error>\s*<Code>"),
        f"an XML document, as servers send it in place of a file: {_AGAIN}",
    ),
)
_PHRASES = {status.phrase.casefold() for status in HTTPStatus if status >= 400} | {"entry not found", "access denied"}
_ERROR = re.compile(r"(?:(?:http|error)\S*\s+)*(?P<code>[45]\d\d\b[\s:.-]*)?(?:error[\s:]+)?(?P<phrase>[a-z' -]+)[.!]?")
_ERROR_KEYS = frozenset({"error", "errors", "message", "detail", "documentation_url"})


def imposter(head: bytes) -> str | None:
    """What a file is, if it is not text of a corpus, and what to do; None if no sign of that is found.

    `head` is how the file begins: all of it where it is shorter than `HEAD_BYTES`, else at least that much.
    """
    for magic, at, what in _MAGIC:
        if head.startswith(magic, at):
            return what
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, what in _TEXT:
        if pattern.match(text):
            return what
    if _binary(head):
        return "binary, or text in UTF-16: text must be UTF-8"
    if len(head) < HEAD_BYTES and _is_error(text.decode(errors="replace").rstrip()):
        return f"the error message of a server, not data: {_AGAIN}"
    return None


def file_fault(path: Path) -> str | None:
    """What a file on the disk is, if it is not data: as `imposter`, or empty."""
    head = begin(path)
    return "is empty" if is_empty(head) else f"is {what}" if (what := imposter(head)) else None


def is_empty(head: bytes) -> bool:
    """Whether a file that begins like this holds at most a byte-order mark and white space."""
    return len(head) < HEAD_BYTES and not head.removeprefix(b"\xef\xbb\xbf").strip()


def begin(path: Path) -> bytes:
    """The first `HEAD_BYTES` of a file."""
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def _binary(head: bytes) -> bool:
    """UTF-16, or NUL bytes in what is not UTF-8. A stray NUL inside text is left to the reader."""
    nulls = head.count(b"\0")
    if not nulls or nulls * 3 > len(head):
        return nulls > 0 or head.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start < len(head) - 3  # otherwise only the last character is cut in two
    return False


def _is_error(whole: str) -> bool:
    """Whether the whole text of a file is a line like `404: Not Found`, or one JSON object with an error message."""
    if whole.startswith("{"):
        try:
            value = json.loads(whole)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and not _ERROR_KEYS.isdisjoint(value)
    found = _ERROR.fullmatch(whole.casefold()) if len(whole) < 100 else None
    # One word without a number ("Gone") is a sentence.
    return found is not None and found["phrase"].strip() in _PHRASES and bool(found["code"] or " " in found["phrase"])
