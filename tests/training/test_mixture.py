"""Several tasks in one training, each with what the recipe says of it alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from toy_training import FINETUNING, make_job, tiny_encoder, write_corpus

from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import loop
from xtreme_bench.training.examples import Examples
from xtreme_bench.training.train import intermediate

MIXED: dict[str, Any] = {
    **FINETUNING,
    "steps": 12,
    "qa_length": 40,
    "qa_stride": 16,
    "tasks": {"squad_v1": {}, "hellaswag": {}},
    "sampling": {"kind": "uniform", "cap": None, "temperature": 1.0},
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder and an encoder folder."""
    folder = tmp_path_factory.mktemp("inputs")
    encoders.save(folder / "encoder", tiny_encoder())
    return {"data": write_corpus(folder / "data"), "encoder": folder / "encoder"}


def with_tasks(**tasks: dict[str, Any]) -> dict[str, Any]:
    return {**MIXED, "tasks": tasks}


def points(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "out/curve.jsonl").read_text().splitlines()]


def test_a_task_has_batches_of_its_own_size(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, seen = loop._Run.step, Counter[tuple[str, int]]()

    def counting(self: Any, taken: loop.Step) -> None:
        seen[taken.task.name, len(taken.batch)] += 1
        step(self, taken)

    monkeypatch.setattr(loop._Run, "step", counting)
    intermediate(make_job(tmp_path, with_tasks(squad_v1={"batch": 3}, hellaswag={}), **inputs))
    assert {size for task, size in seen if task == "squad_v1"} == {3}
    assert {size for task, size in seen if task == "hellaswag"} == {8, 60 % 8}


def test_the_learning_rate_of_a_task_is_its_own_share_of_the_one_schedule(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    tasks = {"squad_v1": {"learning_rate": 3 * MIXED["learning_rate"]}, "hellaswag": {}}
    for name, chosen in (("same", {"squad_v1": {}, "hellaswag": {}}), ("own", tasks)):
        intermediate(make_job(tmp_path / name, with_tasks(**chosen), **inputs))
    ratio = {"loss/squad_v1": 3.0, "loss/hellaswag": 1.0}
    pairs = [
        (one["learning_rate"] * ratio[task], other["learning_rate"])
        for one, other in zip(points(tmp_path / "same"), points(tmp_path / "own"), strict=True)
        for task in ratio
        if task in one
    ]
    assert len(pairs) == 12
    assert [wanted for wanted, _ in pairs] == pytest.approx([found for _, found in pairs])


def test_a_task_has_its_own_length_and_development_rows(tmp_path: Path, inputs: dict[str, Path]) -> None:
    own = with_tasks(squad_v1={"max_length": 16, "evaluate_on": 5}, hellaswag={"max_length": 10})
    job = make_job(tmp_path, {**own, "qa_stride": 2}, **inputs)
    longest = {name: max(Examples(job.inputs[name] / "train").lengths()) for name in ("squad_v1", "hellaswag")}
    assert longest == {"squad_v1": 16, "hellaswag": 10}
    assert [Examples(job.inputs[name] / "dev").rows for name in ("squad_v1", "hellaswag")] == [5, 20]


def test_the_highest_mean_over_the_tasks_own_scores_chooses_the_checkpoint(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    facts = intermediate(
        make_job(tmp_path, {**MIXED, "steps": 24, "evaluate_every": 2, "learning_rate": 0.02}, **inputs)
    )
    curve = [point for point in points(tmp_path) if "dev/squad_v1" in point]
    assert [point["step"] for point in curve] == list(range(2, 25, 2))
    means = {point["step"]: (point["dev/squad_v1"] + point["dev/hellaswag"]) / 2 for point in curve}
    best = max(means.values())
    assert len(set(means.values())) > 2
    assert facts["best_step"] == min(step for step, mean in means.items() if mean == best)
    assert facts["dev"]["mean"] == pytest.approx(best, abs=1e-4)
