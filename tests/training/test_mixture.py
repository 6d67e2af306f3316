"""Several tasks in one training, each with what the recipe says of it alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from toy_training import MIXED, make_job, resumed, tiny_encoder

from xtreme_bench.data.corpora import Limits
from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import loop
from xtreme_bench.training.examples import Examples
from xtreme_bench.training.families import masking
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.train import intermediate


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


TEXT = {"languages": ["en", "de"], "ratio": 0.5, "alpha": 0.3}


@pytest.mark.slow
def test_masked_text_is_a_task_of_its_own_share_and_no_part_of_the_choice(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    job = make_job(tmp_path, {**MIXED, "steps": 40, "mlm": {**TEXT, "ratio": 0.4, "max_length": 12}}, **inputs)
    facts = intermediate(job)
    sizes = {language: len(Examples(job.inputs["mlm"] / language)) for language in ("en", "de")}
    total = sum(size**0.3 for size in sizes.values())
    wanted = {f"mlm/{language}": 0.4 * size**0.3 / total for language, size in sizes.items()}
    assert facts["probability"] == pytest.approx({"squad_v1": 0.3, "hellaswag": 0.3, **wanted})
    assert facts["mlm_head"] == "new"
    assert set(facts["dev"]) == {"squad_v1", "hellaswag", "mean"}
    drawn = {name for point in points(tmp_path) for name in point if name.startswith("loss/")}
    assert drawn == {"loss/squad_v1", "loss/hellaswag", "loss/mlm/en", "loss/mlm/de"}
    assert facts["examples"]["mlm/en"] == 40


def test_masked_text_has_its_own_batch_rate_and_length(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, seen = loop._Run.step, []

    def noting(self: Any, taken: loop.Step) -> None:
        if taken.task.name.startswith("mlm/"):
            seen.append((len(taken.batch), max(example.length for example in taken.batch), taken.task.pace))
        step(self, taken)

    monkeypatch.setattr(loop._Run, "step", noting)
    mlm = {**TEXT, "batch": 2, "learning_rate": 5e-4, "max_length": 10}
    intermediate(make_job(tmp_path, {**MIXED, "mlm": mlm}, **inputs))
    assert set(seen) == {(2, 10, 0.5)}


@pytest.mark.slow
def test_a_mix_with_masked_text_that_is_killed_resumes_to_the_same_bytes(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    resumed(intermediate, tmp_path, {**MIXED, "mlm": TEXT}, at=7, **inputs)


@pytest.mark.slow
def test_the_steps_of_masked_text_come_on_top_of_the_epochs_of_the_tasks(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    epochs = {**MIXED, "steps": None, "epochs": 1.0, "evaluate_every": 1000}
    plain = intermediate(make_job(tmp_path / "plain", epochs, **inputs))
    masked = intermediate(make_job(tmp_path / "masked", {**epochs, "mlm": {**TEXT, "ratio": 0.75}}, **inputs))
    assert masked["steps"] == 4 * plain["steps"]


def test_lines_of_text_become_sequences_that_hold_every_token_once(tmp_path: Path, inputs: dict[str, Path]) -> None:
    tokenizer = tiny_encoder().tokenizer
    lines = (inputs["data"] / "text/de.txt").read_text().splitlines()
    made = masking.features(lines, tokenizer, (), Limits(12))
    assert {example.length for example in made[:-1]} == {12}
    found = [int(token) for example in made for token in example.sequences[0][1:-1]]
    assert found == [token for line in lines for token in tokenizer(line, add_special_tokens=False)["input_ids"]]
    assert [example.row for example in made] == sorted(example.row for example in made)
    assert made[-1].row == len(lines) - 1


def test_masked_text_needs_a_tokenizer_with_a_mask(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = tiny_encoder().tokenizer
    tokenizer.mask_token = None
    encoder = tiny_encoder()
    encoders.save(tmp_path / "encoder", Encoder(encoder.model, tokenizer))
    job = make_job(tmp_path, {**MIXED, "mlm": TEXT}, data=inputs["data"], encoder=tmp_path / "encoder")
    with pytest.raises(InputError, match=r"has no mask, which `intermediate.mlm` needs"):
        intermediate(job)
