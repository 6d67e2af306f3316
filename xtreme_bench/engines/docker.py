"""Run every stage in its own container: no network, no rights, and only the stage's folder is writable."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
from docker import DockerClient
from docker.errors import DockerException
from docker.types import DeviceRequest, LogConfig
from requests.exceptions import RequestException

from xtreme_bench.engines import gpus, image, mounts, owner
from xtreme_bench.engines.base import Engine, Message, error_of, variables
from xtreme_bench.engines.devices import Devices
from xtreme_bench.errors import StageError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage.kinds import KINDS

WORKER = ("python", "-m", "xtreme_bench.stage.worker")
# If root starts a run, stages use this user instead; the image has a name for it.
UNPRIVILEGED = 10001
# Share of the engine's memory for all stages that run at once, if the recipe sets no limit.
MEMORY_SHARE = 0.8
GIB = 1 << 30
SIGKILL = 137


def open(resources: Resources, say: Callable[[str], None]) -> Engine:  # noqa: A001
    """An engine with its image, which is built or pulled if it is missing. Errors: as `Docker`."""
    return Docker(resources, say)


def image_of(resources: Resources) -> str:
    """The digest of the image, or a text that says it is not built. Errors: `StageError` if no engine answers."""
    return image.find(connect(), resources.image) or "not built yet"


def require() -> None:
    """Errors: `StageError` if no engine answers."""
    connect()


class Docker:
    """Containers on a Docker engine, one per stage. Several threads may call `run`.

    `image` is the digest of their image. Errors: `StageError` if no engine answers, the image can be neither built nor
    pulled, or the recipe asks for a GPU that the engine does not offer.
    """

    def __init__(self, resources: Resources, say: Callable[[str], None]) -> None:
        client = connect()
        self._resources = resources
        self._info = client.info()
        for name in owner.remove_left(client):
            say(f"removed {name}, the container of a run that was killed")
        self.image: str | None = image.find_or_make(client, resources.image, say)
        self._gpus, names = gpus.requests(client, self.image, resources, say)
        self._devices = Devices(names, resources)
        client.close()
        self._running: dict[str, Any] = {}
        self._closed = False
        self._lock = threading.Lock()

    def run(self, folder: Path, message: Message) -> None:
        """Run `folder/stage.json`. Errors: the error of the stage, or `StageError` if its container was ended."""
        folder = folder.resolve()
        kind = KINDS[json.loads((folder / "stage.json").read_text(encoding="utf-8"))["kind"]]
        with self._devices.lent(kind) as seen:
            self._run(folder, message, self._gpus if kind.gpu else None, seen)

    def _run(self, folder: Path, message: Message, asked: list[DeviceRequest] | None, seen: dict[str, str]) -> None:
        container = None
        try:
            _own(folder, self._user())
            container = self._create(folder, asked, seen)
            report, said = _follow(container, message)
            state = _final_state(container)
        except (DockerException, RequestException) as error:
            raise StageError(f"the Docker engine failed: {_sentence(error)}; run the same command again") from error
        finally:
            if container is not None:
                self._forget(container)
        if report is None:
            raise StageError(_death(state, said, folder / "log.txt", self._memory()))
        if "error" in report:
            raise error_of(report, folder / "log.txt")

    def close(self) -> None:
        """End and remove all containers; a running stage continues from its last checkpoint in the next run."""
        with self._lock:
            self._closed = True
            for container in self._running.values():
                owner.remove(container)

    def _create(self, folder: Path, asked: list[DeviceRequest] | None, seen: dict[str, str]) -> Any:
        """The started container of a stage, and its output from the first line on."""
        stage = json.loads((folder / "stage.json").read_text(encoding="utf-8"))
        inputs = {name: Path(path) for name, path in stage["inputs"].items()}
        uid, gid = self._user()
        resources = self._resources
        with self._lock:
            if self._closed:
                raise StageError("not begun, as the run was ended")
            container = connect().containers.create(
                str(self.image),
                entrypoint=list(WORKER),
                command=[str(folder / "stage.json")],
                labels={owner.LABEL: owner.this_process()},
                user=f"{uid}:{gid}",
                userns_mode="keep-id" if self._is_rootless_podman() else None,
                network_mode="none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                read_only=True,
                tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777"},
                mounts=mounts.of_stage(folder, inputs, [Path(path) for path in stage["closed"]]),
                mem_limit=self._memory(),
                memswap_limit=self._memory(),
                pids_limit=resources.process_limit,
                shm_size=int(resources.shared_memory * GIB),
                device_requests=asked,
                log_config=LogConfig(type="none"),
                environment={
                    **variables(resources),
                    **(seen if asked else {}),
                    "HOME": "/tmp",
                    "USER": "xtreme-bench",  # libraries ask for a user name, and the host's user has none in the image
                },
            )
            self._running[str(container.id)] = container
        return container

    def _forget(self, container: Any) -> None:
        with self._lock:
            self._running.pop(str(container.id), None)
        owner.remove(container)
        container.client.close()

    def _user(self) -> tuple[int, int]:
        """The user of stages: the user who started the run, but never root."""
        return (os.getuid(), os.getgid()) if os.getuid() else (UNPRIVILEGED, UNPRIVILEGED)

    def _memory(self) -> int:
        if self._resources.memory is not None:
            return int(self._resources.memory * GIB)
        return int(self._info["MemTotal"] * MEMORY_SHARE / self._resources.jobs)

    def _is_rootless_podman(self) -> bool:
        rootless = any("rootless" in option for option in self._info.get("SecurityOptions") or ())
        return rootless and "podman" in json.dumps(self._info).lower()


def connect() -> DockerClient:
    """A client of the engine in DOCKER_HOST, else of this machine's. Errors: `StageError` if none answers."""
    place = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    try:
        client = docker.from_env(timeout=120)
        client.ping()
        return client
    except (DockerException, RequestException) as error:
        if "PermissionError" in repr(error):
            raise StageError(
                f"this user may not use the Docker engine at {place}: join its group (`sudo usermod -aG docker $USER`, "
                "then log in again), use Podman (docs/containers.md), or --engine local"
            ) from error
        raise StageError(
            f"no Docker engine answers at {place}: start it (`sudo systemctl start docker`), set DOCKER_HOST "
            "to another, or use --engine local"
        ) from error


