"""Which GPUs stages get that go side by side, on a machine with made-up ones."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from xtreme_bench.engines import devices
from xtreme_bench.engines.devices import Devices
from xtreme_bench.engines.local import Local
from xtreme_bench.errors import StageError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.ranks import GPUS

FOUR = ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("names", "resources", "kinds", "seen"),
    [
        (FOUR, Resources(), ["finetune", "predict", "finetune"], ["0", "1", "2"]),
        (FOUR, Resources(gpus=2), ["finetune", "predict"], ["0,1", "2,3"]),
        (FOUR, Resources(gpus=2), ["export", "finetune", "score"], ["0", "1,2", ""]),
        (["0"], Resources(), ["finetune", "predict"], ["0", "0"]),
        (["GPU-1f", "GPU-2c"], Resources(processes=2), ["retrieve"], ["GPU-1f,GPU-2c"]),
        (FOUR, Resources(gpus=0, processes=8), ["finetune"], [""]),
        ([], Resources(processes=8), ["finetune", "score"], [None, None]),
    ],
    ids=["one each", "two each", "an export takes one", "one for all", "by name", "none wanted", "none here"],
)
def test_stages_side_by_side_see_different_gpus_as_far_as_there_are_some(
    names: list[str], resources: Resources, kinds: list[str], seen: list[str | None]
) -> None:
    table = Devices(names, resources)
    with ExitStack() as running:
        assert [running.enter_context(table.lent(KINDS[kind])).get(GPUS) for kind in kinds] == seen
    with table.lent(KINDS["export"]) as again:
        assert again.get(GPUS) == (None if seen[0] is None else seen[0].split(",")[0])


@pytest.mark.parametrize(
    ("names", "resources", "said"),
    [
        ([], Resources(gpus=1), "`resources.gpus: 1` asks for 1 GPU, one for each process, but there are 0"),
        (["0"], Resources(gpus=2), "`resources.gpus: 2` asks for 2 GPUs, one for each process, but there is 1"),
        (["0"], Resources(processes=2), "`resources.processes: 2` asks for 2 GPUs, .* set `gpus: 0` to compute on"),
    ],
)
def test_more_gpus_than_there_are_is_an_error_that_says_what_to_do(
    names: list[str], resources: Resources, said: str
) -> None:
    with pytest.raises(StageError, match=said):
        Devices(names, resources)


@pytest.mark.parametrize(("named", "found"), [("2, 5", ["2", "5"]), ("", []), ("-1", []), ("GPU-1f", ["GPU-1f"])])
def test_gpus_that_the_user_has_named_or_hidden_are_those_that_count(
    named: str, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(GPUS, named)
    assert devices.here() == found


def test_a_worker_serves_only_stages_that_see_the_gpus_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(GPUS, "0,1")
    engine = Local()
    try:
        one, two = ({GPUS: name} for name in "01")
        worker = engine._worker(one, fresh=False)
        engine._leave(worker, one, end=False)
        assert engine._worker(two, fresh=False) is not worker
        assert engine._worker(one, fresh=False) is worker
        assert f"{GPUS}=0" in Path(f"/proc/{worker.pid}/environ").read_text().split("\0")
    finally:
        engine.close()
