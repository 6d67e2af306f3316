"""Readers of the target tasks: exact texts, and every fault with its place."""

from __future__ import annotations

import subprocess
import sys

import pytest
from data_samples import squad, write

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import files, targets
from xtreme_bench.errors import InputError
from xtreme_bench.rows import Answer, PairRow, SentenceRow, TaggedRow


def fails(call, *arguments) -> InputError:
    with pytest.raises(InputError) as caught:
        list(call(*arguments))
    assert caught.value.exit_code == 2
    return caught.value


def test_quotes_that_the_csv_writer_doubled_come_back_as_they_were(tmp_path):
    write(tmp_path, "pawsx/dev-en.tsv", 'He said "no" .\tplain\t1\r\n'.replace('He said "no" .', '"He said ""no"" ."'))
    write(tmp_path, "pawsx/test-ko.tsv", "a  b\t\u2028c\x85d\r\n")
    assert list(targets.read_train(tmp_path, "pawsx", "dev")) == [PairRow("0", 'He said "no" .', "plain", "1")]
    assert list(targets.read_test(tmp_path, "pawsx", "ko")) == [PairRow("0", "a  b", "\u2028c\x85d", None)]


def test_all_malformed_rows_of_a_file_are_reported_together_with_their_lines(tmp_path):
    path = write(tmp_path, "xnli/dev-en.tsv", "a\tb\tneutral\r\na\tb\r\na\tb\tcontradictory\r\n")
    error = fails(targets.read_train, tmp_path, "xnli", "dev")
    assert str(error).startswith(f"{path} (development data of xnli in en) cannot be used: 2 faults")
    assert [(problem.file, problem.line) for problem in error.problems] == [(str(path), 2), (str(path), 3)]
    assert "3 columns expected, found 2" in error.problems[0].message
    assert "unknown label 'contradictory'; known are contradiction, entailment, neutral" in error.problems[1].message


def test_the_first_twenty_faults_are_listed_and_the_others_counted(tmp_path):
    write(tmp_path, "xnli/dev-en.tsv", "only one column\r\n" * 47)
    error = fails(targets.read_train, tmp_path, "xnli", "dev")
    assert "47 faults" in str(error)
    assert len(error.problems) == 21
    assert error.problems[-1].message == "and 27 more, not listed"


def test_a_file_of_more_lines_than_any_corpus_has_is_refused_by_name(tmp_path, monkeypatch):
    path = write(tmp_path, "xnli/dev-en.tsv", "a\tb\tneutral\n" * 4)
    monkeypatch.setattr(files, "MAX_LINES", 3)
    assert str(fails(targets.read_train, tmp_path, "xnli", "dev")).startswith(f"{path} has more than 3 lines; keep")


def test_a_line_of_more_than_a_record_can_have_is_refused_before_it_is_read_whole(tmp_path, monkeypatch):
    path = write(tmp_path, "xnli/dev-en.tsv", "a\tb\tneutral\n" + "x" * 40 + "\ta\tneutral\n")
    monkeypatch.setattr(files, "MAX_LINE", 30)
    assert str(fails(targets.read_train, tmp_path, "xnli", "dev")).startswith(f"{path}:2: a line of more than 30 bytes")


def test_a_quote_that_is_never_closed_does_not_swallow_the_rows_after_it(tmp_path):
    write(tmp_path, "pawsx/test-de.tsv", 'a\tb\r\n"Nein" sagte er\tc\r\nd\te\r\n')
    error = fails(targets.read_test, tmp_path, "pawsx", "de")
    assert [problem.line for problem in error.problems] == [2]
    assert "not valid CSV" in error.problems[0].message


def test_a_test_file_that_has_labels_is_refused(tmp_path):
    write(tmp_path, "xnli/test-de.tsv", "a\tb\tneutral\r\n")
    assert "a test file has no label" in str(fails(targets.read_test, tmp_path, "xnli", "de"))
    write(tmp_path, "udpos/test-de.tsv", "ein\tDET\n")
    assert "words only, without tags" in str(fails(targets.read_test, tmp_path, "udpos", "de"))


