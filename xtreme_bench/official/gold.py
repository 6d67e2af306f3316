"""Read gold labels, `<labels>/<task>/test-<language>.<ext>`. Everything that reads gold labels does it here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS, of_group
from xtreme_bench.data import layout
from xtreme_bench.data.dialogues import read_ontology
from xtreme_bench.data.imposters import HEAD_BYTES, imposter
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.official.dialogue import Gold, gold_of
from xtreme_bench.official.findings import Findings, Size
from xtreme_bench.official.predictions import examine, kind_of
from xtreme_bench.untrusted import Malformed, parse_json, text_fault

# Label files may contain the passages, so they are larger than predictions.
MOST_VALUES = 20_000_000


def gold_path(labels: Path, task: str, language: str) -> Path | None:
    """The label file of a task and language; None if there is none."""
    path = labels / TASKS[task].file(language)
    return path if path.is_file() else None


def require_labels(labels: Path) -> None:
    """Read all gold labels of a folder, so that a fault in them is not blamed on predictions.

    Errors: `InputError` with every fault, or if there are no labels.
    """
    problems: list[Problem] = []
    found = [
        (path, task, code)
        for task in TASKS
        for code in TASKS[task].languages
        if (path := gold_path(labels, task, code))
    ]
    for path, task, code in found:
        try:
            read_gold(path, task, code)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(f"{labels}: some gold labels cannot be used", problems)
    if not found:
        raise InputError(f"{labels}: has no gold labels; --labels takes the folder that contains the task folders")


def read_gold(path: Path, task: str, language: str, pool: frozenset[str] | None = None) -> Any:
    """The gold labels of one file: a list of labels, tag lists or BUCC pairs; for QA a dict id -> accepted answers,
    for dialogues `Gold`.

    `pool`: the sentence ids of BUCC, if known. Errors: `InputError` with all faults of the file, also if it has no
    labels (XTREME removes them from its test files).
    """
    raw = path.read_bytes()
    if task in of_group("qa"):
        found = _examine_data_set(raw, Findings(TASKS[task], language, str(path)))
    else:
        found = examine(raw, task, language, Size(pool=pool), str(path))
        if not found.value and not found.problems:
            found.report(found.fault("no labels in the file"))
        if task in of_group("dialogue") and not found.problems:
            found.value = _with_ontology(path, found)
    if found.problems:
        raise InputError(f"{path}: these gold labels cannot be used", found.problems)
    return found.value


def _with_ontology(path: Path, found: Findings) -> Gold:
    """The states of a label file with the ontology beside it. Errors: `InputError` if there is none."""
    beside = path.with_name(Path(layout.ontology_file(found.task.name, found.language)).name)
    what = f"slots and values of {found.task.name} in {found.language}"
    if not beside.is_file():
        message = f"missing: it holds the {what}; `data prepare` writes it beside the gold labels"
        raise InputError(f"{path}: these gold labels cannot be used", [Problem(message, str(beside))])
    return gold_of(found.value, read_ontology(beside, what), found)


def _examine_data_set(raw: bytes, found: Findings) -> Findings:
    """Read the accepted answers of a data set in SQuAD 1.1 format, or of its list of articles alone."""
    if what := imposter(raw[:HEAD_BYTES]):
        found.report(found.fault(f"is {what}"))
        return found
    try:
        document = parse_json(raw.decode("utf-8"), [], most=MOST_VALUES)
        articles = document["data"] if isinstance(document, dict) else document
        questions = [
            (question["id"], [answer["text"] for answer in question["answers"]])
            for article in articles
            for part in article["paragraphs"]
            for question in part["qas"]
        ]
    except (Malformed, UnicodeDecodeError, KeyError, TypeError) as error:
        message = f"not a data set in the SQuAD 1.1 format ({type(error).__name__}: {error})"
        found.report(found.fault(message, getattr(error, "line", None)))
        return found
    found.value = {one: texts for one, texts in questions if isinstance(one, str)}
    _report_questions(questions, found)
    if not found.problems and not any(text for _, texts in questions for text in texts):
        found.report(found.fault("no answers: this is a test file without labels"))
    elif not found.problems:
        bare = [one for one, texts in questions if not texts]
        found.report_each(bare, lambda one: found.fault("no accepted answer", example=one), len(bare))
    return found


def _report_questions(questions: list[tuple[Any, list[Any]]], found: Findings) -> None:
    """Report ids and answers that are not text, and duplicate ids."""
    named = Counter(one for one, _ in questions if isinstance(one, str))
    odd = [one for one, _ in questions if not isinstance(one, str)]
    found.report_each(
        odd, lambda one: found.fault(f"the id {one!r} is a JSON {kind_of(one)}; it must be text, in quotes"), len(odd)
    )
    twice = [one for one, times in named.items() if times > 1]
    found.report_each(twice, lambda one: found.fault("this id occurs twice", example=one), len(twice))
    texts = [(str(one), text) for one, texts in questions for text in texts if _no_text(text)]
    found.report_each(texts, lambda pair: found.fault(str(_no_text(pair[1])), example=pair[0]), len(texts))


def _no_text(answer: Any) -> str | None:
    if not isinstance(answer, str):
        return f"an accepted answer is a JSON {kind_of(answer)}; it must be text, in quotes"
    fault = text_fault(answer)
    return f"an accepted answer {fault}" if fault else None
