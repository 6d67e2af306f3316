"""How counts, lists and hints are said, in one form everywhere."""

import ast
import re
from pathlib import Path

import pytest

from xtreme_bench import wording
from xtreme_bench.errors import Problem, first

PACKAGE = Path(wording.__file__).parent


@pytest.mark.parametrize(("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (5010, "5,010 files")])
def test_a_count_has_its_plural_and_its_thousands(number: int, said: str) -> None:
    assert wording.count(number, "file") == said


@pytest.mark.parametrize(
    ("names", "most", "noun", "said"),
    [
        ("", None, "", ""),
        ("a", None, "", "a"),
        ("ab", None, "", "a and b"),
        ("abc", None, "", "a, b and c"),
        ("abc", 3, "", "a, b and c"),
        ("abcd", 3, "", "a, b, c and 1 more"),
        ("abcd", 3, "file", "a, b, c and 1 more file"),
        ("abcde", 3, "file", "a, b, c and 2 more files"),
        ("abc", 1, "", "a and 2 more"),
    ],
)
def test_a_list_ends_in_and_and_a_long_one_counts_the_rest(names: str, most: int | None, noun: str, said: str) -> None:
    assert wording.listing(names, most, noun) == said


@pytest.mark.parametrize(
    ("noun", "said"),
    [
        ("language", "languages"),
        ("language family", "language families"),
        ("source of fine-tuning", "sources of fine-tuning"),
        ("task with a development set", "tasks with a development set"),
        ("task that is trained on", "tasks that are trained on"),
    ],
)
def test_the_plural_of_a_noun_is_that_of_its_first_part(noun: str, said: str) -> None:
    assert wording.plural(noun) == said


def test_lines_and_problems_beyond_a_number_are_counted() -> None:
    assert wording.cut(["a", "b"], 2) == ["a", "b"]
    assert wording.cut(["a", "b", "c"], 1, ", in the report") == ["a", "and 2 more, in the report"]
    assert [str(one) for one in first([Problem(name) for name in "abc"], 2)] == ["a", "b", "and 1 more, not listed"]
    assert len(first([Problem("a")] * 20)) == 20


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("mnil", "mnli"), ("MNLI", "mnli"), (" mnli ", "mnli"), ("pan", "panX"), ("panx", "panX"),
        ("hella", "hellaswag"), ("h", None), ("", None), ("zzz", None), ("mnli" * 20, None),
    ],
)  # fmt: skip
def test_the_nearest_name_is_one_that_is_like_the_word_or_begins_so(word: str, near: str | None) -> None:
    names = ["mnli", "panX", "hellaswag"]
    assert wording.nearest(word, names) == near
    assert wording.did_you_mean(word, names) == (f"; did you mean '{near}'?" if near else "")
    assert wording.hint(word, names) == (f"; did you mean '{near}'?" if near else "; known: mnli, panX, hellaswag")


def test_no_other_module_makes_plurals_or_looks_for_near_names() -> None:
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name != "wording.py" and file.parent.name != "languages":
            assert "difflib" not in text, file
            # Where no "s" stands alone, nothing needs to be parsed.
            nodes = ast.walk(ast.parse(text)) if re.search("""(['"])s\\1""", text) else ()
            assert not [node for node in nodes if isinstance(node, ast.IfExp) and _plural(node)], file


def _plural(node: ast.IfExp) -> bool:
    return {ast.unparse(node.body), ast.unparse(node.orelse)} == {"''", "'s'"}
