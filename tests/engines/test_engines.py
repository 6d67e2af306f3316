"""What is said where there is no Docker engine, whose container is whose, and what a stage's container sees."""

import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from xtreme_bench import engines
from xtreme_bench.cli import doctor
from xtreme_bench.engines import mounts, owner
from xtreme_bench.engines.docker import connect
from xtreme_bench.engines.image import tag
from xtreme_bench.errors import InputError, StageError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.run.reproduce import Places, planned, reproduce

# A client that finds no engine leaves its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    place = f"unix://{tmp_path}/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", place)
    yield place
    gc.collect()  # those sockets, while their warning is filtered


def test_an_engine_that_is_not_running_is_one_sentence_with_what_to_do(nowhere: str) -> None:
    with pytest.raises(StageError) as raised:
        connect()
    assert str(raised.value).startswith(f"no Docker engine answers at {nowhere}: start it")
    assert "--engine local" in str(raised.value)
    assert raised.value.exit_code == 3


def test_a_user_without_the_right_to_the_engine_is_told_how_to_get_it(nowhere: str) -> None:
    program = f"""
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind({nowhere.removeprefix("unix://")!r})
listener.listen()
os.chmod({nowhere.removeprefix("unix://")!r}, 0o600)
if os.getuid() == 0:
    os.setuid(65534)
else:
    os.chmod({nowhere.removeprefix("unix://")!r}, 0)
from xtreme_bench.engines.docker import connect
try:
    connect()
except Exception as error:
    print(type(error).__name__, error)
"""
    folder = Path(nowhere.removeprefix("unix://")).parent
    for parent in (folder, *folder.parents):  # another user must be able to reach the socket itself
        if parent.stat().st_uid == os.getuid() and str(parent) not in ("/", "/tmp"):
            parent.chmod(0o755)
    code = f"import xtreme_bench.engines.docker, xtreme_bench.recipe.load\n{program}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"StageError this user may not use the Docker engine at {nowhere}: join its group")


def test_auto_takes_the_local_engine_where_no_other_answers_and_says_so(nowhere: str) -> None:
    said: list[str] = []
    assert engines.image_of("auto", Resources(), said.append) is None
    assert said == [f"engine: local (no Docker engine answers at {nowhere})"]


class Toy:
    """An engine that runs nothing and says so."""

    image = "toy:1"

    def __init__(self) -> None:
        self.closed = False

    def run(self, folder: Path, message: object) -> None:
        raise StageError("a toy runs nothing")

    def close(self) -> None:
        self.closed = True


def test_an_engine_is_its_module_and_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Toy] = []
    module = ModuleType("toy")
    module.open = lambda resources, say: made.append(Toy()) or made[-1]  # type: ignore[attr-defined]
    module.image_of = lambda resources: Toy.image  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy", module)
    monkeypatch.setitem(engines.TABLE, "toy", "toy")
    assert "toy" in engines.names()
    recipe = str(Path("recipes/quickstart-scratch-baseline.yaml").resolve())
    places = Places(store=tmp_path / "store", submissions=tmp_path / "out", reports=tmp_path / "reports")
    assert {stage.image for stage in planned(recipe, places, "toy")[0].stages} == {"toy:1"}
    with pytest.raises(StageError, match="stage `.*`: a toy runs nothing"):
        reproduce(recipe, places, "toy")
    assert [one.closed for one in made] == [True]


def test_which_engine_it_is_is_asked_among_the_engines_alone() -> None:
    package = Path(engines.__file__).parents[1]
    asks = re.compile(rf"""[=!]= ["']({"|".join(engines.TABLE)})["']""")
    files = [file for file in package.rglob("*.py") if file.parent != package / "engines"]
    assert [file.name for file in files if asks.search(file.read_text(encoding="utf-8"))] == []


def test_the_image_is_named_by_what_it_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XTREME_BENCH_BASE_IMAGE", raising=False)
    first = tag()
    assert tag() == first
    monkeypatch.setenv("XTREME_BENCH_BASE_IMAGE", "another")
    assert tag() != first


