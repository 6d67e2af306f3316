"""Intermediate tasks and XCOPA in every form of their releases; all text is made up here."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from data_samples import content, faults, json_lines, run, write

from xtreme_bench.data import intermediate, layout
from xtreme_bench.data.usable import LeftOut

NLI = (
    ("entailment", 'The tailor hummed "la".', "Someone hummed."),
    ("-", "The kiln is warm ", "It is noon."),
    ("neutral", "The kiln is warm ", "It is red."),
    ("contradiction", "Rain fell.", "It stayed dry."),
)
READ = [("entailment", 'The tailor hummed "la".'), ("neutral", "The kiln is warm "), ("contradiction", "Rain fell.")]


RELEASED = (
    "gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse sentence1 sentence2"
)
GLUE = "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse"


def as_text(rows=NLI, names: str = "promptID pairID genre", labels: int = 5) -> str:
    """Tab-separated text of MultiNLI, or of SNLI with its own `names`; rows with the labels of so many annotators."""
    lines = ["\t".join([*RELEASED.split(), *names.split(), *(f"label{i}" for i in range(1, 6))])]
    for i, (label, a, b) in enumerate(rows):
        values = [f"p{i}" for _ in names.split()] + ["neutral"] * labels
        lines.append("\t".join([label, "( a )", "( b )", "(A)", "(B)", a, b, *values]))
    return "\n".join(lines) + "\n"


def as_objects(rows=NLI, **more) -> str:
    keys = ("gold_label", "sentence1", "sentence2")
    return json_lines(
        [
            dict(zip(keys, row, strict=True)) | {"annotator_labels": [], "pairID": f"p{i}"} | more
            for i, row in enumerate(rows)
        ]
    )


def as_glue(rows=NLI) -> str:
    lines = ["\t".join([*GLUE.split(), "sentence1", "sentence2", "label1", "gold_label"])]
    lines += [f"{i}\t{i}\tp{i}\tfiction\t( a )\t( b )\t(A)\t(B)\t{a}\t{b}\tx\t{g}" for i, (g, a, b) in enumerate(rows)]
    return "\n".join(lines) + "\n"


def as_jiant(rows=NLI) -> str:
    return json_lines([{"premise": a, "hypothesis": b, "label": label} for label, a, b in rows])


def read_pairs(data: Path, split: str, task: str = "mnli") -> list[tuple[str, str]]:
    return [(row.label, row.text_a) for row in intermediate.read(data, task, split)]


@pytest.mark.parametrize(
    ("train", "dev", "text"),
    [
        ("multinli_1.0_train.jsonl", "multinli_1.0_dev_matched.jsonl", as_objects()),
        ("multinli_1.0_train.txt", "multinli_1.0_dev_matched.txt", as_text()),
        ("glue_data/MNLI/train.tsv", "glue_data/MNLI/dev_matched.tsv", as_glue()),
        ("mnli/train.jsonl", "mnli/val.jsonl", as_jiant()),
        ("mnli_train.jsonl", "mnli_val.jsonl", as_jiant()),
    ],
)
def test_multinli_in_every_form_is_the_same_pairs(tmp_path, train, dev, text):
    for file in (train, dev):
        write(tmp_path, f"in/{file}", text)
    notes = run(tmp_path)
    for split, name in (("train", "train"), ("dev", "dev_matched")):
        assert read_pairs(tmp_path / "data", split) == READ
        assert notes["mnli"]["examples"][f"{name} en"] == 3
        assert notes["mnli"]["examples"][f"{name} en: pairs without agreement, not trained on"] == 1


def test_other_inference_corpora_in_jiants_form_are_not_taken_for_multinli(tmp_path):
    write(tmp_path, "in/mnli/train.jsonl", as_jiant())
    write(tmp_path, "in/abductive/val.jsonl", as_jiant())
    assert list(run(tmp_path)["mnli"]["examples"]) == [
        "train en",
        "train en: pairs without agreement, not trained on",
    ]


SNLI_NAMES = "captionID pairID"


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("jsonl", as_objects(captionID="1.jpg#0")),
        ("txt", as_text(names=SNLI_NAMES)),
        # Rows that end with the label of the only annotator.
        ("txt", as_text(names=SNLI_NAMES, labels=1)),
    ],
)
def test_snli_in_both_forms_is_the_same_pairs(tmp_path, ending, text):
    for split in ("train", "dev"):
        write(tmp_path, f"in/snli_1.0/snli_1.0_{split}.{ending}", text)
    notes = run(tmp_path)
    files = [tmp_path / "data" / layout.intermediate_split_files("snli", split)[0] for split in layout.SPLITS]
    for path in files:
        rows = intermediate.read_file("snli", path, "test", left_out := LeftOut())
        assert [(row.label, row.text_a) for row in rows] == READ
        assert left_out.counts == {"pairs without a gold label": 1}
    assert notes["snli"]["examples"]["dev en"] == 3


@pytest.mark.parametrize("ending", ["jsonl", "txt"])
def test_snli_with_one_file_is_cut_between_premises(tmp_path, ending):
    rows = [("neutral", f"Premise {i // 3}", f"{i}") for i in range(21)] + [("-", "Premise 7", "21")]
    write(tmp_path, f"in/snli_1.0_dev.{ending}", as_objects(rows) if ending == "jsonl" else as_text(rows, SNLI_NAMES))
    notes = run(tmp_path)
    assert notes["snli"]["examples"] == {"dev en": 3, "dropped: pairs without agreement": 1, "train en": 18}
    assert notes["snli"]["remarks"] == [
        f"only snli_1.0_dev.{ending} was found: its first 18 examples are training data, the other 3 are "
        "development data"
    ]
    assert '"Premise 6"' not in content(tmp_path / "data/snli/snli_1.0_train.jsonl")


def anli(number: int, label: str = "e") -> dict:
    return {"uid": f"r{number}", "context": "Ada sings.", "hypothesis": "Ada is mute.", "label": label, "emturk": True}


def test_the_rounds_of_anli_stay_as_they_are(tmp_path):
    for number in (1, 2, 3):
        for split in ("train", "dev", "test"):
            write(tmp_path, f"in/anli_v1.0/R{number}/{split}.jsonl", json_lines([anli(number), anli(number, "c")]))
    notes = run(tmp_path)
    assert content(tmp_path / "data/anli/R2/train.jsonl") == json_lines([anli(2), anli(2, "c")])
    assert notes["anli"]["examples"] == {"dev en": 6, "train en": 6}


QQP = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"


def test_short_rows_of_qqp_are_kept_in_the_file_and_counted(tmp_path):
    text = QQP + '7\t1\t2\tWhy "so?\tHow?\t1\n8\t3\t4\tWhen\n9\t5\t6\tWho?\tWhat?\t0\n'
    for split in ("train", "dev"):
        write(tmp_path, f"in/QQP/{split}.tsv", text)
    notes = run(tmp_path)
    assert content(tmp_path / "data/qqp/train.tsv") == text
    assert notes["qqp"]["examples"] == {
        "dev en": 2, "dev en: rows that are broken off, not trained on": 1,
        "train en": 2, "train en: rows that are broken off, not trained on": 1,
    }  # fmt: skip


def hellaswag(i: int = 0, **changes) -> dict:
    record = {"ind": i, "activity_label": "Rowing", "ctx_a": "He rows.", "ctx_b": "", "ctx": "He rows.", "label": "3"}
    return record | {"endings": ["He stops.", "b", "c", "d"], "source_id": f"wikihow~{i // 2}"} | changes


def cosmos(rows: list[list[str]]) -> str:
    stream = io.StringIO()
    header = ["id", "context", "question", "answer0", "answer1", "answer2", "answer3", "label"]
    csv.writer(stream).writerows([header, *rows])
    return stream.getvalue()


def commonsense(i: int = 0, **changes) -> dict:
    choices = [
        {"label": letter, "text": text} for letter, text in zip("ABCDE", ("tub", "tub", "c", "d", "e"), strict=True)
    ]
    return {"answerKey": "B", "id": f"c{i}", "question": {"stem": "Where ?", "choices": choices}} | changes


MULTIPLE_CHOICE = {
    "hellaswag": (
        ("hellaswag_train.jsonl", "hellaswag_val.jsonl"),
        lambda n: json_lines([hellaswag(i) for i in range(n)]),
    ),
    "cosmosqa": (
        ("train.csv", "valid.csv"),
        lambda n: cosmos(
            [[f"i{i}", f'It "rained" {i // 2}', "Why ?", "a", "b", "c", "None , really .", "3"] for i in range(n)]
        ),
    ),
    "commonsenseqa": (
        ("train_rand_split.jsonl", "dev_rand_split.jsonl"),
        lambda n: json_lines([commonsense(i) for i in range(n)]),
    ),
}


@pytest.mark.parametrize("task", MULTIPLE_CHOICE)
def test_multiple_choice_with_both_files_stays_as_it_is(tmp_path, task):
    names, text = MULTIPLE_CHOICE[task]
    for name in names:
        write(tmp_path, f"in/{name}", text(3))
    assert run(tmp_path)[task]["examples"] == {"dev en": 3, "train en": 3}
    for name in names:
        assert content(tmp_path / "data" / task / name) == text(3)


@pytest.mark.parametrize("task", MULTIPLE_CHOICE)
def test_multiple_choice_with_one_file_is_cut_in_two_without_losing_an_example(tmp_path, task):
    names, text = MULTIPLE_CHOICE[task]
    write(tmp_path, f"in/{names[0]}", text(19))
    notes = run(tmp_path)
    at = {"hellaswag": 18, "cosmosqa": 18, "commonsenseqa": 17}[task]  # examples on one passage stay together
    assert notes[task]["examples"] == {"dev en": 19 - at, "train en": at}
    first, second = (content(tmp_path / "data" / task / name) for name in names)
    header = cosmos([]) if task == "cosmosqa" else ""
    assert first + second.removeprefix(header) == text(19)


def test_ccg_comes_with_its_list_of_tags_and_is_left_out_without(tmp_path):
    for split in ("train", "dev"):
        write(tmp_path, f"in/ccg/ccg.{split}", "Ada sings\tN S\\NP\n")
    write(tmp_path, "in/mnli/train.jsonl", as_jiant())
    assert run(tmp_path)["ccg"]["remarks"] == ["left out: its list of tags, tags_to_id.json, was not found"]
    assert not (tmp_path / "data/ccg").exists()
    write(tmp_path, "in/ccg/tags_to_id.json", json.dumps({"S\\NP": 1, "N": 0}))
    assert run(tmp_path)["ccg"]["examples"] == {"dev en": 1, "train en": 1}
    assert [row.words for row in intermediate.read(tmp_path / "data", "ccg", "dev")] == [("Ada", "sings")]


def copa(**changes) -> dict:
    record = {"premise": "La vela se apagó.", "choice1": "a", "choice2": "b", "question": "cause", "label": 1, "idx": 0}
    return record | changes


def test_xcopa_test_labels_go_to_the_labels_and_the_data_has_zeros(tmp_path):
    write(tmp_path, "in/data/et/val.et.jsonl", json_lines([copa(changed=False)]))
    write(tmp_path, "in/data/et/test.et.jsonl", json_lines([copa(), copa(label=0)]))
    write(tmp_path, "in/data-gmt/et/test.et.jsonl", json_lines([copa(premise="translated")]))
    write(tmp_path, "in/COPA/train.jsonl", json_lines([copa()]))
    notes = run(tmp_path)
    blank = {**copa(), "label": 0}
    assert content(tmp_path / "data/xcopa/test-et.jsonl") == 2 * (json.dumps(blank) + "\n")
    assert content(tmp_path / "labels/xcopa/test-et.tsv") == "1\n0\n"
    assert content(tmp_path / "data/xcopa/val-et.jsonl") == json_lines([copa(changed=False)])
    assert notes["xcopa"]["examples"] == {"test et": 2, "train en": 1, "val et": 1}


@pytest.mark.parametrize("record", [copa(label=0), {key: value for key, value in copa().items() if key != "label"}])
@pytest.mark.parametrize("file", ["COPA/test.jsonl", "xcopa/test-en.jsonl"])
def test_zeros_in_place_of_labels_and_missing_labels_never_become_gold(tmp_path, record, file):
    write(tmp_path, f"in/{file}", json_lines([record, record]))
    notes = run(tmp_path)
    assert not (tmp_path / "labels").exists()
    assert content(tmp_path / "data/xcopa/test-en.jsonl") == 2 * (json.dumps({**record, "label": 0}) + "\n")
    assert notes["xcopa"]["remarks"] == ["en: no labels were found, so it can be predicted but not scored"]


@pytest.mark.parametrize(
    ("files", "text", "expected"),
    [
        (
            ["glue/train.tsv"],
            as_glue((("maybe", "a", "b"), *NLI)) + "7\t7\n",
            {2: "unknown label 'maybe'", 7: "12 columns expected, found 2"},
        ),
        (
            ["multinli_1.0_train.txt"],
            as_text((("maybe", "a", "b"),)) + "neutral\t( a )\n" + as_text().splitlines()[1] + "\ty\n",
            {
                2: "unknown label 'maybe'",
                3: "9 to 15 columns expected, found 2",
                4: "9 to 15 columns expected, found 16",
            },
        ),
        (
            ["multinli_1.0_train.jsonl"],
            as_objects() + '{"gold_label": 1}\n{"a\n',
            {5: "sentence1, sentence2, gold_label expected", 6: "not JSON"},
        ),
        (
            ["mnli/train.jsonl"],
            as_jiant() + 2 * '{"premise": "a"}\n',
            dict.fromkeys((5, 6), "premise, hypothesis, label expected"),
        ),
        (
            ["snli_1.0_dev.txt"],
            as_text((("hidden", "a", "b"),), SNLI_NAMES) + "x\n",
            {2: "unknown label 'hidden'", 3: "9 to 14 columns expected, found 1"},
        ),
        (
            ["R1/train.jsonl"],
            json_lines([anli(1), anli(1, "x"), {"uid": "u"}]),
            {2: "unknown label 'x'; known are e, n, c", 3: "missing or not text: context, hypothesis, label"},
        ),
        (
            ["QQP/dev.tsv"],
            QQP + "1\t2\t3\ta\tb\t2\n1\t2\t3\ta\tb\tc\t1\n",
            {2: "six columns expected", 3: "six columns expected"},
        ),
        (
            ["hellaswag_train.jsonl", "hellaswag_val.jsonl"],
            json_lines([hellaswag(), hellaswag(label=4), hellaswag(endings=["a"])]),
            {2: "four `endings` and a `label` of 0 to 3", 3: "four `endings`"},
        ),
        (
            ["hellaswag_train.jsonl"],
            json_lines([hellaswag(), hellaswag(ctx_a=None)]),
            {2: "missing or not text: ctx_a"},
        ),
        (
            ["valid.csv"],
            cosmos([["i", "c", "q", *"abcd", "4"], ["i"]]),
            {2: "8 columns expected", 3: "8 columns expected"},
        ),
        (
            ["train_rand_split.jsonl", "dev_rand_split.jsonl"],
            json_lines([commonsense(), commonsense(answerKey="F"), {"answerKey": "A"}]),
            {2: "the answer key 'F' is not the label of a choice", 3: "question > stem"},
        ),
        (
            ["data/et/test.et.jsonl"],
            json_lines([copa(), copa(label=2), copa(choice1=1)]) + "[]\n",
            {2: "a `label` of 0 or 1 expected", 3: "missing or not text: choice1", 4: "a JSON object expected"},
        ),
        (["COPA/train.jsonl"], json_lines([copa(), copa(label=None)]), {2: "a `label` of 0 or 1 expected"}),
    ],
)
def test_all_malformed_rows_of_a_file_are_named_at_once_and_nothing_is_left_of_it(tmp_path, files, text, expected):
    for file in files:
        write(tmp_path, f"in/{file}", text)
    found = sorted(faults(tmp_path), key=lambda fault: fault[1] or 0)
    assert [line for _, line, _, _ in found] == list(expected)
    for (name, _, _, message), start in zip(found, expected.values(), strict=True):
        assert message.startswith(start)
        assert name == Path(files[0]).name
    made = [path for folder in ("data", "labels") for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert [path for path in made if ".prepare" not in path.parts] == []


def test_malformed_sentences_of_ccg_are_named_with_their_lines(tmp_path):
    write(tmp_path, "in/tags_to_id.json", json.dumps({"S\\NP": 1, "N": 0}))
    write(tmp_path, "in/ccg.train", "Ada sings\tN S\\NP\nAda sings\tN\nAda\tNP\n")
    assert [(file, line, message) for file, line, _, message in faults(tmp_path)] == [
        ("ccg.train", 2, "`words TAB tags` of equal number expected, found 2 and 1"),
        ("ccg.train", 3, "tags that tags_to_id.json lacks: NP"),
    ]


@pytest.mark.parametrize(
    ("file", "text"),
    [("snli_1.0_dev.txt", as_text([("-", "a", "b")], SNLI_NAMES)), ("valid.csv", cosmos([])), ("QQP/train.tsv", QQP)],
)
def test_a_release_without_a_single_example_is_refused(tmp_path, file, text):
    write(tmp_path, f"in/{file}", text)
    assert faults(tmp_path, "holds no examples") == []
