"""SQuAD, XQuAD, MLQA and TyDiQA: test files without answers, answers as labels, and training files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.files import json_lines, reading
from xtreme_bench.data.formats import read_questions
from xtreme_bench.data.releases import Preparation, comparable
from xtreme_bench.errors import Problem
from xtreme_bench.rows import Answer, QuestionRow

TYDIQA_LANGUAGES = {
    "arabic": "ar",
    "bengali": "bn",
    "english": "en",
    "finnish": "fi",
    "indonesian": "id",
    "korean": "ko",
    "russian": "ru",
    "swahili": "sw",
    "telugu": "te",
}
VERSIONS = {"xquad": "1.1", "mlqa": "1.0", "tydiqa": "TyDiQA-GoldP-1.1-for-SQuAD-1.1"}
SQUAD_DEV_SHARE = 6  # one of so many articles becomes development data when there is one file for both


def prepare_questions(preparation: Preparation) -> None:
    """Write xquad, mlqa, tydiqa and squad as far as their files were found."""
    for (language,), path in sorted(preparation.files(r"xquad\.([a-z]{2})\.json").items()):
        if language in TASKS["xquad"].languages:
            _test(preparation, "xquad", language, _read(preparation, "xquad", language, path))
    _mlqa(preparation)
    _tydiqa(preparation)
    for version in ("1.1", "2.0"):
        _squad(preparation, version)


def _mlqa(preparation: Preparation) -> None:
    found = preparation.files(r"(dev|test)-context-([a-z]{2})-question-([a-z]{2})\.json")
    stand_ins = []
    for language in TASKS["mlqa"].languages:
        test, dev = (found.get((split, language, language)) for split in ("test", "dev"))
        if test:
            _test(preparation, "mlqa", language, _read(preparation, "mlqa", language, test))
        elif dev and "mlqa" in preparation.dev_as_test:
            _test(preparation, "mlqa", language, _read(preparation, "mlqa", language, dev))
            stand_ins.append(language)
    if stand_ins:
        remark = f"development sets stand in for the test sets of {' '.join(stand_ins)}"
        preparation.remarks["mlqa"].append(remark)


def _read(preparation: Preparation, task: str, language: str, path: Path) -> list[QuestionRow]:
    """The rows of a test file, with answers if it has any: XTREME's own copies have empty ones."""
    preparation.use(task, path)
    purpose = f"test data of {task} in {language}"
    blanked = re.search(r'"text":\s*""', path.read_text(encoding="utf-8", errors="replace")) is not None
    return read_questions(path, purpose, answers=not blanked)


def _test(preparation: Preparation, task: str, language: str, rows: Sequence[QuestionRow]) -> None:
    kept = preparation.first(rows)
    preparation.held_out[language].update(comparable(text) for row in rows for text in (row.context, row.question))
    preparation.write(layout.test_file(task, language), _squad_json(kept, VERSIONS[task], blank=True))
    preparation.counts[task][f"test {language}"] = len(kept)
    if all(row.answers for row in kept):
        preparation.write_labels(task, f"test-{language}.json", _squad_json(kept, VERSIONS[task], blank=False))
    else:
        preparation.remarks[task].append(f"{language}: no answers were found, so it can be predicted but not scored")


def _squad_json(rows: Sequence[QuestionRow], version: str, *, blank: bool) -> str:
    """SQuAD's JSON, each question a document of its own as in XTREME's files; `blank` empties the answers."""
    empty = [{"answer_start": 0, "text": ""}]
    data = []
    for row in rows:
        answers = empty if blank else [{"answer_start": x.start, "text": x.text} for x in row.answers]
        question = {"answers": answers, "question": row.question, "id": row.id}
        data.append({"paragraphs": [{"context": row.context, "qas": [question]}]})
    return json.dumps({"data": data, "version": version})


