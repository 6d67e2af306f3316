"""XQuAD, MLQA and TyDiQA: test files without answers, the answers as labels, and training files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.files import json_document, json_lines, reading, some
from xtreme_bench.data.formats import read_questions, squad_questions
from xtreme_bench.data.release.forms import TYDIQA_LANGUAGES
from xtreme_bench.data.release.preparation import Preparation
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.errors import Problem
from xtreme_bench.rows import Answer, QuestionRow

# What the releases write into `version`; XTREME's copies keep it.
VERSIONS = {"xquad": "1.1", "mlqa": "1.0", "tydiqa": "TyDiQA-GoldP-1.1-for-SQuAD-1.1"}


def prepare_xquad(preparation: Preparation) -> None:
    """Write the parts of xquad whose files were found."""
    for (language,), path in sorted(preparation.files("xquad", "XQuAD", "language").items()):
        if language in TASKS["xquad"].languages:
            _test(preparation, "xquad", language, _read(preparation, "xquad", language, path), _version("xquad", path))


def prepare_mlqa(preparation: Preparation) -> None:
    """Write mlqa: test files of all pairs of languages, of which those in one language are scored; dev files as is."""
    found = preparation.files("mlqa", "MLQA", "split", "language", "question")
    stand_ins = []
    for (split, language, asked), path in sorted(found.items()):
        if language == asked and language not in TASKS["mlqa"].languages:
            continue
        stands_in = "mlqa" in preparation.dev_as_test and ("test", language, asked) not in found
        if split == "dev" and not stands_in:
            _read(preparation, "mlqa", language, path)
            preparation.copy("mlqa", path, f"mlqa/MLQA_V1/dev/{path.name}")
        elif language == asked:
            _test(preparation, "mlqa", language, _read(preparation, "mlqa", language, path), _version("mlqa", path))
            stand_ins += [language] if split == "dev" else []
        elif split == "test":
            rows = _read(preparation, "mlqa", language, path)
            preparation.spool.hold_out(language, (row.context for row in rows))
            preparation.spool.hold_out(asked, (row.question for row in rows))
            preparation.write(f"mlqa/MLQA_V1/test/{path.name}", squad_json(rows, _version("mlqa", path), blank=True))
    if stand_ins:
        preparation.remark("mlqa", f"development sets stand in for the test sets of {' '.join(stand_ins)}")


def _read(preparation: Preparation, task: str, language: str, path: Path) -> list[QuestionRow]:
    """The rows of a test file, with answers if it has any: those in XTREME's own copies are empty, all of them."""
    rows = read_questions(preparation.use(task, path), f"test data of {task} in {language}", answers=_answered(path))
    return list(some(rows, f"{path} (test data of {task} in {language}) has no questions: get it again"))


def _answered(path: Path) -> bool:
    """Whether any question of a file has an answer that is not empty; faults of the file are ignored."""
    faults: list[Problem] = []
    for _, question in squad_questions(json_document(path, faults), path, faults):
        answers = question.get("answers")
        if isinstance(answers, list) and any(isinstance(x, dict) and x.get("text") for x in answers):
            return True
    return False


def _version(task: str, path: Path) -> str:
    """The `version` of a file of questions that was read before, or the usual one if it has none."""
    version = json.loads(path.read_bytes().decode("utf-8-sig")).get("version")
    return version if isinstance(version, str) else VERSIONS[task]


def _test(preparation: Preparation, task: str, language: str, rows: Sequence[QuestionRow], version: str) -> None:
    kept = preparation.spread(rows)
    preparation.spool.hold_out(language, (text for row in rows for text in (row.context, row.question)))
    preparation.write(layout.test_file(task, language), squad_json(kept, version, blank=True))
    preparation.count(task, f"test {language}", len(kept))
    open_questions = sum(not row.answers for row in kept)
    if not open_questions:
        preparation.write_labels(task, f"test-{language}.json", squad_json(kept, version, blank=False))
        return
    without = f"{open_questions} of {len(kept)} questions" if open_questions < len(kept) else "the questions"
    preparation.remark(task, f"{language}: no answers to {without} were found, so it can be predicted but not scored")


def squad_json(rows: Iterable[QuestionRow], version: str, *, blank: bool) -> str:
    """SQuAD's JSON, each question a document of its own as in XTREME's files; `blank` empties the answers."""
    empty = [{"answer_start": 0, "text": ""}]
    data = []
    for row in rows:
        answers = empty if blank else [{"answer_start": x.start, "text": x.text} for x in row.answers]
        question = {"answers": answers, "question": row.question, "id": row.id}
        data.append({"paragraphs": [{"context": row.context, "qas": [question]}]})
    return json.dumps({"data": data, "version": version})


def prepare_tydiqa(preparation: Preparation) -> None:
    """Training data by language, and the development sets, which are XTREME's test sets.

    Answers of a development set that XTREME's copy lacks are taken from the gold passages, by id.
    """
    ready = preparation.files("tydiqa", "XTREME", "language", "split")
    gold = preparation.files("tydiqa", "gold passages", "language")
    dev = _released_dev(preparation)
    for name, language in TYDIQA_LANGUAGES.items():
        answered = _gold_passages(preparation, name, gold[(name,)]) if (name,) in gold else []
        path = ready.get((language, "dev"))
        rows = dev.get(language) or (_read(preparation, "tydiqa", language, path) if path else answered)
        known = {row.id: row for row in answered}
        if rows and not any(row.answers for row in rows) and all(row.id in known for row in rows):
            rows = [QuestionRow(x.id, x.question, x.context, _moved(known[x.id], x.context)) for x in rows]
            if lost := sum(len(known[row.id].answers) - len(row.answers) for row in rows):
                preparation.count("tydiqa", f"dropped: answers in {language} that XTREME's passages lack", lost)
        if rows:
            _test(preparation, "tydiqa", language, rows, VERSIONS["tydiqa"])
    _train(preparation, ready)


