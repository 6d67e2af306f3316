"""The stage that measures the cost of a lower precision: its Tatoeba accuracy compared with fp32."""

from __future__ import annotations

import json
from typing import Any

from xtreme_bench.errors import InputError
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.retrieval.params import Precision
from xtreme_bench.stage.job import Job


def compare(job: Job[Precision]) -> dict[str, Any]:
    """Score `precision.json` of the `retrieve` stage: the neighbours of the same sentences in both precisions.

    `inputs`: labels, predictions. Returns the accuracy in percent by language and precision, and the mean change in
    points (lower precision minus fp32). Languages without labels are left out. Raises InputError if the labels do not
    fit the sentences.
    """
    both = json.loads((job.inputs["predictions"] / "precision.json").read_text(encoding="utf-8"))
    accuracy: dict[str, dict[str, float]] = {}
    for language, found in both.items():
        path = gold_path(job.inputs["labels"], "tatoeba", language)
        if path is not None:
            gold = read_gold(path, "tatoeba", language)
            if len(gold) != len(found["fp32"]):
                raise InputError(f"{path}: {len(gold)} labels, but the data has {len(found['fp32'])} sentences")
            accuracy[language] = {name: _accuracy(lines, gold) for name, lines in found.items()}
    changes = [found[job.params.precision] - found["fp32"] for found in accuracy.values()]
    return {"tatoeba_accuracy": accuracy, "mean_change": sum(changes) / len(changes) if changes else None}


def _accuracy(found: list[int], gold: list[str]) -> float:
    return 100 * sum(str(line) == right for line, right in zip(found, gold, strict=True)) / len(gold)
