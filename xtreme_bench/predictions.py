"""How a file of predictions must look: parse one, and say exactly what is wrong with it.

The official scorer gives most of these faults a score (often 0) instead of an error; here each has a message, a task,
a language and a line. Gold label files have the same formats, so they are checked by the same functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import Problem
from xtreme_bench.findings import Findings, Size, count, decode, ids_sha256, lines_of, listed, nearest, quoted


def examine(raw: bytes, task: str, language: str, size: Size | None = None, file: str | None = None) -> Findings:
    """Parse and check one file of predictions against what is known about its test set."""
    row = TASKS[task]
    findings = Findings(row, language, file or row.file(language))
    text = decode(raw, findings)
    if text is not None:
        _EXAMINERS[row.name if row.group == "retrieval" else row.group](text, size or Size(), findings)
    return findings


def _count_lines(lines: Sequence[str], size: Size, findings: Findings) -> None:
    if size.records is not None and len(lines) != size.records:
        findings.report([findings.fault(f"{count(size.records, 'line')} expected, {len(lines):,} found")])


def _examine_labels(text: str, size: Size, findings: Findings) -> None:
    lines, labels = lines_of(text), findings.task.labels
    _count_lines(lines, size, findings)
    vocabulary = f"{', '.join(labels[:-1])} or {labels[-1]}"
    faults = [
        findings.fault(
            f"{quoted(line)} is not a label of {findings.task.name} ({vocabulary}){nearest(line, labels)}", n
        )
        if line
        else findings.fault(f"empty line; write one label per line ({vocabulary})", n)
        for n, line in enumerate(lines, 1)
        if line not in labels
    ]
    findings.report(faults)
    findings.value = lines
    if len(lines) > 1 and len(set(lines)) == 1 and not faults:
        findings.note(f"all {len(lines):,} lines are {quoted(lines[0])}")


def _examine_tags(text: str, size: Size, findings: Findings) -> None:
    tags = findings.task.labels
    kind = "a UPOS tag" if findings.task.name == "udpos" else "a BIO tag"
    sentences: list[list[str]] = [[]]
    starts, wrong = [1], []
    for number, line in enumerate(lines_of(text), 1):
        if not line:
            sentences.append([])
            starts.append(number + 1)
            continue
        sentences[-1].append(line)
        if line not in tags:
            wrong.append(findings.fault(f"{quoted(line)} is not {kind}{_tag_hint(line, tags)}", number))
    if not sentences[-1]:
        sentences.pop()
    findings.value = sentences
    findings.report(_sentence_faults(sentences, starts, size, findings))
    findings.report(wrong)


def _tag_hint(line: str, tags: Sequence[str]) -> str:
    if "\t" in line or " " in line.strip():
        return "; write the tag alone, without the word"
    return nearest(line, tags)


def _sentence_faults(sentences: list[list[str]], starts: list[int], size: Size, findings: Findings) -> list[Problem]:
    """Faults in the number of sentences or, where that is right, in the number of their tags."""
    lengths = size.lengths
    if size.records is not None and len(sentences) != size.records:
        message = f"{count(size.records, 'sentence')} expected, {len(sentences):,} found"
        pairs = enumerate(zip_longest(lengths or (), map(len, sentences), fillvalue=0))
        first = next((n for n, (expected, found) in pairs if expected != found), None) if lengths else None
        if lengths is None or first is None or first >= min(len(lengths), len(sentences)):
            return [findings.fault(message)]
        parts = f"{count(lengths[first], 'tag')} expected, {len(sentences[first]):,} found"
        return [findings.fault(f"{message}; sentence {first + 1} is the first that differs: {parts}", starts[first])]
    if lengths is not None:
        return [
            findings.fault(f"sentence {n}: {count(expected, 'tag')} expected, {len(tags):,} found", start)
            for n, (expected, tags, start) in enumerate(zip(lengths, sentences, starts, strict=False), 1)
            if expected != len(tags)
        ]
    return [
        findings.fault(f"sentence {n} is empty: two empty lines follow each other, or the file starts with one", start)
        for n, (tags, start) in enumerate(zip(sentences, starts, strict=False), 1)
        if not tags
    ]


def _examine_answers(text: str, size: Size, findings: Findings) -> None:
    wanted = "one JSON object, question id -> answer text, is expected"
    repeated: list[str] = []
    try:
        value = json.loads(text, object_pairs_hook=_object(repeated), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        findings.report([findings.fault(f"not JSON: {error.msg} (column {error.colno}); {wanted}", error.lineno)])
        return
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        findings.report([findings.fault(f"not JSON: {reason}; {wanted}")])
        return
    if not isinstance(value, dict):
        findings.report([findings.fault(f"a JSON {_kind(value)} found; {wanted}")])
        return
    if isinstance(value.get("data"), list):
        findings.report([findings.fault(f"a SQuAD data set found (key `data`); {wanted}")])
        return
    findings.value = value
    findings.report([findings.fault("this id occurs twice", example=one) for one in repeated])
    findings.report([findings.fault(why, example=one) for one, answer in value.items() if (why := _no_text(answer))])
    _examine_ids(value, size, findings)
    if value and not any(answer for answer in value.values()):
        findings.note("all answers are empty")


def _object(repeated: list[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """A JSON hook that builds an object and collects the keys that occur twice; of these the last one counts."""

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key, value in pairs:
            if key in built:
                repeated.append(key)
            built[key] = value
        return built

    return build


def _no_constant(name: str) -> Any:
    raise ValueError(f"`{name}` is not a JSON value")


def _kind(value: Any) -> str:
    names = {list: "list", dict: "object", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def _no_text(answer: Any) -> str | None:
    if not isinstance(answer, str):
        return f"the answer is a JSON {_kind(answer)}; write the text of the answer"
    try:
        answer.encode()
    except UnicodeEncodeError:
        return "the answer holds half a surrogate pair, which is not Unicode text"
    return None


def _examine_ids(answers: dict[str, Any], size: Size, findings: Findings) -> None:
    if size.ids is None:
        if size.records is not None and len(answers) != size.records:
            findings.report([findings.fault(f"{count(size.records, 'answer')} expected, {len(answers):,} found")])
        elif size.ids_sha256 is not None and ids_sha256(answers) != size.ids_sha256:
            message = "the question ids are not those of the manifest; --labels or --data shows which"
            findings.report([findings.fault(message)])
        return
    known = set(size.ids)
    missing = [one for one in size.ids if one not in answers]
    unknown = [one for one in answers if one not in known]
    if missing:
        message = f"{len(missing):,} of {count(len(size.ids), 'question id')} missing: {listed(missing)}"
        findings.report([findings.fault(message)])
    if unknown:
        message = f"{count(len(unknown), 'id')} of no question in this test set: {listed(unknown)}"
        findings.report([findings.fault(message)])


def _examine_tatoeba(text: str, size: Size, findings: Findings) -> None:
    lines = lines_of(text)
    _count_lines(lines, size, findings)
    candidates = size.candidates if size.candidates is not None else size.records
    faults, numbers = [], []
    for number, line in enumerate(lines, 1):
        if not re.fullmatch(r"0|[1-9][0-9]{0,9}", line):
            faults.append(findings.fault(_no_line_number(line), number))
            continue
        numbers.append(int(line))
        if candidates is not None and numbers[-1] >= candidates:
            faults.append(findings.fault(f"{line} is outside the range 0..{candidates - 1}", number))
    findings.value = lines
    findings.report(faults)
    if candidates in numbers and 0 not in numbers:
        findings.note(f"0 never occurs and {candidates} does: the numbers seem to count from 1; lines count from 0")


def _no_line_number(line: str) -> str:
    if re.fullmatch("[+]?0*[0-9]{1,9}", line):
        return f"{quoted(line)} is not in plain digits; write `{int(line)}`, because the scorer compares texts"
    if re.fullmatch("-[0-9]+", line):
        return f"{quoted(line)} is negative; lines count from 0"
    digits = re.fullmatch(r"[\s\[(]*([0-9]{1,9})[\s\]),]*", line)
    return f"{quoted(line)} is not an integer" + (f"; write `{int(digits[1])}`" if digits else "")


def _examine_pairs(text: str, size: Size, findings: Findings) -> None:
    lines = lines_of(text)
    if size.records is not None and len(lines) != size.records:
        findings.report([findings.fault(f"{count(size.records, 'pair')} expected, {len(lines):,} found")])
    seen: dict[str, int] = {}
    faults = []
    for number, line in enumerate(lines, 1):
        why = _no_pair(line, findings.language, size.pool)
        if why is None and line in seen:
            why = f"the pair of line {seen[line]} again"
        seen.setdefault(line, number)
        if why:
            faults.append(findings.fault(why, number))
    findings.report(faults)
    findings.value = [tuple(line.split("\t")) for line in lines]
    if not lines:
        findings.note("no pairs at all: the score is 0")


def _no_pair(line: str, language: str, pool: frozenset[str] | None) -> str | None:
    form = f"`{language}-000000001<TAB>en-000000001` is the form"
    foreign, english = rf"{language}-[0-9]{{9}}", r"en-[0-9]{9}"
    if re.fullmatch(rf"{foreign}\t{english}", line):
        unknown = [one for one in line.split("\t") if pool is not None and one not in pool]
        return f"no sentence {' or '.join(map(quoted, unknown))} in the test set" if unknown else None
    columns = line.split("\t")
    if re.fullmatch(rf"{foreign} +{english}", line):
        why = "a space where a tab must be"
    elif re.fullmatch(rf"{english}\t{foreign}", line):
        why = f"columns swapped: the id of {language} comes first"
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
}
