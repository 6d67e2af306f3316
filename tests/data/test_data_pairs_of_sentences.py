"""BUCC and Tatoeba: what is wrong with sentences or gold pairs is an error with file and line, wherever it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from data_samples import faults, run, write

from xtreme_bench.data import targets
from xtreme_bench.errors import InputError
from xtreme_bench.official.gold import read_gold


def ids(language: str, *numbers: int) -> list[str]:
    return [f"{language}-{number:09d}" for number in numbers]


(D1, D2, D9), (E1, E2, E9) = ids("de", 1, 2, 9), ids("en", 1, 2, 9)
GERMAN, ENGLISH = f"{D1}\tHaus.\n{D2}\tBaum.\n", f"{E1}\tTree.\n{E2}\tHouse.\n"
FORM = "`de-000000001 TAB en-000000001` expected, "
# What is in the gold file, and its faults: line, id, message.
GOLD = [
    (f"{E1}\t{D2}\n", [(1, None, f"{FORM}the columns are swapped")]),
    (f"{D1}\t{E2}\n{D2}\t{E9}\n{D9}\t{E9}\n", [
        (2, E9, "no sentence has this id"), (3, D9, "no sentence has this id"), (3, E9, "no sentence has this id"),
    ]),
    (f"{D1} \t{E2}\n", [(1, None, f"{FORM}found {f'{D1} {chr(9)}{E2}'!r}")]),
    (f"{D1}\t {E2}\n", [(1, None, f"{FORM}found {f'{D1}{chr(9)} {E2}'!r}")]),
    (f"{D1} {E2}\n", [(1, None, f"{FORM}found {f'{D1} {E2}'!r}")]),
    (f"{D1}\t{E2}\t1.0\n", [(1, None, f"{FORM}found {f'{D1}{chr(9)}{E2}{chr(9)}1.0'!r}")]),
    (f"{D1}\t{E2}\n\n", [(2, None, f"{FORM}found ''")]),
    ("de-1\ten-2\n", [(1, None, f"{FORM}found {'de-1' + chr(9) + 'en-2'!r}")]),
    (f"{D1}\t{E2}\n{D2}\t{E1}\n{D1}\t{E2}\n", [(3, D1, "the pair of line 1 again")]),
    (f"{D1}\tno-000000002\n", [(1, None, f"{FORM}found {f'{D1}{chr(9)}no-000000002'!r}")]),
]  # fmt: skip


@pytest.mark.parametrize("split", ["training", "sample"])
@pytest.mark.parametrize(("gold", "expected"), GOLD)
def test_gold_pairs_that_are_none_are_refused_when_they_are_prepared(tmp_path, split, gold, expected):
    for ending, text in (("de", GERMAN), ("en", ENGLISH), ("gold", gold)):
        write(tmp_path, f"in/de-en.{split}.{ending}", text)
    assert [fault[1:] for fault in faults(tmp_path)] == expected
    assert not [path for path in (tmp_path / "labels").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("gold", "expected"), GOLD)
def test_gold_pairs_that_are_none_are_refused_when_they_are_read(tmp_path, gold, expected):
    for ending, text in (("de", GERMAN), ("en", ENGLISH), ("gold", gold)):
        write(tmp_path, f"bucc2018/de-en.dev.{ending}", text)
    with pytest.raises(InputError) as caught:
        targets.read_bucc_gold(tmp_path, "de")
    assert [(x.line, x.example, x.message) for x in caught.value.problems] == expected


def test_a_sentence_may_be_in_two_pairs(tmp_path):
    for ending, text in (("de", GERMAN), ("en", ENGLISH), ("gold", f"{D1}\t{E1}\n{D1}\t{E2}\n")):
        write(tmp_path, f"in/de-en.training.{ending}", text)
    run(tmp_path)
    assert read_gold(tmp_path / "labels/bucc2018/test-de.tsv", "bucc2018", "de") == [f"{D1}\t{E1}", f"{D1}\t{E2}"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{D2} Baum.", "`de-000000001 TAB sentence` expected"),
        (f"{E1}\tBaum.", "`de-000000001 TAB sentence` expected"),
        (f"{D2} \tBaum.", "`de-000000001 TAB sentence` expected"),
        ("de-2\tBaum.", "`de-000000001 TAB sentence` expected"),
        ("", "`de-000000001 TAB sentence` expected"),
        (f"{D1}\tBaum.", "this id occurs more than once"),
    ],
)
def test_sentences_of_bucc_without_an_id_of_their_own_are_refused_prepared_or_read(tmp_path, line, message):
    text = f"{D1}\tHaus.\n{line}\n"
    write(tmp_path, "in/de-en.training.de", text)
    write(tmp_path, "in/de-en.training.en", ENGLISH)
    write(tmp_path, "read/bucc2018/de-en.test.de", text)
    write(tmp_path, "read/bucc2018/de-en.test.en", ENGLISH)
    ((file, number, _, found),) = faults(tmp_path)
    assert (file, number) == ("de-en.training.de", 2)
    assert found.startswith(message)
    with pytest.raises(InputError, match=message):
        targets.read_bucc(tmp_path / "read", "de", "test")


@pytest.mark.parametrize("side", ["deu", "eng"])
@pytest.mark.parametrize("empty", ["", "  ", "\u00a0"])
def test_an_empty_line_of_tatoeba_is_named_when_it_is_prepared(tmp_path, side, empty):
    for name in ("deu", "eng"):
        write(tmp_path, f"in/tatoeba.deu-eng.{name}", f"a\n{empty if name == side else 'b'}\nc\n")
    assert faults(tmp_path) == [(f"tatoeba.deu-eng.{side}", 2, None, "empty line")]


@pytest.mark.parametrize(
    ("german", "english", "line", "message"),
    [
        ("a\n\nc\n", "a\nb\nc\n", 2, "empty line"),
        ("a\nb\n", "b\na\n", 2, "not sorted by code point"),
        ("a\nb\n", "a\n", None, "2 sentences in de, 1 in English"),
    ],
)
def test_sorted_files_of_tatoeba_are_prepared_only_if_they_can_be_read(tmp_path, german, english, line, message):
    write(tmp_path, "in/tatoeba/de-en.de", german)
    write(tmp_path, "in/tatoeba/de-en.en", english)
    ((_, number, _, found),) = faults(tmp_path)
    assert number == line
    assert found.startswith(message)
    assert not [path for path in (tmp_path / "data/tatoeba").glob("*") if path.is_file()]


def test_the_sentences_of_the_cases_are_read_back(tmp_path):
    for ending, text in (("de", GERMAN), ("en", ENGLISH), ("gold", f"{D1}\t{E2}\n")):
        write(tmp_path, f"in/de-en.sample.{ending}", text)
    run(tmp_path)
    assert targets.read_bucc_gold(tmp_path / "data", "de") == {(D1, E2)}
    assert [row.text for row in targets.read_bucc(tmp_path / "data", "de", "dev")[1]] == ["Tree.", "House."]
    assert Path(tmp_path / "data/bucc2018/de-en.dev.gold").read_text() == f"{D1}\t{E2}\n"
