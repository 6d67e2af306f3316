"""The cost of a run by phase, in the terminal, as JSON and on the page; what was in the store counts apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_run import RAN, made_up, told
from page_reader import Reader

from xtreme_bench.files import write_json
from xtreme_bench.report import cost, seeds
from xtreme_bench.run.outcome import Outcome
from xtreme_bench.stage.store import Store


def record(kind: str, seconds: float, **ran: object) -> dict[str, object]:
    return {"kind": kind, "key": f"{kind}{seconds}", "seconds": seconds, "ran": {**RAN, **ran}}


RECORDS = [
    record("features", 60.0, cpu_seconds=90.0, joules=1e6),
    record("finetune", 3600.0, cpu_seconds=400.0, gpus=2, joules=7.2e6),
    record("finetune", 1800.0, cpu_seconds=200.0, gpus=2, joules=None),
    record("predict", 120.0, cpu_seconds=30.0, gpus=1, joules=2.6e6),
]


def test_phases_have_the_sum_of_their_stages() -> None:
    data, tuned, predicted = cost.by_phase(RECORDS)
    assert (data.phase, tuned.phase, predicted.phase) == ("data", "fine-tuning", "prediction and retrieval")
    assert (tuned.stages, tuned.seconds, tuned.cpu_seconds, tuned.gpu_seconds) == (2, 5400.0, 600.0, 10_800.0)
    assert (data.gpu_seconds, predicted.gpu_seconds) == (0.0, 120.0)


def test_energy_is_shown_only_where_every_stage_of_the_phase_has_it() -> None:
    assert [one.joules for one in cost.by_phase(RECORDS)] == [1e6, None, 2.6e6]
    assert [row[-1] for row in cost.rows(RECORDS)] == ["0.28 kWh", "", "0.72 kWh", ""]


@pytest.mark.slow
def test_the_terminal_and_the_file_tell_what_was_made_and_what_was_in_the_store(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path)
    made = frozenset(one["key"] for one in outcome.main.records if one["kind"] == "predict")
    rest = frozenset(one["key"] for one in outcome.main.records) - made
    again = Outcome(replace(outcome.main, reused=rest), None, [])
    text, _ = seeds.tell(again, tmp_path / "reports", store)
    line = text.splitlines()[-1]
    assert line.startswith(f"cost: {len(made)} stages, ")
    assert f"already in the store: {len(rest)} stages, " in line
    found = json.loads((tmp_path / "reports" / "made-up" / "cost.json").read_text())
    assert [one["phase"] for one in found["made"]] == ["prediction and retrieval"]
    assert sum(one["stages"] for one in found["already_in_the_store"]) == len(rest)


@pytest.mark.slow
def test_the_page_has_estimates_beside_the_truth_where_the_speed_of_the_device_is_known(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path)
    assert cost.estimates([outcome.main], store) == []
    shapes = {f"128 512 4 {threads} fp32": threads for threads in range(1, 9)}
    probe = {"name": RAN["device"], "rate": 1e12, "update": 1e-12, "memory": 8e9, "gpu": False}
    write_json(store.root / "probes.json", dict.fromkeys(shapes, probe))
    tuned = next(stage for stage in outcome.main.plan.stages if stage.kind == "finetune")
    store.pace(tuned.key).mkdir()
    (store.pace(tuned.key) / "curve.jsonl").write_text('{"step": 9, "tokens": 12345, "memory": 3221225472}\n')
    found = cost.estimates([outcome.main], store)
    assert found
    assert all(float(row[-1]) > 0 for row in found)
    row = dict(zip(cost.ESTIMATES, next(row for row in found if row[0] == tuned.name), strict=True))
    for name, true in (("steps", "250"), ("tokens", "12,345"), ("memory", "3.00 GiB"), ("time", "12 s")):
        assert row[name].endswith(f", {true}"), row
    assert row["left on the disk"].endswith(" GiB")
    seeds.tell(Outcome(outcome.main, None, []), tmp_path / "reports", store)
    page = Reader((tmp_path / "reports" / "made-up" / "index.html").read_text())
    assert page.row(found[0][0])


@pytest.mark.parametrize("reused", [True, False])
def test_a_run_without_work_left_says_so(tmp_path: Path, reused: bool) -> None:
    outcome = told(tmp_path)
    keys = frozenset(one["key"] for one in outcome.main.records) if reused else frozenset[str]()
    assert ("nothing was left to do" in cost.line([replace(outcome.main, reused=keys)])) == reused


def test_a_store_that_is_not_there_gives_no_estimates(tmp_path: Path) -> None:
    outcome = told(tmp_path)
    assert cost.estimates([outcome.main], Store(tmp_path / "nowhere")) == []
