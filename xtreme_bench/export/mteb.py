"""Results as mteb keeps them: one file for each task, as `mteb.results.TaskResult` writes and reads it.

Names and the revision are those of embeddings-benchmark/mteb 2.26 (`tasks/bitext_mining/multilingual`); its metric of
mining is scikit-learn's weighted F1 over the sentences that are found (`abstasks/text/bitext_mining.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.bundle.load import Bundle
from xtreme_bench.data.release.retrieval import TATOEBA_CODES
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.official.gold import gold_path, read_gold

# mteb's copy has the lines of the release in another order, which the metric does not depend on.
_REVISION = "69e8f12da6e31d59addadda9a9c8a2e601a0e282"
_CODES = {language: code for code, language in TATOEBA_CODES.items()}
# ISO 15924.
_SCRIPTS = {
    "Arabic": "Arab", "Bengali": "Beng", "Chinese": "Hans", "Cyrillic": "Cyrl", "Devanagari": "Deva",
    "Georgian": "Geor", "Greek": "Grek", "Hebrew": "Hebr", "Japanese": "Jpan", "Hangul": "Hang", "Latin": "Latn",
    "Malayalam": "Mlym", "Tamil": "Taml", "Telugu": "Telu", "Thai": "Thai",
}  # fmt: skip
_SIMILARITY = "mteb scores the similarity of two vectors, not the predictions of a classifier"
_NONE = "mteb has no task with this data and metric"
LEFT_OUT = {
    "xnli": _SIMILARITY,
    "pawsx": _SIMILARITY,
    "udpos": _NONE,
    "panx": _NONE,
    "xquad": _NONE,
    "mlqa": _NONE,
    "tydiqa": _NONE,
    "woz": _NONE,
    "multiwoz": _NONE,
    "bucc2018": "mteb finds the English sentence of each foreign sentence that has one; here pairs are found among all "
    "sentences, by a threshold",
}


def files(bundle: Bundle, wanted: Mapping[str, Sequence[str]], labels: Path) -> dict[str, Any]:
    """File name -> content. Errors: `InputError` if gold labels are missing or do not fit."""
    problems, scores = [], []
    for code in wanted["tatoeba"]:
        file, predicted = gold_path(labels, "tatoeba", code), bundle.predictions("tatoeba", code)
        gold = read_gold(file, "tatoeba", code) if file else []
        if len(gold) != len(predicted):
            message = f"{len(gold):,} gold labels for {len(predicted):,} predictions"
            problems.append(Problem(message, TASKS["tatoeba"].file(code), task="tatoeba", language=code))
            continue
        found = weighted(gold, predicted)
        language, script = _CODES[code], _SCRIPTS[LANGUAGES[code].script]
        about = {"hf_subset": f"{language}-eng", "languages": [f"{language}-{script}", "eng-Latn"]}
        scores.append({**found, "main_score": found["f1"], **about})
    if problems:
        raise InputError(f"{labels}: these labels do not fit the predictions", problems)
    result = {
        "dataset_revision": _REVISION,
        "task_name": "Tatoeba",
        "mteb_version": None,  # mteb did not compute it
        "scores": {"test": scores},
        "evaluation_time": None,
        "kg_co2_emissions": None,
    }
    return {"Tatoeba.json": result}


def weighted(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of each gold sentence weighted by how often it is gold; from 0 to 1."""
    number, wanted, found = len(gold), Counter(gold), Counter(predicted)
    right = Counter(one for one, other in zip(gold, predicted, strict=True) if one == other)
    accuracy = sum(right.values()) / number
    precision = sum(wanted[one] * hits / found[one] for one, hits in right.items()) / number
    f1 = sum(wanted[one] * 2 * hits / (wanted[one] + found[one]) for one, hits in right.items()) / number
    return {"accuracy": accuracy, "f1": f1, "precision": precision, "recall": accuracy}
