"""Parse a file of predictions and report exactly what is wrong with it.

The official scorer gives most of these faults a score (often 0) instead of an error. Here each fault has a message, a
task, a language and a line. Gold label files have the same formats, so the same functions check them.

A file may be malicious and costly to check. So each distinct line is checked once, and only the first few faults get
messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import Problem
from xtreme_bench.official.dialogue import examine_states
from xtreme_bench.official.findings import (
    MOST_LETTERS_OF_ANSWER,
    Findings,
    Size,
    decode,
    examine_count,
    lines_of,
    listed,
)
from xtreme_bench.untrusted import Malformed, parse_json, text_fault
from xtreme_bench.wording import count, did_you_mean, quoted


def examine(raw: bytes, task: str, language: str, size: Size | None = None, file: str | None = None) -> Findings:
    """Parse one file of predictions and check it against `size`, what is known about its test set.

    `raw`: the bytes of the file. `file`: its name in messages (default: its path in a bundle). Raises nothing for a
    faulty file: the faults are in the findings.
    """
    row = TASKS[task]
    findings = Findings(row, language, file or row.file(language))
    text = decode(raw, findings)
    if text is not None:
        _EXAMINERS[row.form](text, size or Size(), findings)
    return findings


def _count_lines(lines: Sequence[str], size: Size, findings: Findings, noun: str = "line") -> None:
    if size.records is not None and len(lines) != size.records:
        findings.report(findings.fault(f"{count(size.records, noun)} expected, {len(lines):,} found"))


def _report_lines(lines: Sequence[str], wrong: set[str], fault: Callable[[int], Problem], findings: Findings) -> None:
    """Report the lines that are in `wrong`; `fault` makes a problem from a line number (from 1)."""
    if wrong:
        numbers = (number for number, line in enumerate(lines, 1) if line in wrong)
        findings.report_each(numbers, fault, sum(map(wrong.__contains__, lines)))


def _examine_labels(text: str, size: Size, findings: Findings) -> None:
    lines, labels = lines_of(text), findings.task.labels
    _count_lines(lines, size, findings)
    vocabulary = f"{', '.join(labels[:-1])} or {labels[-1]}"

    def fault(number: int) -> Problem:
        line = lines[number - 1]
        if not line:
            return findings.fault(f"empty line; write one label per line ({vocabulary})", number)
        what = f"{quoted(line)} is not a label of {findings.task.name} ({vocabulary})"
        return findings.fault(f"{what}{did_you_mean(line, labels)}", number)

    different = set(lines)
    _report_lines(lines, different - set(labels), fault, findings)
    findings.value = lines
    if len(lines) > 1 and len(different) == 1 and different <= set(labels):
        findings.note(f"all {len(lines):,} lines are {quoted(lines[0])}")


def _examine_tags(text: str, size: Size, findings: Findings) -> None:
    lines, tags = lines_of(text), findings.task.labels
    kind = "a UPOS tag" if findings.task.name == "udpos" else "a BIO tag"
    if lines and lines[-1]:
        lines.append("")
    # Lazy, because millions of small lists take seconds and a check does not need them.
    findings.later(lambda: sentences_of(lines))
    doubled = text.startswith("\n") or "\n\n\n" in text
    _report_sentences(lines, size, findings, doubled)

    def fault(number: int) -> Problem:
        line = lines[number - 1]
        return findings.fault(f"{quoted(line)} is not {kind}{_tag_hint(line, tags)}", number)

    _report_lines(lines, set(lines) - {*tags, ""}, fault, findings)


def sentences_of(lines: list[str]) -> list[list[str]]:
    """The tags of each sentence. An empty line ends a sentence; the last of `lines` must be empty."""
    ends = [at for at, line in enumerate(lines) if not line]
    return [lines[begin:end] for begin, end in zip([0, *(end + 1 for end in ends)], ends, strict=False)]


def _tag_hint(line: str, tags: Sequence[str]) -> str:
    if "\t" in line or " " in line.strip():
        return "; write the tag alone, without the word"
    return did_you_mean(line, tags)


def _report_sentences(lines: list[str], size: Size, findings: Findings, doubled: bool) -> None:
    """Report a wrong number of sentences or, if it is right, sentences with a wrong number of tags."""
    records, lengths = lines.count(""), size.lengths
    message = f"{count(size.records or 0, 'sentence')} expected, {records:,} found"
    right_number = size.records in (None, records)
    if lengths is None:
        if not right_number:
            findings.report(findings.fault(message))
        elif doubled:
            _report_empty(lines, findings)
        return
    pairs = zip(lengths, _places(lines), strict=False)
    different = (
        (f"sentence {at}", f"{count(expected, 'tag')} expected, {found:,} found", begin)
        for at, (expected, (begin, found)) in enumerate(pairs, 1)
        if expected != found
    )
    if right_number:
        odd = list(different)
        findings.report_each(odd, lambda one: findings.fault(f"{one[0]}: {one[1]}", one[2]), len(odd))
    elif first := next(different, None):
        message += f"; the first difference is in {first[0]}: {first[1]}"
        findings.report(findings.fault(message, first[2]))
    else:
        findings.report(findings.fault(message))


def _places(lines: list[str]) -> Iterator[tuple[int, int]]:
    """(number of its first line, number of its tags) of each sentence."""
    begin = 0
    for at, line in enumerate(lines):
        if not line:
            yield begin + 1, at - begin
            begin = at + 1


def _report_empty(lines: list[str], findings: Findings) -> None:
    empty = [at for at, pair in enumerate(zip(["", *lines], lines, strict=False)) if pair == ("", "")]
    why = "is empty: two empty lines follow each other, or the file starts with one"
    findings.report_each(
        empty, lambda at: findings.fault(f"sentence {lines[:at].count('') + 1} {why}", at + 1), len(empty)
    )


def _examine_answers(text: str, size: Size, findings: Findings) -> None:
    wanted = "write one JSON object that maps each question id to an answer text"
    repeated: list[str] = []
    try:
        value = parse_json(text, repeated)
    except Malformed as error:
        findings.report(findings.fault(f"not JSON: {error}; {wanted}", error.line))
        return
    if not isinstance(value, dict):
        findings.report(findings.fault(f"a JSON {kind_of(value)} found; {wanted}"))
        return
    if isinstance(value.get("data"), list):
        findings.report(findings.fault(f"a SQuAD data set found (key `data`); {wanted}"))
        return
    findings.value = value
    findings.report_each(repeated, lambda one: findings.fault("this id occurs twice", example=one), len(repeated))
    wrong = [one for one, answer in value.items() if _no_answer(one, answer)]
    findings.report_each(wrong, lambda one: findings.fault(str(_no_answer(one, value[one])), example=one), len(wrong))
    _examine_ids(value, size, findings)
    if value and not any(value.values()):
        findings.note("all answers are empty")


def kind_of(value: Any) -> str:
    """What JSON calls a value: `list`, `object`, `number`, ..."""
    names = {list: "list", dict: "object", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def _no_answer(question: str, answer: Any) -> str | None:
    if not isinstance(answer, str):
        return f"the answer is a JSON {kind_of(answer)}; write the text of the answer"
    if len(answer) > MOST_LETTERS_OF_ANSWER:
        return f"the answer has {len(answer):,} characters, more than any passage"
    for what, text in (("answer", answer), ("id", question)):
        if fault := text_fault(text):
            return f"the {what} {fault}"
    return None


def _examine_ids(answers: dict[str, Any], size: Size, findings: Findings) -> None:
    if size.ids is None:
        examine_count(answers, size, findings, "answer", "question")
        return
    known = set(size.ids)
    missing = [one for one in size.ids if one not in answers]
    unknown = [one for one in answers if one not in known]
    if missing:
        message = f"{len(missing):,} of {count(len(size.ids), 'question id')} missing: {listed(missing)}"
        findings.report(findings.fault(message))
    if unknown:
        message = f"{count(len(unknown), 'id')} not in this test set: {listed(unknown)}"
        findings.report(findings.fault(message))


def _examine_tatoeba(text: str, size: Size, findings: Findings) -> None:
    lines = lines_of(text)
    _count_lines(lines, size, findings)
    different = set(lines)
    candidates = size.candidates if size.candidates is not None else size.records
    numbers = {line for line in different if re.fullmatch(r"0|[1-9][0-9]{0,9}", line)}
    beyond = {line for line in numbers if candidates is not None and int(line) >= candidates}

    def fault(number: int) -> Problem:
        line = lines[number - 1]
        outside = f"{line} is outside the range 0..{(candidates or 0) - 1}"
        return findings.fault(outside if line in beyond else _no_line_number(line), number)

    findings.value = lines
    _report_lines(lines, different - numbers | beyond, fault, findings)
    if str(candidates) in numbers and "0" not in numbers:
        findings.note(f"0 never occurs but {candidates} does: the numbers seem to count from 1; lines count from 0")


def _no_line_number(line: str) -> str:
    if re.fullmatch("[+]?0*[0-9]{1,9}", line):
        return f"{quoted(line)} has extra characters; write `{int(line)}`, because the scorer compares strings"
    if re.fullmatch("-[0-9]+", line):
        return f"{quoted(line)} is negative; lines count from 0"
    digits = re.fullmatch(r"[\s\[(]*([0-9]{1,9})[\s\]),]*", line)
    return f"{quoted(line)} is not an integer" + (f"; write `{int(digits[1])}`" if digits else "")


def _examine_pairs(text: str, size: Size, findings: Findings) -> None:
    lines = lines_of(text)
    _count_lines(lines, size, findings, "pair")
    form = re.compile(rf"{findings.language}-[0-9]{{9}}\ten-[0-9]{{9}}")
    pool, first = size.pool, dict[str, int]()
    wrong = {
        line
        for line in set(lines)
        if not form.fullmatch(line) or (pool is not None and not pool.issuperset(line.split("\t")))
    }

    odd = [n for n, line in enumerate(lines, 1) if first.setdefault(line, n) != n or line in wrong]

    def fault(number: int) -> Problem:
        line = lines[number - 1]
        again = f"repeats the pair of line {first[line]}"
        return findings.fault(_no_pair(line, findings.language, pool) if line in wrong else again, number)

    findings.report_each(odd, fault, len(odd))
    findings.value = lines
    if not lines:
        findings.note("no pairs, so the score is 0")


def _no_pair(line: str, language: str, pool: frozenset[str] | None) -> str:
    """Why a line is not a pair of sentences of the test set."""
    form = f"write `{language}-000000001<TAB>en-000000001`"
    foreign, english = rf"{language}-[0-9]{{9}}", r"en-[0-9]{9}"
    columns = line.split("\t")
    if re.fullmatch(rf"{foreign}\t{english}", line):
        unknown = [one for one in columns if pool is not None and one not in pool]
        return f"the test set has no sentence {' or '.join(map(quoted, unknown))}"
    if re.fullmatch(rf"{foreign} +{english}", line):
        why = "a space instead of a tab"
    elif re.fullmatch(rf"{english}\t{foreign}", line):
        why = f"swapped columns: the {language} id comes first"
    elif len(columns) > 2 and re.fullmatch(rf"{foreign}\t{english}\t.*", line):
        why = f"2 columns expected, {len(columns)} found; leave the score out"
    else:
        why = "not a pair of ids" if line else "empty line"
    return f"{quoted(line)}: {why}; {form}" if line else f"{why}; {form}"


_EXAMINERS: dict[str, Callable[[str, Size, Findings], None]] = {
    "classification": _examine_labels,
    "tagging": _examine_tags,
    "qa": _examine_answers,
    "tatoeba": _examine_tatoeba,
    "bucc2018": _examine_pairs,
    "dialogue": examine_states,
}
