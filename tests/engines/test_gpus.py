"""Which stages get a GPU, and how: an engine that is made up offers them in all the ways that real ones do."""

import json
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError
from docker.types import DeviceRequest

from xtreme_bench.cli import doctor
from xtreme_bench.engines import docker as engine
from xtreme_bench.engines import gpus, image
from xtreme_bench.errors import StageError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage import code
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.ranks import COUNT, GPUS

DRIVER = DeviceRequest(count=-1, capabilities=[["gpu", "compute", "utility"]])
CDI = DeviceRequest(driver="cdi", device_ids=["nvidia.com/gpu=all"])
RUNTIME = {"Runtimes": {"runc": {}, "nvidia": {}}}
DISCOVERED = {"DiscoveredDevices": [{"Source": "cdi", "ID": f"nvidia.com/gpu={name}"} for name in ("0", "1", "all")]}
AMD = {"DiscoveredDevices": [{"Source": "cdi", "ID": "amd.com/gpu=all"}, {"Source": "cdi", "ID": "amd.com/gpu=0"}]}


class Container:
    """A container that starts if the engine knows how to bring in what it asks for."""

    def __init__(self, made: "Engine", asked: dict[str, Any]) -> None:
        self.made, self.asked, self.id, self.client = made, asked, str(len(made.created)), made
        self.attrs = {"State": {"ExitCode": 0}}

    def start(self) -> None:
        for request in self.asked["device_requests"] or ():
            if (request["Driver"] or "driver") not in self.made.knows:
                raise APIError("500", explanation="could not select device driver with capabilities: [[gpu]]")

    def wait(self, timeout: float = 0) -> dict[str, int]:
        return {"StatusCode": gpus.HAS + self.made.brings}

    def attach(self, **how: Any) -> list[tuple[bytes, bytes]]:
        return [(b'{"done": true}\n', b"")]

    def reload(self) -> None:
        pass

    def remove(self, **how: Any) -> None:
        self.made.removed += 1


class Engine:
    """A Docker client as far as it is used. `knows`: the ways in which it offers GPUs; `brings`: how many come."""

    def __init__(self, info: dict[str, Any], knows: tuple[str, ...], brings: int = 1) -> None:
        self._info, self.knows, self.brings = {"MemTotal": 1 << 34, "ServerVersion": "29", **info}, knows, brings
        self.created: list[dict[str, Any]] = []
        self.removed = 0
        self.containers = self.images = self

    def info(self) -> dict[str, Any]:
        return self._info

    def create(self, image: str, **asked: Any) -> Container:
        self.created.append(asked)
        return Container(self, asked)

    def get(self, name: str) -> Any:
        self.id = "sha256:0"
        return self

    def list(self, **which: Any) -> list[Any]:
        return []

    def close(self) -> None:
        pass


