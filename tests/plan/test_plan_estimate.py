"""What stages will cost is told from their data, the encoder's shape and a device, and what they took beside it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from finished_stage import finish

from xtreme_bench.files import Digests
from xtreme_bench.plan import devices, estimate, facts
from xtreme_bench.plan.estimate import Shape
from xtreme_bench.plan.stages import Plan, distinct, plan
from xtreme_bench.recipe.load import load
from xtreme_bench.stage.store import Store

RECIPE = """
description: a small recipe
seed: 1
data: {source: miniature}
model: {scratch: {layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 500, positions: 130}}
pretraining: {steps: 10, batch: 4, max_length: 40, languages: [en, de]}
finetuning: {xnli: {epochs: 2, batch: 8, max_length: 64, evaluate_every: 4}}
targets: {xnli: {languages: [en, de]}}
"""


def planned(tmp_path: Path) -> Plan:
    (tmp_path / "small.yaml").write_text(RECIPE)
    return plan(load(tmp_path / "small.yaml"), digests=Digests(tmp_path / "digests.json"))


def estimated(made: Plan, store: Store, device: str = "h100") -> dict[str, Any]:
    entries = facts.facts([made], store, Path("data"))["stages"]
    estimate.add(entries, distinct([made]), store, devices.named(device))
    return {one["kind"]: one["estimate"] for one in entries if "estimate" in one}


def tokenised(made: Plan, store: Store) -> None:
    """Finish the stages that tokenise: 40 training examples of 10 tokens, a development set, and test sets."""
    counts = [
        {"examples": {"train": 40, "dev": 5}, "tokens": {"train": 400, "dev": 50}, "rows": {"train": 40, "dev": 5}},
        {"examples": {"en": 5, "de": 5}, "tokens": {"en": 60, "de": 40}, "rows": {"en": 5, "de": 5}},
    ]
    found = [stage for stage in made.stages if stage.kind == "features"]
    for stage, one in zip(found, counts, strict=True):
        finish(store, stage, left={"facts": one})


def test_operations_are_two_for_each_weight_and_token_and_those_of_attention() -> None:
    shape = Shape(layers=24, width=1024, feedforward=4096, vocabulary=250_002)
    assert shape.inner == pytest.approx(302e6, rel=0.01)  # XLM-R Large has 560 million with its table
    assert shape.total == pytest.approx(558e6, rel=0.01)
    assert shape.forward(1, 0) == 2 * shape.inner
    assert shape.forward(1, 128) - shape.forward(1, 0) == 24 * 4 * 1024 * 128


def test_steps_and_tokens_are_those_of_the_tokenised_data(tmp_path: Path) -> None:
    made, store = planned(tmp_path), Store(tmp_path / "store")
    tokenised(made, store)
    found = estimated(made, store)
    # Two epochs of 40 examples in batches of 8 are 10 steps; each third or so is scored: 3 x 50 tokens.
    assert (found["finetune"]["steps"], found["finetune"]["tokens"]) == (10, 10 * 8 * 10 + 3 * 50)
    assert (found["predict"]["steps"], found["predict"]["tokens"]) == (None, 100)
    assert found["finetune"]["lengths"] == found["predict"]["lengths"] == estimate.TOKENISED
    shape = Shape(2, 32, 64, 500)
    assert found["finetune"]["flops"] == 3 * shape.forward(800, 10) + shape.forward(150, 10)
    assert found["predict"]["flops"] == shape.forward(100, 10)
    assert found["finetune"]["disk_bytes"] == 32 * shape.total


def test_before_data_is_tokenised_lengths_are_assumed_or_nothing_is_said(tmp_path: Path) -> None:
    found = estimated(planned(tmp_path), Store(tmp_path / "store"))
    assert found["pretrain"]["tokens"] == 10 * 4 * 20
    assert found["pretrain"]["lengths"] == estimate.ASSUMED
    assert found["finetune"] is found["predict"] is None  # how long two epochs are is not known


def test_time_is_by_the_device_and_what_a_finished_stage_took_stands_beside_it(tmp_path: Path) -> None:
    made, store = planned(tmp_path), Store(tmp_path / "store")
    fast, slow = (estimated(made, store, device)["pretrain"] for device in ("h200", "v100"))
    assert slow["seconds"] > fast["seconds"]
    assert fast["ratio"] is None
    finish(store, next(stage for stage in made.stages if stage.kind == "pretrain"), left={"seconds": 3.0})
    found = estimated(made, store)["pretrain"]
    assert found["took_seconds"] == 3.0
    assert found["ratio"] == pytest.approx(3.0 / found["seconds"])


def test_the_command_tells_it_and_does_so_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(RECIPE)

    def called(*arguments: str) -> str:
        command = [sys.executable, "-m", "xtreme_bench.cli", "plan", "small.yaml", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert "FLOPs" in called("--device", "a100")
    assert "FLOPs" not in called()
    stages = json.loads(called("--device", "a100", "--json", "-"))["stages"]
    assert {one["kind"] for one in stages if "estimate" in one} == {"pretrain", "finetune", "predict"}
    assert not any("estimate" in one for one in json.loads(called("--json", "-"))["stages"])


@pytest.mark.slow
def test_this_machine_is_probed(tmp_path: Path) -> None:
    found = devices.this(64, 256, 1, "fp32")
    assert 1e8 < found.peak["fp32"] < 1e15
    assert found.memory
