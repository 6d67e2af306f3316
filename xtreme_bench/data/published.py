"""How many records the releases have, as the tables of tasks say. Unpublished numbers are absent, never guessed.

A record is what a reader gives: a pair, a sentence, a question; for BUCC a sentence of either side. Rows that a format
leaves out (no gold label, broken off) are not counted.
"""

from __future__ import annotations

from xtreme_bench.benchmark import TASKS
from xtreme_bench.intermediate import CORPORA, source_corpus


def published(task: str, split: str, language: str = "en") -> int | None:
    """Records of a split ("train", "dev", "test") of a target or intermediate task; None where it is not known.

    The source of fine-tuning for XQuAD and MLQA is SQuAD 1.1: `squad` and `squad_v1` are the same corpus.
    """
    if split == "test":
        return TASKS[task].test_sizes.get(language) if task in TASKS else None
    if task in TASKS:
        return TASKS[task].sizes.get(f"{split} {language}")
    corpus = CORPORA.get(source_corpus(task))
    return corpus.release.sizes.get(f"{split} {language}") if corpus else None
