"""Rows that cannot be used: counted and left out of training data while they are few, errors in test data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from data_samples import content, faults, json_lines, run, squad, write
from made_up_run import told

from xtreme_bench.audit import scope
from xtreme_bench.audit.audit import audit
from xtreme_bench.bundle import manifest
from xtreme_bench.data import intermediate, layout, targets
from xtreme_bench.data.corpora import IntermediateChoice, SourceChoice
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.data.release.prepared import said
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import InputError

CONTEXT = "Der See ist tief."
QQP = "\t".join(intermediate.QQP_COLUMNS) + "\n"


def asked(answers: list[tuple[int, str]] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "", "context": CONTEXT, "answers": [(12, "tief")] if answers is None else answers} | more


def questions(*found: dict[str, Any]) -> str:
    return squad([{**one, "id": one["id"] or f"t{i}"} for i, one in enumerate(found)])


def nli(label: str = "neutral") -> dict[str, Any]:
    return {"pairID": "p", "sentence1": "A", "sentence2": "B", "gold_label": label}


def anli(label: str = "e") -> dict[str, Any]:
    return {"uid": "u", "context": "c", "hypothesis": "h", "label": label}


def choice(label: int = 0) -> dict[str, Any]:
    return {"ind": 4, "ctx_a": "He sits.", "ctx_b": "he", "endings": list("abcd"), "label": label}


def commonsense(answer: str = "A") -> dict[str, Any]:
    choices = [{"label": "A", "text": "yes"}, {"label": "B", "text": "no"}]
    return {"id": "c", "question": {"stem": "Well?", "choices": choices}, "answerKey": answer}


COSMOS = "id,context,question,answer0,answer1,answer2,answer3,label\r\n"

# Task, what makes a file of rows, a row that can be used, one that cannot, and what it is counted as.
ROWS: list[tuple[str, Callable[..., str], Any, Any, str]] = [
    ("squad_v1", questions, asked(), asked([]), "questions without an answer"),
    ("squad_v1", questions, asked(), asked([(3, "tief")]), "questions whose answer stands elsewhere"),
    ("squad_v1", questions, asked(), asked([(12, "")]), "questions with malformed answers"),
    ("squad_v1", questions, asked(), asked(id="t1"), "questions with the id of another"),
    ("squad_v2", questions, asked(), asked([]), "questions without an answer"),
    ("mnli", lambda *x: json_lines(list(x)), nli(), nli("maybe"), "rows with an unknown label"),
    ("mnli", lambda *x: json_lines(list(x)), nli(), {"pairID": "p"}, "rows in which a text is missing"),
    ("qqp", lambda *x: QQP + "".join(x), "1\t2\t3\ta\tb\t0\n", "1\t2\t3\ta\tb\t7\n", "rows with more or fewer columns"),
    ("hellaswag", lambda *x: json_lines(list(x)), choice(), choice(4), "rows without choices or a right one"),
    ("commonsenseqa", lambda *x: json_lines(list(x)), commonsense(), commonsense("F"),
     "rows without choices or a right one"),
    ("cosmosqa", lambda *x: COSMOS + "".join(x), "i,c,q,a,b,c,d,1\r\n", "i,c,q,a,b,c,d,9\r\n",
     "rows without choices or a right one"),
    ("ccg", lambda *x: "".join(x), "It is\tN N\n", "It is\tN\n", "sentences with more or fewer tags than words"),
    ("ccg", lambda *x: "".join(x), "It is\tN N\n", "It is\tN S\n", "sentences with a word without a known tag"),
    ("xnli", lambda *x: "".join(x), "a\tb\tneutral\r\n", "a\tneutral\r\n", "rows with more or fewer columns"),
    ("pawsx", lambda *x: "".join(x), "a\tb\t1\r\n", "a\tb\t7\r\n", "rows with an unknown label"),
    ("panx", lambda *x: "".join(x), "Ulm\tB-LOC\n\n", "Ulm\tCITY\nist\tIS\n\n",
     "sentences with a word without a known tag"),
    ("squad", questions, asked(), asked([]), "questions without an answer"),
    ("tydiqa", questions, asked(), asked([(1, "tief")]), "questions whose answer stands elsewhere"),
]  # fmt: skip


def training_file(task: str) -> str:
    if task in layout.SOURCES:
        return layout.source_file(task, "train")
    return layout.intermediate_split_files(task, "train")[0]


def read(data: Path, task: str, left_out: LeftOut) -> Iterator[Any]:
    if task in layout.SOURCES:
        return targets.read_train(data, task, "train", left_out)
    return intermediate.read(data, task, "train", "en", left_out)


@pytest.mark.parametrize(("task", "text", "right", "wrong", "reason"), ROWS)
def test_a_few_unusable_rows_of_training_data_are_counted_and_left_out(tmp_path, task, text, right, wrong, reason):
    write(tmp_path, "ccg/tags_to_id.json", '{"N": 0}')
    write(tmp_path, training_file(task), text(*[right] * 9, wrong, wrong, *[right] * 9))
    left_out = LeftOut()
    rows = list(read(tmp_path, task, left_out))
    assert len(rows) == (17 if task == "tydiqa" else 18)  # one in ten of TyDiQA is development data
    assert left_out.counts == {reason: 2}


def test_an_unusable_question_of_tydiqa_is_counted_once_though_every_split_reads_its_file(tmp_path):
    write(tmp_path, training_file("tydiqa"), questions(*[asked()] * 15, asked([(1, "tief")]), *[asked()] * 5))
    counted = {split: LeftOut() for split in ("train", "dev", "all")}
    rows = {split: len(list(targets.read_train(tmp_path, "tydiqa", split, counted[split]))) for split in counted}
    assert rows == {"train": 18, "dev": 2, "all": 20}
    assert {split: left_out.counts.total() for split, left_out in counted.items()} == {"train": 1, "dev": 0, "all": 1}


@pytest.mark.parametrize(("task", "text", "right", "wrong", "reason"), ROWS)
def test_more_than_the_share_are_an_error_that_names_all_of_them_and_the_share(
    tmp_path, task, text, right, wrong, reason
):
    write(tmp_path, "ccg/tags_to_id.json", '{"N": 0}')
    write(tmp_path, training_file(task), text(*[right] * 9, wrong, wrong, *[right] * 7))
    with pytest.raises(InputError, match=r"2 of 18 rows \(11.1 %\) are unusable.* 10 % may be unusable") as caught:
        list(read(tmp_path, task, left_out := LeftOut()))
    assert len(caught.value.problems) == (4 if task == "panx" else 2)
    assert not left_out.counts
    assert len(list(read(tmp_path, task, LeftOut(0.2)))) == (15 if task == "tydiqa" else 16)
    write(tmp_path, training_file(task), text(*[right] * 18, wrong))
    with pytest.raises(InputError, match="1 of 19 rows"):
        list(read(tmp_path, task, LeftOut(0)))


def test_one_row_alone_is_never_too_many_but_needs_another_that_can_be_used(tmp_path):
    write(tmp_path, "squad/train-v1.1.json", questions(asked(), asked([])))
    assert [row.id for row in targets.read_train(tmp_path, "squad", "train")] == ["t0"]
    write(tmp_path, "squad/train-v1.1.json", questions(asked([])))
    with pytest.raises(InputError, match="no answer"):
        list(targets.read_train(tmp_path, "squad", "train"))


def test_a_damaged_file_is_refused_whatever_the_share_and_all_of_its_faults_are_named(tmp_path):
    write(tmp_path, "mnli/multinli_1.0_train.jsonl", json_lines([nli()] * 30 + [nli("maybe")]) + '{"pairID": \n')
    with pytest.raises(InputError) as caught:
        list(intermediate.read(tmp_path, "mnli", "train", "en", LeftOut(1)))
    assert [problem.line for problem in caught.value.problems] == [31, 32]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "xnli.test.tsv",
            "language\tgold_label\tx\n" + "en\tneutral\t\t\t\t\ta\tb\n" * 40 + "en\tmaybe\t\t\t\t\ta\tb\n",
        ),
        ("x-final/de/test_2k.tsv", "id\tsentence1\tsentence2\tlabel\n" + "1\ta\tb\t1\n" * 40 + "2\ta\tb\t7\n"),
        ("xquad.de.json", questions(*[asked()] * 40, asked([]))),
        ("test-context-de-question-de.json", questions(*[asked()] * 40, asked([(1, "tief")]))),
    ],
)
def test_a_single_unusable_row_of_a_test_set_stays_an_error(tmp_path, file, text):
    write(tmp_path, f"in/{file}", text)
    assert len(faults(tmp_path)) == 1
    assert not [path for path in (tmp_path / "labels").rglob("*") if path.is_file()]


def test_a_translated_question_without_answer_is_counted_and_everything_else_is_prepared(tmp_path):
    file = "de_squad-translate-train-train-v1.1.json"
    write(tmp_path, f"in/{file}", questions(*[asked()] * 19, asked([])))
    write(tmp_path, "in/tatoeba.deu-eng.deu", "Guten Tag.\n")
    write(tmp_path, "in/tatoeba.deu-eng.eng", "Good day.\n")
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    reason = "train de: questions without an answer, not trained on"
    assert notes["tasks"]["squad_v1"]["examples"] == {"train de": 19, reason: 1}
    assert f"squad_v1: 1 {reason} (5.0 %)" in said(notes)
    assert len(list(intermediate.read(tmp_path / "data", "squad_v1", "train", "de"))) == 19
    assert content(tmp_path / "labels/tatoeba/test-de.tsv") == "0\n"


def test_no_row_of_mnli_is_left_out_where_its_translations_are_matched_by_position(tmp_path):
    rows = "".join(f"a {n}\tb\t{'strange' if n == 7 else 'neutral'}\n" for n in range(20))
    file = write(tmp_path, "in/multinli.train.de.tsv", f"premise\thypo\tlabel\n{rows}")
    with pytest.raises(InputError) as caught:
        run(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(file), 9)
    assert "--unusable" not in str(caught.value)


def test_the_share_of_prepare_is_an_option_and_another_one_prepares_again(tmp_path):
    write(tmp_path, "in/de_squad-translate-train-train-v1.1.json", questions(*[asked()] * 6, asked([]), asked([])))
    with pytest.raises(InputError, match=r"2 of 8 rows \(25.0 %\)"):
        run(tmp_path)
    assert run(tmp_path, unusable=0.3)["squad_v1"]["examples"]["train de"] == 6
    with pytest.raises(InputError, match="2 of 8 rows"):
        run(tmp_path)


def test_unusable_questions_of_tydiqa_are_left_out_of_the_file_of_their_language(tmp_path):
    found = [asked(id=f"finnish--{i}-0") for i in range(30)] + [asked([], id="swahili--1-0"), asked(id="swahili--2-0")]
    write(tmp_path, "in/tydiqa-goldp-v1.1-train.json", questions(*found))
    notes = run(tmp_path)["tydiqa"]["examples"]
    assert notes == {"train fi": 30, "train sw": 1, "train: questions without an answer, not trained on": 1}
    folder = tmp_path / "data/tydiqa/tydiqa-goldp-v1.1-train"
    assert len(json.loads(content(folder / "tydiqa.goldp.sw.train.json"))["data"]) == 1


@pytest.mark.parametrize("whole", [True, False])
def test_the_training_questions_of_tydiqa_are_a_task_of_their_own_and_never_in_squads_place(tmp_path, whole):
    names = {"english": "en", "finnish": "fi", "arabic": "ar"}
    if whole:
        rows = [asked(id=f"{name}--{i}-0") for name in names for i in range(3)]
        write(tmp_path, "in/tydiqa-goldp-v1.1-train.json", questions(*rows))
    for language in () if whole else names.values():
        write(tmp_path, f"in/tydiqa.goldp.{language}.train.json", squad([asked(id="0")] * 3))
    write(tmp_path, "in/squad.translate.train.en-ar.json", questions(asked()))
    notes, data = run(tmp_path), tmp_path / "data"
    assert {
        language: len(list(intermediate.read(data, "tydiqa_train", "train", language))) for language in ("fi", "ar")
    } == {
        "fi": 3,
        "ar": 3,
    }
    assert [row.id for row in intermediate.read(data, "squad_v1", "train", "ar")] == ["t0"]
    assert notes["squad_v1"]["examples"] == {"train ar": 1}
    assert sorted(path.name for path in (data / "squad").iterdir()) == ["ar"]


def test_translated_pairs_of_paws_x_train_qqp_in_their_language_without_failed_translations(tmp_path):
    rows = 'id\tsentence1\tsentence2\tlabel\n4\tDas "x" \tNS\t1\n9\tA b\t c "d\t0\n'
    write(tmp_path, "in/x-final/de/translated_train.tsv", rows)
    write(tmp_path, "in/x-final/en/train.tsv", rows)
    notes = run(tmp_path)["qqp"]
    (row,) = intermediate.read(tmp_path / "data", "qqp", "train", "de")
    assert (row.text_a, row.text_b, row.label) == ("A b", 'c "d', "0")
    assert notes["examples"] == {"train de": 1, "train de: pairs whose translation failed, not trained on": 1}
    assert "not zero-shot on pawsx there" in notes["remarks"][0]


def test_in_another_language_only_training_data_is_asked_for():
    assert layout.intermediate_files("squad_v1", ["de"], []) == ["squad/de/train-v1.1.json"]
    assert layout.intermediate_files("ccg", ["de"], []) == ["ccg/de/ccg.train", "ccg/de/tags_to_id.json"]
    used = Usage(
        targets={}, pretraining=None, intermediate={"squad_v1": ["de"]}, aligned={}, finetuning={}, select_on=["en"]
    )
    assert scope.files(used) == ["squad/de/train-v1.1.json", "squad/dev-v1.1.json"]


def test_the_stages_that_tokenise_and_train_count_by_the_share_of_their_parameters(tmp_path):
    write(tmp_path, "squad/train-v1.1.json", questions(*[asked()] * 4, asked([]), asked([])))
    write(tmp_path, "squad/dev-v1.1.json", questions(asked()))
    limits = {"max_length": 64, "stride": 32, "evaluate_on": 0, "unusable": 0.4}
    for choice in (
        SourceChoice(source="squad", examples=0, retrain=False, others=None, **limits),
        IntermediateChoice("squad_v1", ("en",), select_on=("en",), drawn=None, **limits),
    ):
        corpus = choice.open(tmp_path)
        left_out = LeftOut()
        assert len(list(corpus.parts["train"](left_out.counts))) == 4
        assert left_out.counts == {"questions without an answer": 2}
        with pytest.raises(InputError, match="2 of 6 rows"):
            list(replace(choice, unusable=0.1).open(tmp_path).parts["train"](left_out.counts))


def test_the_manifest_says_what_each_stage_left_out_and_no_more(tmp_path):
    finished = told(tmp_path, baseline=False).main
    records = [
        {**record, "facts": {**record["facts"], "dropped": {"train": {"questions without an answer": 7}}}}
        if record["name"].startswith("tokenise qqp")
        else record
        for record in finished.records
    ]
    left_out = manifest.content(finished.plan, records, None)["left_out"]
    assert left_out == {"tokenise qqp (made-up)": {"train": {"questions without an answer": 7}}}


def test_the_audit_reads_training_data_that_a_recipe_allows_more_unusable_rows_in(tmp_path):
    write(tmp_path, "squad/train-v1.1.json", questions(asked(), asked([]), asked([]), asked([])))
    write(tmp_path, "squad/dev-v1.1.json", questions(asked()))
    write(tmp_path, "xquad/xquad.en.json", questions(asked()))
    used = Usage(
        targets={"xquad": ["en"]},
        pretraining=None,
        intermediate={},
        aligned={},
        finetuning={"squad": ["en"]},
        select_on=["en"],
    )
    assert audit(tmp_path, used, lambda done, total, note: None)["compared"]["training_texts"] > 0
