"""The section on dialogues: scores by language, what needs no encoder, and whether intermediate training helps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xtreme_bench.findings import pieces
from xtreme_bench.findings.dialogue import tables
from xtreme_bench.findings.experiments import EXPERIMENTS
from xtreme_bench.findings.words import answers

(DIALOGUE,) = (one for one in EXPERIMENTS if one.folder == "dialogue")


def arm(name: str, german: list[float]) -> dict[str, Any]:
    runs = [{"seed": seed, "scores": {"woz": {"en": 70.0, "de": one}}} for seed, one in enumerate(german, 1)]
    return {"name": name, "runs": runs}


def put(folder: Path, **records: Any) -> Path:
    for name, value in records.items():
        (folder / f"{name.replace('_', '-')}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


def difference(points: float, p: float) -> dict[str, Any]:
    estimate = {
        "level": "transfer", "name": "woz/transfer", "difference": points, "low": points - 1, "high": points + 1,
        "p": p,
    }  # fmt: skip
    return {"a": "pocket-dst", "b": "pocket-dst-xdm", "seeds": [1, 2, 3], "layer": None, "estimates": [estimate]}


def test_the_section_has_scores_by_language_the_words_and_an_answer(tmp_path: Path) -> None:
    words = {"runs": [{"name": "words of the English ontology", "scores": {"woz": {"en": 51.8, "de": 0.7}}}]}
    records = put(
        tmp_path,
        pocket_dst=arm("pocket-dst", [20.0, 22.0, 24.0]),
        pocket_dst_xdm=arm("pocket-dst-xdm", [40.0, 41.0, 42.0]),
        words=words,
        differences={"differences": [difference(19.0, 0.001)]},
    )
    known = pieces.read(records)
    found = {one.question.better: (one.answer, one.points) for one in answers({DIALOGUE: known})[DIALOGUE]}
    assert found == {
        "pocket-dst-tlm": ("not tested", ""),
        "pocket-dst-xdm": ("yes", "+19.0 [+18.0, +20.0]"),
        "pocket-dst-response": ("not tested", ""),
    }
    (text,) = tables(known)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert rows[1:] == [
        ["words of the English ontology", "", "51.8", "0.7"],
        ["pocket-dst", "1, 2, 3", "70.0 (70.0 to 70.0)", "22.0 (20.0 to 24.0)"],
        ["pocket-dst-xdm", "1, 2, 3", "70.0 (70.0 to 70.0)", "41.0 (40.0 to 42.0)"],
    ]
