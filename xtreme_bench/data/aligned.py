"""Aligned text: lines, or the turns of dialogues, in two languages. The files may come from anybody.

Two files of lines (`X.de-en.de` and `X.de-en.en`, as Moses and OPUS have them, also in a zip), or BConTrasT's JSON.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import IO, Any

from xtreme_bench.data.files import MAX_LINES, json_document, require, too_many_lines
from xtreme_bench.data.imposters import HEAD_BYTES, imposter
from xtreme_bench.data.packed import members
from xtreme_bench.data.usable import LeftOut, Unusable, usable
from xtreme_bench.errors import InputError, Problem, first
from xtreme_bench.wording import shown

Pair = tuple[str, str]
Block = Sequence[Pair]

NO_TRANSLATION = "lines that one language lacks"
FORMS = "two files like X.de-en.de and X.de-en.en, in a folder or a zip, or BConTrasT's JSON (en and de)"
# Without a development file every tenth line or dialogue, the last ones, is held out.
HELD_OUT = 10
MAX_LINE = 1 << 20  # bytes
MAX_JSON = 1 << 28
MAX_PAIRS = 20_000_000  # all are in memory, some 5 GB
# So many pairs without text are only a few of a larger text.
MANY = 100_000
_BLOCK = 1 << 20
_DEVELOPMENT = re.compile(r"(^|[._-])(dev|valid|validation)([._-]|$)", re.IGNORECASE)
# BConTrasT: a customer writes German and an agent English; each is shown the other's turns in translation.
_SPEAKERS = {"customer": "de", "agent": "en"}


@dataclass(frozen=True)
class Text:
    """Blocks of consecutive pairs of lines (a dialogue or a file), to train on and held out."""

    train: Sequence[Block]
    dev: Sequence[Block]


def files(data: Path, path: str, languages: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The files of an aligned text, relative to the data folder, or what is wrong."""
    place = data / path
    purpose = f"aligned text in {' and '.join(languages)}"
    if place.is_file():
        return [path], []
    if not place.is_dir():
        return [], [Problem(f"is not there; it holds the {purpose}: {FORMS}", str(place))]
    names = sorted(one.name for one in place.iterdir() if one.is_file())
    found = [name for pair in pairs_of(names, languages, place).values() for name in pair] or _json_files(names)
    return [PurePosixPath(path, name).as_posix() for name in found], [] if found else [
        Problem(f"has no {purpose}: {FORMS}", str(place))
    ]


def read(data: Path, path: str, languages: Sequence[str], most: int, left_out: LeftOut) -> Text:
    """The aligned text at `path` below the data folder: its first `most` lines, 0 = all; each pair as `languages` go.

    Pairs with an empty side are left out while they are few; their neighbours are then consecutive. Of two files of
    lines, those that are not taken are counted and not looked at. Errors: `InputError` with all faults.
    """
    place, purpose = data / path, f"aligned text in {' and '.join(languages)}"
    names, wrong = files(data, path, languages)
    if wrong:
        raise InputError(f"there is no {purpose}", wrong)
    packed = place.is_file() and place.suffix.lower() == ".zip"
    for file in names if not packed else ():
        require(data / file, purpose)
    blocks: dict[str, list[Block]] = defaultdict(list)

    def rows(faults: list[Problem]) -> Iterator[Pair]:
        taken = 0

        def enough() -> bool:
            return 0 < most <= taken

        for name, block in _blocks(place, packed, [data / file for file in names], languages, faults, enough):
            kept: list[Pair] = []
            for pair in block:
                if pair is not None and not enough():
                    kept.append(pair)
                    taken += 1
                if taken > MAX_PAIRS:
                    raise InputError(
                        f"{place}: more than {MAX_PAIRS:,} pairs of lines; take fewer of them with `lines`"
                    )
            if kept:
                blocks[name].append(kept)
            yield from kept

    used = sum(1 for _ in usable(rows, data / names[0], purpose, left_out, checked=packed))
    if not used:
        raise InputError(f"{place}: no {purpose}; needed are {FORMS}")
    if used < 2:
        raise InputError(f"{place}: one pair of {purpose}; one is held out, so nothing would be left to train on")
    return _divided(blocks)


