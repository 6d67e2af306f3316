"""Small files in the formats of the real data sets, with sentences made up for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError


def write(folder: Path, file: str, text: str) -> Path:
    """Write `text` byte for byte below `folder`; returns the path."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def squad(questions: list[dict[str, Any]], version: str = "1.1") -> str:
    """SQuAD's JSON, one article per question; each has id, question, context, answers [(start, text)], and more."""
    data = []
    for question in questions:
        answers = [{"answer_start": start, "text": text} for start, text in question.get("answers", [])]
        entry = {"id": question["id"], "question": question.get("question", "Who?"), "answers": answers}
        entry |= {key: question[key] for key in ("is_impossible", "plausible_answers") if key in question}
        data.append({"title": question["id"], "paragraphs": [{"context": question["context"], "qas": [entry]}]})
    return json.dumps({"version": version, "data": data})


def json_lines(records: list[dict[str, Any]]) -> str:
    """One JSON object per line."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def conllu(*sentences: list[tuple[str, str, str, str]]) -> str:
    """Sentences of (id, form, UPOS, head), the other columns empty."""
    blocks = []
    for i, sentence in enumerate(sentences):
        rows = [f"{n}\t{form}\t_\t{tag}\t_\t_\t{head}\t_\t_\t_" for n, form, tag, head in sentence]
        blocks.append("\n".join([f"# sent_id = {i}", *rows]) + "\n\n")
    return "".join(blocks)


def run(folder: Path, **options: Any) -> dict[str, Any]:
    """Prepare `<folder>/in` to `<folder>/data` and `<folder>/labels`; returns the notes of the tasks."""
    return prepare([folder / "in"], folder / "data", folder / "labels", **options)["tasks"]


def content(path: Path) -> str:
    """The text of a file with its line ends."""
    return path.read_bytes().decode()


def faults(folder: Path, message: str | None = None) -> list[tuple[str, int | None, str | None, str]]:
    """(file, line, example, message) of each fault that `run` ends with."""
    with pytest.raises(InputError, match=message) as caught:
        run(folder)
    return [(Path(p.file or "").name, p.line, p.example, p.message) for p in caught.value.problems]
