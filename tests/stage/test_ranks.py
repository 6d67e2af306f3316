"""What is said of a stage that several processes share when one of them fails."""

import json
import queue
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.stage import ranks

CLEAR = {"error": "no room", "exit": 3}
DEAD = {"error": "it was killed", "exit": 3, "died": True}
BUG = {"error": "KeyError: 'x'", "exit": 3, "unexpected": True}
LOST = {"error": "RuntimeError: Connection closed by peer", "exit": 3, "unexpected": True}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([(0, LOST), (1, CLEAR)], "process 2 of 2: no room"),
        ([(1, CLEAR), (0, LOST)], "process 2 of 2: no room"),
        ([(0, LOST), (1, DEAD)], "process 2 of 2: it was killed"),
        ([(0, DEAD), (1, CLEAR)], "process 2 of 2: no room"),
        ([(1, BUG), (0, LOST)], "process 2 of 2: KeyError: 'x'"),
        ([(0, CLEAR), (1, {"progress": [1, 2, ""]})], "process 1 of 2: no room"),
    ],
)
def test_the_error_that_is_told_is_the_cause_and_not_what_it_did_to_the_others(
    said: list[tuple[int, dict[str, Any]]], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "GRACE_SECONDS", 0.1)
    reports: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
    for one in said[1:]:
        reports.put(one)
    assert ranks._cause(*said[0], reports, 2)["error"] == told


def test_a_stage_that_all_its_processes_refuse_ends_with_the_reason_and_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "work").mkdir()
    stage = {"kind": "corpus", "params": {"seed": 3, "scale": 0.02, "languages": ["en", "xx"]}, "inputs": {}}
    (tmp_path / "stage.json").write_text(json.dumps(stage))
    with pytest.raises(ranks.RankFailedError, match=r"process \d of 2: no miniature corpus in language 'xx'") as raised:
        ranks.run(tmp_path / "stage.json", 2, lambda _: None)
    assert raised.value.report["exit"] == 2
    assert not (tmp_path / "ranks").exists()


@pytest.mark.parametrize(
    ("visible", "seen"), [("4,7", ["4", "7"]), ("", [None, None]), (None, [None, None]), ("4", ["4", None])]
)
def test_each_process_sees_a_gpu_of_its_own(
    visible: str | None, seen: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ranks.GPUS, raising=False)
    if visible is not None:
        monkeypatch.setenv(ranks.GPUS, visible)
    found = [ranks._variables(rank, 2, Path("meeting")) for rank in range(2)]
    assert [each.get(ranks.GPUS) for each in found] == seen
    assert [each["RANK"] for each in found] == ["0", "1"]
    assert {each["WORLD_SIZE"] for each in found} == {"2"}
