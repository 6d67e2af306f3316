"""SQuAD 1.1 and 2.0, and translations of SQuAD 1.1: data for fine-tuning and intermediate training."""

from __future__ import annotations

import json
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench.data import intermediate, layout
from xtreme_bench.data.release.preparation import Preparation
from xtreme_bench.data.release.questions import squad_json, tydiqa_training
from xtreme_bench.data.release.spool import fingerprint
from xtreme_bench.data.targets import TYDIQA_DEV_EVERY

DEV_SHARE = 6  # one in this many articles becomes development data if there is one file for both


def prepare_squad_v1(preparation: Preparation) -> None:
    """Write SQuAD 1.1, and below `squad/<language>/` its translations."""
    _squad(preparation, "squad_v1", "1.1")
    translated = preparation.files("squad_v1", "SQuAD 1.1 translated", "language", "split")
    for (language, split), path in sorted(translated.items()):
        _check(preparation, "squad_v1", path, f"{split} {language}")
        preparation.copy("squad_v1", path, layout.intermediate_split_files("squad_v1", split, language)[0])


def prepare_tydiqa_train(preparation: Preparation) -> None:
    """Write TyDiQA's training set as an intermediate task in each language, or copy what was prepared before.

    Every tenth question is for development, as in fine-tuning on TyDiQA, so that no training sees those.
    """
    task = "tydiqa_train"
    prepared = preparation.files(task, "prepared", "language", "split")
    for (language, split), path in sorted(prepared.items()):
        _check(preparation, task, path, f"{split} {language or 'en'}")
        preparation.copy(task, path, layout.intermediate_split_files(task, split, language or "en")[0])
    for language, rows in {} if prepared else tydiqa_training(preparation).items():
        dev = [row for at, row in enumerate(rows) if at % TYDIQA_DEV_EVERY == TYDIQA_DEV_EVERY - 1]
        train = [row for at, row in enumerate(rows) if at % TYDIQA_DEV_EVERY != TYDIQA_DEV_EVERY - 1]
        for split, part in (("train", train), ("dev", dev)):
            (file,) = layout.intermediate_split_files(task, split, language)
            preparation.write(file, squad_json(part, "1.1", blank=False))
            preparation.count(task, f"{split} {language}", len(part))


def prepare_squad_v2(preparation: Preparation) -> None:
    """Write SQuAD 2.0."""
    _squad(preparation, "squad_v2", "2.0")


def _check(preparation: Preparation, task: str, path: Path, what: str) -> None:
    """Count the questions of a file, and those that cannot be used. Raises `InputError` if it is malformed."""
    read = partial(intermediate.read_file, task, preparation.use(task, path), f"{what} of {task}")
    deque(preparation.count_rows(task, what, read), maxlen=0)


def _squad(preparation: Preparation, task: str, version: str) -> None:
    """SQuAD's two files; when only the development file is there, both are cut from it, by article.

    XQuAD is a translation of 240 of SQuAD's development passages. Data made from the development file, to train and
    choose on, must not have them.
    """
    files = preparation.files(task, f"SQuAD {version}", "split")
    if len(files) == 2:
        for (split,), path in files.items():
            _check(preparation, task, path, f"{split} en")
            preparation.copy(task, path, f"squad/{split}-v{version}.json")
        return
    if not files:
        return
    (only,) = files.values()
    deque(intermediate.read_file(task, preparation.use(task, only), f"data of {task} to cut in two"), maxlen=0)
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