def test_a_missing_file_is_named_with_who_needs_it_and_what_to_do(tmp_path):
    text = str(fails(targets.read_test, tmp_path, "mlqa", "vi"))
    assert str(tmp_path / "mlqa/MLQA_V1/test/test-context-vi-question-vi.json") in text
    assert "is missing: it holds the test data of mlqa in vi" in text
    assert "xtreme-bench data prepare" in text


def test_an_unknown_task_comes_with_the_nearest_name(tmp_path):
    assert "did you mean 'tydiqa'?" in str(fails(targets.read_test, tmp_path, "tidyqa", "sw"))
    assert "did you mean 'panx'?" in str(fails(targets.read_train, tmp_path, "pan-x", "dev"))


def test_a_file_without_rows_is_refused(tmp_path):
    write(tmp_path, "udpos/test-tl.tsv", "\n\n")
    assert "is empty" in str(fails(targets.read_test, tmp_path, "udpos", "tl"))


def test_several_empty_lines_and_a_missing_last_one_make_no_difference(tmp_path):
    write(tmp_path, "panx/dev-en.tsv", "\n\nAda\tB-PER\n\n\n\nin\tO\nUlm\tB-LOC")
    assert list(targets.read_train(tmp_path, "panx", "dev")) == [
        TaggedRow("0", ("Ada",), ("B-PER",)),
        TaggedRow("1", ("in", "Ulm"), ("O", "B-LOC")),
    ]


def test_a_word_that_is_only_an_invisible_character_does_not_end_the_sentence(tmp_path):
    write(tmp_path, "panx/test-fa.tsv", "a\n\u00a0\n\u3000\n\u200c\nb\n")
    assert list(targets.read_test(tmp_path, "panx", "fa")) == [TaggedRow("0", ("a", "\u00a0", "\u3000", "\u200c", "b"))]


def test_lines_without_a_tag_or_a_known_tag_are_faults_and_a_word_may_be_empty(tmp_path):
    write(tmp_path, "udpos/train-en.tsv", "the\tDET\nhouse\n\tNOUN\nfell\tVERBAL\n.\tPUNCT\textra\n")
    problems = fails(targets.read_train, tmp_path, "udpos", "train").problems
    assert [problem.line for problem in problems] == [2, 4, 5]
    assert "found 1 column" in problems[0].message
    assert "unknown tag 'VERBAL'" in problems[1].message
    # XTREME's preprocessing of PAN-X can leave nothing of a word.
    write(tmp_path, "panx/train-en.tsv", "\tO\nUlm\tB-LOC\n")
    assert next(targets.read_train(tmp_path, "panx", "train")).words == ("", "Ulm")


def test_bytes_that_are_not_utf8_are_reported_with_their_line_and_a_byte_order_mark_is_dropped(tmp_path):
    path = write(tmp_path, "panx/test-de.tsv", "")
    path.write_bytes("\ufeffAda\nUlm\n".encode() + b"K\xf6ln\n")
    error = fails(targets.read_test, tmp_path, "panx", "de")
    assert error.problems[0].line == 3
    assert "not UTF-8" in error.problems[0].message
    path.write_bytes("\ufeffAda\n".encode())
    assert list(targets.read_test(tmp_path, "panx", "de")) == [TaggedRow("0", ("Ada",))]


def test_answer_offsets_are_counted_in_code_points(tmp_path):
    row = {"id": "q1", "context": "\U0001f600 नदी is long", "answers": [(2, "नदी"), (2, "नदी is")]}
    write(tmp_path, "squad/train-v1.1.json", squad([row]))
    (read,) = targets.read_train(tmp_path, "squad", "train")
    assert read.answers == (Answer(2, "नदी"), Answer(2, "नदी is"))


