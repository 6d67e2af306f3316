"""XNLI-1.0, XNLI-MT, x-final and WikiAnn as they are released become XTREME's files to the byte.

Sentences are made up here; what is expected is what google-research/xtreme's `utils_preprocess.py` writes of them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from data_samples import content, run, write

from xtreme_bench.data import intermediate, targets
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError
from xtreme_bench.official.gold import read_gold

XNLI_HEADER = (
    "language\tgold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\t"
    "sentence2\tpromptID\tpairID\tgenre\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tsentence1_tokenized\t"
    "sentence2_tokenized\tmatch\n"
)
PAIRS = (
    ("en", "neutral", 'He said "no".', " She left\u00a0"),
    ("de", "contradiction", '"Nein"', "Sie\u2028ging"),
    ("en", "entailment", "It is\u3000", "It's"),
)


def xnli(pairs=PAIRS) -> str:
    return XNLI_HEADER + "".join(
        f"{language}\t{label}\t\t\t\t\t{a}\t{b}\t1\t1\tg{5 * chr(9)}x\tt\tt\tTrue\n" for language, label, a, b in pairs
    )


def test_xnli_is_cut_by_language_with_csv_quotes_and_the_labels_of_test_sets_apart(tmp_path):
    for split in ("dev", "test"):
        write(tmp_path, f"in/foo/xnli.{split}.tsv", xnli())
    notes = run(tmp_path)
    assert content(tmp_path / "data/xnli/dev-en.tsv") == (
        '"He said ""no""."\tShe left\tneutral\r\nIt is\tIt\'s\tentailment\r\n'
    )
    assert content(tmp_path / "data/xnli/test-de.tsv") == '"""Nein"""\tSie\u2028ging\r\n'
    assert content(tmp_path / "labels/xnli/test-en.tsv") == "neutral\nentailment\n"
    examples = {what: number for what, number in notes["xnli"]["examples"].items() if number}
    assert examples == {"dev de": 1, "dev en": 2, "test de": 1, "test en": 2}
    assert [row.text_a for row in targets.read_test(tmp_path / "data", "xnli", "en")] == ['He said "no".', "It is"]


def test_xnli_as_json_lines_gives_the_same_files(tmp_path):
    records = [
        {"language": language, "gold_label": label, "sentence1": a, "sentence2": b} for language, label, a, b in PAIRS
    ]
    write(tmp_path, "a/in/xnli.test.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    write(tmp_path, "b/in/xnli.test.tsv", xnli())
    for folder in ("a", "b"):
        run(tmp_path / folder)
    for file in ("data/xnli/test-en.tsv", "data/xnli/test-de.tsv", "labels/xnli/test-de.tsv"):
        assert content(tmp_path / "a" / file) == content(tmp_path / "b" / file)


def test_translated_multinli_is_training_data_in_english_and_an_intermediate_task_in_other_languages(tmp_path):
    rows = 'premise\thypo\tlabel\nHe "sat"\the stood\tcontradictory\nA\tB\tneutral\n'
    for language in ("en", "de"):
        write(tmp_path, f"in/XNLI-MT-1.0/multinli/multinli.train.{language}.tsv", rows)
    write(tmp_path, "in/XNLI-1.0/xnli.dev.tsv", xnli())
    notes = run(tmp_path)
    assert content(tmp_path / "data/xnli/train-en.tsv") == (
        '"He ""sat"""\the stood\tcontradiction\r\nA\tB\tneutral\r\n'
    )
    train, dev = (intermediate.read(tmp_path / "data", "mnli", split, "de") for split in ("train", "dev"))
    assert [(row.text_a, row.label) for row in train] == [('He "sat"', "contradiction"), ("A", "neutral")]
    assert [(row.text_a, row.label) for row in dev] == [('"Nein"', "contradiction")]
    assert notes["mnli"]["examples"] == {"dev de": 1, "train de": 2}
    assert not (tmp_path / "data/mnli/multinli_1.0_train.jsonl").exists()


def test_paws_x_keeps_failed_translations_and_quotes_as_the_official_writer_does(tmp_path):
    rows = 'id\tsentence1\tsentence2\tlabel\n4\tThe "x" \tNS\t1\n9\tA b\t c d\t0\n'
    for name in ("train", "dev_2k", "test_2k"):
        write(tmp_path, f"in/x-final/en/{name}.tsv", rows)
    write(tmp_path, "in/x-final/de/translated_train.tsv", rows)
    run(tmp_path)
    for split in ("train", "dev"):
        assert content(tmp_path / f"data/pawsx/{split}-en.tsv") == '"The ""x"""\tNS\t1\r\nA b\tc d\t0\r\n'
    assert content(tmp_path / "data/pawsx/test-en.tsv") == '"The ""x"""\tNS\r\nA b\tc d\r\n'
    assert content(tmp_path / "labels/pawsx/test-en.tsv") == "1\n0\n"
    assert not (tmp_path / "data/text/en.txt").exists()  # everything is in a test set, or "NS"
    assert json.loads((tmp_path / "data/prepare.json").read_text())["not_used"] == []