def _divided(blocks: Mapping[str, Sequence[Block]]) -> Text:
    """A development file is held out; without one the last dialogues, or the last lines of a single text."""
    train = [block for name, found in blocks.items() if not _DEVELOPMENT.search(name) for block in found]
    dev = [block for name, found in blocks.items() if _DEVELOPMENT.search(name) for block in found]
    if train and dev:
        return Text(train, dev)
    every = train or dev
    if len(every) > 1:
        held = -(-len(every) // HELD_OUT)
        return Text(every[:-held], every[-held:])
    held = -(-len(every[0]) // HELD_OUT)
    return Text([every[0][:-held]], [every[0][-held:]])


def pairs_of(names: Iterable[str], languages: Sequence[str], place: Path) -> dict[str, tuple[str, str]]:
    """The files of two languages that have one stem, by it. OPUS names some languages with a region (`zh_cn`).

    Errors: `InputError` if two files have one stem and language.
    """
    stems: dict[str, dict[str, str]] = defaultdict(dict)
    for name in sorted(names):
        for language in languages:
            if match := re.fullmatch(rf"(.+)\.{language}(?:[_-]\w+)?", name, re.IGNORECASE):
                other = stems[match[1]].setdefault(language, name)
                if other != name:
                    raise InputError(f"{place}: {shown(other)} and {shown(name)} are both {language}; keep one of them")
    one, other = languages
    return {stem: (found[one], found[other]) for stem, found in sorted(stems.items()) if len(found) == 2}


def _json_files(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(".json")]


def _blocks(
    place: Path,
    packed: bool,
    paths: Sequence[Path],
    languages: Sequence[str],
    faults: list[Problem],
    enough: Callable[[], bool],
) -> Iterator[tuple[str, Iterator[Pair | None]]]:
    """(name, pairs) of each dialogue, or of each two files; None stands for a pair that cannot be used.

    `enough` says whether any more pairs are wanted.
    """
    with ExitStack() as opened:
        if packed:
            inside = opened.enter_context(members(place, lambda name: bool(_named(name, languages))))
            by_name = {name: (f"{place}/{shown(name)}", stream) for name, stream in inside.items()}
        elif paths[0].suffix.lower() == ".json":
            for path in paths:
                for dialogue in _dialogues(path, languages, faults):
                    yield path.stem, dialogue
            return
        else:
            by_name = {path.name: (str(path), opened.enter_context(path.open("rb"))) for path in paths}
        for stem, both in pairs_of(by_name, languages, place).items():
            yield PurePosixPath(stem).name, _lines(by_name[both[0]], by_name[both[1]], faults, enough)


def _named(name: str, languages: Sequence[str]) -> bool:
    return any(re.search(rf"\.{language}(?:[_-]\w+)?$", name, re.IGNORECASE) for language in languages)


def _lines(
    one: tuple[str, IO[bytes]], other: tuple[str, IO[bytes]], faults: list[Problem], enough: Callable[[], bool]
) -> Iterator[Pair | None]:
    """The pairs of two files of lines while they are wanted; the other lines are counted."""
    files, read = (one[0], other[0]), (_split(*one), _split(*other))
    pairs, counts, useless = zip_longest(*read), [0, 0], 0
    while not enough():
        left, right = next(pairs, (None, None))
        counts = [counts[0] + (left is not None), counts[1] + (right is not None)]
        if left is None or right is None:
            break
        pair = _decoded((left, right), files, counts[0], faults) if left or right else None
        useless += pair is None
        if useless > MANY and 2 * useless > counts[0]:
            message = f"{useless:,} of the first {counts[0]:,} lines have no text, or not in both languages"
            raise InputError(f"{files[1]}: {message}, so this is no aligned text", first(faults))
        yield pair
    counts = [count + sum(1 for _ in rest) for count, rest in zip(counts, read, strict=True)]
    if counts[0] != counts[1]:
        message = f"{counts[1]:,} lines, but {Path(files[0]).name} has {counts[0]:,}; line i must translate line i"
        faults.append(Problem(message, files[1], min(counts) + 1))


def _pair(
    texts: Pair, files: Pair, faults: list[Problem], line: int | None = None, turn: str | None = None
) -> Pair | None:
    """A pair of lines, or None, and a fault if one side is empty. Two empty lines are no loss."""
    first, second = (" ".join(text.split()) for text in texts)
    if first and second:
        return first, second
    if first or second:
        empty = files[1 if first else 0]
        faults.append(Unusable("no text, unlike its translation", empty, line, example=turn, reason=NO_TRANSLATION))
    return None


def _split(name: str, stream: IO[bytes]) -> Iterator[bytes]:
    """The lines of a stream; only LF ends one."""
    rest, begun, number = b"", False, 0
    while block := stream.read(_BLOCK):
        if not begun and (what := imposter(block[:HEAD_BYTES])):
            raise InputError(f"{name} is {what}")
        begun = True
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > MAX_LINE:
            raise InputError(f"{name}: a line of more than {MAX_LINE:,} bytes, so this is no text of lines")
        number += len(whole)
        if number > MAX_LINES:
            raise too_many_lines(name)
        yield from whole
    if rest:
        yield rest


def _decoded(raw: Sequence[bytes], files: Pair, number: int, faults: list[Problem]) -> Pair | None:
    """Two lines as texts, or None, and a fault."""
    texts = []
    for line, name in zip(raw, files, strict=True):
        try:
            texts.append(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError as error:
            faults.append(Problem(f"not UTF-8: {error.reason} at byte {error.start}", name, number))
    return _pair((texts[0], texts[1]), files, faults, line=number) if len(texts) == 2 else None


def _dialogues(path: Path, languages: Sequence[str], faults: list[Problem]) -> Iterator[Iterator[Pair | None]]:
    """The dialogues of a file of BConTrasT."""
    if sorted(languages) != ["de", "en"]:
        raise InputError(f"{path}: BConTrasT's JSON is English and German; `languages` names {' and '.join(languages)}")
    if path.stat().st_size > MAX_JSON:
        raise InputError(f"{path} has more than {MAX_JSON >> 20} MiB, which no release of BConTrasT has")
    found = json_document(path, faults)
    if found is None:
        return
    if not isinstance(found, dict) or not all(isinstance(turns, list) for turns in found.values()):
        faults.append(Problem("not BConTrasT's JSON: an object of dialogues, each a list of turns", str(path)))
        return
    for name, turns in found.items():
        yield _turns(path, name, turns, languages, faults)


def _turns(
    path: Path, dialogue: str, turns: Sequence[Any], languages: Sequence[str], faults: list[Problem]
) -> Iterator[Pair | None]:
    for number, turn in enumerate(turns, start=1):
        place = f"{dialogue[:80]}, turn {number}"
        about = turn if isinstance(turn, dict) else {}
        own, said, translated = _SPEAKERS.get(str(about.get("speaker"))), about.get("source"), about.get("target")
        if own is None or not isinstance(said, str) or not isinstance(translated, str):
            message = "a turn has `source`, `target` and the `speaker` agent or customer"
            faults.append(Problem(message, str(path), example=place))
            continue
        texts = (said, translated) if own == languages[0] else (translated, said)
        yield _pair(texts, (str(path), str(path)), faults, turn=place)
