"""SQuAD 1.1 and 2.0, and translations of SQuAD 1.1: training and development data for the targets and between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xtreme_bench.data import layout
from xtreme_bench.data.formats import read_questions
from xtreme_bench.data.releases import Preparation
from xtreme_bench.data.spool import fingerprint

DEV_SHARE = 6  # one of so many articles becomes development data when there is one file for both


def prepare_squad_v1(preparation: Preparation) -> None:
    """Write SQuAD 1.1, and its translations into other languages below `squad/<language>/`."""
    _squad(preparation, "squad_v1", "1.1")
    for (language, split), path in sorted(
        preparation.files("squad_v1", "SQuAD 1.1 translated", "language", "split").items()
    ):
        rows = _checked(preparation, "squad_v1", path)
        preparation.copy("squad_v1", path, layout.intermediate_split_files("squad_v1", split, language)[0])
        preparation.count("squad_v1", f"{split} {language}", rows)


def prepare_squad_v2(preparation: Preparation) -> None:
    """Write SQuAD 2.0."""
    _squad(preparation, "squad_v2", "2.0")


def _checked(preparation: Preparation, task: str, path: Path) -> int:
    """The number of questions of a file. Raises `InputError` if it is malformed."""
    return sum(1 for _ in read_questions(preparation.use(task, path), f"data of {task}", answers=True))


def _squad(preparation: Preparation, task: str, version: str) -> None:
    """SQuAD's two files; when only the development file is there, both are cut from it, by article.

    XQuAD is a translation of 240 of SQuAD's development passages. What is made from the development file to train
    and choose on must not have them.
    """
    files = preparation.files(task, f"SQuAD {version}", "split")
    if len(files) == 2:
        for (split,), path in files.items():
            preparation.count(task, f"{split} en", _checked(preparation, task, path))
            preparation.copy(task, path, f"squad/{split}-v{version}.json")
        return
    if not files:
        return
    (only,) = files.values()
    _checked(preparation, task, only)
    document = json.loads(only.read_bytes().decode("utf-8-sig"))
    dropped = _drop_held_out(preparation, document)
    articles = [article for article in document["data"] if article["paragraphs"]]
    at = len(articles) - max(1, len(articles) // DEV_SHARE)
    for split, part in (("train", articles[:at]), ("dev", articles[at:])):
        preparation.write(f"squad/{split}-v{version}.json", json.dumps({**document, "data": part}) + "\n")
        preparation.count(task, f"{split} en", sum(len(p["qas"]) for a in part for p in a["paragraphs"]))
    passages = (paragraph["context"] for article in articles[:at] for paragraph in article["paragraphs"])
    preparation.spool.offer_text("en", passages)
    preparation.remark(
        task,
        f"only one of the two files was found: the last {len(articles) - at} of its {len(articles)} articles are "
        f"development data, the others training data; {dropped} questions on passages of test sets are left out",
    )


def _drop_held_out(preparation: Preparation, document: dict[str, Any]) -> int:
    """Take the passages of English test sets out of a SQuAD document; returns how many questions went."""
    held_out = preparation.spool.held_out("en")
    dropped = 0
    for article in document["data"]:
        kept = []
        for paragraph in article["paragraphs"]:
            if fingerprint(paragraph["context"]) in held_out:
                dropped += len(paragraph["qas"])
            else:
                kept.append(paragraph)
        article["paragraphs"] = kept
    return dropped