def test_a_wrong_answer_offset_is_reported_with_file_id_and_the_right_place(tmp_path):
    rows = [
        {"id": "q1", "context": "Ada lives in Ulm", "answers": [(12, "Ulm")]},
        {"id": "q2", "context": "Ada lives in Ulm", "answers": [(0, "Köln")]},
        {"id": "q3", "context": "Ada lives in Ulm", "answers": [(-3, "Ulm")]},
        {"id": "q4", "context": "Ada lives in Ulm", "answers": [(0, "Ada")]},
    ]
    path = write(tmp_path, "squad/train-v1.1.json", squad(rows))
    problems = fails(targets.read_train, tmp_path, "squad", "train").problems
    assert [(problem.file, problem.example) for problem in problems] == [
        (str(path), name) for name in ("q1", "q2", "q3")
    ]
    assert "it first occurs at 13" in problems[0].message
    assert "does not occur in the context" in problems[1].message


def test_a_question_without_answers_must_be_marked_impossible(tmp_path):
    write(tmp_path, "squad/dev-v1.1.json", squad([{"id": "q1", "context": "Ada lives in Ulm"}]))
    problem = fails(targets.read_train, tmp_path, "squad", "dev").problems[0]
    assert (problem.example, problem.message) == ("q1", "no answer, and not marked `is_impossible`")


def test_reading_a_test_set_never_returns_answers(tmp_path):
    write(tmp_path, "xquad/xquad.de.json", squad([{"id": "q1", "context": "Ada", "answers": [(0, "Ada")]}]))
    (row,) = targets.read_test(tmp_path, "xquad", "de")
    assert (row.id, row.answers, row.impossible) == ("q1", (), False)


def test_repeated_ids_are_a_fault_in_a_test_set_as_predictions_go_by_them(tmp_path):
    write(tmp_path, "xquad/xquad.de.json", squad([{"id": "q1", "context": "Ada"}, {"id": "q1", "context": "Ulm"}]))
    assert fails(targets.read_test, tmp_path, "xquad", "de").problems[0].example == "q1"


def test_json_of_another_shape_is_a_fault_and_not_a_crash(tmp_path):
    for text in ("[1, 2]", "{}", '{"data": [{"paragraphs": [{"qas": [1]}]}]}', "{", '{"data": 1}', "9" * 5000):
        path = write(tmp_path, "xquad/xquad.de.json", text)
        assert str(path) in str(fails(targets.read_test, tmp_path, "xquad", "de"))


def test_tydiqa_questions_get_ids_of_their_own_and_every_tenth_is_development_data(tmp_path):
    rows = [{"id": str(i % 3), "context": f"It was {i}", "answers": [(7, str(i))]} for i in range(25)]
    write(tmp_path, "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json", squad(rows))
    train = list(targets.read_train(tmp_path, "tydiqa", "train"))
    dev = list(targets.read_train(tmp_path, "tydiqa", "dev"))
    assert [row.context for row in dev] == ["It was 9", "It was 19"]
    assert len({row.id for row in (*train, *dev)}) == 25


def test_tatoeba_keeps_line_numbers_as_ids_and_wants_english_sorted(tmp_path):
    write(tmp_path, "tatoeba/sw-en.sw", "Habari \nAsante\n")
    write(tmp_path, "tatoeba/sw-en.en", "Hello\nThanks\n")
    foreign, english = targets.read_tatoeba(tmp_path, "sw")
    assert foreign == [SentenceRow("0", "Habari"), SentenceRow("1", "Asante")]
    assert [row.text for row in english] == ["Hello", "Thanks"]
    write(tmp_path, "tatoeba/sw-en.en", "Thanks\nHello\nZ\n")
    error = fails(targets.read_tatoeba, tmp_path, "sw")
    assert "not sorted by code point" in error.problems[0].message
    assert "2 sentences in sw, 3 in English" in error.problems[1].message


