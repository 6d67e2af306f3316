"""The scripts in benchmarks/ still fit what they measure: each is tried on little data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from places import script

from xtreme_bench.comparison.compare import compare

pytestmark = pytest.mark.slow
ROWS = {"mnli": 60, "udpos": 40, "panx": 40}


def test_the_arms_of_the_benchmark_of_comparison_can_be_compared() -> None:
    arms = [script("benchmarks/comparison.py").arm(name, share, 1) for name, share in (("a", 0.75), ("b", 0.76))]
    (found,) = compare(*arms, resamples=20)
    assert len(found.level("cell")) == len(arms[0].cells)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    data, work = script("benchmarks/data.py"), tmp_path_factory.mktemp("data")
    data.VOCABULARY = 300
    data._simulate(data._miniature(work / "miniature", 0.02), work / "data", ROWS)
    data._train_tokenizer(work)
    return data, work


@pytest.mark.parametrize("task", ROWS)
def test_the_benchmark_of_reading_tokenises_each_task_and_so_does_its_competitor(
    corpora: tuple[Any, Path], task: str
) -> None:
    data, work = corpora
    for side in ("ours", "map"):
        assert getattr(data, f"child_{side}")(task, work)["seconds"] > 0
        assert getattr(data, f"child_{side}_again")(task, work)["speed"] > 0
