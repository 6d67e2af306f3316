from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from toy_training import SCRATCH, SETTINGS, digests, make_job, write_corpus

from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.pretrain import pretrain

PRETRAINING: dict[str, Any] = {
    **SETTINGS,
    "scratch": SCRATCH,
    "languages": ["en", "de"],
    "steps": 40,
    "learning_rate": 1e-2,
    "translation": 0.5,
    "mask": 0.15,
}


@pytest.mark.slow
def test_pretraining_lowers_the_loss_on_text_and_translations(tmp_path: Path) -> None:
    job = make_job(tmp_path, {**PRETRAINING, "steps": 80}, data=write_corpus(tmp_path / "data"))
    facts = pretrain(job)
    encoder = encoders.load(job.out)
    assert facts["vocabulary"] == len(encoder.tokenizer) <= 300
    points = [json.loads(line) for line in (job.out / "curve.jsonl").read_text().splitlines()]
    for task in ("text", "translation"):
        losses = [point[f"loss/{task}"] for point in points if f"loss/{task}" in point]
        assert 20 < len(losses) < 60
        assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_also_after_a_kill(tmp_path: Path) -> None:
    data = write_corpus(tmp_path / "data")
    whole = make_job(tmp_path / "whole", PRETRAINING, data=data)
    facts = pretrain(whole)
    broken = make_job(tmp_path / "broken", {**PRETRAINING, "checkpoint_seconds": 0}, data=data)

    def kill(done: int, total: int, note: str) -> None:
        if done == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(dataclasses.replace(broken, progress=kill))
    assert pretrain(broken) == facts
    assert digests(broken.out) == digests(whole.out)


def test_without_translations_there_is_text_only(tmp_path: Path) -> None:
    job = make_job(tmp_path, {**PRETRAINING, "translation": 0.0, "steps": 3}, data=write_corpus(tmp_path / "data"))
    assert set(pretrain(job)["examples"]) == {"text"}


def test_a_length_beyond_the_positions_is_refused(tmp_path: Path) -> None:
    job = make_job(tmp_path, {**PRETRAINING, "max_length": 65}, data=write_corpus(tmp_path / "data"))
    with pytest.raises(InputError, match=r"max_length is 65, but `positions` leaves room for 64 tokens"):
        pretrain(job)


def test_lines_that_do_not_fit_are_cut_and_counted(tmp_path: Path) -> None:
    data = write_corpus(tmp_path / "data")
    (data / "text/en.txt").write_text("cat " * 200 + "\n" + "a dog\n" * 9)
    tiny = {**PRETRAINING, "languages": ["en"], "translation": 0.0, "steps": 2, "max_length": 30}
    assert pretrain(make_job(tmp_path / "short", tiny, data=data))["cut"] == {"text": 1}
    (data / "text/en.txt").write_text("a dog\n" * 10)
    assert pretrain(make_job(tmp_path / "whole", tiny, data=data))["cut"] == {"text": 0}
