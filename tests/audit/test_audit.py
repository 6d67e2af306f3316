"""Training text in test sets, languages seen, repeats: what is planted is found, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from data_samples import squad, write
from made_up_run import AUDIT

from xtreme_bench.audit import scope as audit_scope
from xtreme_bench.audit.audit import audit
from xtreme_bench.audit.overlap import Index, tokens
from xtreme_bench.cli.main import cli
from xtreme_bench.data.usage import TextUse, Usage
from xtreme_bench.errors import InputError
from xtreme_bench.report import audit as audit_text

SENTENCE = "The old ferry to the island leaves at seven from the northern pier on Sundays"  # 15 words


def usage(**used: Any) -> Usage:
    text = used.pop("pretraining", None)
    whole = {"targets": {}, "intermediate": {}, "aligned": {}, "finetuning": {}, "select_on": ("en",)} | used
    return Usage(**whole, pretraining=TextUse(**text) if text else None)


def found(data: Path, **used: Any) -> dict[str, Any]:
    return audit(data, usage(**used), lambda done, total, note: None)


def pairs(*texts: str) -> str:
    return "".join(f"{text}\tAn unrelated remark number {at}\r\n" for at, text in enumerate(texts))


@pytest.fixture
def tested(tmp_path: Path) -> Path:
    write(tmp_path, "xnli/test-en.tsv", pairs("Nobody came.", SENTENCE))
    write(tmp_path, "xnli/test-de.tsv", pairs("Niemand kam heute Abend.", SENTENCE))
    return tmp_path


def overlaps(data: Path, text: str, language: str = "en") -> dict[str, dict[str, Any]]:
    write(data, f"text/{language}.txt", text)
    facts = found(data, targets={"xnli": ["en", "de"]}, pretraining={"languages": [language], "translated": ()})
    return {one["kind"]: one["items"] for one in facts["overlaps"]}


def test_the_same_text_is_found_whatever_its_case_spacing_and_punctuation(tested: Path) -> None:
    kinds = overlaps(tested, "the OLD ferry,  to the island leaves -- at seven; from the northern pier on sundays!\n")
    assert kinds["same text"] == {"en": {"items": 1, "of": 2, "long": 1}}


def test_short_texts_that_are_the_same_are_counted_apart(tested: Path) -> None:
    assert overlaps(tested, "Nobody came!\n")["same text"] == {"en": {"items": 1, "of": 2, "long": 0}}


def test_thirteen_words_in_a_row_are_found_inside_longer_texts_and_twelve_are_not(tested: Path) -> None:
    words = SENTENCE.split()
    inside = f"He wrote: {' '.join(words[1:14])}, and so on."
    assert overlaps(tested, f"{inside}\n") == {"n-gram": {"en": {"items": 1, "of": 2}}}
    assert overlaps(tested, f"He wrote: {' '.join(words[1:13])}, and so on.\n") == {}


def test_words_on_two_sides_of_a_line_end_are_not_in_a_row(tested: Path) -> None:
    words = SENTENCE.split()
    assert overlaps(tested, f"{' '.join(words[:8])}\n{' '.join(words[8:])}\n") == {}


def test_texts_are_compared_within_their_language_only(tested: Path) -> None:
    assert overlaps(tested, f"{SENTENCE}\n", "de")["same text"] == {"de": {"items": 1, "of": 2, "long": 1}}
    write(tested, "xnli/test-de.tsv", pairs("Niemand kam."))
    assert overlaps(tested, f"{SENTENCE}\n", "de") == {}


def test_languages_without_spaces_are_compared_by_characters(tmp_path: Path) -> None:
    text = "明天早上我们坐船去岛上看朋友然后在海边的小饭馆吃午饭晚上再坐末班车回家"
    write(tmp_path, "xnli/test-zh.tsv", pairs(text))
    for begin, length, hit in ((3, 26, True), (3, 25, False)):
        write(tmp_path, "text/zh.txt", f"他说{text[begin : begin + length]}了。\n")
        facts = found(tmp_path, targets={"xnli": ["zh"]}, pretraining={"languages": ["zh"], "translated": ()})
        assert bool(facts["overlaps"]) == hit


def test_what_training_and_the_choice_of_checkpoints_share_with_a_test_set_is_told_apart(tmp_path: Path) -> None:
    rows = {"train": f"{SENTENCE}\tx\tneutral\r\n", "dev": "Nobody came back today.\ty\tneutral\r\n"}
    for split, text in rows.items():
        write(tmp_path, f"xnli/{split}-en.tsv", text)
    write(tmp_path, "xnli/test-en.tsv", pairs(SENTENCE, "Nobody came back today."))
    facts = found(tmp_path, targets={"xnli": ["en"]}, finetuning={"xnli": ["en"]})
    uses = {(one["use"], one["source"]): one["items"]["en"]["items"] for one in facts["overlaps"]}
    assert uses == {("fine-tuning", "xnli"): 1, ("choice of checkpoints", "xnli (development)"): 1}


def test_passages_of_squad_that_xquad_has_are_found(tmp_path: Path) -> None:
    passage = {"id": "q", "context": SENTENCE, "answers": [(0, "The")]}
    write(tmp_path, "squad/dev-v1.1.json", squad([passage]))
    write(tmp_path, "squad/train-v1.1.json", squad([passage | {"context": "The end of it"}]))
    write(tmp_path, "xquad/xquad.en.json", squad([passage]))
    facts = found(tmp_path, targets={"xquad": ["en"]}, finetuning={"squad": ["en"]})
    assert facts.keys() == AUDIT.keys()
    assert facts["relations"][0].keys() == AUDIT["relations"][0].keys()
    same = next(one for one in facts["overlaps"] if one["kind"] == "same text" and "development" in one["source"])
    assert same["items"] == {"en": {"items": 1, "of": 1, "long": 1}}
    assert same.keys() == AUDIT["overlaps"][0].keys()
    assert same["examples"][0] == {"language": "en", "item": 0, "text": "Who?"}
    assert [one["training"] for one in facts["relations"]] == ["squad (development)"]


def test_rows_that_stand_twice_or_in_the_development_set_too_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "panx/test-sw.tsv", "Mji\nwa\n\nDodoma\n\nMji\nwa\n\nZiwa\n")
    write(tmp_path, "panx/dev-sw.tsv", "Dodoma\tB-LOC\n\nMlima\tO\n")
    assert found(tmp_path, targets={"panx": ["sw"]})["repeats"] == [
        {"task": "panx", "language": "sw", "kind": "repeated in the test set", "rows": 1, "of": 4},
        {"task": "panx", "language": "sw", "kind": "also in the development set", "rows": 1, "of": 4},
    ]


def test_retrieval_is_compared_on_both_sides_of_its_pairs(tmp_path: Path) -> None:
    write(tmp_path, "tatoeba/de-en.de", "Das Boot legt gleich ab.\n")
    write(tmp_path, "tatoeba/de-en.en", "The boat leaves soon now.\n")
    write(tmp_path, "text/en.txt", "The boat leaves soon now.\n")
    write(tmp_path, "text/de.txt", "Das Boot legt gleich ab.\n")
    facts = found(tmp_path, targets={"tatoeba": ["de"]}, pretraining={"languages": ["de", "en"], "translated": ()})
    assert set(facts["overlaps"][0]["items"]) == {"de", "en"}


def test_languages_with_labelled_data_are_named_with_the_corpora() -> None:
    used = usage(targets={"xnli": ["en", "de", "sw"]}, intermediate={"qqp": ["en", "de"]}, finetuning={"xnli": ["en"]})
    assert audit_scope.seen(used) == {
        "xnli": {"en": ["intermediate: qqp", "fine-tuning: xnli"], "de": ["intermediate: qqp"]}
    }


def test_english_that_was_translated_and_back_is_compared_with_english_and_names_it_as_seen(tmp_path: Path) -> None:
    line = {"sentence1": "The boat leaves soon now.", "sentence2": "It leaves.", "gold_label": "neutral", "pairID": "1"}
    write(tmp_path, "mnli/en-mt/multinli_1.0_train.jsonl", json.dumps(line) + "\n")
    write(tmp_path, "xnli/test-en.tsv", "The boat leaves soon now.\tIt leaves.\n")
    facts = found(tmp_path, targets={"xnli": ["en"]}, intermediate={"mnli": ["en-mt"]}, select_on=())
    assert set(facts["overlaps"][0]["items"]) == {"en"}
    assert facts["seen"] == {"xnli": {"en": ["intermediate: mnli"]}}


def test_known_relations_of_corpora_are_said_when_both_are_used() -> None:
    used = usage(targets={"xnli": ["de"], "mlqa": ["de"]}, intermediate={"mnli": ["en"], "squad_v2": ["en"]})
    named = {(one["training"], one["target"]) for one in audit_scope.relations(used)}
    assert named == {("mnli", "xnli"), ("squad_v2", "mlqa")}


def test_lines_name_the_weightiest_first_and_the_largest_shares() -> None:
    facts = {
        "relations": [],
        "overlaps": [
            {"task": "panx", "use": "pretraining", "source": "text", "kind": "n-gram", "examples": [],
             "items": {code: {"items": at, "of": 100} for at, code in enumerate(("de", "en", "fr", "it", "sw"), 1)}},
            {"task": "xnli", "use": "fine-tuning", "source": "xnli", "kind": "same text", "examples": [],
             "items": {"en": {"items": 3, "of": 10, "long": 1}}},
        ],
        "repeats": [],
    }  # fmt: skip
    assert audit_text.lines(facts) == [
        "xnli: the same text as in xnli (fine-tuning): en 3 of 10 (2 of a few words only)",
        "panx: an n-gram in common as in text (pretraining): "
        "sw 5 of 100, it 4 of 100, fr 3 of 100 and 2 more languages",
    ]
    assert audit_text.lines(facts, most=1)[1:] == ["and 1 more, in the report"]


def test_the_facts_are_json_and_the_same_each_time(tested: Path) -> None:
    overlaps(tested, f"{SENTENCE}\nNobody came.\n")
    used = audit_scope.everything(tested)
    first, second = (json.dumps(audit(tested, used, lambda *_: None)) for _ in range(2))
    assert first == second


def test_combining_marks_stay_in_their_words() -> None:
    assert tokens("हिन्दी, भाषा।", "hi") == ["हिन्दी", "भाषा"]
    assert tokens("Ｆｕｌｌ　ＷＩＤＴＨ!", "en") == ["full", "width"]


def test_an_index_without_long_texts_has_no_ngrams() -> None:
    index = Index("en")
    index.add(["Yes."], [0])
    assert index.search([[SENTENCE]]).ngram.tolist() == []


@pytest.mark.parametrize(
    ("files", "arguments", "fault"),
    [
        ((), (), "holds no data: `xtreme-bench data prepare RELEASES --to FOLDER` makes such a folder"),
        ((), ("baseline",), "holds no data: "),
        (("notes.txt",), (), "holds no test sets in XTREME's download layout: "),
        (("qqp/train.tsv", "qqp/dev.tsv"), (), "XTREME's download layout, only training data of qqp: "),
    ],
)
def test_a_folder_without_data_says_so(
    tmp_path: Path, files: tuple[str, ...], arguments: tuple[str, ...], fault: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    error = CliRunner().invoke(cli, ["data", "audit", *arguments, "--data", str(folder)]).exception
    assert isinstance(error, InputError)
    assert fault in str(error)
    assert str(folder) in str(error)
    absent = CliRunner().invoke(cli, ["data", "audit", *arguments, "--data", str(tmp_path / "absent")]).exception
    assert f"{tmp_path / 'absent'} does not exist: " in str(absent)
