"""The formats that several tasks share: sentence pairs and tagged words of XTREME, and SQuAD's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from xtreme_bench import wording
from xtreme_bench.data.files import csv_rows, json_document, lines
from xtreme_bench.data.usable import LeftOut, Unusable, usable
from xtreme_bench.errors import Problem
from xtreme_bench.rows import Answer, PairRow, QuestionRow, TaggedRow

# Reasons why rows are left out of training data.
OTHER_COLUMNS = "rows with more or fewer columns"
NOT_TEXT = "rows in which a text is missing"
UNKNOWN_LABEL = "rows with an unknown label"
UNKNOWN_TAG = "sentences with a word without a known tag"


def read_pairs(
    path: Path, purpose: str, labels: Sequence[str] | None, left_out: LeftOut | None = None
) -> Iterator[PairRow]:
    """XTREME's xnli and pawsx files: `text_a TAB text_b [TAB label]`, written with CSV quoting and CR LF.

    `labels` are the allowed class names; None for a test file, which has no third column. Ids are the 0-based
    positions, as the lines of a prediction file are matched by position. XTREME's own reader leaves the quotes of the
    CSV writer in the text; here they are undone, and the text is that of the release.
    """

    def rows(faults: list[Problem]) -> Iterator[PairRow]:
        width, count = 2 if labels is None else 3, 0
        for number, fields in csv_rows(path, faults, delimiter="\t"):
            label = fields[2] if labels is not None and len(fields) == 3 else None
            if len(fields) != width:
                hint = "; a test file has no label" if labels is None and len(fields) == 3 else ""
                message = f"{width} columns expected, found {len(fields)}{hint}"
                faults.append(Unusable(message, str(path), number, reason=OTHER_COLUMNS))
            elif labels is not None and label not in labels:
                message = f"unknown label {label!r}; known are {', '.join(labels)}"
                faults.append(Unusable(message, str(path), number, reason=UNKNOWN_LABEL))
            else:
                yield PairRow(str(count), fields[0], fields[1], label)
                count += 1

    return usable(rows, path, purpose, left_out)


def read_tagged(
    path: Path, purpose: str, tags: Sequence[str] | None, left_out: LeftOut | None = None
) -> Iterator[TaggedRow]:
    """XTREME's udpos and panx files: `word [TAB tag]` lines, one or more empty lines between sentences.

    `tags` are the allowed tags; None for a test file, which has words only. A line is empty only when nothing
    at all stands on it: some tokens of PAN-X are a lone no-break or ideographic space, and XTREME's preprocessing
    leaves nothing of some words but their tag.
    """
    allowed = None if tags is None else frozenset(tags)

    def rows(faults: list[Problem]) -> Iterator[TaggedRow]:
        words: list[str] = []
        found: list[str] = []
        count, sound = 0, True
        for number, line in chain(lines(path, faults), [(0, "")]):
            if line:
                word, *rest = line.split("\t")
                if fault := _tagging_fault(rest, allowed):
                    faults.append(Unusable(fault, str(path), number, reason=UNKNOWN_TAG if sound else ""))
                    sound = False
                words.append(word)
                found.extend(rest)
            elif words:
                if sound:
                    yield TaggedRow(str(count), tuple(words), None if tags is None else tuple(found))
                words, found, count, sound = [], [], count + 1, True

    return usable(rows, path, purpose, left_out)


def _tagging_fault(rest: list[str], tags: frozenset[str] | None) -> str | None:
    if tags is None:
        return "a test file has words only, without tags; here is a second column" if rest else None
    if len(rest) != 1:
        return f"`word TAB tag` expected, found {wording.count(len(rest) + 1, 'column')}"
    return None if rest[0] in tags else f"unknown tag {rest[0]!r}; known are {', '.join(sorted(tags))}"


def read_questions(
    path: Path, purpose: str, *, answers: bool, ids_repeat: bool = False, left_out: LeftOut | None = None
) -> Iterator[QuestionRow]:
    """SQuAD's JSON, 1.1 or 2.0 (also XQuAD, MLQA and TyDiQA-GoldP).

    With `answers`, each must stand in the context at its offset (in code points), and every question needs one
    unless it is marked `is_impossible`. Without, the file is a test file, and any answers in it are ignored.
    `ids_repeat`: the file's ids are not unique (TyDiQA as XTREME prepares it), so the 0-based position becomes the id.
    """

    def rows(faults: list[Problem]) -> Iterator[QuestionRow]:
        seen: set[str] = set()
        for count, (context, question) in enumerate(squad_questions(json_document(path, faults), path, faults)):
            given, text = question.get("id"), question.get("question")
            if not isinstance(given, str) or not isinstance(text, str):
                message = f"question {count}: `id` and `question` must be text"
                faults.append(Unusable(message, str(path), reason="questions without an id or a text"))
                continue
            wrong: list[tuple[str, str]] = []  # reason, message
            if given in seen and not ids_repeat:
                wrong.append(("questions with the id of another", "this id occurs more than once"))
            seen.add(given)
            impossible = answers and question.get("is_impossible") is True
            found = _answers(context, question, wrong) if answers and not impossible else ()
            for place, (reason, message) in enumerate(wrong):
                faults.append(Unusable(message, str(path), example=given, reason="" if place else reason))
            if not wrong:
                yield QuestionRow(str(count) if ids_repeat else given, text, context, found, impossible)

    return usable(rows, path, purpose, left_out)


def squad_questions(document: Any, path: Path, faults: list[Problem]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(context, question object) in the order of the file; parts that lack the right shape are faults."""
    if document is None:
        return
    try:
        for article in document["data"]:
            for paragraph in article["paragraphs"]:
                context: str = paragraph["context"]
                if not isinstance(context, str):
                    raise TypeError("`context` must be text")
                for question in paragraph["qas"]:
                    if not isinstance(question, dict):
                        raise TypeError("each of `qas` must be an object")
                    yield context, question
    except (KeyError, TypeError) as error:
        faults.append(Problem(f"not SQuAD's JSON (data > paragraphs > context, qas): {error}", str(path)))


def _answers(context: str, question: dict[str, Any], wrong: list[tuple[str, str]]) -> tuple[Answer, ...]:
    """The answers to a question; faults are added to `wrong`, each with the reason that it is counted under."""
    found = []
    try:
        for answer in question["answers"]:
            start, text = answer["answer_start"], answer["text"]
            if type(start) is not int or not isinstance(text, str) or not text:
                raise TypeError("`answer_start` must be a whole number and `text` a text that is not empty")
            if start < 0 or context[start : start + len(text)] != text:
                wrong.append(("questions whose answer stands elsewhere", _wrong_offset(context, start, text)))
            found.append(Answer(start, text))
    except (KeyError, TypeError) as error:
        wrong.append(("questions with malformed answers", f"malformed answers: {error}"))
        return ()
    if not found:
        wrong.append(("questions without an answer", "no answer, and not marked `is_impossible`"))
    return tuple(found)


def _wrong_offset(context: str, start: int, text: str) -> str:
    there = context[start : start + len(text)] if start >= 0 else ""
    right = context.find(text)
    hint = f"it first occurs at {right}" if right >= 0 else "it does not occur in the context"
    return f"the answer {text[:60]!r} does not stand at {start} (there is {there[:60]!r}); {hint}"
