"""The section on methods of training says what its records support, and is left out without any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from finished_stage import finish
from made_up_run import RAN

from xtreme_bench.errors import InputError
from xtreme_bench.files import Digests
from xtreme_bench.findings import methods, records
from xtreme_bench.findings.pieces import DIFFERENCES
from xtreme_bench.plan.stages import plan
from xtreme_bench.recipe.load import load
from xtreme_bench.stage.store import Store

ARMS = {methods.TUNED: (80.0, 1000), methods.PROMPT: (70.0, 10)}


def put_records(folder: Path, verdict: str = "worse", seeds: int = 3, arms: Any = ARMS) -> Path:
    (folder / methods.FOLDER).mkdir()
    for name, (score, weights) in arms.items():
        runs = [
            {
                "seed": seed,
                "scores": {"udpos": {"en": score + 10 + seed, "de": score, "tr": score - 10}},
                "finetuning": {"udpos": {"weights": weights, "of": 1000, "seconds": 90.0, "cpu_seconds": 60.0 + seed}},
            }
            for seed in range(seeds)
        ]
        (folder / methods.FOLDER / f"{name}.json").write_text(json.dumps({"name": name, "runs": runs}))
    found = [
        {"name": name, "level": level, "difference": change, "low": change - 1, "high": change + 2, "p_holm": 0.01,
         "verdict": verdict}
        for level, name, change in (("task", "udpos", -10.0), ("transfer", "udpos/transfer", -12.0))
    ]  # fmt: skip
    one = {"layer": None, "a": methods.TUNED, "b": methods.PROMPT, "seeds": [*range(seeds)], "estimates": found}
    (folder / methods.FOLDER / DIFFERENCES).write_text(json.dumps({"differences": [one]}))
    return folder


@pytest.mark.parametrize(
    ("verdict", "seeds", "answer"),
    [("worse", 3, "**no**. 3 seeds; p = 0.010."), ("cannot tell", 3, "**cannot tell**. 3 seeds; p = 0.010."),
     ("worse", 2, "**cannot tell**. 2 seeds are too few."), ("worse", 1, "**cannot tell**. One seed is an anecdote.")],
)  # fmt: skip
def test_the_answer_is_in_words_with_both_intervals(verdict: str, seeds: int, answer: str, tmp_path: Path) -> None:
    words = list(methods.section(put_records(tmp_path, verdict, seeds)))[1]
    assert words == (
        "- udpos, pocket-prompt minus pocket-finetune: -10.0 [-11.0, -8.0] points, without English -12.0 "
        f"[-13.0, -10.0]. Prompt tuning is better: {answer}"
    )


def test_scores_gap_weights_and_seconds_are_means_over_seeds(tmp_path: Path) -> None:
    _, _, scores, training, *_ = methods.section(put_records(tmp_path))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in (scores + "\n" + training).splitlines()]
    assert rows[2] == ["pocket-finetune", "0, 1, 2", "80.3 (80.0 to 80.7)", "16.0 (15.0 to 17.0)"]
    assert rows[-1] == ["pocket-prompt", "10 (1.00 %)", "61"]


def test_without_records_there_is_no_section_and_with_one_arm_an_error(tmp_path: Path) -> None:
    assert list(methods.section(tmp_path)) == []
    put_records(tmp_path, arms={methods.PROMPT: ARMS[methods.PROMPT]})
    with pytest.raises(InputError, match="no record of pocket-finetune"):
        list(methods.section(tmp_path))


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
