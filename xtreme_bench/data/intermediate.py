"""Readers of the intermediate tasks, each in the format of its upstream release; the rows of the table name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from xtreme_bench.benchmark import NLI_LABELS, PARAPHRASE_LABELS
from xtreme_bench.data import layout
from xtreme_bench.data.files import csv_rows, json_document, json_lines, lines, reading, some
from xtreme_bench.data.formats import NOT_TEXT, OTHER_COLUMNS, UNKNOWN_LABEL, UNKNOWN_TAG, read_pairs, read_questions
from xtreme_bench.data.nli import NO_AGREEMENT, read_records
from xtreme_bench.data.quoting import csv_quoted, tab_fields
from xtreme_bench.data.usable import LeftOut, Unusable, usable
from xtreme_bench.errors import Problem
from xtreme_bench.intermediate import CORPORA, INTERMEDIATE, parts_of
from xtreme_bench.rows import ChoiceRow, PairRow, QuestionRow, Row, TaggedRow
from xtreme_bench.stage.loaded import named

_ANLI_LABELS = {"e": "entailment", "n": "neutral", "c": "contradiction"}
QQP_COLUMNS = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]
NO_CHOICE = "rows without choices or a right one"
_COSMOS_COLUMNS = ["id", "context", "question", "answer0", "answer1", "answer2", "answer3", "label"]


def labels(data: Path, task: str, languages: Sequence[str] = ("en",)) -> tuple[str, ...]:
    """The class or tag names of an intermediate task; empty for question answering and multiple choice.

    If they are not in the table, they are read from the file of each of `languages` (CCG's `tags_to_id.json`), in the
    order of their numbers; labels that a language adds come after the earlier ones.
    """
    row = INTERMEDIATE[layout.known(task, tuple(INTERMEDIATE), "intermediate task")]
    files = zip(layout.label_files(task, languages), languages, strict=False)
    return row.labels or tuple(
        dict.fromkeys(tag for file, language in files for tag in read_labels(data / file, task, language))
    )


def read(data: Path, task: str, split: str, language: str = "en", left_out: LeftOut | None = None) -> Iterator[Row]:
    """The "train" or "dev" rows of an intermediate task; anli_plus is SNLI, MultiNLI and ANLI, one after another.

    Ids are those of the release if it has some, else positions. Rows that the task leaves out, and unusable ones
    while they are few, are counted in `left_out`, by the reason. Errors: `InputError` when a file
    is missing or malformed, with all faults of that file, after its last row.
    """
    left_out = LeftOut() if left_out is None else left_out
    purpose = f"{'training' if split == 'train' else 'development'} data of {task} in {language}"
    files = layout.intermediate_split_files(task, split, language)
    rows = _read(data, task, split, language, purpose, left_out)
    return some(rows, f"{purpose}: no rows in {', '.join(files)}")


def _read(data: Path, task: str, split: str, language: str, purpose: str, left_out: LeftOut) -> Iterator[Row]:
    for part in parts_of(task):
        for file in layout.intermediate_split_files(part, split, language):
            known = (labels(data, part, [language]),) if CORPORA[part].label_file else ()
            yield from named(CORPORA[part].reader)(data / file, purpose, *known, left_out=left_out)


def read_file(part: str, path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[Row]:
    """The rows of one file of an intermediate task without a file of labels, or of a part of one.

    `left_out` and errors as `read`. Without `left_out` one unusable row is an error. A file without rows is
    no error.
    """
    rows: Iterator[Row] = named(CORPORA[part].reader)(path, purpose, left_out=left_out)
    return rows


def read_nli(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[PairRow]:
    """SNLI's and MultiNLI's JSON lines. Pairs on which the annotators did not agree (label "-") are left out."""
    for record in read_records(path, purpose, left_out):
        if record["gold_label"] != NO_AGREEMENT:
            yield PairRow(record["pairID"], record["sentence1"], record["sentence2"], record["gold_label"])
        elif left_out is not None:
            left_out.counts["pairs without a gold label"] += 1


def read_xnli_dev(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[PairRow]:
    """The part of XNLI's development set that is for training, in XTREME's form."""
    return read_pairs(path, purpose, NLI_LABELS, left_out)


def read_pawsx_dev(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[PairRow]:
    """The part of PAWS-X's development set that is for training, in XTREME's form."""
    return read_pairs(path, purpose, PARAPHRASE_LABELS, left_out)


def read_anli(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[PairRow]:
    """ANLI's JSON lines, with the labels e, n and c."""

    def rows(faults: list[Problem]) -> Iterator[PairRow]:
        for number, record in json_lines(path, faults):
            values = _texts(record, ("uid", "context", "hypothesis", "label"), path, number, faults)
            if values is None:
                continue
            name, text_a, text_b, label = values
            if label in _ANLI_LABELS:
                yield PairRow(name, text_a, text_b, _ANLI_LABELS[label])
            else:
                message = f"unknown label {label!r}; known are {', '.join(_ANLI_LABELS)}"
                faults.append(Unusable(message, str(path), number, example=name, reason=UNKNOWN_LABEL))

    return usable(rows, path, purpose, left_out)


def read_qqp(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[PairRow]:
    """GLUE's QQP: a header, then id, qid1, qid2, question1, question2, is_duplicate, without any quoting.

    Rows with fewer columns are left out: the release has some that break off. In a copy that a CSV writer made, the
    quotes are undone.
    """

    def rows(faults: list[Problem]) -> Iterator[PairRow]:
        quoted = csv_quoted(path)
        for number, line in lines(path, faults):
            fields = tab_fields(line, quoted=quoted)
            if number == 1:
                if fields != QQP_COLUMNS:
                    faults.append(Problem(f"not the header of GLUE's QQP: {line[:80]!r}", str(path), 1))
            elif len(fields) > 6 or (len(fields) == 6 and fields[5] not in ("0", "1")):
                message = f"six columns expected, the last 0 or 1; found {len(fields)}, the last {fields[-1][:40]!r}"
                faults.append(Unusable(message, str(path), number, reason=OTHER_COLUMNS))
            elif len(fields) == 6:
                yield PairRow(fields[0], fields[3], fields[4], fields[5])
            elif left_out is not None:
                left_out.counts["rows that are broken off"] += 1

    return usable(rows, path, purpose, left_out)


def read_hellaswag(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[ChoiceRow]:
    """HellaSwag's JSON lines, as jiant poses them: prompt `ctx_a`, choices `ctx_b` + " " + ending.

    Where `ctx_b` is empty (WikiHow) the choice is the ending alone. The label is a number or a digit in quotes.
    """

    def rows(faults: list[Problem]) -> Iterator[ChoiceRow]:
        for number, record in json_lines(path, faults):
            texts = _texts(record, ("ctx_a", "ctx_b"), path, number, faults)
            endings, label = record.get("endings"), str(record.get("label"))
            if texts is None:
                continue
            if not _is_list_of_texts(endings) or len(endings) != 4 or label not in ("0", "1", "2", "3"):
                message = "four `endings` and a `label` of 0 to 3 expected"
                faults.append(Unusable(message, str(path), number, reason=NO_CHOICE))
                continue
            choices = tuple(f"{texts[1]} {ending}" if texts[1] else ending for ending in endings)
            yield ChoiceRow(str(record.get("ind", number)), texts[0], choices, int(label))

    return usable(rows, path, purpose, left_out)


def read_cosmosqa(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[ChoiceRow]:
    """CosmosQA's CSV (quoted, CR LF): prompt `context` + " " + `question`, choices `answer0` to `answer3`."""

    def rows(faults: list[Problem]) -> Iterator[ChoiceRow]:
        header: list[str] = []
        for number, fields in csv_rows(path, faults, delimiter=","):
            if not header:
                header = fields
                if fields != _COSMOS_COLUMNS:
                    message = f"the header {','.join(_COSMOS_COLUMNS)} expected, found {','.join(fields)[:120]}"
                    faults.append(Problem(message, str(path), number))
            elif len(fields) != len(_COSMOS_COLUMNS) or fields[7] not in ("0", "1", "2", "3"):
                message = f"8 columns expected, the last 0 to 3; found {len(fields)}, the last {fields[-1][:40]!r}"
                faults.append(Unusable(message, str(path), number, reason=NO_CHOICE))
            else:
                yield ChoiceRow(fields[0], f"{fields[1]} {fields[2]}", tuple(fields[3:7]), int(fields[7]))

    return usable(rows, path, purpose, left_out)


def read_commonsenseqa(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[ChoiceRow]:
    """CommonsenseQA's JSON lines: prompt is the question's `stem`, choices in the order of the file."""

    def rows(faults: list[Problem]) -> Iterator[ChoiceRow]:
        for number, record in json_lines(path, faults):
            try:
                question = record["question"]
                names = [choice["label"] for choice in question["choices"]]
                texts = [choice["text"] for choice in question["choices"]]
                prompt, answer, name = question["stem"], record["answerKey"], record["id"]
            except (KeyError, TypeError) as error:
                message = f"question > stem, choices > label, text and answerKey expected: {error}"
                faults.append(Unusable(message, str(path), number, reason=NO_CHOICE))
                continue
            if answer not in names or not _is_list_of_texts([prompt, name, *texts]):
                message = f"the answer key {answer!r} is not the label of a choice ({', '.join(map(str, names))})"
                faults.append(Unusable(message, str(path), number, example=str(name), reason=NO_CHOICE))
                continue
            yield ChoiceRow(name, prompt, tuple(texts), names.index(answer))

    return usable(rows, path, purpose, left_out)


def read_ccg(path: Path, purpose: str, tags: tuple[str, ...], left_out: LeftOut | None = None) -> Iterator[TaggedRow]:
    """CCG supertags as jiant keeps them: `words TAB tags` per sentence, each separated by single spaces."""
    allowed = frozenset(tags)

    def rows(faults: list[Problem]) -> Iterator[TaggedRow]:
        for number, line in lines(path, faults):
            if not line:
                continue
            left, tab, right = line.partition("\t")
            words, found = left.split(" "), right.split(" ")
            unknown = sorted(set(found) - allowed)
            if not tab or len(words) != len(found) or "" in words:
                message = (
                    f"`words TAB tags` of equal number expected, found {len(words)} and {len(found) if tab else 0}"
                )
                faults.append(
                    Unusable(message, str(path), number, reason="sentences with more or fewer tags than words")
                )
            elif unknown:
                message = f"tags that tags_to_id.json lacks: {' '.join(unknown[:5])}"
                faults.append(Unusable(message, str(path), number, reason=UNKNOWN_TAG))
            else:
                yield TaggedRow(str(number - 1), tuple(words), tuple(found))

    return usable(rows, path, purpose, left_out)


def read_labels(path: Path, task: str, language: str) -> tuple[str, ...]:
    """The labels of one file that numbers them (`tags_to_id.json`), in the order of their numbers."""
    with reading(path, f"list of the tags of {task} in {language}") as faults:
        numbers = json_document(path, faults)
        valid = isinstance(numbers, dict) and sorted(map(str, numbers.values())) == sorted(
            map(str, range(len(numbers)))
        )
        if not faults and not (numbers and valid):
            faults.append(Problem("a JSON object expected that numbers its tags 0, 1, 2, ... without gaps", str(path)))
    return tuple(sorted(numbers, key=lambda tag: int(numbers[tag])))


def _texts(
    record: dict[str, Any], keys: tuple[str, ...], path: Path, number: int, faults: list[Problem]
) -> tuple[str, ...] | None:
    """The values of `keys`, or None and a fault that names the keys that are missing or not text."""
    wrong = [key for key in keys if not isinstance(record.get(key), str)]
    if wrong:
        message = f"missing or not text: {', '.join(wrong)}"
        faults.append(Unusable(message, str(path), number, reason=NOT_TEXT))
        return None
    return tuple(record[key] for key in keys)


def _is_list_of_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def read_squad(path: Path, purpose: str, left_out: LeftOut | None = None) -> Iterator[QuestionRow]:
    """SQuAD's JSON, 1.1 or 2.0, with its answers."""
    return read_questions(path, purpose, answers=True, left_out=left_out)
