"""Which items of an intermediate task are trained on, so that recipes differ in their languages alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from data_samples import json_lines, squad, write

from xtreme_bench.data.corpora import IntermediateChoice
from xtreme_bench.data.items import NOT_SHARED, OTHER_LABELS, Draw
from xtreme_bench.errors import InputError

ALL = ("de", "en", "sw")
LABELS = ("entailment", "neutral", "contradiction")


def choice(task: str, languages: Sequence[str], draw: Draw | None, select_on: Sequence[str] = ()) -> IntermediateChoice:
    return IntermediateChoice(task, tuple(languages), tuple(select_on), draw, 64, 32, 0, 0.1)


def parallel(examples: int = 12, seed: int = 1, shared_by: Sequence[str] = ALL) -> Draw:
    return Draw("parallel", examples, seed, tuple(shared_by))


def nli(data: Path, language: str, items: Sequence[int], label: Callable[[int], str] = lambda n: LABELS[n % 3]) -> Path:
    """XNLI's pairs in one language; text and label say which item a pair is."""
    folder = "" if language == "en" else f"{language}/"
    rows = [f"{language} {n}\thypothesis {n}\t{label(n)}\r\n" for n in items]
    return write(data, f"xnli_dev/{folder}train.tsv", "".join(rows))


def questions(data: Path, language: str, items: Sequence[int]) -> Path:
    """SQuAD's questions in one language; those whose answer was lost are missing."""
    folder = "" if language == "en" else f"{language}/"
    asked = [{"id": f"q{n}", "context": f"{language} {n}", "answers": [(0, language)]} for n in items]
    return write(data, f"squad/{folder}train-v1.1.json", squad(asked))


def drawn(data: Path, languages: Sequence[str], draw: Draw, task: str = "xnli_dev") -> list[tuple[str, int]]:
    """Language and item of each row that is trained on."""
    rows = choice(task, languages, draw).open(data).rows("train")
    texts = [row.context if task == "squad_v1" else row.text_a for row in rows]
    return [(text.split()[0], int(text.split()[1])) for text in texts]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for language in ALL:
        nli(tmp_path, language, range(30))
    return tmp_path


