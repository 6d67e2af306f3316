"""Score faulty predictions as the official scorer does, to compare old submissions without changing them.

google-research/xtreme `evaluate.py` (commit 838c13b) counts most faults as wrong answers. It stops with an error if the
number of lines or sentences differs from the labels, a file is not UTF-8 or not JSON, or an answer is not text. The
readers here accept and refuse the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS, of_group
from xtreme_bench.bundle.evaluate import coverage
from xtreme_bench.bundle.paths import known_path
from xtreme_bench.bundle.read import opened
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.official.findings import MOST_LETTERS_OF_ANSWER, MOST_LINES, lines_of
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.official.metrics import Scores
from xtreme_bench.official.predictions import examine, kind_of, sentences_of
from xtreme_bench.official.scores import score_one, summary
from xtreme_bench.official.sizes import gold_size
from xtreme_bench.untrusted import Malformed, parse_json
from xtreme_bench.wording import count


class Stops(Exception):
    """Why the official scorer stops with an error at a file."""


@dataclass(frozen=True)
class Lenient:
    """Scores with the official keys, all faults as `warnings`, and the files at which the official scorer stops.

    Files in `stops` have no score. Their tasks, and the groups of these tasks, have no mean.
    """

    scores: dict[str, Any]
    warnings: tuple[Problem, ...]
    stops: tuple[Problem, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The scores as JSON values; the key `lenient` holds the warnings and the stops."""
        about = {
            "warnings": [str(problem) for problem in self.warnings],
            "stops": [str(problem) for problem in self.stops],
            "notes": list(self.notes),
        }
        return {**self.scores, "lenient": about}


def evaluate(predictions: Path, labels: Path) -> Lenient:
    """Score a folder or zip of predictions as the official scorer would, and list every fault.

    Errors: `InputError` when there is nothing to score, or the gold labels are faulty.
    """
    warnings: list[Problem] = []
    covered, notes = coverage(predictions, labels, refused=warnings)
    refused = [place for problem in warnings if (place := known_path(problem.file or ""))]
    stops = [_stop("not read", task, language) for task, language in refused if gold_path(labels, task, language)]
    per_task: dict[str, dict[str, Scores]] = {}
    with opened(predictions) as contents:
        for task, language in ((task, language) for task, languages in covered.items() for language in languages):
            gold = read_gold(labels / TASKS[task].file(language), task, language)
            try:
                raw = contents.read(TASKS[task].file(language))
                warnings += examine(raw, task, language, gold_size(gold, task, language)).problems
                scores = score_one(*_compared(raw, gold, task), task, language)
            except (Stops, InputError) as error:
                stops.append(_stop(str(error), task, language))
            else:
                per_task.setdefault(task, {})[language] = scores
    incomplete = {str(problem.task) for problem in stops}
    return Lenient(summary(per_task, incomplete), tuple(warnings), tuple(stops), tuple(notes))


def _stop(reason: str, task: str, language: str) -> Problem:
    return Problem(f"the official scorer stops here: {reason}", TASKS[task].file(language), None, task, language)


def _compared(raw: bytes, gold: Any, task: str) -> tuple[Any, Any]:
    """Labels and predictions as the official scorer compares them. Errors: `Stops`."""
    try:
        text = raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise Stops(f"byte 0x{raw[error.start]:02x} is not UTF-8") from None
    if task in of_group("qa"):
        return gold, _answers(text, gold)
    if task in of_group("dialogue"):
        return gold, _states(raw, gold, task)
    if (found := text.count("\n")) > MOST_LINES:
        raise Stops(f"{found:,} lines are too many to read")
    lines = lines_of(text)
    if any(line != line.strip() for line in set(lines)):
        lines = [line.strip() for line in lines]
    return gold, _LINES[TASKS[task].form](lines, gold)


def _lines(lines: list[str], gold: Any) -> list[str]:
    _same_number(len(gold), len(lines), "line")
    return lines


def _sentences(lines: list[str], gold: Any) -> list[list[str]]:
    if lines and lines[-1]:
        lines.append("")
    _same_number(len(gold), lines.count(""), "sentence")
    return sentences_of(lines)


# How the lines of a file are read before comparing, by the form of the file.
_LINES: Mapping[str, Callable[[list[str], Any], list[Any]]] = {
    "classification": _lines,
    "tagging": _sentences,
    "tatoeba": _lines,
    "bucc2018": lambda lines, _: lines,
}


def _states(raw: bytes, gold: Any, task: str) -> Any:
    """The states of dialogues, which XTREME's scorer does not know: a fault in them always stops."""
    language = TASKS[task].languages[0]
    found = examine(raw, task, language, gold_size(gold, task, language))
    if found.problems:
        raise Stops(found.problems[0].message)
    return found.value


def _same_number(expected: int, found: int, noun: str) -> None:
    if found != expected:
        raise Stops(f"{count(expected, noun)} expected, {found:,} found")


def _answers(text: str, gold: Iterable[str]) -> dict[str, str]:
    """The answers to the test questions `gold`, found in the JSON value as the official scorer finds them."""
    if text.startswith("\ufeff"):
        raise Stops("a byte-order mark before the JSON")
    try:
        value = parse_json(text, [], number=lambda _: 0.0)
    except Malformed as error:
        raise Stops(f"not JSON: {error}") from None
    if isinstance(value, dict):
        value = value.get("data", value)
    elif isinstance(value, list | str) and "data" in value:
        raise Stops(f"`data` in a JSON {kind_of(value)}")
    if not isinstance(value, dict | list | str):
        raise Stops(f"a JSON {kind_of(value)}, not an object")
    found = [one for one in gold if one in value]
    if not isinstance(value, dict):
        if found:
            raise Stops(f"question ids in a JSON {kind_of(value)}")
        return {}
    for one in found:
        if not isinstance(value[one], str):
            raise Stops(f"the answer to {one} is a JSON {kind_of(value[one])}")
        if len(value[one]) > MOST_LETTERS_OF_ANSWER:
            raise Stops(f"the answer to {one} has {len(value[one]):,} characters, too many to read")
    return {one: value[one] for one in found}
