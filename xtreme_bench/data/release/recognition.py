"""Find which file is which part of which corpus, by its name and how it begins; and what the others are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_bench.data.imposters import begin, imposter, is_empty
from xtreme_bench.data.release.forms import BEGINNINGS, FORMS
from xtreme_bench.data.release.heads import head_fields
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import Problem
from xtreme_bench.intermediate import parts_of
from xtreme_bench.releases import Form

COMPRESSED = (".gz", ".bz2", ".xz")  # of a single file, which is unpacked before it is checked
# Endings of files in releases; a file with such an ending may be data in an unknown form.
_DATA_ENDINGS = (".tsv", ".csv", ".json", ".jsonl", ".conllu", ".txt")
NOT_KNOWN, NO_DATA = "not known", "no data file by its name"
_UNREAD: Mapping[str, str] = {
    **dict.fromkeys((".part", ".partial", ".crdownload", ".download", ".incomplete"), "an unfinished download"),
    **dict.fromkeys((".zst", ".7z", ".rar", ".lz4", ".lzma", ".z"), "packed in a way that is not supported: unpack it"),
    ".parquet": "parquet, which only `data fetch` reads, from the Hugging Face hub",
    ".arrow": "an Arrow file, which is not read",
}
_SECOND_COPY = re.compile(r" ?\(\d+\)(?=\.[a-z]+$|$)", re.IGNORECASE)
_PATHS = [re.compile(rf"(?:^|/){form.path}$") for form in FORMS]
_ANY_CASE = [re.compile(pattern.pattern, re.IGNORECASE) for pattern in _PATHS]
_SHOWN = 60
_Named = tuple[Form, re.Match[str]]  # a form that a name has, and the match


@dataclass(frozen=True)
class Match:
    """A file that is part of a corpus: which part (the groups of its form), its relative path, and where it is."""

    fields: Mapping[str, str]
    name: str
    path: Path


@dataclass(frozen=True)
class NearMiss:
    """A file that may have been meant for a part of a corpus, and why it is not used."""

    form: Form
    fields: Mapping[str, str]
    name: str
    why: str

    @property
    def corpus(self) -> str:
        """Corpus and form, for people."""
        return f"{self.form.corpus} ({self.form.name})"


@dataclass
class Recognised:
    """The files of some sources by corpus and form, and all others.

    `near` are named like a part of a corpus. `imposters` are too, but are surely something else. `others` are (why
    it is not used, name).
    """

    matches: dict[tuple[str, str], list[Match]] = field(default_factory=lambda: defaultdict(list))
    near: list[NearMiss] = field(default_factory=list)
    imposters: list[Problem] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)

    def inputs(self, *corpora: str) -> list[tuple[str, int, int]]:
        """(name, bytes, time of change) of the files of some corpora, in a fixed order."""
        matches = [match for (corpus, _), found in sorted(self.matches.items()) if corpus in corpora for match in found]
        return [(match.name, match.path.stat().st_size, match.path.stat().st_mtime_ns) for match in matches]

    def summary(self) -> dict[str, dict[str, Any]]:
        """For each corpus the forms found, each with the number of files and the values of its fields."""
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        for (corpus, form), matches in self.matches.items():
            about: dict[str, Any] = {"files": len(matches)}
            for key, plural in (("language", "languages"), ("split", "splits")):
                values = sorted({match.fields[key] for match in matches if key in match.fields})
                about |= {plural: values} if values else {}
            found[corpus][form] = about
        return dict(found)

    def lacking(self, used: Usage) -> list[Problem]:
        """What is wrong with files that are perhaps meant for what is needed, where no other file replaces them."""
        by_task = {**used.targets, **used.intermediate}
        corpora = {part for task in (*by_task, *used.finetuning) for part in parts_of(task)}
        languages = {"en", *(language for languages in by_task.values() for language in languages)}
        problems = list(self.imposters)
        for miss in self.near:
            language = miss.fields.get("language")
            wanted = miss.form.corpus in corpora and not miss.form.common
            if wanted and (language is None or len(language) > 2 or language in languages) and not self._has(miss):
                problems.append(Problem(miss.why, miss.name))
        return problems

    def _has(self, miss: NearMiss) -> bool:
        """Whether a recognised file agrees with a near miss in all fields that both have."""
        for (corpus, _), matches in self.matches.items():
            if corpus == miss.form.corpus and any(
                all(match.fields.get(key, value) == value for key, value in miss.fields.items()) for match in matches
            ):
                return True
        return False


def may_be_data(name: str) -> bool:
    """Whether a file of this relative path could be, or could be meant for, part of a corpus, by its name."""
    name = _plain(name)
    return any(pattern.search(name) for pattern in _PATHS) or any(True for _ in _meant(name))


def recognise(files: Sequence[tuple[str, Path]]) -> Recognised:
    """Sort files, given as (relative path, path), into corpora and forms; in the order of `files`.

    Folders above a source count too, so that `download/xnli` can be one. A file has the first form that fits.
    """
    found = Recognised()
    for name, path in files:
        plain, above = _plain(name), path.absolute().as_posix()
        named = [(form, match) for form, pattern in zip(FORMS, _PATHS, strict=True)
                 if (match := pattern.search(plain) or pattern.search(above))]  # fmt: skip
        if named:
            _look_inside(found, name, path, named)
        elif meant := next(_meant(plain), None):
            form, match, why = meant
            found.near.append(_near_miss(form, match, name, why))
        else:
            found.others.append((_what(plain), name))
    return found


def _look_inside(found: Recognised, name: str, path: Path, named: Sequence[_Named]) -> None:
    """Sort a file whose name fits some forms."""
    head = begin(path)
    first, match = named[0]
    if what := "empty" if is_empty(head) else imposter(head):
        if all(form.common for form, _ in named):
            found.near.append(_near_miss(first, match, name, f"is {what}"))
        else:
            found.imposters.append(Problem(f"is {what}", name))
        return
    text = head.decode("utf-8-sig", errors="ignore")
    for form, match in named:
        start = head_fields(form.head, text)
        if start is not None and _of_one_language(match, start):
            fields = {**start, **_fields(match)}
            found.matches[form.corpus, form.name].append(Match(fields, name, path))
            return
    expected = " or ".join(dict.fromkeys(_expected(form.head) for form, _ in named))
    found.near.append(_near_miss(first, named[0][1], name, f"begins with {_line(text)}, not {expected}"))


def _of_one_language(name: re.Match[str], head: Mapping[str, str]) -> bool:
    """Whether name and beginning of a file agree on its language, as `zh` and `zh-classical` do."""
    inside = head.get("language")
    return inside is None or name.groupdict().get("language", inside) in (inside, inside.partition("-")[0])


def _near_miss(form: Form, match: re.Match[str], name: str, why: str) -> NearMiss:
    return NearMiss(form, _fields(match), name, f"named like {form.corpus} ({form.name}), but {why}")


def _fields(match: re.Match[str]) -> dict[str, str]:
    """What a name says; a part of it may be left out."""
    return {key: value for key, value in match.groupdict().items() if value is not None}


def _meant(name: str) -> Iterator[tuple[Form, re.Match[str], str]]:
    """The forms that a file was perhaps meant for, though its name does not quite fit, and what is odd about it."""
    tries = []
    stem, _, ending = name.rpartition(".")
    if unread := _UNREAD.get(f".{ending.lower()}"):
        tries.append((_PATHS, stem, f"is {unread}"))
    if ending == "txt":
        tries.append((_PATHS, stem, "ends in .txt: rename it"))
    if name.count("("):
        tries.append((_PATHS, _SECOND_COPY.sub("", name), "is a second copy by its name: rename it"))
    if name != name.lower():
        tries.append((_ANY_CASE, name, "has capital letters where the release has small ones: rename it"))
    for patterns, meant, why in tries:
        for form, pattern in zip(FORMS, patterns, strict=True):
            if not form.common and (match := pattern.search(meant)):
                yield form, match, why


def _what(name: str) -> str:
    """Why a file is not used whose name does not even nearly fit a part of a corpus."""
    lowered = name.lower()
    unread = next((what for ending, what in _UNREAD.items() if lowered.endswith(ending)), None)
    return unread or (NOT_KNOWN if lowered.endswith(_DATA_ENDINGS) else NO_DATA)


def _plain(name: str) -> str:
    """The name that a file has once it is unpacked."""
    return name[: name.rindex(".")] if name.lower().endswith(COMPRESSED) else name


def _expected(head: str) -> str:
    """The beginning of a form in words."""
    if head in BEGINNINGS:
        return BEGINNINGS[head]
    if head.startswith(r"\{"):
        return "a JSON object with " + " and ".join(re.findall(r'"\w+"', head))
    return f"`{head}`".replace(r"\t", "<TAB>").replace("\\", "")


def _line(text: str) -> str:
    """The first line as an error shows it."""
    line = text.partition("\n")[0].rstrip("\r")
    shown = "".join("<TAB>" if c == "\t" else c if c.isprintable() else "\ufffd" for c in line[:_SHOWN])
    return f"`{shown}…`" if len(line) > _SHOWN else f"`{shown}`" if line else "an empty line"
