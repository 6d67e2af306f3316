"""Time `compare` at XTREME's full sizes: nine tasks, all languages, 10,000 resamples, made-up results.

make bench-comparison
"""

from __future__ import annotations

import time
import zlib

import numpy as np

from xtreme_bench.benchmark import TASKS
from xtreme_bench.comparison.arms import Arm
from xtreme_bench.comparison.compare import RESAMPLES, compare
from xtreme_bench.official.items import Items

# Assumed sentences of test sets without a published size: some of udpos, and the paired ones of BUCC.
UNPUBLISHED = {"udpos": 1_500, "bucc2018": 9_000}


def made_up(task: str, language: str, share: float, seed: int) -> Items:
    """Items of a made-up run that is right in a `share` of the cases. Runs with equal seeds fail on the same items."""
    row = TASKS[task]
    number = row.test_sizes.get(language, UNPUBLISHED.get(task, 0))
    hard = np.random.default_rng(zlib.crc32(f"{task} {language}".encode())).random(number)
    right = hard + 0.3 * np.random.default_rng([seed, number]).random(number) < share
    if row.group == "tagging":
        spans = np.random.default_rng(number).integers(1, 4 if task == "panx" else 30, number)
        found = np.random.default_rng([seed, number]).binomial(spans, share)
        return {str(at): (float(found[at]), float(spans[at]), float(spans[at])) for at in range(number)}
    if task == "bucc2018":
        return {str(at): (float(right[at]), 1.0, 1.0) for at in range(number)}
    worth = np.round(hard, 3) if row.group == "qa" else np.ones(number)
    return {str(at): (float(right[at] * worth[at]), 1.0) for at in range(number)}


def arm(name: str, share: float, seeds: int) -> Arm:
    """An arm with all of XTREME, once per seed."""
    manifests = tuple({"name": name, "seed": seed, "data": None, "trained_on": {}} for seed in range(seeds))
    cells = {
        (task, language): tuple(made_up(task, language, share, seed) for seed in range(seeds))
        for task, row in TASKS.items()
        for language in row.languages
    }
    return Arm(name, manifests, cells)


def main() -> None:
    """Print the seconds for one run and for three seeds of each arm."""
    for seeds in (1, 3):
        a, b = arm("a", 0.75, seeds), arm("b", 0.76, seeds)
        began, used = time.monotonic(), time.process_time()
        (found,) = compare(a, b)
        wall, cpu = time.monotonic() - began, time.process_time() - used
        print(f"{seeds} seed(s) each, {len(found.level('cell'))} cells, {RESAMPLES:,} resamples: "
              f"{wall:.1f} s, {cpu:.1f} s of CPU")  # fmt: skip


if __name__ == "__main__":
    main()