def test_bucc_sentences_and_pairs_must_have_the_ids_of_their_language(tmp_path):
    write(tmp_path, "bucc2018/de-en.dev.de", "de-000000001\tGuten Tag\nde-000000002\tNein\tdoch\n")
    write(tmp_path, "bucc2018/de-en.dev.en", "en-000000001\tGood day\n")
    write(tmp_path, "bucc2018/de-en.dev.gold", "de-000000001\ten-000000001\n")
    foreign, english = targets.read_bucc(tmp_path, "de", "dev")
    assert foreign == [SentenceRow("de-000000001", "Guten Tag"), SentenceRow("de-000000002", "Nein\tdoch")]
    assert english == [SentenceRow("en-000000001", "Good day")]
    assert targets.read_bucc_gold(tmp_path, "de") == {("de-000000001", "en-000000001")}
    write(tmp_path, "bucc2018/de-en.dev.gold", "de-000000001\ten-000000001\nde-000000002\ten-000000009\n")
    (unknown,) = fails(targets.read_bucc_gold, tmp_path, "de").problems
    assert (unknown.line, unknown.example, unknown.message) == (2, "en-000000009", "no sentence has this id")
    write(tmp_path, "bucc2018/de-en.dev.gold", "en-000000001\tde-000000001\n")
    assert "`de-000000001 TAB en-000000001` expected" in str(fails(targets.read_bucc_gold, tmp_path, "de"))
    write(tmp_path, "bucc2018/de-en.dev.de", "de-000000001\tGuten Tag\nde-000000001\tNein\nohne Nummer\n")
    assert [p.line for p in fails(targets.read_bucc, tmp_path, "de", "dev").problems] == [2, 3]


def test_labels_are_those_of_the_table_of_tasks(tmp_path):
    assert targets.labels("xnli", tmp_path) == TASKS["xnli"].labels == ("contradiction", "entailment", "neutral")
    assert len(targets.labels("udpos", tmp_path)) == 17
    assert targets.labels("squad", tmp_path) == targets.labels("tydiqa", tmp_path) == ()


def test_the_readers_import_nothing_heavy():
    check = (
        "import sys; from xtreme_bench.data import targets, intermediate, text, layout; "
        "from xtreme_bench.data.release import prepare; "
        "print([name for name in ('numpy', 'torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_half_a_character_in_json_is_a_fault_and_a_whole_one_is_not(tmp_path):
    whole = squad([{"id": "q", "context": "a 😀 b", "answers": [(4, "b")]}])
    write(tmp_path, "squad/dev-v1.1.json", whole)
    assert "\\ud83d" in whole
    assert next(targets.read_train(tmp_path, "squad", "dev")).context == "a 😀 b"
    write(tmp_path, "squad/dev-v1.1.json", whole.replace("\\ude00", ""))
    assert "surrogates not allowed" in str(fails(targets.read_train, tmp_path, "squad", "dev"))


@pytest.mark.parametrize(("text", "read"), [("a\0b", "a\0b"), ("a\u2028b", "a\u2028b"), ("\ufeffa", "a")])
def test_rare_characters_inside_a_text_end_no_line_and_a_byte_order_mark_is_no_text(tmp_path, text, read):
    write(tmp_path, "pawsx/test-de.tsv", f"{text}\tx\r\n")
    write(tmp_path, "udpos/test-de.tsv", f"{text}\nx\n")
    assert next(targets.read_test(tmp_path, "pawsx", "de")).text_a == read
    assert next(targets.read_test(tmp_path, "udpos", "de")).words == (read, "x")


def test_nested_too_deep_or_too_long_a_field_is_a_fault_with_its_place(tmp_path):
    write(tmp_path, "xquad/xquad.de.json", '{"data":' + "[" * 100_000)
    assert "recursion" in str(fails(targets.read_test, tmp_path, "xquad", "de"))
    write(tmp_path, "xnli/test-de.tsv", "a\tb\r\n" + "a" * (2 << 20) + "\tb\r\n")
    assert "test-de.tsv:2: not valid CSV (field larger than field limit" in str(
        fails(targets.read_test, tmp_path, "xnli", "de")
    )
