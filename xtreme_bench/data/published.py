"""How many records the releases have: one table of published counts. What nobody published is absent, never guessed.

Test sets are in `benchmark.TASKS`. A record is what a reader gives: a pair, a sentence, a question; for BUCC a sentence
of either side. Rows that a format leaves out (no gold label, broken off) are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xtreme_bench.benchmark import TASKS

# (task, split, language) -> records.
_COUNTS: Mapping[tuple[str, str, str], int] = MappingProxyType(
    {
        # Training and development sets in English: Hu et al. 2020 (arXiv 2003.11080), table 1.
        ("xnli", "train", "en"): 392_702,
        ("xnli", "dev", "en"): 2_490,
        ("pawsx", "train", "en"): 49_401,
        ("pawsx", "dev", "en"): 2_000,
        ("udpos", "train", "en"): 21_253,
        ("udpos", "dev", "en"): 3_974,
        ("panx", "train", "en"): 20_000,
        ("panx", "dev", "en"): 10_000,
        ("tydiqa", "train", "en"): 3_696,
        # BUCC 2018's sample set, counted in the release (8,624 Chinese and 13,589 English sentences).
        ("bucc2018", "dev", "zh"): 22_213,
        # Williams et al. 2018; the matched development set, with a gold label.
        ("mnli", "dev", "en"): 9_815,
        # The same pairs translated by XNLI's authors.
        **{("mnli", "train", language): 392_702 for language in TASKS["xnli"].languages},
        # Bowman et al. 2015, pairs with a gold label.
        ("snli", "train", "en"): 549_367,
        ("snli", "dev", "en"): 9_842,
        # Nie et al. 2020, rounds 1 to 3.
        ("anli", "train", "en"): 16_946 + 45_460 + 100_459,
        ("anli", "dev", "en"): 1_000 + 1_000 + 1_200,
        # Phang et al. 2020 (arXiv 2005.13013): SNLI, MultiNLI and ANLI together. Not confirmed at the source.
        ("anli_plus", "train", "en"): 1_104_934,
        ("anli_plus", "dev", "en"): 22_857,
        # The same, not confirmed at the source; CosmosQA's training set has 25,588 there, 25,262 in the released file.
        ("qqp", "train", "en"): 363_846,
        ("qqp", "dev", "en"): 40_430,
        ("squad_v1", "train", "en"): 87_599,
        ("squad_v1", "dev", "en"): 10_570,
        ("squad_v2", "train", "en"): 130_319,
        ("squad_v2", "dev", "en"): 11_873,
        ("hellaswag", "train", "en"): 39_905,
        ("hellaswag", "dev", "en"): 10_042,
        ("ccg", "train", "en"): 38_015,
        ("ccg", "dev", "en"): 5_484,
        ("cosmosqa", "train", "en"): 25_262,
        ("cosmosqa", "dev", "en"): 2_985,  # counted in the released file; the paper rounds to 3,000
        ("commonsenseqa", "train", "en"): 9_741,
        ("commonsenseqa", "dev", "en"): 1_221,
    }
)


def published(task: str, split: str, language: str = "en") -> int | None:
    """Records of a split ("train", "dev", "test") of a target or intermediate task; None where it is not known.

    The source of fine-tuning for XQuAD and MLQA is SQuAD 1.1: `squad` and `squad_v1` are the same corpus.
    """
    if split == "test":
        return TASKS[task].test_sizes.get(language) if task in TASKS else None
    return _COUNTS.get(("squad_v1" if task == "squad" else task, split, language))
