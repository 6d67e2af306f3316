"""Rows of the hub's parquet files as the files that their corpora were released in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from xtreme_bench.errors import InputError

BATCH_ROWS = 1024
Rows = Iterable[tuple[str, dict[str, Any]]]  # with their languages


def rows(files: Sequence[tuple[str, Path]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(language, row) of parquet files, streamed; class labels are given by the names that the files' schema has."""
    import pyarrow
    from pyarrow import parquet

    for language, path in files:
        try:
            file = parquet.ParquetFile(path)
            names = _class_names(file.schema_arrow.metadata or {})
            for batch in file.iter_batches(BATCH_ROWS):
                for row in batch.to_pylist():
                    yield language, {key: _named(value, names.get(key)) for key, value in row.items()}
        except pyarrow.ArrowException as error:
            raise InputError(f"{path} is not a parquet file that can be read: {error}") from error


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Column -> names of its classes, from the description that `datasets` leaves in a file."""
    features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    inner = {column: about.get("feature", about) for column, about in features.items() if isinstance(about, dict)}
    return {column: about["names"] for column, about in inner.items() if about.get("_type") == "ClassLabel"}


def _named(value: Any, names: list[str] | None) -> Any:
    if names is None:
        return value
    if isinstance(value, list):
        return [names[number] for number in value]
    return "-" if value is None or value < 0 else names[value]  # SNLI: the annotators did not agree


def _write_nli(found: Rows, stream: TextIO) -> None:
    for language, row in found:
        record = {"language": language, "sentence1": row["premise"], "sentence2": row["hypothesis"]}
        identifier = {"pairID": row["pairID"]} if "pairID" in row else {}
        _write_line({**record, "gold_label": row["label"], **identifier}, stream)


def _write_xnli_mt(found: Rows, stream: TextIO) -> None:
    stream.write("premise\thypo\tlabel\n")
    for _, row in found:
        stream.write(f"{row['premise']}\t{row['hypothesis']}\t{row['label']}\n")


def _write_pawsx(found: Rows, stream: TextIO) -> None:
    stream.write("id\tsentence1\tsentence2\tlabel\n")
    for _, row in found:
        stream.write(f"{row['id']}\t{row['sentence1']}\t{row['sentence2']}\t{row['label']}\n")


def _write_wikiann(found: Rows, stream: TextIO) -> None:
    for language, row in found:
        tokens = zip(row["tokens"], row["ner_tags"], strict=True)
        stream.write("".join(f"{language}:{token}\t{tag}\n" for token, tag in tokens) + "\n")


def _write_json_lines(found: Rows, stream: TextIO) -> None:
    for _, row in found:
        _write_line(row, stream)


def _write_commonsenseqa(found: Rows, stream: TextIO) -> None:
    for _, row in found:
        labels, texts = row["choices"]["label"], row["choices"]["text"]
        choices = [{"label": label, "text": text} for label, text in zip(labels, texts, strict=True)]
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
        answers = row["answers"]
        listed = [
            {"answer_start": start, "text": text}
            for start, text in zip(answers["answer_start"], answers["text"], strict=True)
        ]
        impossible = {"is_impossible": not listed} if version == "v2.0" else {}
        paragraphs[-1]["qas"].append({"id": row["id"], "question": row["question"], "answers": listed, **impossible})
    json.dump({"version": version, "data": data}, stream)


def _write_line(record: Mapping[str, Any], stream: TextIO) -> None:
    stream.write(json.dumps(record, ensure_ascii=False) + "\n")


WRITERS: Mapping[str, Callable[[Rows, TextIO], None]] = {
    "nli": _write_nli,
    "xnli_mt": _write_xnli_mt,
    "pawsx": _write_pawsx,
    "wikiann": _write_wikiann,
    "json_lines": _write_json_lines,
    "commonsenseqa": _write_commonsenseqa,
    "squad": _write_squad,
    "squad_v2": _write_squad_v2,
}
