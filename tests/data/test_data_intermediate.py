"""Readers of the intermediate tasks and of pretraining text, each in the format of its release."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest
from data_samples import json_lines, squad, write

from xtreme_bench.data import intermediate, layout, text
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.errors import InputError
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.rows import ChoiceRow, PairRow, TaggedRow

QQP_HEADER = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
COSMOS_HEADER = ["id", "context", "question", "answer0", "answer1", "answer2", "answer3", "label"]


def nli(name: str, label: str = "neutral") -> dict[str, str]:
    return {"pairID": name, "sentence1": "A dog runs.", "sentence2": "A dog is black.", "gold_label": label}


def cosmos(*rows: list[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows([COSMOS_HEADER, *rows])
    return stream.getvalue()


def write_all(data, language: str = "en") -> None:
    """One example in every split of every intermediate task."""
    folder = "" if language == "en" else f"{language}/"
    for split in ("train", "dev"):
        write(data, f"snli/{folder}snli_1.0_{split}.jsonl", json_lines([nli(f"snli-{split}")]))
        for part in (1, 2, 3):
            record = {"uid": f"anli-{part}", "context": "c", "hypothesis": "h", "label": "enc"[part - 1]}
            write(data, f"anli/{folder}R{part}/{split}.jsonl", json_lines([record]))
        write(data, f"qqp/{folder}{split}.tsv", QQP_HEADER + "7\t1\t2\tWhy?\tWhy not?\t0\n")
        question = {"id": "q", "context": "Ada", "answers": [(0, "Ada")]}
        write(data, f"squad/{folder}{split}-v1.1.json", squad([question]))
        write(data, f"squad/{folder}{split}-v2.0.json", squad([question], "v2.0"))
        write(data, f"ccg/{folder}ccg.{split}", "It is\tNP S\\NP\n")
        choices = [{"label": "A", "text": "yes"}, {"label": "B", "text": "no"}]
        record = {"id": "c", "question": {"stem": "Well?", "choices": choices}, "answerKey": "B"}
        write(data, f"commonsenseqa/{folder}{split}_rand_split.jsonl", json_lines([record]))
    for name in ("train", "dev_matched"):
        write(data, f"mnli/{folder}multinli_1.0_{name}.jsonl", json_lines([nli("mnli", "entailment")]))
    for name in ("train", "val"):
        record = {"ind": 4, "ctx_a": "He sits.", "ctx_b": "he", "endings": ["eats.", "b", "c", "d"], "label": 0}
        write(data, f"hellaswag/{folder}hellaswag_{name}.jsonl", json_lines([record]))
    for name in ("train", "valid"):
        write(data, f"cosmosqa/{folder}{name}.csv", cosmos(["i", "It rained .", "Why ?", "a", "b", "c", "d", "2"]))
    write(data, f"ccg/{folder}tags_to_id.json", json.dumps({"S\\NP": 1, "NP": 0}))


def read_all(data, task: str, language: str):
    """What training in `language` reads: development data in English alone."""
    splits = layout.SPLITS if language == "en" else ("train",)
    return [list(intermediate.read(data, task, split, language)) for split in splits]


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("task", [name for name, row in INTERMEDIATE.items() if row.miniature])
def test_exactly_the_listed_files_are_enough_to_read_a_task(tmp_path, task, language):
    write_all(tmp_path / "all", language)
    files = layout.intermediate_files(task, [language], ["en"] if language == "en" else [])
    for file in files:
        (tmp_path / "data" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "all" / file, tmp_path / "data" / file)
    assert all(read_all(tmp_path / "data", task, language))
    intermediate.labels(tmp_path / "data", task, [language])
    for file in files:
        (tmp_path / "data" / file).unlink()
        with pytest.raises(InputError, match="is missing"):
            read_all(tmp_path / "data", task, language)
        shutil.copy(tmp_path / "all" / file, tmp_path / "data" / file)


def test_anli_plus_is_snli_then_multinli_then_the_three_rounds_under_one_set_of_labels(tmp_path):
    write_all(tmp_path)
    rows = list(intermediate.read(tmp_path, "anli_plus", "dev"))
    assert [row.id for row in rows] == ["snli-dev", "mnli", "anli-1", "anli-2", "anli-3"]
    assert [row.label for row in rows] == ["neutral", "entailment", "entailment", "neutral", "contradiction"]
    assert intermediate.labels(tmp_path, "anli_plus") == intermediate.labels(tmp_path, "mnli")


def test_pairs_without_agreement_are_left_out_and_other_unknown_labels_are_faults(tmp_path):
    path = write(tmp_path, "a.jsonl", json_lines([nli("1"), nli("2", "-"), nli("3", "entailment")]))
    left_out = LeftOut()
    assert [row.id for row in intermediate.read_nli(path, "test", left_out)] == ["1", "3"]
    assert left_out.counts == {"pairs without a gold label": 1}
    write(tmp_path, "a.jsonl", json_lines([nli("1"), nli("2", "maybe"), {"pairID": "3"}]) + "[]\nnot json\n")
    with pytest.raises(InputError) as caught:
        list(intermediate.read_nli(path, "test", left_out))
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 5]
    assert "sentence1, sentence2, gold_label expected, each a text" in str(caught.value)


def test_qqp_has_no_quoting_and_its_broken_rows_are_passed_over(tmp_path):
    rows = '1\t2\t3\t"Why"?\tWhat "is\t1\n4\t5\t6\tonly one question\n7\t8\t9\ta\tb\t0\n'
    path = write(tmp_path, "train.tsv", QQP_HEADER + rows)
    left_out = LeftOut()
    assert list(intermediate.read_qqp(path, "test", left_out)) == [
        PairRow("1", '"Why"?', 'What "is', "1"),
        PairRow("7", "a", "b", "0"),
    ]
    assert left_out.counts == {"rows that are broken off": 1}
    write(tmp_path, "train.tsv", "id\tquestion1\n1\t2\t3\ta\tb\tyes\n")
    with pytest.raises(InputError, match="not the header of GLUE's QQP") as caught:
        list(intermediate.read_qqp(path, "test", left_out))
    assert [problem.line for problem in caught.value.problems] == [1, 2]


def test_hellaswag_choices_continue_ctx_b_and_its_label_may_be_text_or_a_number(tmp_path):
    endings = ["eats.", "runs.", "sings.", "flies."]
    records = [
        {"ind": 4, "ctx_a": "He sits.", "ctx_b": "he", "endings": endings, "label": 3},
        {"ind": 5, "ctx_a": "How to sit.", "ctx_b": "", "endings": endings, "label": "1"},
    ]
    path = write(tmp_path, "a.jsonl", json_lines(records))
    assert list(intermediate.read_hellaswag(path, "test")) == [
        ChoiceRow("4", "He sits.", ("he eats.", "he runs.", "he sings.", "he flies."), 3),
        ChoiceRow("5", "How to sit.", tuple(endings), 1),
    ]
    write(tmp_path, "a.jsonl", json_lines([records[0] | {"label": 4}, records[0] | {"endings": endings[:3]}]))
    with pytest.raises(InputError, match="2 faults"):
        list(intermediate.read_hellaswag(path, "test"))


def test_cosmosqa_is_read_with_csv_quoting_and_poses_context_and_question_together(tmp_path):
    row = ["id##1", 'I said , "wait" .', "Why ?", "None of the above choices .", "b", "c, d", "e", "0"]
    path = write(tmp_path, "valid.csv", cosmos(row))
    prompt = 'I said , "wait" . Why ?'
    assert list(intermediate.read_cosmosqa(path, "test")) == [ChoiceRow("id##1", prompt, tuple(row[3:7]), 0)]
    write(tmp_path, "valid.csv", cosmos([*row[:7], "4"], row[:5]))
    with pytest.raises(InputError) as caught:
        list(intermediate.read_cosmosqa(path, "test"))
    assert [problem.line for problem in caught.value.problems] == [2, 3]


def test_commonsenseqa_keeps_equal_choices_apart_and_needs_an_answer_key(tmp_path):
    choices = [
        {"label": label, "text": word} for label, word in zip("ABCDE", ["run", "go", "run", "sit", "eat"], strict=True)
    ]
    record = {"id": "x", "question": {"stem": "What?", "choices": choices}, "answerKey": "C"}
    path = write(tmp_path, "train.jsonl", json_lines([record]))
    assert list(intermediate.read_commonsenseqa(path, "test")) == [
        ChoiceRow("x", "What?", ("run", "go", "run", "sit", "eat"), 2)
    ]
    write(tmp_path, "train.jsonl", json_lines([record | {"answerKey": "F"}, {"id": "y", "question": {}}]))
    with pytest.raises(InputError, match="the answer key 'F' is not the label of a choice"):
        list(intermediate.read_commonsenseqa(path, "test"))


def test_squad_2_marks_impossible_questions_and_ignores_plausible_answers(tmp_path):
    plausible = [{"answer_start": 99, "text": "nowhere"}]
    rows = [
        {"id": "q1", "context": "Ada lives", "answers": [(0, "Ada")], "is_impossible": False},
        {"id": "q2", "context": "Ada lives", "is_impossible": True, "plausible_answers": plausible},
    ]
    write(tmp_path, "squad/train-v2.0.json", squad(rows, "v2.0"))
    first, second = intermediate.read(tmp_path, "squad_v2", "train")
    assert (first.impossible, second.impossible, second.answers) == (False, True, ())


def test_ccg_words_and_tags_must_be_equal_in_number_and_the_tags_known(tmp_path):
    write_all(tmp_path)
    assert intermediate.labels(tmp_path, "ccg") == ("NP", "S\\NP")
    assert list(intermediate.read(tmp_path, "ccg", "train")) == [TaggedRow("0", ("It", "is"), ("NP", "S\\NP"))]
    write(tmp_path, "ccg/ccg.train", "It is\tNP\nIt\tN\nIt is\n")
    with pytest.raises(InputError) as caught:
        list(intermediate.read(tmp_path, "ccg", "train"))
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]
    write(tmp_path, "ccg/tags_to_id.json", json.dumps({"NP": 0, "N": 2}))
    with pytest.raises(InputError, match=r"numbers its tags 0, 1, 2, \.\.\. without gaps"):
        intermediate.labels(tmp_path, "ccg")


def test_the_supertags_of_several_languages_are_joined_in_the_order_of_the_languages(tmp_path):
    write(tmp_path, "ccg/tags_to_id.json", json.dumps({"S\\NP": 1, "NP": 0}))
    write(tmp_path, "ccg/hi/tags_to_id.json", json.dumps({"S\\NP": 2, "A": 1, "Z": 0}))
    assert intermediate.labels(tmp_path, "ccg", ["en", "hi"]) == ("NP", "S\\NP", "Z", "A")


def test_an_unknown_intermediate_task_comes_with_the_nearest_name(tmp_path):
    with pytest.raises(InputError, match="did you mean 'hellaswag'"):
        list(intermediate.read(tmp_path, "helaswag", "train"))


def test_text_drops_empty_lines_and_translations_must_be_line_by_line(tmp_path):
    write(tmp_path, "text/sw.txt", "Habari\n\n  Asante \n")
    assert text.read_text(tmp_path, "sw") == ["Habari", "Asante"]
    write(tmp_path, "parallel/sw-en.sw", "Habari\n\nAsante\n")
    write(tmp_path, "parallel/sw-en.en", "Hello\nlost\nThanks\n")
    assert text.read_parallel(tmp_path, "sw") == [("Habari", "Hello"), ("Asante", "Thanks")]
    write(tmp_path, "parallel/sw-en.en", "Hello\n")
    with pytest.raises(InputError, match=r"1 lines, but sw-en\.sw has 3"):
        text.read_parallel(tmp_path, "sw")


def test_the_files_of_targets_and_text_are_listed_for_the_stage_keys(tmp_path):
    assert layout.training_files("tydiqa") == ["tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json"]
    assert layout.training_files("squad") == ["squad/dev-v1.1.json", "squad/train-v1.1.json"]
    assert layout.test_files("xnli", "sw") == ["xnli/test-sw.tsv"]
    assert layout.test_files("tatoeba", "sw") == ["tatoeba/sw-en.en", "tatoeba/sw-en.sw"]
    assert "bucc2018/zh-en.dev.gold" in layout.test_files("bucc2018", "zh")
    assert layout.text_files("en", translation=True) == ["text/en.txt"]
    assert layout.text_files("sw", translation=True) == ["text/sw.txt", "parallel/sw-en.en", "parallel/sw-en.sw"]
    write(tmp_path, "xnli/test-sw.tsv", "a\tb\r\n")
    problems = layout.missing(tmp_path, ["xnli/test-sw.tsv", "xnli/test-de.tsv"], "test data of xnli")
    assert [problem.file for problem in problems] == [str(tmp_path / "xnli/test-de.tsv")]
