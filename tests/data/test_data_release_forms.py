"""Questions and sentences to retrieve in every form of their releases; all text is made up here.

What is expected of target tasks is what google-research/xtreme's `utils_preprocess.py` writes.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from data_samples import content, faults, json_lines, run, squad, write

from xtreme_bench.data import intermediate, layout, targets
from xtreme_bench.data.formats import read_questions
from xtreme_bench.data.release.forms import TYDIQA_LANGUAGES

BLANK = [{"answer_start": 0, "text": ""}]
TYDIQA = "TyDiQA-GoldP-1.1-for-SQuAD-1.1"


def document(path: Path) -> dict:
    return json.loads(content(path))


def blanked(questions: list[dict], version: str) -> str:
    """What the official script leaves of test questions."""
    data = [
        {"paragraphs": [{"context": q["context"], "qas": [{"answers": BLANK, "question": "Who?", "id": q["id"]}]}]}
        for q in questions
    ]
    return json.dumps({"data": data, "version": version})


def tydiqa_questions(split: str) -> dict[str, dict]:
    """A question in each of the nine languages; `Ä` has two bytes, the flag two code points of four."""
    return {
        name: {"id": f"{name}--{i}7-{i}", "context": f"Ä\U0001f1eb\U0001f1ee {split} {name}", "answers": [(4, split)]}
        for i, name in enumerate(TYDIQA_LANGUAGES)
    }


def test_tydiqa_training_data_is_cut_by_language_and_ids_to_their_last_part(tmp_path):
    questions = tydiqa_questions("train")
    again = {"id": "finnish--99-3", "context": "Aino tuli", "answers": [(0, "Aino")]}
    write(tmp_path, "in/tydiqa-goldp-v1.1-train.json", squad([*questions.values(), again], TYDIQA))
    notes = run(tmp_path)
    folder = tmp_path / "data/tydiqa/tydiqa-goldp-v1.1-train"
    assert sorted(path.name[:16] for path in folder.iterdir()) == [
        f"tydiqa.goldp.{language}." for language in sorted(TYDIQA_LANGUAGES.values())
    ]
    entry = {"answers": [{"answer_start": 0, "text": "Aino"}], "question": "Who?", "id": "3"}
    finnish = document(folder / "tydiqa.goldp.fi.train.json")
    assert finnish["version"] == TYDIQA
    assert finnish["data"][1] == {"paragraphs": [{"context": "Aino tuli", "qas": [entry]}]}
    assert [q["paragraphs"][0]["qas"][0]["id"] for q in finnish["data"]] == ["3", "3"]
    assert notes["tydiqa"]["examples"]["train fi"] == 2
    assert sum(notes["tydiqa"]["examples"].values()) == 10


@pytest.mark.parametrize("one_file", [False, True])
def test_tydiqa_development_files_by_language_or_in_one_are_the_test_sets(tmp_path, one_file):
    questions = tydiqa_questions("dev")
    if one_file:
        write(tmp_path, "in/tydiqa-goldp-v1.1-dev.json", squad([*questions.values()], TYDIQA))
    for name, question in () if one_file else questions.items():
        write(tmp_path, f"in/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json", squad([question], TYDIQA))
    notes = run(tmp_path)
    for name, language in TYDIQA_LANGUAGES.items():
        made = tmp_path / "data" / layout.test_file("tydiqa", language)
        assert content(made) == blanked([questions[name]], TYDIQA)
        (row,) = read_questions(tmp_path / f"labels/tydiqa/test-{language}.json", "test", answers=True)
        assert [(answer.start, answer.text) for answer in row.answers] == [(4, "dev")]
    assert notes["tydiqa"]["examples"] == {f"test {language}": 1 for language in sorted(TYDIQA_LANGUAGES.values())}


def gold_passage(**changes) -> dict:
    answers = [
        {"text": "dev", "start_byte": 11, "limit_byte": 14},
        {"text": "a\nb", "start_byte": 15, "limit_byte": 18},
    ]
    record = {"id": "-5-1", "passage_text": "Ä\U0001f1eb\U0001f1ee dev a\nb", "question_text": "Who?"}
    return record | {"answers": answers} | changes


@pytest.mark.parametrize("blank_copy", [False, True])
def test_gold_passages_have_byte_offsets_and_give_answers_to_xtremes_blank_copy(tmp_path, blank_copy):
    write(tmp_path, "in/finnish-dev.jsonl", json_lines([gold_passage()]))
    if blank_copy:
        question = {"id": "finnish--5-1", "context": "Ä\U0001f1eb\U0001f1ee dev a c", "answers": [(0, "")]}
        write(tmp_path, "in/tydiqa.goldp.fi.dev.json", squad([question], TYDIQA))
    notes = run(tmp_path)["tydiqa"]["examples"]
    (row,) = read_questions(tmp_path / "labels/tydiqa/test-fi.json", "test", answers=True)
    assert row.id == "finnish--5-1"
    found = [(answer.start, answer.text) for answer in row.answers]
    if blank_copy:  # an answer that the other copy's passage lacks cannot be asked for, and is counted
        assert found == [(4, "dev")]
        assert notes == {"test fi": 1, "dropped: answers in fi that XTREME's passages lack": 1}
    else:
        assert found == [(4, "dev"), (8, "a b")]
        assert notes == {"test fi": 1}


def test_all_malformed_gold_passages_are_named_with_their_lines(tmp_path):
    wrong = [{"text": "dev", "start_byte": 10, "limit_byte": 13}]
    inside = [{"text": "dev", "start_byte": 1, "limit_byte": 4}]
    records = [gold_passage(), gold_passage(answers=wrong), gold_passage(answers=inside), gold_passage(answers=[])]
    write(tmp_path, "in/finnish-dev.jsonl", json_lines([*records, gold_passage(passage_text=7), {"id": "-6-1"}]))
    found = faults(tmp_path, "answers of tydiqa in finnish")
    assert [line for _, line, _, _ in found] == [2, 3, 4, 5, 6]
    assert "the answer 'dev' does not stand at byte 10" in found[0][3]
    assert "no answers" in found[2][3]


@pytest.mark.parametrize("file", ["tydiqa-goldp-v1.1-train.json", "tydiqa-goldp-v1.1-dev.json"])
def test_questions_of_tydiqa_in_no_language_of_it_are_named_together(tmp_path, file):
    questions = [{"id": f"{name}--1-0", "context": "Ada", "answers": [(0, "Ada")]} for name in ("thai", "telugu", "x")]
    write(tmp_path, f"in/{file}", squad(questions))
    message = "the id must begin with a language of TyDiQA"
    assert faults(tmp_path) == [(file, None, "thai--1-0", message), (file, None, "x--1-0", message)]


def test_mlqa_test_files_of_all_pairs_are_blanked_and_those_in_one_language_have_labels(tmp_path):
    questions = [{"id": f"m{i}", "context": "Jä 3 3", "answers": [(i, "3")]} for i in (3, 5)]
    for pair in ("de-question-de", "de-question-en"):
        for split in ("dev", "test"):
            write(tmp_path, f"in/MLQA_V1/{split}/{split}-context-{pair}.json", squad(questions, "1.0"))
    notes = run(tmp_path)
    for pair in ("de-question-de", "de-question-en"):
        made = tmp_path / "data/mlqa/MLQA_V1"
        assert content(made / f"test/test-context-{pair}.json") == blanked(questions, "1.0")
        assert content(made / f"dev/dev-context-{pair}.json") == squad(questions, "1.0")
    assert [path.name for path in (tmp_path / "labels/mlqa").iterdir()] == ["test-de.json"]
    gold = document(tmp_path / "labels/mlqa/test-de.json")
    assert [q["paragraphs"][0]["qas"][0]["answers"][0]["answer_start"] for q in gold["data"]] == [3, 5]
    assert notes["mlqa"]["examples"] == {"test de": 2}


def test_xquad_is_blanked_with_its_version_and_the_answers_are_labels(tmp_path):
    questions = [{"id": "x1", "context": "Ana canta", "answers": [(0, "Ana")]}]
    write(tmp_path, "in/xquad.es.json", squad(questions, "1.1"))
    write(tmp_path, "in/xquad.ro.json", squad(questions, "1.1"))  # no language of XTREME
    run(tmp_path)
    assert content(tmp_path / "data/xquad/xquad.es.json") == blanked(questions, "1.1")
    (row,) = read_questions(tmp_path / "labels/xquad/test-es.json", "test", answers=True)
    assert [(answer.start, answer.text) for answer in row.answers] == [(0, "Ana")]
    assert not (tmp_path / "data/xquad/xquad.ro.json").exists()


def test_test_questions_with_wrong_or_single_empty_answers_are_named_and_not_taken_for_blank_ones(tmp_path):
    answers = ([(0, "Ana")], [(1, "Ana")], [(0, "")])
    questions = [{"id": f"x{i}", "context": "Ana canta", "answers": found} for i, found in enumerate(answers)]
    write(tmp_path, "in/xquad.es.json", squad(questions))
    found = faults(tmp_path, "test data of xquad in es")
    assert [(file, example) for file, _, example, _ in found] == [("xquad.es.json", "x1"), ("xquad.es.json", "x2")]
    assert "it first occurs at 0" in found[0][3]
    assert "a text that is not empty" in found[1][3]
    assert not (tmp_path / "data/xquad/xquad.es.json").exists()


def test_squad_in_both_versions_stays_as_it_is_with_several_answers_and_impossible_questions(tmp_path):
    several = {"id": "s1", "context": "Ada and Ada", "answers": [(0, "Ada"), (8, "Ada")]}
    impossible = {"id": "s2", "context": "Ada", "answers": [], "is_impossible": True}
    impossible["plausible_answers"] = [{"text": "Ada", "answer_start": 0}]
    for split in ("train", "dev"):
        write(tmp_path, f"in/{split}-v1.1.json", squad([several]))
        write(tmp_path, f"in/{split}-v2.0.json", squad([several, impossible], "v2.0"))
    notes = run(tmp_path)
    for split in ("train", "dev"):
        assert content(tmp_path / f"data/squad/{split}-v1.1.json") == squad([several])
        assert content(tmp_path / f"data/squad/{split}-v2.0.json") == squad([several, impossible], "v2.0")
    rows = list(intermediate.read(tmp_path / "data", "squad_v2", "dev"))
    assert [(len(row.answers), row.impossible) for row in rows] == [(2, False), (0, True)]
    assert notes["squad_v1"]["examples"] == {"dev en": 1, "train en": 1}
    assert notes["squad_v2"]["examples"] == {"dev en": 2, "train en": 2}


@pytest.mark.parametrize(
    ("file", "answers", "fault"),
    [
        ("train-v1.1.json", [(2, "Ada")], "does not stand at 2"),
        ("train-v1.1.json", [], "no answer, and not marked `is_impossible`"),
        ("dev-v2.0.json", [(4, "Bob")], "it does not occur in the context"),
        ("ar_squad-translate-train-dev-v1.1.json", [(-3, "Ada")], "does not stand at -3"),
        ("squad.translate.train.en-ar.json", [(1, "Ada")], "it first occurs at 0"),
    ],
)
def test_answers_at_wrong_places_are_named_with_file_and_id(tmp_path, file, answers, fault):
    questions = [{"id": "s1", "context": "Ada", "answers": answers}, {"id": "s2", "context": "x", "answers": answers}]
    write(tmp_path, f"in/{file}", squad(questions))
    found = faults(tmp_path)
    assert [(name, example) for name, _, example, _ in found] == [(file, "s1"), (file, "s2")]
    assert fault in found[0][3]


def test_translated_squad_is_an_intermediate_task_in_its_language(tmp_path):
    question = {"id": "s1", "context": "آدا تغني", "answers": [(0, "آدا")]}
    for split in ("train", "dev"):
        write(tmp_path, f"in/ar_squad-translate-train-{split}-v1.1.json", squad([question]))
    write(tmp_path, "in/squad.translate.train.en-sw.json", squad([question]))
    notes = run(tmp_path)
    for split in ("train", "dev"):
        (row,) = intermediate.read(tmp_path / "data", "squad_v1", split, "ar")
        assert row.answers[0].text == "آدا"
    assert (tmp_path / "data/squad/sw/train-v1.1.json").exists()
    assert notes["squad_v1"]["examples"] == {"dev ar": 1, "train ar": 1, "train sw": 1}


BUCC = {
    "de-en.sample.de": "de-000000001\tEins \nde-000000002\tZwei\tTab\n",
    "de-en.sample.en": "en-000000001\tTwo\nen-000000002\tOne\nen-000000003\tSix\n",
    "de-en.sample.gold": "de-000000001\ten-000000002\nde-000000002\ten-000000001\n",
    "de-en.training.de": "de-000000101\tDrei\n",
    "de-en.training.en": "en-000000101\tThree\n",
    "de-en.training.gold": "de-000000101\ten-000000101\n",
}


@pytest.mark.parametrize("archived", [False, True])
def test_buccs_sample_is_development_data_and_its_training_set_the_test_set(tmp_path, archived):
    for file, text in BUCC.items():
        write(tmp_path, f"{'made' if archived else 'in'}/bucc2018/de-en/{file}", text)
    if archived:
        (tmp_path / "in").mkdir()
        for split in ("sample", "training"):
            with tarfile.open(tmp_path / f"in/bucc2018-de-en.{split}-gold.tar.bz2", "w:bz2") as archive:
                for path in sorted((tmp_path / "made/bucc2018/de-en").glob(f"*.{split}.*")):
                    archive.add(path, f"bucc2018/de-en/{path.name}")
    notes = run(tmp_path)
    for file, text in BUCC.items():
        made = tmp_path / "data/bucc2018" / file.replace("sample", "dev").replace("training", "test")
        if file.endswith("training.gold"):
            assert not made.exists()
            assert content(tmp_path / "labels/bucc2018/test-de.tsv") == text
        else:
            assert content(made) == text
    assert notes["bucc2018"]["examples"] == {
        "dev de: de sentences": 2, "dev de: en sentences": 3, "dev de: pairs": 2,
        "test de: de sentences": 1, "test de: en sentences": 1, "test de: pairs": 1,
    }  # fmt: skip
    assert notes["bucc2018"]["remarks"] == []


def test_bucc_without_gold_pairs_says_what_cannot_be_done(tmp_path):
    for file, text in BUCC.items():
        if not file.endswith(".gold"):
            write(tmp_path, f"in/{file}", text)
    assert run(tmp_path)["bucc2018"]["remarks"] == [
        "de: no pairs of the sample set were found, on which the threshold is chosen",
        "de: no pairs were found, so it can be predicted but not scored",
    ]


def test_tatoeba_english_is_stripped_and_sorted_by_code_point_and_equal_lines_keep_their_order(tmp_path):
    write(tmp_path, "in/tatoeba.swh-eng.swh", "moja \nmbili\ntatu\nnne\ntano\n")
    write(tmp_path, "in/tatoeba.swh-eng.eng", "b \n\u00c9t\u00e9\n B\na\u2028c\nb\n")
    notes = run(tmp_path)
    assert content(tmp_path / "data/tatoeba/sw-en.sw") == "moja \nmbili\ntatu\nnne\ntano\n"
    assert content(tmp_path / "data/tatoeba/sw-en.en") == "B\na\u2028c\nb\nb\n\u00c9t\u00e9\n"
    assert content(tmp_path / "labels/tatoeba/test-sw.tsv") == "2\n3\n0\n4\n1\n"
    assert notes["tatoeba"]["examples"] == {"test sw": 5}


def test_tatoeba_sides_of_different_length_are_refused(tmp_path):
    write(tmp_path, "in/tatoeba.swh-eng.swh", "moja\n")
    write(tmp_path, "in/tatoeba.swh-eng.eng", "one\ntwo\n")
    message = "1 sentences in sw, 2 in English; one each expected"
    assert faults(tmp_path) == [("tatoeba.swh-eng.eng", None, None, message)]


def test_prepared_test_sets_of_questions_and_sentences_can_be_read(tmp_path):
    write(tmp_path, "in/xquad.es.json", squad([{"id": "x", "context": "Ana", "answers": [(0, "Ana")]}]))
    write(tmp_path, "in/tatoeba.swh-eng.swh", "moja\nmbili\n")
    write(tmp_path, "in/tatoeba.swh-eng.eng", "two\none\n")
    run(tmp_path)
    assert [row.answers for row in targets.read_test(tmp_path / "data", "xquad", "es")] == [()]