def _follow(container: Any, message: Message) -> tuple[dict[str, Any] | None, str]:
    """Run a container and pass on its progress; returns its final report and the last lines of its other output."""
    stream = container.attach(stream=True, demux=True, stdout=True, stderr=True)
    container.start()
    report, said = None, ""
    for line in _lines(stream):
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            said = line or said
        elif "progress" in found:
            message(found)
        else:
            report = found
    return report, said


def _lines(stream: Any) -> Iterator[str]:
    """The lines of a container's standard output and standard error, never mixed within a line."""
    rest = {0: b"", 1: b""}
    for parts in stream:
        for which, part in enumerate(parts):
            *whole, rest[which] = (rest[which] + (part or b"")).split(b"\n")
            yield from (line.decode("utf-8", "replace").strip() for line in whole)
    yield from (line.decode("utf-8", "replace").strip() for line in rest.values())


def _final_state(container: Any) -> dict[str, Any]:
    container.wait()
    container.reload()
    state: dict[str, Any] = container.attrs["State"]
    return state


def _death(state: dict[str, Any], said: str, log: Path, memory: int) -> str:
    """The message for a stage that ended without a report: why, and what to do."""
    if state.get("OOMKilled"):
        return (
            f"the stage needed more than the {memory / GIB:.1f} GiB that its container may use: give it more with "
            f"`resources: {{memory: ...}}`, or set a smaller batch or fewer `jobs`, then run the same command again"
        )
    if state.get("ExitCode") == SIGKILL:
        return "the stage's container was killed from outside; run the same command again to continue"
    last = f" ({said})" if said else ""
    return (
        f"the stage's container ended with code {state.get('ExitCode')} before it had finished{last}; its log is {log}"
    )


def _own(folder: Path, user: tuple[int, int]) -> None:
    """Give a stage's folder to the user of its container, or back; only root can do this, and only root needs it."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *user, follow_symlinks=False)


def _sentence(error: Exception) -> str:
    text = str(getattr(error, "explanation", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__