def _tydiqa(preparation: Preparation) -> None:
    """English training data, and per language the development set, which is XTREME's test set."""
    ready = preparation.files(r"tydiqa\.goldp\.([a-z]{2})\.(train|dev)\.json")
    gold = preparation.files(rf"({'|'.join(TYDIQA_LANGUAGES)})-dev\.jsonl")
    for name, language in TYDIQA_LANGUAGES.items():
        answered = _gold_passages(preparation, name, gold[(name,)]) if (name,) in gold else []
        path = ready.get((language, "dev"))
        rows = _read(preparation, "tydiqa", language, path) if path else answered
        known = {row.id: row for row in answered}
        if rows and not any(row.answers for row in rows) and all(row.id in known for row in rows):
            rows = [QuestionRow(x.id, x.question, x.context, _moved(known[x.id], x.context)) for x in rows]
        if rows:
            _test(preparation, "tydiqa", language, rows)
        train = ready.get((language, "train"))
        if train:
            questions = read_questions(train, f"training data of tydiqa in {language}", answers=True, ids_repeat=True)
            preparation.text[language] += [row.context for row in questions]
            if language == "en":
                preparation.copy("tydiqa", train, layout.source_file("tydiqa", "train"))
                preparation.counts["tydiqa"]["train en"] = len(questions)


def _gold_passages(preparation: Preparation, name: str, path: Path) -> list[QuestionRow]:
    """TyDiQA's gold passages as JSON lines: ids without the language, offsets in bytes, line ends in the passages."""
    rows = []
    with reading(preparation.use("tydiqa", path), f"answers of tydiqa in {name}") as faults:
        for number, record in json_lines(path, faults):
            try:
                rows.append(_gold_passage(name, record))
            except (KeyError, TypeError, ValueError) as error:
                faults.append(Problem(f"not a gold passage record: {error!r}", str(path), number))
    return rows


def _gold_passage(name: str, record: dict[str, Any]) -> QuestionRow:
    passage: str = record["passage_text"]
    raw = passage.encode()
    answers = []
    for answer in record["answers"]:
        start = len(raw[: answer["start_byte"]].decode())
        text: str = answer["text"].replace("\n", " ")
        if passage[start : start + len(text)].replace("\n", " ") != text:
            raise ValueError(f"the answer {text[:60]!r} does not stand at byte {answer['start_byte']}")
        answers.append(Answer(start, text))
    return QuestionRow(f"{name}-{record['id']}", record["question_text"], passage.replace("\n", " "), tuple(answers))


def _moved(row: QuestionRow, context: str) -> tuple[Answer, ...]:
    """The answers of `row` as far as they stand at the same place in the other copy of its passage."""
    return tuple(x for x in row.answers if context[x.start : x.start + len(x.text)] == x.text)


def _squad(preparation: Preparation, version: str) -> None:
    """SQuAD's two files; when only the development file is there, both are cut from it, by article.

    XQuAD is a translation of 240 of SQuAD's development passages. What is made from the development file to train
    and choose on must not have them.
    """
    task = "squad_v1" if version == "1.1" else "squad_v2"
    found = preparation.files(rf"(train|dev)-v{version.replace('.', '[.]')}\.json")
    files = {split: found.get((split,)) for split in layout.SPLITS}
    train, dev = files["train"], files["dev"]
    if train and dev:
        for split, path in (("train", train), ("dev", dev)):
            preparation.copy(task, path, f"squad/{split}-v{version}.json")
        return
    only = train or dev
    if only is None:
        return
    read_questions(preparation.use(task, only), f"data of {task}", answers=True)  # raises if it is malformed
    document = json.loads(only.read_text(encoding="utf-8-sig"))
    dropped = _drop_held_out(preparation, document)
    articles = [article for article in document["data"] if article["paragraphs"]]
    at = len(articles) - max(1, len(articles) // SQUAD_DEV_SHARE)
    for split, part in (("train", articles[:at]), ("dev", articles[at:])):
        preparation.write(f"squad/{split}-v{version}.json", json.dumps({**document, "data": part}) + "\n")
        preparation.counts[task][f"{split} en"] = sum(len(p["qas"]) for a in part for p in a["paragraphs"])
    preparation.text["en"] += [paragraph["context"] for article in articles[:at] for paragraph in article["paragraphs"]]
    preparation.remarks[task].append(
        f"only one of the two files was found: the last {len(articles) - at} of its {len(articles)} articles are "
        f"development data, the others training data; {dropped} questions on passages of test sets are left out"
    )


def _drop_held_out(preparation: Preparation, document: dict[str, Any]) -> int:
    """Take the passages of English test sets out of a SQuAD document; returns how many questions went."""
    dropped = 0
    for article in document["data"]:
        kept = []
        for paragraph in article["paragraphs"]:
            if comparable(paragraph["context"]) in preparation.held_out["en"]:
                dropped += len(paragraph["qas"])
            else:
                kept.append(paragraph)
        article["paragraphs"] = kept
    return dropped
