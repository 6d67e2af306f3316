"""What is known about a test set, what was found in a file, and how faults are reported."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from xtreme_bench.benchmark import Task
from xtreme_bench.data.imposters import HEAD_BYTES, imposter
from xtreme_bench.errors import Problem
from xtreme_bench.wording import count, listing, quoted

# List this many faults of one kind, and count the rest.
LISTED = 3
# The longest test set (udpos, German) has about 400,000 lines.
MOST_LINES = 1_000_000
# The longest passage has about 20,000 characters.
MOST_LETTERS_OF_ANSWER = 100_000

T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """What is known about the test set of a file; None for what is unknown.

    `records`: number of lines, sentences, questions, dialogues or BUCC pairs. `lengths`: words of each sentence, turns
    of each dialogue. `ids`: question or dialogue ids in order. `ids_sha256`: as the function of that name gives it.
    `ontology`: the slots that dialogues may fill, and their values. `candidates`: number of foreign sentences of
    Tatoeba. `pool`: all sentence ids of BUCC, foreign and English. `source`: where `records` comes from.
    """

    records: int | None = None
    lengths: tuple[int, ...] | None = None
    ids: tuple[str, ...] | None = None
    ids_sha256: str | None = None
    candidates: int | None = None
    pool: frozenset[str] | None = None
    ontology: Mapping[str, tuple[str, ...]] | None = None
    source: str | None = None


@dataclass
class Findings:
    """The content of a file and its faults.

    `value`: a list of lines (labels, numbers, BUCC pairs), a list of tag lists, or a dict id -> answer or states.
    Use it only if there are no problems. `notes`: remarks that are not faults.
    """

    task: Task
    language: str
    file: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _value: Any = None

    @property
    def value(self) -> Any:
        """The parsed content; None if it cannot be scored."""
        if callable(self._value):
            self._value = self._value()
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        self._value = value

    def later(self, build: Callable[[], Any]) -> None:
        """Build the value with `build`, on first access."""
        self._value = build

    def fault(self, message: str, line: int | None = None, example: str | None = None) -> Problem:
        """A problem of this file, not yet reported. `example` is untrusted text from the file, so it is quoted."""
        if example is not None:
            example = quoted(example).strip("`")
        return Problem(message, self.file, line, self.task.name, self.language, example)

    def report(self, *faults: Problem) -> None:
        """Report single faults."""
        self.problems += faults

    def report_each(self, places: Iterable[T], fault: Callable[[T], Problem], total: int) -> None:
        """Report faults of one kind: the first few, made by `fault`, and how many more of `total` there are."""
        self.problems += map(fault, islice(places, LISTED))
        if total > LISTED:
            self.problems.append(self.fault(f"{total - LISTED:,} more like the {LISTED} above"))

    def note(self, message: str) -> None:
        """Add a remark about this file."""
        self.notes.append(f"{self.file}: {message}")


def ids_sha256(ids: Iterable[str]) -> str:
    """The sha256 (hex) of the sorted question ids, one per line. It identifies a test set."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(ids)).encode(errors="surrogatepass")).hexdigest()


def examine_count(ids: Collection[str], size: Size, findings: Findings, entry: str, what: str) -> None:
    """Whether as many `entry` are there as expected and, by their hash, the ids of `what`: for ids not at hand."""
    if size.records is not None and len(ids) != size.records:
        findings.report(findings.fault(f"{count(size.records, entry)} expected, {len(ids):,} found"))
    elif size.ids_sha256 is not None and ids_sha256(ids) != size.ids_sha256:
        message = f"the {what} ids differ from those of the manifest; give --labels or --data to see which"
        findings.report(findings.fault(message))


def listed(names: Iterable[str]) -> str:
    """The first few names, for a message."""
    return listing(map(quoted, names), LISTED)


def decode(raw: bytes, findings: Findings) -> str | None:
    """The text of a file with LF line ends; None if the file cannot be examined further. Reports faults."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
        findings.report(findings.fault("UTF-16 or binary, not UTF-8; write plain UTF-8", 1))
        return None
    if what := imposter(raw[:HEAD_BYTES]):
        findings.report(findings.fault(f"is {what}"))
        return None
    if raw.startswith(b"\xef\xbb\xbf"):
        findings.report(findings.fault("starts with a byte-order mark; write plain UTF-8", 1))
        raw = raw[3:]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        findings.report(findings.fault(f"byte 0x{raw[error.start]:02x} is not UTF-8; write plain UTF-8", line))
        return None
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        findings.report(findings.fault("lines end with CR LF; use LF only", line))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (found := text.count("\n")) > MOST_LINES:
        findings.report(findings.fault(f"{found:,} lines; no test set has over {MOST_LINES:,}"))
        return None
    return text


def lines_of(text: str) -> list[str]:
    """The lines as the official scorer counts them. `splitlines` would also split at U+2028 and form feeds."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines
