"""The metrics by which checkpoints are chosen, as published, and the development rows that they look at."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_samples import write as write_file
from toy_training import choices_of

from xtreme_bench.data import layout
from xtreme_bench.data.corpora import Corpus, Limits
from xtreme_bench.intermediate import INTERMEDIATE, Family
from xtreme_bench.rows import Answer, ChoiceRow, PairRow, QuestionRow, TaggedRow
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import qa
from xtreme_bench.training.quality import metric, quality

ANSWERS = "mean of F1 and exact match"


def corpus(name: str, family: Family, *, labels: tuple[str, ...] = (), impossible: bool = False) -> Corpus:
    metric = INTERMEDIATE[name].metric if name in INTERMEDIATE else ""
    limits = Limits(64, impossible=impossible)
    return Corpus(name, family, labels, limits, {"train": Counter, "dev": Counter}, metric)  # type: ignore[dict-item]


TAGGED = [TaggedRow("0", ("a", "b", "c", "d"), ("B-PER", "I-PER", "O", "B-LOC"))]
WORDS = [TaggedRow("0", ("a", "b", "c", "d"), ("N", "N", "N", "V"))]
CASES: dict[str, tuple[Corpus, list[Any], list[Any], float]] = {
    # Half a name is no name: of two spans one is right, where three words of four are.
    "panx": (corpus("panx", "tagging", labels=("B-PER", "I-PER", "O", "B-LOC")), TAGGED, [[0, 2, 2, 3]], 50.0),
    # A run of equal tags is a span: one of four that are found is right, of two that are true.
    "udpos": (corpus("udpos", "tagging", labels=("N", "V")), WORDS, [[0, 1, 0, 1]], 100 / 3),
    "ccg": (corpus("ccg", "tagging", labels=("N", "V")), WORDS, [[0, 1, 0, 1]], 75.0),
    "xnli": (
        corpus("xnli", "classification", labels=("no", "yes")),
        [PairRow("0", "", "", "no"), PairRow("1", "", "", "no")],
        [0, 1],
        50.0,
    ),
    "hellaswag": (corpus("hellaswag", "choice"), [ChoiceRow("0", "", ("a", "b"), 1)], [1], 100.0),
}


@pytest.mark.parametrize("name", CASES)
def test_tags_are_judged_by_spans_supertags_and_classes_by_accuracy(name: str) -> None:
    one, rows, outputs, expected = CASES[name]
    examples = [Example(at, ()) for at in range(len(rows))]
    assert quality(one, rows, examples, outputs) == pytest.approx(expected)


def question(name: str, text: str, *, answer: str | None) -> QuestionRow:
    answers = () if answer is None else (Answer(text.index(answer), answer),)
    return QuestionRow(name, "what", text, answers, impossible=answer is None)


def guess(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, float]) -> None:
    monkeypatch.setattr(qa, "guesses", lambda rows, examples, outputs, limits: list(found))


def test_answers_are_judged_by_the_mean_of_f1_and_exact_match(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [question("a", "red cat", answer="red cat"), question("b", "big dog", answer="big dog")]
    guess(monkeypatch, ("red cat", -9.0), ("dog", 1.0))
    one = corpus("squad", "qa")
    # The second: F1 2/3, exact match 0.
    assert quality(one, rows, [], []) == pytest.approx((100 + (200 / 3) / 2) / 2)
    assert metric(one) == ANSWERS


@pytest.mark.parametrize(
    ("margins", "expected"),
    [
        # Answers from the margin -3 on: both right answers are given, and none where there is none to give.
        ([-3.0, -2.0, -5.0], 100.0),
        # Worth the same: they are given or not given together.
        ([-3.0, -3.0, -3.0], 200 / 3),
        # Nothing is better than two wrong answers before a right one.
        ([1.0, -9.0, 5.0], 200 / 3),
        ([float("-inf"), 2.0, float("-inf")], 200 / 3),
    ],
)
def test_squad_with_unanswerable_questions_is_judged_at_its_best_threshold(
    monkeypatch: pytest.MonkeyPatch, margins: list[float], expected: float
) -> None:
    texts = ["red cat", "big dog", "old man"]
    rows = [question(str(at), text, answer=None if at == 2 else text) for at, text in enumerate(texts)]
    guess(monkeypatch, *zip(texts, margins, strict=True))
    one = corpus("squad_v2", "qa", impossible=True)
    assert quality(one, rows, [], []) == pytest.approx(expected)
    assert metric(one) == f"{ANSWERS} at the best threshold for no answer"


def test_the_margin_of_a_guess_decides_whether_it_is_given() -> None:
    rows = [question("a", "red cat", answer=None)]
    example = Example(0, (np.zeros(4, np.int32),), None, None, np.array([0, 3, 4, 7], np.int32))
    for nothing, given in ((2.0, "cat"), (9.0, "")):
        logits = np.array([[nothing / 2, 0.0, 2.0], [nothing / 2, 0.0, 2.0]], np.float32)
        assert qa.guesses(rows, [example], [logits], Limits(64)) == [("cat", 4.0 - nothing)]
        assert qa.decode(rows, [example], [logits], (), Limits(64, impossible=True)) == [given]
        assert qa.decode(rows, [example], [logits], (), Limits(64)) == ["cat"]


# Development rows.


def squad(path: Path, name: str, articles: int, each: int) -> None:
    """Articles of questions; the ids name the article."""
    data = [
        {
            "title": str(article),
            "paragraphs": [
                {
                    "context": f"word {at}",
                    "qas": [
                        {"id": f"{article}-{at}", "question": "q", "answers": [{"answer_start": 0, "text": "word"}]}
                    ],
                }
                for at in range(each)
            ],
        }
        for article in range(articles)
    ]
    write_file(path, f"squad/{name}-v1.1.json", json.dumps({"version": "1.1", "data": data}))


def settings(**params: Any) -> dict[str, Any]:
    return {"max_length": 64, "stride": 16, "qa_length": 64, "qa_stride": 16, "examples": 0, **params}


def test_development_rows_are_spread_over_all_articles_and_the_same_each_time(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        squad(tmp_path, split, articles=48, each=20)
    choice = choices_of(settings(source="squad", evaluate_on=96))["features"]
    ids = [row.id for row in choice.open(tmp_path).rows("dev")]
    assert Counter(name.split("-")[0] for name in ids) == {str(article): 2 for article in range(48)}
    assert ids == [row.id for row in choice.open(tmp_path).rows("dev")]
    # Drawn, not every so manieth: a file with a period of its own keeps all of it.
    assert len({int(name.split("-")[1]) for name in ids}) > 10
    every = choices_of(settings(source="squad", evaluate_on=0))["features"]
    assert len(every.open(tmp_path).rows("dev")) == 960


def nli(count: int, name: str, keys: tuple[str, str, str, str], label: str) -> str:
    rows = [dict(zip(keys, (f"{name}-{at}", "a cat", "a dog", label), strict=True)) for at in range(count)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def write_anli_plus(data: Path, count: int) -> None:
    for part in INTERMEDIATE["anli_plus"].parts:
        for file in (file for split in layout.SPLITS for file in layout.intermediate_split_files(part, split)):
            keys = ("uid", "context", "hypothesis", "label") if part == "anli" else (
                "pairID", "sentence1", "sentence2", "gold_label",
            )  # fmt: skip
            write_file(data, file, nli(count, Path(file).parent.as_posix(), keys, "n" if part == "anli" else "neutral"))


def test_anli_plus_is_judged_by_a_subset_of_each_of_its_parts(tmp_path: Path) -> None:
    write_anli_plus(tmp_path, 30)
    params = settings(tasks={"anli_plus": {}}, evaluate_on=10)
    one = choices_of(params)["anli_plus"].open(tmp_path)
    assert one.development == [
        "dev/snli/snli_1.0_dev", "dev/mnli/multinli_1.0_dev_matched", "dev/anli/R1/dev", "dev/anli/R2/dev",
        "dev/anli/R3/dev",
    ]  # fmt: skip
    for part in one.development:
        rows = one.rows(part)
        assert len(rows) == 10
        assert {f"dev/{row.id.rpartition('-')[0]}" for row in rows} == {str(Path(part).parent)}
    assert metric(one) == "accuracy, mean of 5 development sets"
    assert len(one.rows("train")) == 150
