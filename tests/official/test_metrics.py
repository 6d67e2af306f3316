"""Metrics against values counted by hand."""

from __future__ import annotations

import pytest

from xtreme_bench.benchmark import UPOS_TAGS
from xtreme_bench.official.metrics import (
    accuracy,
    mlqa_scores,
    normalize_mlqa,
    normalize_squad,
    set_f1,
    span_f1,
    spans,
    squad_scores,
)


def test_accuracy_is_the_share_of_equal_entries() -> None:
    assert accuracy(["a", "b", "c", "d"], ["a", "b", "d", "c"]) == {"accuracy": 50.0}


def test_set_f1_does_not_count_a_pair_twice() -> None:
    scores = set_f1([("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")], [("a", "1"), ("a", "1"), ("x", "9")])
    assert scores == pytest.approx({"precision": 50, "recall": 25, "f1": 100 / 3})


@pytest.mark.parametrize(("gold", "found"), [([], [1]), ([1], []), ([1], [2])])
def test_set_f1_is_zero_where_nothing_agrees(gold: list[int], found: list[int]) -> None:
    assert set_f1(gold, found) == {"f1": 0.0, "precision": 0.0, "recall": 0.0}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        # WikiAnn has I-X without B-X: it opens a span.
        ("O I-LOC I-LOC O", [("LOC", 1, 2)]),
        ("B-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),
        ("I-LOC B-LOC", [("LOC", 0, 0), ("LOC", 1, 1)]),
        ("O O", []),
        ("", []),
    ],
)
def test_spans_of_entity_tags(tags: str, expected: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == expected


def test_a_run_of_equal_word_class_tags_is_one_span_and_the_type_is_the_whole_tag() -> None:
    assert spans(["NOUN", "NOUN", "VERB", "CCONJ"]) == [("NOUN", 0, 1), ("VERB", 2, 2), ("CCONJ", 3, 3)]


def test_word_class_tags_that_begin_with_s_stand_alone_because_s_means_a_span_of_one_word() -> None:
    assert spans(["SYM", "SYM"]) == [("SYM", 0, 0), ("SYM", 1, 1)]
    assert spans(["SCONJ", "SCONJ"]) == [("SCONJ", 0, 0), ("SCONJ", 1, 1)]
    joined = [tag for tag in UPOS_TAGS if spans([tag, tag]) == [(tag, 0, 1)]]
    assert sorted(set(UPOS_TAGS) - set(joined)) == ["SCONJ", "SYM"]


def test_spans_do_not_reach_over_the_end_of_a_sentence() -> None:
    assert span_f1([["NOUN"], ["NOUN"]], [["NOUN"], ["NOUN"]])["f1"] == 100
    # Two gold spans against one predicted one of the same two words in one sentence.
    assert span_f1([["B-PER"], ["I-PER"]], [["B-PER"], ["O"]]) == pytest.approx(
        {"precision": 100, "recall": 50, "f1": 200 / 3}
    )


def test_a_missing_tag_shifts_all_that_follow_as_in_the_official_scorer() -> None:
    gold = [["DET", "NOUN", "VERB"], ["PRON", "VERB"]]
    assert span_f1(gold, [["DET", "NOUN"], ["PRON", "VERB"]])["f1"] == pytest.approx(2 * 2 / (5 + 4) * 100)


def test_squad_normalisation_knows_english_articles_and_ascii_punctuation_only() -> None:
    assert normalize_squad("The  Cat's, an old Hat!") == "cats old hat"
    assert normalize_squad("Die Katze „Minka“") == "die katze „minka“"
    assert normalize_squad("Athena") == "athena"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The «Hat»", "hat"),
        ("de", "Der Hut, das Haus", "hut haus"),
        ("es", "Los gatos y la Una", "gatos y"),
        ("vi", "những con mèo của tôi", "con mèo tôi"),
        ("hi", "वह, घर।", "वह घर"),
        ("ar", "البيت الكبير", "بيت كبير"),
        ("zh", "北京市 2008年，the 奥运", "北 京 市 2008 年 the 奥 运"),
    ],
)
def test_mlqa_normalisation_depends_on_the_language(language: str, text: str, expected: str) -> None:
    assert normalize_mlqa(text, language) == expected


def test_squad_scores_take_the_best_accepted_answer() -> None:
    answers = {"a": ["the red house", "a house"], "b": ["1900"]}
    # a: `big house` against `house` shares 1 of 2 and 1 of 1 words: F1 2/3. b is exact.
    scores = squad_scores(answers, {"a": "big house", "b": "1900."})
    assert scores == pytest.approx({"exact_match": 50, "f1": 100 * (2 / 3 + 1) / 2})


def test_repeated_words_count_as_often_as_both_sides_have_them() -> None:
    # `ja` twice on both sides, `nein` once more on one: precision 2/3, recall 1.
    assert squad_scores({"a": ["ja ja"]}, {"a": "ja ja nein"})["f1"] == pytest.approx(80)


def test_a_question_without_a_prediction_scores_zero_and_an_unknown_one_does_not_count() -> None:
    assert squad_scores({"a": ["x"], "b": ["y"]}, {"a": "x", "z": "y"}) == {"exact_match": 50, "f1": 50}


def test_two_empty_answers_match_exactly_and_share_no_words() -> None:
    assert squad_scores({"a": ["the"]}, {"a": ""}) == {"exact_match": 100, "f1": 0}


def test_chinese_answers_share_characters() -> None:
    # 3 of 3 predicted characters, 3 of 4 gold ones.
    scores = mlqa_scores({"a": ["北京大学"]}, {"a": "北京大"}, "zh")
    assert scores == pytest.approx({"exact_match": 0, "f1": 2 * 1 * 0.75 / 1.75 * 100})
