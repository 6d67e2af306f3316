"""What the best answer that is always the same scores is counted in the development rows that a training saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from xtreme_bench.run.chance import chances, counted
from xtreme_bench.training.examples import Example, write

IDS = (np.zeros(3, np.int32),)


def tokenised(folder: Path, targets: Sequence[Sequence[int]], rows: Sequence[int] | None = None) -> None:
    """A development set on the disk, of which only the targets matter."""
    rows = range(len(targets)) if rows is None else rows
    examples = [Example(row, IDS, np.array(one, np.int32)) for row, one in zip(rows, targets, strict=True)]
    write(folder, [(0, examples)])


def stage(kind: str, folder: Path, tasks: Sequence[str]) -> Any:
    """A training as far as it is looked at."""
    if kind == "finetune":
        params: Any = SimpleNamespace(corpus=SimpleNamespace(source=tasks[0]))
        names = ["features"]
    else:
        params, names = SimpleNamespace(corpora=dict.fromkeys(tasks)), list(tasks)
    made = {name: SimpleNamespace(folder=lambda _, name=name: folder / name) for name in names}
    return SimpleNamespace(kind=kind, params=params, inputs={"encoder": None, **made})


def found(one: Any) -> dict[str, float]:
    return counted(one, cast(Any, None))


def test_the_share_of_the_most_frequent_label_is_counted(tmp_path: Path) -> None:
    tokenised(tmp_path / "features/dev", [[1]] * 14 + [[0]] * 11)
    assert found(stage("finetune", tmp_path, ["pawsx"])) == {"pawsx": 56.0}


def test_several_development_sets_are_averaged_and_what_is_no_share_is_left_out(tmp_path: Path) -> None:
    tokenised(tmp_path / "mnli/dev/en", [[0], [0], [1], [2]])
    tokenised(tmp_path / "mnli/dev/de", [[2], [2], [2], [1]])
    tokenised(tmp_path / "ccg/dev", [[5, 1, 5], [5]])
    tokenised(tmp_path / "squad_v1/dev", [[4, 5]])
    tokenised(tmp_path / "hellaswag/dev", [[0], [0], [0], [1]])
    every = stage("intermediate", tmp_path, ["mnli", "ccg", "squad_v1", "hellaswag"])
    assert found(every) == {"mnli": 62.5, "ccg": 75.0}


def test_a_question_is_unanswered_if_all_its_windows_are(tmp_path: Path) -> None:
    tokenised(tmp_path / "squad_v2/dev", [[0, 0], [3, 4], [0, 0], [0, 0]], rows=[0, 0, 1, 2])
    assert found(stage("intermediate", tmp_path, ["squad_v2"])) == {"squad_v2": pytest.approx(200 / 3, abs=1e-4)}


def test_without_development_rows_nothing_is_counted(tmp_path: Path) -> None:
    tokenised(tmp_path / "mnli/train", [[0]])
    assert found(stage("intermediate", tmp_path, ["mnli"])) == {}


def test_a_manifest_without_the_count_has_the_chance_of_even_guesses() -> None:
    scores = {"pawsx": 56.0, "hellaswag": 1.0, "udpos": 3.0, "squad": 1.0, "woz": 1.0, "mean": 9.0, "mlm": 5.0}
    even = {"pawsx": (50.0, 51.0), "hellaswag": (25.0, 26.0), "udpos": (0.0, 10.0), "squad": (0.0, 5.0)}
    assert chances({"dev": scores}) == even
    assert chances({"dev": scores, "chance": {"pawsx": 56.0}}) == {**even, "pawsx": (56.0, 57.0)}
    assert chances({"dev": scores, "chance": {"pawsx": "high", "woz": None}}) == even
