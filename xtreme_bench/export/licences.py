"""Licences, as the releases of corpora and encoders state them; a card repeats them, and its reader has to check them.

They are those of the releases that `data prepare` reads. Hub names of corpora are in `data/fetch/sources.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from xtreme_bench.intermediate import CORPORA as INTERMEDIATE_CORPORA

_CORPORA: Mapping[str, str] = {
    "xnli": "CC BY-NC 4.0",
    "pawsx": "free for any purpose, by its own terms",
    "udpos": "each treebank has its own; many CC BY-SA 4.0, some for non-commercial use only",
    "panx": "not stated; text of Wikipedia, CC BY-SA",
    "squad_v1": "CC BY-SA 4.0",
    "squad_v2": "CC BY-SA 4.0",
    "xquad": "CC BY-SA 4.0",
    "mlqa": "CC BY-SA 3.0",
    "tydiqa": "Apache 2.0",
    "bucc2018": "not stated; text of Wikipedia and of news",
    "tatoeba": "CC BY 2.0 FR",
    "mnli": "mixed: Open American National Corpus, CC BY 3.0 and CC BY-SA 3.0",
    "snli": "CC BY-SA 4.0",
    "anli": "CC BY-NC 4.0",
    "qqp": "Quora's terms, non-commercial use only",
    "hellaswag": "MIT",
    "ccg": "Linguistic Data Consortium, LDC2005T13; not free",
    "cosmosqa": "CC BY 4.0",
    "commonsenseqa": "MIT",
    "woz": "Apache 2.0",
    "multiwoz": "CC BY 4.0",
}
# Development sets of a target that are trained on have the licence of the target.
CORPORA: Mapping[str, str] = {
    **_CORPORA,
    **{row.name: _CORPORA[row.target] for row in INTERMEDIATE_CORPORA.values() if row.target},
}
# Of the encoders on the hub that the recipes begin with, as the hub writes licences.
ENCODERS: Mapping[str, str] = {
    "FacebookAI/xlm-roberta-base": "mit",
    "FacebookAI/xlm-roberta-large": "mit",
    "google-bert/bert-base-multilingual-cased": "apache-2.0",
}
