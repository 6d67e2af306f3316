"""Releases with nothing in them, in another form than their name says, or of which a part is missing."""

from __future__ import annotations

import csv
import io

import pytest
from data_samples import conllu, content, squad, write

from xtreme_bench.data.imposters import file_fault
from xtreme_bench.data.intermediate import read_qqp
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError

LABELLED = "language\tgold_label\tsentence1_binary_parse\t\t\t\tsentence1\tsentence2\n"
UD = conllu([("1", "Ulm", "PROPN", "0")])

# name -> files, and what the error must say
NOTHING = {
    "mark-alone": ({"panx/test-de.tsv": "\ufeff"}, "panx/test-de.tsv: is empty"),
    "mark-and-line-end": ({"xquad.de.json": "\ufeff\r\n"}, "xquad.de.json: is empty"),
    "lines-of-one-space": ({"de_a-ud-test.conllu": UD.replace("\n\n", "\n \n")}, "no sentence of udpos in de is left"),
    "words-withheld": ({"de_a-ud-test.conllu": UD.replace("Ulm", "_")}, "no sentence of udpos in de is left"),
    "no-articles": ({"xquad.de.json": '{"data": [], "version": "1.1"}'}, "has no questions"),
    "no-paragraphs": ({"test-context-de-question-de.json": '{"data": [{"paragraphs": []}]}'}, "has no questions"),
    "wikiann-as-xtreme": ({"panx/train-de.tsv": "de:In\tO\nde:Ulm\tB-LOC\n\n"}, "rename it to de-train"),
    "wikiann-as-xtreme-test": ({"panx/test-de.tsv": "de:In\nde:Ulm\n\n"}, "rename it to de-test"),
}


def prepared(folder, files):
    for file, text in files.items():
        write(folder / "in", file, text)
    return prepare([folder / "in"], folder / "data", folder / "labels")


@pytest.mark.parametrize(("files", "message"), NOTHING.values(), ids=NOTHING)
def test_a_release_of_which_nothing_can_be_used_is_an_error(tmp_path, files, message):
    with pytest.raises(InputError) as caught:
        prepared(tmp_path, files)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["\ufeff", " \n\t\r\n", "\ufeff\n"])
def test_a_file_of_white_space_is_empty_to_readers_too(tmp_path, text):
    assert file_fault(write(tmp_path, "test-de.tsv", text)) == "is empty"


def test_a_word_with_a_colon_is_no_sign_of_another_form(tmp_path):
    prepared(tmp_path, {"panx/train-de.tsv": "de:Ulm\tO\nUlm\tB-LOC\n\n"})
    assert content(tmp_path / "data/panx/train-de.tsv").startswith("de:Ulm\t")


def test_a_language_that_the_released_test_set_lacks_is_far_too_few(tmp_path):
    rows = "".join(f"{language}\tneutral\t\t\t\t\ta {language}\tb\n" for language in ("de", "en"))
    too_few = prepared(tmp_path, {"xnli.test.tsv": LABELLED + rows})["too_few"]
    assert "xnli test vi: 0 records, 5,010 are published" in too_few


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("tatoeba.deu-eng.deu", "Ulm\n", "tatoeba (LASER v1), but without the file of eng"),
        ("tatoeba/de-en.en", "Ulm\n", "tatoeba (XTREME), but without the file of de"),
        (
            "de-en.sample.gold",
            "de-000000001\ten-000000001\n",
            "bucc2018 (BUCC 2018), but without the file of de and en",
        ),
    ],
)
def test_half_of_a_parallel_corpus_is_listed_with_what_it_lacks(tmp_path, file, text, why):
    other = squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}])
    assert prepared(tmp_path, {file: text, "xquad.de.json": other})["not_used"] == [f"{file}: {why}"]


def test_quotes_of_a_csv_writer_are_undone_in_qqp(tmp_path):
    stream = io.StringIO()
    header = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]
    csv.writer(stream, delimiter="\t").writerows([header, ["1", "2", "3", 'What is "x"?', "Why?", "0"]])
    notes = prepared(tmp_path, {"QQP/train.tsv": stream.getvalue(), "QQP/dev.tsv": stream.getvalue()})
    [row] = read_qqp(tmp_path / "data/qqp/train.tsv", "training data")
    assert row.text_a == 'What is "x"?'
    assert any("a CSV writer made it" in remark for remark in notes["tasks"]["qqp"]["remarks"])
