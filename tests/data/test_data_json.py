"""JSON is parsed before it is looked at: white space, the order of keys and line breaks change nothing that is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from data_samples import faults, json_lines, run, squad, write

from xtreme_bench.data.files import MAX_FIELD
from xtreme_bench.data.files import json_lines as read_lines
from xtreme_bench.data.release.heads import first_keys, head_fields

QUESTIONS = [{"id": f"s{i}", "context": "Der See ist tief.", "answers": [(12, "tief")]} for i in range(2)]
COPA = {"premise": "a", "choice1": "b", "choice2": "c", "question": "cause", "label": 1}
NLI = {"gold_label": "neutral", "sentence1": "A {", "sentence2": 'B }\n"x"', "pairID": "p"}
HELLASWAG = {"ind": 1, "ctx_a": "He sits.", "ctx_b": "", "endings": list("abcd"), "label": 1, "source_id": "s"}
PASSAGE = {"id": "-5-1", "passage_text": "Äiti tuli.", "question_text": "Kuka?"}
PASSAGE["answers"] = [{"text": "Äiti", "start_byte": 0, "limit_byte": 5}]  # type: ignore[assignment]
CHOICES = [{"label": letter, "text": letter} for letter in "ABCDE"]
# File, its records (one: a whole document), and where what is made of it is looked at.
FILES: list[tuple[str, list[Any]]] = [
    ("xquad.de.json", [json.loads(squad(QUESTIONS))]),
    ("test-context-de-question-de.json", [json.loads(squad(QUESTIONS, "1.0"))]),
    ("tydiqa-goldp-dev-finnish.json", [json.loads(squad([{**QUESTIONS[0], "id": "finnish--1-1"}]))]),
    ("finnish-dev.jsonl", [PASSAGE]),
    ("xnli.test.jsonl", [{"language": "de", **{k: v for k, v in NLI.items() if k != "pairID"}}] * 2),
    ("snli_1.0_train.jsonl", [NLI] * 9),
    ("multinli_1.0_train.jsonl", [NLI] * 2),
    ("mnli/train.jsonl", [{"premise": "a", "hypothesis": "b", "label": "neutral"}] * 2),
    ("R1/train.jsonl", [{"uid": "u", "context": "c", "hypothesis": "h", "label": "e"}] * 2),
    ("hellaswag_train.jsonl", [HELLASWAG] * 9),
    ("train_rand_split.jsonl",
     [{"id": f"c{i}", "question": {"stem": "Q", "choices": CHOICES}, "answerKey": "A"} for i in range(9)]),
    ("data/et/test.et.jsonl", [COPA]),
]  # fmt: skip


def turned(value: Any) -> Any:
    """The same with the keys of all objects the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(one) for one in value] if isinstance(value, list) else value


WRITTEN: dict[str, Callable[[Any], str]] = {
    "a space before colons": lambda value: json.dumps(value, separators=(", ", " : ")),
    "no space at all": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "another order of keys": lambda value: json.dumps(turned(value)),
    "for people": lambda value: json.dumps(value, indent=2),
    "for people, with tabs and spaces": lambda value: json.dumps(turned(value), indent="\t", separators=(" ,", " : ")),
}


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize(("file", "records"), FILES)
def test_how_json_is_written_changes_nothing_that_is_made_of_it(tmp_path, file, records, how):
    write(tmp_path, f"plain/in/{file}", json_lines(records))
    write(tmp_path, f"other/in/{file}", "".join(f"{WRITTEN[how](record)}\n" for record in records))
    plain, other = (run(tmp_path / folder) for folder in ("plain", "other"))
    assert other == plain
    for path in (tmp_path / "plain/labels").rglob("*.*"):
        assert (
            tmp_path / "other/labels" / path.relative_to(tmp_path / "plain/labels")
        ).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('{"a": {"b": 1}, "c" : 2}', {"a", "c"}),
        ('\n {"a": "}, \\"d\\": 1", "c": []}\n{"e": 1}', {"a", "c"}),
        ('{"a": 1, "b": "cut of', {"a", "b"}),
        ('{"a": 1, "b', {"a"}),
        ('{"a": 1 "b": 2}', {"a"}),
        ('["a", "b"]', set()),
        ('"a": 1', set()),
        ("{}", set()),
        ("{" * 10**5, set()),
        ("", set()),
    ],
)
def test_the_first_keys_are_those_of_the_object_itself(text, keys):
    assert first_keys(text) == keys


def test_a_head_names_keys_in_any_order_and_text_that_only_mentions_them_does_not_count():
    assert head_fields(r'\{[^\n]*"a"[^\n]*"b"', '{"b": 1, "a": 2}') == {}
    assert head_fields(r'\{[^\n]*"a"[^\n]*"b"', '{"b": "\\"a\\": 2"}') is None
    assert head_fields(r"(?P<language>[a-z]+):", "de:Ulm") == {"language": "de"}


def test_an_object_over_several_lines_has_the_number_of_its_first_and_ends_somewhere(tmp_path):
    path = write(tmp_path, "a.jsonl", '{"a": 1}\n\n{\n "a": 2\n}\n{\n "a": 3,\n}\n{"a": 4}\n{\n "a": 5\n')
    problems: list[Any] = []
    assert list(read_lines(path, problems)) == [(1, {"a": 1}), (3, {"a": 2}), (9, {"a": 4})]
    assert [problem.line for problem in problems] == [6, 10]
    write(tmp_path, "a.jsonl", "{\n" + f"{'x' * 1000}\n" * (MAX_FIELD // 500))
    problems.clear()
    assert list(read_lines(path, problems)) == []
    assert len(problems) > 900  # not one that has the whole file


def test_a_question_file_that_is_no_question_file_is_an_error_and_not_one_without_answers(tmp_path):
    write(tmp_path, "in/xquad.de.json", '{"version": "1.1", "data": [{"paragraphs": [{"qas": [{"answers": []}]}]}]}')
    ((file, _, _, message),) = faults(tmp_path)
    assert (file, message[:17]) == ("xquad.de.json", "not SQuAD's JSON ")
