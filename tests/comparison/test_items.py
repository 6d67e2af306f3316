"""What items add, summed, is the official score."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_bundle import AVERAGES, LABELS, PREDICTIONS, put

from xtreme_bench.official.gold import read_gold
from xtreme_bench.official.items import items, score_of
from xtreme_bench.official.predictions import examine
from xtreme_bench.official.scores import cells, score_files


@pytest.mark.parametrize("file", [file for file in PREDICTIONS if file != "xnli/test-de.tsv"])
def test_summed_items_give_the_official_score(file: str, tmp_path: Path) -> None:
    task, language = file.split("/")[0], file.split("-")[1].split(".")[0]
    labels = put(tmp_path, LABELS)
    raw = PREDICTIONS[file].encode()
    found = items(read_gold(labels / file, task, language), examine(raw, task, language).value, task, language)
    summed = [sum(column) for column in zip(*found.values(), strict=True)]
    official = cells(score_files(lambda *_: raw, labels, {task: (language,)}), task)[language]
    assert score_of(summed) == pytest.approx(official, abs=1e-9)
    if task != "xnli":
        assert score_of(summed) == pytest.approx(AVERAGES[task], abs=1e-9)


def test_items_are_lines_questions_and_foreign_sentences() -> None:
    assert items(["1", "0"], ["1", "1"], "pawsx", "de") == {"0": (1.0, 1.0), "1": (0.0, 1.0)}
    assert items({"q": ["Berlin"]}, {}, "xquad", "de") == {"q": (0.0, 1.0)}
    gold, found = ["de-1\ten-1", "de-2\ten-2"], ["de-1\ten-1", "de-3\ten-2"]
    assert items(gold, found, "bucc2018", "de") == {"de-1": (1, 1, 1), "de-2": (0, 0, 1), "de-3": (0, 1, 0)}


def test_sentences_without_spans_score_nothing() -> None:
    assert score_of((0.0, 0.0, 0.0)) == 0
