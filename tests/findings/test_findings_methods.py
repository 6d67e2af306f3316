"""The section on methods of training: answers with both intervals, and what learned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from finished_stage import finish
from made_up_run import RAN

from xtreme_bench.files import Digests
from xtreme_bench.findings import methods, pieces, records
from xtreme_bench.findings.experiments import EXPERIMENTS
from xtreme_bench.findings.pieces import DIFFERENCES
from xtreme_bench.findings.words import answers
from xtreme_bench.plan.stages import plan
from xtreme_bench.recipe.load import load
from xtreme_bench.stage.store import Store

TUNED, PROMPT = "pocket-finetune", "pocket-prompt"
ARMS = {TUNED: (80.0, 1000), PROMPT: (70.0, 10)}
(METHODS,) = (one for one in EXPERIMENTS if one.folder == "methods")


def put_records(folder: Path, verdict: str = "worse", seeds: int = 3, arms: Any = ARMS) -> Path:
    for name, (score, weights) in arms.items():
        runs = [
            {
                "seed": seed,
                "scores": {"udpos": {"en": score + 10 + seed, "de": score, "tr": score - 10}},
                "finetuning": {"udpos": {"weights": weights, "of": 1000, "seconds": 90.0, "cpu_seconds": 60.0 + seed}},
            }
            for seed in range(seeds)
        ]
        (folder / f"{name}.json").write_text(json.dumps({"name": name, "runs": runs}))
    p = 0.5 if verdict == "cannot tell" else 0.01
    found = [
        {"name": name, "level": level, "difference": change, "low": change - 1, "high": change + 2, "p": p}
        for level, name, change in (("task", "udpos", -10.0), ("transfer", "udpos/transfer", -12.0))
    ]  # fmt: skip
    one = {"layer": None, "a": TUNED, "b": PROMPT, "seeds": [*range(seeds)], "estimates": found}
    (folder / DIFFERENCES).write_text(json.dumps({"differences": [one]}))
    return folder


@pytest.mark.parametrize(
    ("verdict", "seeds", "answer", "why"),
    [("worse", 3, "no", "3 seeds; p = 0.010."), ("cannot tell", 3, "cannot tell", "3 seeds; p = 0.500."),
     ("worse", 2, "cannot tell", "2 seeds are too few."), ("worse", 1, "cannot tell", "One seed is too few.")],
)  # fmt: skip
def test_the_answer_has_the_intervals_with_and_without_english(
    verdict: str, seeds: int, answer: str, why: str, tmp_path: Path
) -> None:
    found = answers({METHODS: pieces.read(put_records(tmp_path, verdict, seeds))})[METHODS]
    assert [(one.where, one.answer, one.why, one.points) for one in found] == [
        ("udpos", answer, why, "-10.0 [-11.0, -8.0]"),
        ("udpos, without English", answer, why, "-12.0 [-13.0, -10.0]"),
        ("panx", "not tested", found[2].why, ""),
        ("panx, without English", "not tested", found[3].why, ""),
    ]


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_scores_gap_weights_and_seconds_are_means_over_seeds(tmp_path: Path) -> None:
    scores, training = methods.tables(pieces.read(put_records(tmp_path)))
    assert table(scores)[2] == ["pocket-finetune", "0, 1, 2", "80.3 (80.0 to 80.7)", "16.0 (15.0 to 17.0)"]
    assert table(training)[-1] == ["pocket-prompt", "10 (1.00 %)", "61"]


def test_one_arm_alone_has_its_row(tmp_path: Path) -> None:
    scores, _ = methods.tables(pieces.read(put_records(tmp_path, arms={PROMPT: ARMS[PROMPT]})))
    assert [line[0] for line in table(scores)[2:]] == [PROMPT]


def test_a_record_has_what_learned_in_each_fine_tuning_that_the_store_knows_and_what_it_took(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(
        "description: small\nseed: 1\ndata: {source: miniature}\nmodel: {scratch: {layers: 1}}\n"
        "pretraining: {steps: 2}\ntargets: {udpos: {languages: [en]}, panx: {languages: [en]}}\n"
    )
    made, store = plan(load(tmp_path / "small.yaml"), data=None, digests=Digests(tmp_path / "d")), Store(tmp_path)
    learned = {"weights": 10, "of": 1000}
    for stage in made.stages:
        if stage.kind == "finetune" and "udpos" in stage.name:
            facts = {"metric": {"udpos": "f1"}, "learned": learned}
            finish(store, stage, left={"facts": facts, "seconds": 9.0, "ran": {**RAN, "cpu_seconds": 4.0}})
    manifest = {"stages": [{"kind": stage.kind, "key": stage.key} for stage in made.stages]}
    assert records.finetuning(manifest, store) == {"udpos": {**learned, "seconds": 9.0, "cpu_seconds": 4.0}}
