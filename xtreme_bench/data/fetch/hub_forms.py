"""Write the rows of the hub's data sets as the files in which their corpora were released."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from xtreme_bench.benchmark import BIO_TAGS, NLI_LABELS
from xtreme_bench.data.fetch.hub_rows import CELL, TEXT, WHOLE, Classes, Columns, Row
from xtreme_bench.data.nli import NO_AGREEMENT

Rows = Iterable[tuple[str, Row]]  # with their languages
Write = Callable[[Rows, TextIO], None]


@dataclass(frozen=True)
class Form:
    """What the columns of a data set must hold, and the function that writes the release from its rows.

    `optional` columns may be missing; `even` ones have lists of one length in each row.
    """

    columns: Columns
    write: Write
    optional: tuple[str, ...] = ()
    even: tuple[str, ...] = ()


def _write_nli(found: Rows, stream: TextIO) -> None:
    for language, row in found:
        record = {"language": language, "sentence1": row["premise"], "sentence2": row["hypothesis"]}
        identifier = {"pairID": row["pairID"]} if "pairID" in row else {}
        _write_line({**record, "gold_label": row["label"], **identifier}, stream)


def _write_snli(found: Rows, stream: TextIO) -> None:
    """The hub's copy has lost the ids of the pairs; positions replace them."""
    _write_nli(((code, {**row, "pairID": str(at)}) for at, (code, row) in enumerate(found)), stream)


def _write_anli(found: Rows, stream: TextIO) -> None:
    for _, row in found:
        texts = {"uid": row["uid"], "context": row["premise"], "hypothesis": row["hypothesis"]}
        _write_line({**texts, "label": row["label"][0]}, stream)


def _table(header: str, columns: tuple[str, ...]) -> Write:
    """The writer of a tab-separated form without quoting; a column without a name stays empty."""

    def write(found: Rows, stream: TextIO) -> None:
        stream.write(f"{header}\n")
        for _, row in found:
            stream.write("\t".join(str(row[column]) if column else "" for column in columns) + "\n")

    return write


def _write_qqp(found: Rows, stream: TextIO) -> None:
    numbered = ((code, {**row, "label": int(row["label"] == "duplicate")}) for code, row in found)
    _table("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", ("idx", "", "", "question1", "question2", "label"))(
        numbered, stream
    )


def _write_wikiann(found: Rows, stream: TextIO) -> None:
    for language, row in found:
        tokens = zip(row["tokens"], row["ner_tags"], strict=True)
        stream.write("".join(f"{language}:{token}\t{tag}\n" for token, tag in tokens) + "\n")


def _write_json_lines(found: Rows, stream: TextIO) -> None:
    for _, row in found:
        _write_line(row, stream)


def _write_commonsenseqa(found: Rows, stream: TextIO) -> None:
    for _, row in found:
        choices = [{"label": label, "text": answer} for label, answer in row["choices"]]
        question = {"stem": row["question"], "choices": choices}
        _write_line({"id": row["id"], "question": question, "answerKey": row["answerKey"]}, stream)


def _write_squad(found: Rows, stream: TextIO) -> None:
    _write_questions(found, stream, "1.1")


def _write_squad_v2(found: Rows, stream: TextIO) -> None:
    _write_questions(found, stream, "v2.0")


def _write_questions(found: Rows, stream: TextIO, version: str) -> None:
    """SQuAD's JSON: neighbouring questions on the same passage share a paragraph, and its neighbours an article."""
    data: list[dict[str, Any]] = []
    for _, row in found:
        title, context = row.get("title", ""), row["context"]
        if not data or data[-1]["title"] != title:
            data.append({"title": title, "paragraphs": []})
        paragraphs = data[-1]["paragraphs"]
        if not paragraphs or paragraphs[-1]["context"] != context:
            paragraphs.append({"context": context, "qas": []})
        listed = [{"answer_start": start, "text": answer} for answer, start in row["answers"]]
        impossible = {"is_impossible": not listed} if version == "v2.0" else {}
        paragraphs[-1]["qas"].append({"id": row["id"], "question": row["question"], "answers": listed, **impossible})
    json.dump({"version": version, "data": data}, stream)


def _write_line(record: Mapping[str, Any], stream: TextIO) -> None:
    stream.write(json.dumps(record, ensure_ascii=False) + "\n")


_NLI = Classes(NLI_LABELS)
_PAIR: Columns = {
    "premise": TEXT, "hypothesis": TEXT, "label": Classes(NLI_LABELS, none=NO_AGREEMENT), "pairID": TEXT,
}  # fmt: skip
_QUESTION: Columns = {
    "id": TEXT, "title": TEXT, "context": TEXT, "question": TEXT, "answers": {"text": TEXT, "answer_start": WHOLE},
}  # fmt: skip
_ENDINGS: Columns = {
    "ind": WHOLE, "activity_label": TEXT, "ctx_a": TEXT, "ctx_b": TEXT, "ctx": TEXT, "endings": [TEXT],
    "source_id": TEXT, "split": TEXT, "split_type": TEXT, "label": TEXT,
}  # fmt: skip
FORMS: Mapping[str, Form] = {
    "nli": Form(_PAIR, _write_nli, optional=("pairID",)),
    "snli": Form(_PAIR, _write_snli, optional=("pairID",)),
    "anli": Form({"uid": TEXT, "premise": TEXT, "hypothesis": TEXT, "label": _NLI}, _write_anli),
    "xnli_mt": Form(
        {"premise": CELL, "hypothesis": CELL, "label": _NLI},
        _table("premise\thypo\tlabel", ("premise", "hypothesis", "label")),
    ),
    "qqp": Form(
        {"idx": WHOLE, "question1": CELL, "question2": CELL, "label": Classes(("not_duplicate", "duplicate"))},
        _write_qqp,
    ),
    "pawsx": Form(
        {"id": WHOLE, "sentence1": CELL, "sentence2": CELL, "label": Classes(("0", "1"))},
        _table("id\tsentence1\tsentence2\tlabel", ("id", "sentence1", "sentence2", "label")),
    ),
    "wikiann": Form({"tokens": [CELL], "ner_tags": [Classes(BIO_TAGS)]}, _write_wikiann, even=("tokens", "ner_tags")),
    "hellaswag": Form(_ENDINGS, _write_json_lines),
    "commonsenseqa": Form(
        {"id": TEXT, "question": TEXT, "choices": {"label": TEXT, "text": TEXT}, "answerKey": TEXT},
        _write_commonsenseqa,
    ),
    "squad": Form(_QUESTION, _write_squad, optional=("title",)),
    "squad_v2": Form(_QUESTION, _write_squad_v2, optional=("title",)),
}