def test_a_container_of_a_running_process_is_not_taken_for_left() -> None:
    assert not owner.is_gone(owner.this_process())


def test_a_container_is_left_when_its_process_has_ended_or_the_machine_started_again() -> None:
    program = "from xtreme_bench.engines.owner import this_process; print(this_process())"
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert owner.is_gone(dead)
    here = json.loads(owner.this_process())
    assert owner.is_gone(json.dumps(here | {"started": here["started"] - 1}))  # the same number, another process
    assert owner.is_gone(json.dumps(here | {"boot": "before"}))


@pytest.mark.parametrize("change", [{"host": "another"}, {"space": "pid:[1]", "started": 1}])
def test_what_cannot_be_told_from_here_is_left_alone(change: dict[str, object]) -> None:
    assert not owner.is_gone(json.dumps(json.loads(owner.this_process()) | change))
    assert not owner.is_gone("nonsense")


def seen(tmp_path: Path, inputs: dict[str, Path], *closed: Path) -> dict[str, tuple[str, bool]]:
    folder = tmp_path / "store/partial/key"
    folder.mkdir(parents=True, exist_ok=True)
    made = mounts.of_stage(folder, inputs, [*closed, tmp_path / "store/partial"])
    return {one["Target"]: (one["Type"], one.get("ReadOnly", False)) for one in made}


def test_inputs_are_read_only_and_the_stage_folder_alone_is_writable(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    assert seen(tmp_path, {"data": data}) == {
        str(data): ("bind", True),
        str(tmp_path / "store/partial/key"): ("bind", False),
    }


def test_labels_and_store_within_the_data_are_covered_unless_they_are_an_input(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    found = seen(tmp_path, {"data": tmp_path}, labels)
    assert (found[str(labels)][0], found[str(tmp_path / "store/partial")][0]) == ("tmpfs", "tmpfs")
    assert seen(tmp_path, {"labels": labels}, labels)[str(labels)] == ("bind", True)


def test_what_links_of_an_input_lead_to_is_there_and_read_only(tmp_path: Path) -> None:
    (tmp_path / "cache/blobs").mkdir(parents=True)
    (tmp_path / "cache/blobs/1").write_text("weights")
    model = tmp_path / "cache/snapshots/a"
    model.mkdir(parents=True)
    (model / "model.safetensors").symlink_to("../../blobs/1")
    (model / "broken").symlink_to("../nothing")
    found = seen(tmp_path, {"encoder": model})
    assert found[str(tmp_path / "cache/blobs/1")] == ("bind", True)
    assert len(found) == 3


@pytest.mark.parametrize("path", ["/usr", "/proc/1", "/opt"])
def test_a_folder_that_would_hide_the_images_own_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match=f"{path}: containers use this path themselves"):
        seen(tmp_path, {"data": Path(path)})


def test_the_doctor_tries_every_part_and_says_why_a_gpu_is_not_used(nowhere: str) -> None:
    if doctor.driver()[0]:
        pytest.skip("this machine has a GPU")
    found = {finding.part: finding for finding in doctor.examine()}
    assert found["gpu driver"].state == "absent"
    for part in ("torch", "onnx runtime"):
        assert found[part].state == "ok"
        assert "multiplied on the CPU (" in found[part].detail
    assert found["docker"].detail.startswith("no Docker engine answers")
    asked = {finding.part: finding.state for finding in doctor.examine(gpu=True)}
    assert (asked["gpu driver"], asked["torch"], asked["onnx runtime"]) == ("broken", "broken", "broken")


def test_a_second_set_of_cuda_libraries_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name / "nvidia/cu13/lib"
        folder.mkdir(parents=True)
        (folder / "libcudart.so.13").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "one"), str(tmp_path / "two")])
    finding = doctor.libraries()
    assert finding.state == "broken"
    assert "more than one copy" in finding.detail