@pytest.mark.parametrize("languages", [["en"], ["sw"], ["de", "sw"], ALL], ids=" ".join)
def test_arms_have_the_same_items_in_the_same_order_and_differ_in_language_alone(
    data: Path, languages: Sequence[str]
) -> None:
    english = drawn(data, ["en"], parallel())
    found = drawn(data, languages, parallel())
    assert [item for _, item in found] == [item for _, item in english]
    assert len({item for _, item in found}) == 12
    assert Counter(language for language, _ in found) == dict.fromkeys(languages, 12 // len(languages))
    assert [language for language, _ in found] == [languages[at % len(languages)] for at in range(12)]


def test_the_seed_chooses_the_items(data: Path) -> None:
    assert drawn(data, ["en"], parallel(seed=1)) == drawn(data, ["en"], parallel(seed=1))
    assert {*drawn(data, ["en"], parallel(seed=1))} != {*drawn(data, ["en"], parallel(seed=2))}


def test_only_questions_whose_answer_survived_in_all_languages_are_drawn(tmp_path: Path) -> None:
    for language, lost in {"en": [], "de": [3, 4], "sw": [4, 7]}.items():
        questions(tmp_path, language, [n for n in range(12) if n not in lost])
    dropped: Counter[str] = Counter()
    rows = list(choice("squad_v1", ["en"], parallel(9)).open(tmp_path).parts["train"](dropped))
    assert {row.id for row in rows} == {f"q{n}" for n in range(12) if n not in (3, 4, 7)}
    assert dropped[NOT_SHARED] == 3
    assert {item for _, item in drawn(tmp_path, ["sw"], parallel(9), "squad_v1")} == {0, 1, 2, 5, 6, 8, 9, 10, 11}


def test_too_few_shared_items_are_an_error_that_names_file_language_and_item(tmp_path: Path) -> None:
    questions(tmp_path, "en", range(12))
    file = questions(tmp_path, "de", range(6))
    with pytest.raises(InputError, match="squad_v1: only 6 such items. 9 items that are the same in de and en") as told:
        drawn(tmp_path, ["en"], parallel(9, shared_by=("de", "en")), "squad_v1")
    (problem,) = told.value.problems
    assert (problem.file, problem.language, problem.example) == (str(file), "de", "q6")
    assert "lacks 6 of 12 items" in problem.message


def test_an_item_with_another_label_in_one_language_is_not_drawn(data: Path) -> None:
    nli(data, "sw", range(30), lambda n: LABELS[(n + (n in (4, 9))) % 3])
    dropped: Counter[str] = Counter()
    rows = list(choice("xnli_dev", ["en"], parallel(28)).open(data).parts["train"](dropped))
    assert not {row.id for row in rows} & {"4", "9"}
    assert dropped[OTHER_LABELS] == 2


def test_items_that_are_not_translations_of_one_another_are_an_error_that_names_them(data: Path) -> None:
    file = nli(data, "de", range(1, 31))
    with pytest.raises(InputError, match="xnli_dev: other labels in other languages") as told:
        drawn(data, ["en"], parallel())
    (problem,) = told.value.problems  # beside the English ones, Swahili's are right
    assert (problem.file, problem.language, problem.example) == (str(file), "de", "0")
    assert problem.message == "30 labels differ from en; here 'neutral', there 'entailment'"


def mnli(data: Path, language: str, labels: Sequence[str]) -> Path:
    """MultiNLI's pairs in one language, whose items have no id in common."""
    folder = "" if language == "en" else f"{language}/"
    pairs = [
        {"pairID": f"{language}{n}", "sentence1": f"{language} {n}", "sentence2": "h", "gold_label": label}
        for n, label in enumerate(labels)
    ]
    return write(data, f"mnli/{folder}multinli_1.0_train.jsonl", json_lines(pairs))


def test_rows_that_are_matched_by_position_are_all_used_or_none(tmp_path: Path) -> None:
    draw, right = parallel(20, shared_by=("de", "en")), [LABELS[n * n % 3] for n in range(30)]
    mnli(tmp_path, "en", right)
    mnli(tmp_path, "de", right)
    assert [n for _, n in drawn(tmp_path, ["de"], draw, "mnli")] == [
        n for _, n in drawn(tmp_path, ["en"], draw, "mnli")
    ]
    # One that is left out would shift those below it, with the labels of some of them right by chance.
    file = mnli(tmp_path, "de", [*right[:27], "strange", *right[28:]])
    with pytest.raises(InputError, match="mnli: rows are matched by position, so none may be left out") as told:
        drawn(tmp_path, ["en"], draw, "mnli")
    assert (told.value.problems[0].file, told.value.problems[0].line) == (str(file), 28)
    assert len(drawn(tmp_path, ["de"], Draw("independent", 20, 1, ("de",)), "mnli")) == 20
    mnli(tmp_path, "de", right[:27])
    assert len(drawn(tmp_path, ["de"], draw, "mnli")) == 20
    mnli(tmp_path, "de", [*right[:27], *right[28:]])
    with pytest.raises(InputError, match="mnli: not as many rows in each language, and other labels") as told:
        drawn(tmp_path, ["en"], draw, "mnli")
    assert [(one.language, one.message) for one in told.value.problems] == [("en", "30 rows"), ("de", "29 rows")]


def test_files_that_lack_different_rows_are_not_matched_by_position_though_most_labels_agree(tmp_path: Path) -> None:
    draw, right = parallel(20, shared_by=("de", "en", "sw")), [LABELS[n * n * n % 7 % 3] for n in range(600)]
    mnli(tmp_path, "en", [*right[:100], *right[101:]])
    mnli(tmp_path, "sw", [*right[:100], *right[101:]])
    file = mnli(tmp_path, "de", [*right[:150], *right[151:]])  # so that 50 of 599 rows are other items
    with pytest.raises(InputError, match="mnli: rows in one place are not the same items in each language") as told:
        drawn(tmp_path, ["en"], draw, "mnli")
    (problem,) = told.value.problems
    assert (problem.file, problem.language) == (str(file), "de")
    assert re.fullmatch(r"rows 9\d to 1[12]\d: only 1\d of 30 have the labels of en", problem.message)
    # Labels that differ here and there are not taken for that.
    mnli(tmp_path, "de", [LABELS[0] if n % 12 == 0 else label for n, label in enumerate(right[1:])])
    mnli(tmp_path, "en", right[1:])
    mnli(tmp_path, "sw", right[1:])
    assert len(drawn(tmp_path, ["de"], draw, "mnli")) == 20


@pytest.mark.parametrize(("unlike", "right"), [(15, True), (16, False)])
def test_labels_that_differ_by_chance_are_not_taken_for_a_row_that_is_missing(
    tmp_path: Path, unlike: int, right: bool
) -> None:
    mnli(tmp_path, "en", [LABELS[0]] * 600)
    mnli(tmp_path, "de", [LABELS[100 <= n < 100 + unlike] for n in range(600)])
    draw = parallel(20, shared_by=("de", "en"))
    if right:
        assert len(drawn(tmp_path, ["de"], draw, "mnli")) == 20
        return
    with pytest.raises(InputError, match="not the same items") as told:
        drawn(tmp_path, ["de"], draw, "mnli")
    assert told.value.problems[0].message == "rows 87 to 116: only 14 of 30 have the labels of en"


def test_the_order_in_which_arms_list_the_languages_that_share_items_does_not_matter(tmp_path: Path) -> None:
    questions(tmp_path, "ko", range(12))
    questions(tmp_path, "sw", range(11, -1, -1))
    found = [drawn(tmp_path, ["ko"], parallel(5, shared_by=one), "squad_v1") for one in (("ko", "sw"), ("sw", "ko"))]
    assert found[0] == found[1]


def test_pairs_without_a_gold_label_cannot_be_matched_by_position(tmp_path: Path) -> None:
    draw, right = parallel(20, shared_by=("de", "en")), [LABELS[n * n % 3] for n in range(30)]
    file = mnli(tmp_path, "en", [*right[:25], "-", *right[26:]])
    mnli(tmp_path, "de", [*right[:28], "-", *right[29:]])  # as many rows are left
    with pytest.raises(InputError, match="mnli: rows are matched by position, so none may be left out") as told:
        drawn(tmp_path, ["de"], draw, "mnli")
    (problem,) = told.value.problems
    assert (problem.file, problem.language) == (str(file), "en")
    assert problem.message == "1 left out: pairs without a gold label"


@pytest.mark.parametrize("kind", ["parallel", "independent"])
def test_too_few_items_in_a_variety_of_english_are_an_error_as_in_any_language(tmp_path: Path, kind: str) -> None:
    nli(tmp_path, "en", range(30))
    file = nli(tmp_path, "en-mt", range(10))
    with pytest.raises(InputError, match="xnli_dev: ") as told:
        drawn(tmp_path, ["en-mt"], Draw(kind, 12, 1, ("en", "en-mt")))
    assert [(one.file, one.language) for one in told.value.problems] == [(str(file), "en-mt")]


def test_an_id_that_occurs_twice_cannot_be_matched(tmp_path: Path) -> None:
    record = {"ind": 1, "ctx_a": "A", "ctx_b": "", "endings": list("abcd"), "label": 0}
    file = write(tmp_path, "hellaswag/hellaswag_train.jsonl", json_lines([record, record]))
    with pytest.raises(InputError, match="items cannot be matched by id") as told:
        choice("hellaswag", ["en"], parallel(1, shared_by=["en"])).open(tmp_path).rows("train")
    assert (told.value.problems[0].file, told.value.problems[0].example) == (str(file), "1")


def test_independent_items_are_as_many_in_each_language(data: Path) -> None:
    draw = Draw("independent", 10, 1, ALL)
    found = drawn(data, ALL, draw)
    assert Counter(language for language, _ in found) == {"de": 4, "en": 3, "sw": 3}
    assert found == drawn(data, ALL, draw) != drawn(data, ALL, Draw("independent", 10, 2, ALL))
    with pytest.raises(InputError, match="xnli_dev: 31 items are asked for in each language") as told:
        drawn(data, ["de"], Draw("independent", 31, 1, ("de",)))
    assert (told.value.problems[0].language, told.value.problems[0].message) == ("de", "has 30 items")


@pytest.mark.parametrize(
    ("select_on", "parts"),
    [([], []), (["en"], ["dev"]), (["de"], ["dev"]), (["de", "en"], ["dev/de", "dev/en"])],
    ids=" ".join,
)
def test_development_rows_are_those_of_the_languages_that_choose(
    data: Path, select_on: Sequence[str], parts: Sequence[str]
) -> None:
    for language in select_on:
        nli(data, language, [1]).rename(data / f"xnli_dev/{'' if language == 'en' else f'{language}/'}dev.tsv")
        nli(data, language, range(30))
    corpus = choice("xnli_dev", ["en"], None, select_on).open(data)
    assert corpus.development == parts
    found: Mapping[str, str] = {part: corpus.rows(part)[0].text_a for part in parts}
    assert [*found.values()] == [f"{language} 1" for language in select_on]
