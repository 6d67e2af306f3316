"""Aligned text: the forms that it comes in, what is held out of it, and what cannot be used."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.data import aligned
from xtreme_bench.data.aligned import NO_TRANSLATION, Text
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.errors import InputError

EN = [f"line {number}" for number in range(20)]
DE = [f"Zeile {number}" for number in range(20)]
PAIRS = list(zip(EN, DE, strict=True))
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"


def write(
    data: Path, en: bytes = "\n".join(EN).encode(), de: bytes = "\n".join(DE).encode(), stem: str = "de-en"
) -> Path:
    for language, content in (("en", en), ("de", de)):
        (data / f"text/X.{stem}.{language}").parent.mkdir(parents=True, exist_ok=True)
        (data / f"text/X.{stem}.{language}").write_bytes(content)
    return data


def packed(data: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(data / "text.zip", "w") as opened:
        for name, content in {
            "X.de-en.en": "\n".join(EN).encode(),
            "X.de-en.de": "\n".join(DE).encode(),
            **members,
        }.items():
            opened.writestr(name, content)
    return data


def turns(count: int, name: str = "t") -> list[dict[str, Any]]:
    """Turns of a customer, who writes German, and an agent, who writes English, in turn."""
    said = [(f"{name} {n} de", f"{name} {n} en") for n in range(count)]
    return [
        {"utteranceID": n, "speaker": "agent", "source": en, "target": de}
        if n % 2
        else {"utteranceID": n, "speaker": "customer", "source": de, "target": en}
        for n, (de, en) in enumerate(said)
    ]


def dialogues(data: Path, file: str, **found: list[dict[str, Any]]) -> Path:
    (data / "chat").mkdir(parents=True, exist_ok=True)
    (data / "chat" / file).write_text(json.dumps(found))
    return data


def read(
    data: Path, path: str = "text", languages: tuple[str, str] = ("en", "de"), lines: int = 0, **more: Any
) -> Text:
    return aligned.read(data, path, languages, lines, more.get("left_out", LeftOut()))


def test_two_files_of_lines_are_one_text_whose_last_tenth_is_held_out(tmp_path: Path) -> None:
    assert read(write(tmp_path)) == Text([PAIRS[:18]], [PAIRS[18:]])
    assert read(tmp_path, languages=("de", "en")).train[0][0] == ("Zeile 0", "line 0")


def test_only_the_first_lines_are_taken_but_the_others_are_looked_at(tmp_path: Path) -> None:
    assert read(write(tmp_path), lines=10) == Text([PAIRS[:9]], [PAIRS[9:10]])
    with pytest.raises(InputError, match=r"X\.de-en\.de:20: 19 lines, but X\.de-en\.en has 20; line i must translate"):
        read(write(tmp_path, de="\n".join(DE[:19]).encode()), lines=5)


def test_lines_that_are_not_taken_are_counted_and_not_looked_at(tmp_path: Path) -> None:
    en = "\n".join(EN).encode().replace(b"line 15", b"\xff").replace(b"line 16", b"")
    assert read(write(tmp_path, en), lines=10) == Text([PAIRS[:9]], [PAIRS[9:10]])
    with pytest.raises(InputError, match=r"X\.de-en\.en:16: not UTF-8"):
        read(tmp_path, lines=16)


@pytest.mark.parametrize("path", ["text", "text.zip"])
@pytest.mark.parametrize(
    ("limit", "least", "en", "message"),
    [
        (
            "MANY",
            30,
            b"a\n" + b"\n" * 199,
            r"X\.de-en\.de: 31 of the first 32 lines have no text, or not in both languages",
        ),
        ("MANY", 30, b"a\n" * 20 + b"\n" * 200, r"31 of the first 51 lines have .* so this is no aligned text\n.*"),
        ("MANY", 30, b"\xff\n" * 200, r"31 of the first 31 lines .*\n.*X\.de-en\.en:1: not UTF-8"),
        ("MAX_LINES", 150, b"a\n" * 200, r"X\.de-en\.en has more than .* lines; keep those that you need"),
        ("MAX_PAIRS", 150, b"a\n" * 200, r"more than 150 pairs of lines; take fewer of them with `lines`"),
    ],
)
def test_no_time_is_lost_on_what_is_no_aligned_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, limit: str, least: int, en: bytes, message: str
) -> None:
    monkeypatch.setattr(aligned, limit, least)
    write(tmp_path, en, b"a\n" * 200)
    packed(tmp_path, **{"X.de-en.en": en, "X.de-en.de": b"a\n" * 200})
    with pytest.raises(InputError, match=message):
        read(tmp_path, path)


def test_a_file_that_is_named_as_development_data_is_held_out(tmp_path: Path) -> None:
    write(write(tmp_path), b"one\ntwo", b"eins\nzwei", stem="dev.de-en")
    assert read(tmp_path) == Text([PAIRS], [[("one", "eins"), ("two", "zwei")]])


def test_a_zip_of_opus_is_read_where_it_lies(tmp_path: Path) -> None:
    packed(tmp_path, README=b"x", **{"X.de-en.ids": b"a\tb"})
    assert read(tmp_path, "text.zip") == Text([PAIRS[:18]], [PAIRS[18:]])


def test_files_of_two_folders_of_a_zip_are_two_texts(tmp_path: Path) -> None:
    lines = {f"{part}/X.de-en.{one}": f"{part} {one}\n".encode() * 2 for part in "ab" for one in ("de", "en")}
    with zipfile.ZipFile(tmp_path / "text.zip", "w") as opened:
        for name, content in {**lines, "c/X.de-en.de": b"c de\n"}.items():
            opened.writestr(name, content)
    found = read(tmp_path, "text.zip")
    assert [*found.train, *found.dev] == [[(f"{part} en", f"{part} de")] * 2 for part in "ab"]


def test_opus_may_name_a_region(tmp_path: Path) -> None:
    names = ["X.en-zh_cn.en", "X.en-zh_cn.zh_cn", "X.en-zh_cn.ids", "LICENSE"]
    assert aligned.pairs_of(names, ("en", "zh"), tmp_path) == {"X.en-zh_cn": ("X.en-zh_cn.en", "X.en-zh_cn.zh_cn")}


def test_each_turn_of_bcontrast_has_both_languages_whoever_speaks(tmp_path: Path) -> None:
    dialogues(tmp_path, "train.json", a=turns(2, "a"), b=turns(1, "b"))
    found = read(dialogues(tmp_path, "dev.json", c=turns(1, "c")), "chat")
    assert found == Text(
        [[("a 0 en", "a 0 de"), ("a 1 en", "a 1 de")], [("b 0 en", "b 0 de")]], [[("c 0 en", "c 0 de")]]
    )


def test_without_a_development_file_the_last_tenth_of_the_dialogues_is_held_out(tmp_path: Path) -> None:
    found = read(dialogues(tmp_path, "train.json", **{f"d{n}": turns(3, f"d{n}") for n in range(11)}), "chat")
    assert [len(found.train), len(found.dev)] == [9, 2]
    assert found.dev[0][0] == ("d9 0 en", "d9 0 de")


def test_a_few_lines_without_a_translation_are_left_out_and_empty_ones_are_no_loss(tmp_path: Path) -> None:
    en, de = EN.copy(), DE.copy()
    en[3] = en[7] = de[7] = " "
    left_out = LeftOut(0.1, Counter())
    found = read(write(tmp_path, "\n".join(en).encode(), "\n".join(de).encode()), left_out=left_out)
    assert [pair for block in (*found.train, *found.dev) for pair in block] == PAIRS[:3] + PAIRS[4:7] + PAIRS[8:]
    assert left_out.counts == {NO_TRANSLATION: 1}


BAD: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "nothing there": (lambda data: data, "text", r"text: is not there; it holds the aligned text in en and de: two"),
    "other languages": (
        lambda data: (write(data) / "text/X.de-en.de").unlink(), "text", r"text: has no aligned text in en and de: two"
    ),
    "unequal": (
        lambda data: write(data, b"a\nb\nc\n", b"d\n"),
        "text", r"X\.de-en\.de:2: 1 lines, but X\.de-en\.en has 3",
    ),
    "not UTF-8": (
        lambda data: write(data, b"a\nb\xff\n", b"d\ne\n"),
        "text", r"X\.de-en\.en:2: not UTF-8: .* at byte 1",
    ),
    "a pointer": (lambda data: write(data, LFS), "text", r"X\.de-en\.en .* is a Git LFS pointer"),
    "empty": (lambda data: write(data, b"\n"), "text", r"X\.de-en\.en .* is empty"),
    "half empty": (
        lambda data: write(data, b"a\n\n\nd\n", b"a\nb\nc\nd\n"), "text",
        r"X\.de-en\.en:2: no text, unlike its translation\n.*X\.de-en\.en:3: no text",
    ),
    "pointer in a zip": (
        lambda data: packed(data, **{"X.de-en.de": LFS}), "text.zip", r"zip/X\.de-en\.de is a Git LFS pointer"
    ),
    "one line": (lambda data: write(data, b"a", b"b"), "text", r"one pair .* nothing would be left to train on"),
    "one dialogue of one turn": (
        lambda data: dialogues(data, "train.json", a=turns(1)), "chat", r"nothing would be left to train on"
    ),
    "two regions": (
        lambda data: (write(data) / "text/X.de-en.de_at").write_bytes(b"a"),
        "text", r"X\.de-en\.de and X\.de-en\.de_at are both de",
    ),
    "one name twice in a zip": (
        lambda data: packed(data, **{"X.de-en.DE": b"a"}), "text.zip", r"X\.de-en\.DE and X\.de-en\.de are both de"
    ),
    "a dialogue twice": (
        lambda data: (dialogues(data, "a.json") / "chat/a.json").write_text('{"a": [], "a": []}'),
        "chat", r"a\.json: .*key `a` occurs twice",
    ),
    "no zip": (
        lambda data: (data / "text.zip").write_bytes(b"PK no"),
        "text.zip", r"text\.zip is damaged or not a zip",
    ),
    "a path out of a zip": (
        lambda data: packed(data, **{"../X.de-en.de": b"a"}), "text.zip", r"cannot be trusted; nothing in it is used"
    ),
    "a zip of other things": (
        lambda data: zipfile.ZipFile(data / "text.zip", "w").close(), "text.zip", r"no aligned text in en and de;"
    ),
    "no dialogues": (
        lambda data: dialogues(data, "train.json", a={}), "chat", r"train\.json: not BConTrasT's JSON"  # type: ignore[arg-type]
    ),
    "a turn without a speaker": (
        lambda data: dialogues(data, "train.json", a=[*turns(1), {"source": "a", "target": "b"}]), "chat",
        r"train\.json: id a, turn 2: a turn has `source`, `target` and the `speaker`",
    ),
    "no JSON": (
        lambda data: (dialogues(data, "a.json") / "chat/a.json").write_text("{"),
        "chat", r"a\.json:1: not JSON",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_aligned_text_is_said_with_its_place(name: str, tmp_path: Path) -> None:
    make, path, message = BAD[name]
    make(tmp_path)
    with pytest.raises(InputError) as raised:
        read(tmp_path, path)
    assert re.search(message, str(raised.value)), raised.value


def test_bcontrast_is_english_and_german(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"BConTrasT's JSON is English and German; `languages` names en and fr"):
        read(dialogues(tmp_path, "train.json", a=turns(1)), "chat", ("en", "fr"))


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aligned, "MAX_LINE", 100)
    monkeypatch.setattr(aligned, "_BLOCK", 64)
    with pytest.raises(InputError, match=r"X\.de-en\.en: a line of more than 100 bytes"):
        read(write(tmp_path, b"a" * 1000))