def asked_of(made: Engine, **resources: Any) -> list[DeviceRequest] | None:
    found, names = gpus.requests(made, "image", Resources(**resources), lambda line: None)  # type: ignore[arg-type]
    assert names == (["0"] if found else [])
    assert made.removed == len(made.created)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_stage_gets_a_gpu_if_it_computes_with_an_encoder_and_not_otherwise(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Engine(RUNTIME, ("driver",))
    monkeypatch.setattr(engine, "connect", lambda: made)
    monkeypatch.setattr(engine, "_own", lambda folder, user: None)
    folder = tmp_path / "store/partial/key"
    folder.mkdir(parents=True)
    (folder / "stage.json").write_text(json.dumps({"kind": kind, "inputs": {}, "closed": []}))
    engine.Docker(Resources(), lambda line: None).run(folder, lambda message: None)
    # What puts tensors on a device is in these two modules; whatever loads one of them can use a GPU.
    computes = {"xtreme_bench.training.device", "xtreme_bench.retrieval.embed_torch"} & set(
        code.sources(*KINDS[kind].code)
    )
    assert made.created[-1]["device_requests"] == ([DRIVER] if computes else None)
    assert made.created[-1]["environment"].get(GPUS) == ("0" if computes else None)
    assert KINDS[kind].gpu == bool(computes)


@pytest.mark.parametrize(
    ("info", "knows", "expected"),
    [
        (RUNTIME, ("driver",), [DRIVER]),
        ({}, ("driver",), [DRIVER]),
        (DISCOVERED, ("cdi",), [CDI]),
        ({"CDISpecDirs": ["/etc/cdi"]}, ("cdi",), [CDI]),
        ({}, (), None),
        (AMD, (), None),
    ],
    ids=["runtime", "a hook that no list names", "CDI", "CDI before it was listed", "nothing", "AMD alone"],
)
def test_gpus_are_found_however_the_engine_offers_them(
    info: dict[str, Any], knows: tuple[str, ...], expected: list[DeviceRequest] | None
) -> None:
    assert asked_of(Engine(info, knows)) == expected


@pytest.mark.parametrize(("kind", "seen"), [("finetune", "0,1"), ("export", "0")])
def test_a_container_sees_as_many_gpus_as_processes_share_its_stage(
    kind: str, seen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Engine(RUNTIME, ("driver",), brings=4)
    monkeypatch.setattr(engine, "connect", lambda: made)
    monkeypatch.setattr(engine, "_own", lambda folder, user: None)
    (tmp_path / "stage.json").write_text(json.dumps({"kind": kind, "inputs": {}, "closed": []}))
    engine.Docker(Resources(gpus=2), lambda line: None).run(tmp_path, lambda message: None)
    variables = made.created[-1]["environment"]
    assert (variables[GPUS], variables[COUNT]) == (seen, "2")


def test_more_gpus_than_a_container_gets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "connect", lambda: Engine(RUNTIME, ("driver",), brings=2))
    with pytest.raises(StageError, match=r"`resources.gpus: 4` asks for 4 GPUs.* there are 2: ask for fewer"):
        engine.Docker(Resources(gpus=4), lambda line: None)


def test_no_gpu_is_looked_for_where_the_recipe_wants_none() -> None:
    made = Engine(RUNTIME, ("driver",))
    assert asked_of(made, gpus=0) is None
    assert made.created == []


@pytest.mark.parametrize(
    ("made", "resources", "said"),
    [
        (Engine({}, ()), {"gpus": 1}, r"asks for a GPU \(`resources.gpus: 1`\), but a container gets none"),
        (Engine(AMD, ()), {"precision": "bf16"}, r"`resources.precision: bf16`.*\(amd.com/gpu=all, amd.com/gpu=0\)"),
        (Engine(RUNTIME, ("driver",), brings=0), {}, "lists NVIDIA's runtime, but .* it brings no NVIDIA driver"),
        (Engine(DISCOVERED, ()), {}, "lists nvidia.com/gpu=0, .* could not select device driver"),
    ],
    ids=["none", "AMD alone", "a runtime without a driver", "devices that cannot be had"],
)
def test_a_gpu_that_is_wanted_or_named_but_not_had_is_an_error_with_the_reason(
    made: Engine, resources: dict[str, Any], said: str
) -> None:
    with pytest.raises(StageError, match=said):
        asked_of(made, **resources)


@pytest.mark.parametrize(
    ("made", "state", "said"),
    [
        (Engine(RUNTIME, ("driver",)), "ok", "NVIDIA's runtime; a container gets them by NVIDIA's device driver"),
        (Engine(DISCOVERED, ("cdi",)), "ok", "a container gets them by CDI"),
        (Engine({}, ("driver",)), "ok", "lists: none; a container gets them by NVIDIA's device driver"),
        (Engine(AMD, ()), "ok", "lists: amd.com/gpu=all, amd.com/gpu=0; a container gets none"),
        (Engine(RUNTIME, ()), "broken", "a container gets none (NVIDIA's device driver: could not select"),
    ],
)
def test_the_doctor_says_which_gpus_the_engine_names_and_what_a_container_gets(
    made: Engine, state: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "connect", lambda: made)
    monkeypatch.setattr(image, "find", lambda client, named: "sha256:0")
    finding = doctor.docker_engine()
    assert finding.state == state
    assert said in finding.detail