def _released_dev(preparation: Preparation) -> dict[str, list[QuestionRow]]:
    """The released development sets, a file for each language or one for all: the id begins with the language."""
    rows: dict[str, list[QuestionRow]] = defaultdict(list)
    files = preparation.files("tydiqa", "TyDiQA-GoldP 1.1", "split", "language")
    dev = {key: path for key, path in files.items() if key[0] == "dev"}
    by_language = {key: path for key, path in dev.items() if key[1]}
    for _, path in sorted((by_language or dev).items()):
        purpose = "development data of tydiqa"
        with reading(preparation.use("tydiqa", path), purpose) as faults:
            for row in read_questions(path, purpose, answers=True):
                rows[_language_of(row.id, path, faults)].append(row)
    return rows


def _language_of(identifier: str, path: Path, faults: list[Problem]) -> str:
    name = identifier.partition("-")[0]
    if name not in TYDIQA_LANGUAGES:
        faults.append(Problem("the id must begin with a language of TyDiQA", str(path), example=identifier))
    return TYDIQA_LANGUAGES.get(name, "")


def _train(preparation: Preparation, ready: dict[tuple[str, ...], Path]) -> None:
    """The released training set cut by language as XTREME does, ids cut to their last part; or XTREME's own files."""
    whole = preparation.files("tydiqa", "TyDiQA-GoldP 1.1", "split").get(("train",))
    if whole is not None:
        _cut_by_language(preparation, whole)
        return
    for (language, split), path in sorted(ready.items()):
        if split == "train":
            read = partial(_train_rows, path, f"training data of tydiqa in {language}")
            rows = preparation.count_rows("tydiqa", f"train {language}", read)
            preparation.spool.offer_text(language, (row.context for row in rows))
            preparation.copy("tydiqa", path, _train_file(language))


def _train_rows(path: Path, purpose: str, left_out: LeftOut) -> Iterator[QuestionRow]:
    """The ids in XTREME's training files repeat."""
    return read_questions(path, purpose, answers=True, ids_repeat=True, left_out=left_out)


def _cut_by_language(preparation: Preparation, path: Path) -> None:
    purpose, left_out = "training data of tydiqa", LeftOut(preparation.unusable)
    usable = {int(row.id) for row in _train_rows(preparation.use("tydiqa", path), purpose, left_out)}  # positions
    preparation.count_left_out("tydiqa", "train", left_out)
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with reading(path, purpose) as faults:
        document = json_document(path, faults)
        for place, (context, question) in enumerate(squad_questions(document, path, faults)):
            if place in usable:
                language = _language_of(question["id"], path, faults)
                number = question["id"].rpartition("-")[2]
                entry = {"answers": question["answers"], "question": question["question"], "id": number}
                parts[language].append({"paragraphs": [{"context": context, "qas": [entry]}]})
    version = document.get("version", VERSIONS["tydiqa"])
    for language, articles in sorted(parts.items()):
        preparation.write(_train_file(language), json.dumps({"data": articles, "version": version}))
        preparation.count("tydiqa", f"train {language}", len(articles))
        preparation.spool.offer_text(language, (article["paragraphs"][0]["context"] for article in articles))


def tydiqa_training(preparation: Preparation) -> dict[str, list[QuestionRow]]:
    """TyDiQA's training questions by language, with ids that do not repeat, for the task tydiqa_train.

    Those that cannot be used are left out; the notes of tydiqa say how many.
    """
    whole = preparation.files("tydiqa", "TyDiQA-GoldP 1.1", "split").get(("train",))
    ready = preparation.files("tydiqa", "XTREME", "language", "split")
    rows: dict[str, list[QuestionRow]] = defaultdict(list)
    files = [("", whole)] if whole else [(key[0], path) for key, path in sorted(ready.items()) if key[1] == "train"]
    for one, path in files:
        purpose, left_out = "training data of tydiqa_train", LeftOut(preparation.unusable)
        preparation.use("tydiqa_train", path)
        for row in read_questions(path, purpose, answers=True, ids_repeat=bool(one), left_out=left_out):
            rows[one or TYDIQA_LANGUAGES[row.id.partition("-")[0]]].append(row)
    return rows


def _train_file(language: str) -> str:
    return layout.source_file("tydiqa", "train").replace(".en.", f".{language}.")


def _gold_passages(preparation: Preparation, name: str, path: Path) -> list[QuestionRow]:
    """TyDiQA's gold passages as JSON lines: ids without the language, offsets in bytes, line ends in the passages."""
    rows = []
    with reading(preparation.use("tydiqa", path), f"answers of tydiqa in {name}") as faults:
        for number, record in json_lines(path, faults):
            try:
                rows.append(_gold_passage(name, record))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                faults.append(Problem(f"not a gold passage record: {error!r}", str(path), number))
    return rows


def _gold_passage(name: str, record: dict[str, Any]) -> QuestionRow:
    passage: str = record["passage_text"]
    raw = passage.encode()
    if not record["answers"]:
        raise ValueError("no answers")
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
