"""A training tells its tokens, its speed and its memory, apart from its results, which are the same in every run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from toy_training import FINETUNING, make_job, tiny_encoder, write_corpus

from xtreme_bench.stage.job import PACE, Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import loop
from xtreme_bench.training.batching import Batches
from xtreme_bench.training.examples import Examples, lengths
from xtreme_bench.training.train import finetune

XNLI: dict[str, Any] = {**FINETUNING, "source": "xnli", "steps": 12, "checkpoint_seconds": 0}


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Path]:
    encoder = tmp_path / "given"
    encoder.mkdir()
    encoders.save(encoder, tiny_encoder())
    return {"data": write_corpus(tmp_path / "corpus"), "encoder": encoder}


def pace(job: Job[Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (job.work / PACE / "curve.jsonl").read_text().splitlines()]


def test_tokens_speed_and_memory_are_told_beside_the_results_and_not_among_them(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    job = make_job(tmp_path, XNLI, **inputs)
    finetune(job)
    examples = Examples(job.inputs["features"] / "train")
    batches = Batches(lengths(examples), 8, XNLI["seed"])
    read = [sum(examples[at].tokens for at in batches.at(step)) for step in range(12)]
    points = pace(job)
    assert [(point["step"], point["tokens"]) for point in points] == [(step, sum(read[:step])) for step in range(1, 13)]
    assert all(point["tokens/s"] > 0 and 1 << 20 < point["memory"] < 1 << 40 for point in points)
    events = EventFileLoader(str(job.work / PACE / "tensorboard" / "events.out.tfevents.0")).Load()
    assert {value.tag for event in events for value in event.summary.value} == {"tokens", "tokens/s", "memory"}
    assert not list(job.out.rglob(PACE))
    assert "tokens/s" not in (job.out / "curve.jsonl").read_text()


def test_a_run_that_goes_on_keeps_the_pace_from_before_and_counts_every_token_once(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = (make_job(tmp_path / name, XNLI, **inputs) for name in ("whole", "broken"))
    finetune(whole)
    step = loop._Run.step

    def breaks(run: Any, one: loop.Step) -> None:
        if one.number == 7:
            raise KeyboardInterrupt
        step(run, one)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "step", breaks)
        with pytest.raises(KeyboardInterrupt):
            finetune(broken)
    before = pace(broken)
    finetune(broken)
    after = pace(broken)
    assert before
    assert after[: len(before)] == before
    counted = [[(point["step"], point["tokens"]) for point in points] for points in (after, pace(whole))]
    assert counted[0] == counted[1]