@pytest.mark.parametrize(
    ("file", "text", "faults"),
    [
        (
            "xnli.dev.tsv",
            xnli((("en", "maybe", "a", "b"),)) + "en\tneutral\n",
            {2: "unknown label 'maybe'", 3: "8 col"},
        ),
        ("multinli.train.en.tsv", "premise\thypo\tlabel\na\tneutral\na\tb\tno\n", {2: "3 columns", 3: "unknown label"}),
        ("en/train.tsv", "id\tsentence1\tsentence2\tlabel\n1\ta\tb\t2\n1\ta\tb\n", {2: "unknown", 3: "4 columns"}),
        (
            "xnli.dev.jsonl",
            '{"gold_label": "neutral"}\n{"language": "en", "gold_label": "neutral", "sentence1": "\\ud800"}\n',
            {1: "language, gold_label", 2: "not JSON: 'utf-8' codec can't encode character"},
        ),
        ("train", "de:a\tO\nde:b\tB-CAT\nde:c\tX\n", {2: "unknown tag 'B-CAT'", 3: "unknown tag 'X'"}),
    ],
)
def test_all_malformed_rows_of_a_release_are_named_at_once(tmp_path, file, text, faults):
    path = write(tmp_path, f"in/{file}", text)
    with pytest.raises(InputError) as caught:
        run(tmp_path)
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [(str(path), n) for n in faults]
    for problem, message in zip(caught.value.problems, faults.values(), strict=True):
        assert problem.message.startswith(message)
    assert not list((tmp_path / "data").rglob("*.tsv*"))


def test_wikiann_is_cut_at_the_first_colon_and_line_by_line_as_xtreme_does(tmp_path):
    lines = [
        "de:Ulm\tB-LOC", "de:12:30\tO", "de:\u200c\tO", "", "", "de:\u00a0\tO", "de: x \tI-PER", "de:no tag",
        "nothing\tO", "de:\u4eac\tB-LOC", "", "",
    ]  # fmt: skip
    for split in ("dev", "test"):
        write(tmp_path, f"in/foo/de-{split}", "\n".join(lines) + "\n")
    notes = run(tmp_path)
    # The second of two empty lines stays, the last of all goes; a line without a tag ends a sentence.
    assert content(tmp_path / "data/panx/dev-de.tsv") == (
        "Ulm\tB-LOC\n12:30\tO\n\u200c\tO\n\n\n\tO\nx\tI-PER\n\n\u4eac\tB-LOC\n\n"
    )
    assert content(tmp_path / "data/panx/test-de.tsv") == "Ulm\n12:30\n\u200c\n\n\n\nx\n\n\u4eac\n\n"
    # The labels have the sentences that a reader of the test file sees, so an empty word has none.
    assert content(tmp_path / "labels/panx/test-de.tsv") == "B-LOC\nO\nO\n\nI-PER\n\nB-LOC\n"
    gold = read_gold(tmp_path / "labels/panx/test-de.tsv", "panx", "de")
    assert list(map(len, gold)) == [len(row.words) for row in targets.read_test(tmp_path / "data", "panx", "de")]
    assert notes["panx"]["examples"]["dropped: lines without a tag"] == 2
    assert notes["panx"]["examples"]["dropped: lines without a colon"] == 2


@pytest.mark.parametrize("begin", ["\n", "\n\n", " \n"])
def test_a_wikiann_file_that_begins_with_empty_lines_has_empty_sentences_first_as_in_the_official_file(tmp_path, begin):
    for split in ("train", "test"):
        write(tmp_path, f"in/de-{split}", f"{begin}de:Ulm\tB-LOC\n\nde:Ja\tO\n\n")
    notes = run(tmp_path)
    lines = "\n" * begin.count("\n")
    assert content(tmp_path / "data/panx/train-de.tsv") == f"{lines}Ulm\tB-LOC\n\nJa\tO\n"
    assert content(tmp_path / "data/panx/test-de.tsv") == f"{lines}Ulm\n\nJa\n"
    assert content(tmp_path / "labels/panx/test-de.tsv") == "B-LOC\n\nO\n"
    assert notes["panx"]["examples"] == {"test de": 2, "train de": 2}
    gold = read_gold(tmp_path / "labels/panx/test-de.tsv", "panx", "de")
    assert list(map(len, gold)) == [len(row.words) for row in targets.read_test(tmp_path / "data", "panx", "de")]


def test_a_released_test_set_with_labels_is_taken_before_a_stand_in(tmp_path):
    pairs = tuple((language, "neutral", f"{i}", "b") for language in ("en", "de") for i in range(6))
    for split in ("dev", "test"):
        write(tmp_path, f"in/xnli.{split}.tsv", xnli(pairs))
    notes = run(tmp_path, dev_as_test=["xnli"])
    examples = {what: number for what, number in notes["xnli"]["examples"].items() if number}
    assert examples == {"dev de": 6, "dev en": 6, "test de": 6, "test en": 6}


@pytest.mark.skipif("XTREME_BENCH_REAL_DATA" not in os.environ, reason="XTREME_BENCH_REAL_DATA names no folder")
def test_real_paws_x_and_wikiann_become_the_files_that_xtreme_made_of_them(tmp_path):
    real = Path(os.environ["XTREME_BENCH_REAL_DATA"])
    excerpts = real / "excerpts"  # not looked into unless it is a source itself
    prepare([real / "pawsx", excerpts / "panx_dataset"], tmp_path / "data", tmp_path / "labels")
    official = real / "xtreme-download"
    assert content(tmp_path / "data/pawsx/dev-ko.tsv") == content(official / "pawsx/dev-ko.tsv")
    assert len(content(tmp_path / "labels/pawsx/test-ko.tsv").split()) == 2_000
    compared = 0
    for file in sorted((tmp_path / "data/panx").glob("*.tsv")):
        theirs = official / "panx" / file.name
        if theirs.exists():
            compared += 1
            assert content(theirs).startswith(content(file)), file.name
    assert compared > 50
