"""The GPUs of a Docker engine: those that it lists, and those that a container really gets. Only NVIDIA (CUDA) is used.

An engine offers GPUs through a device driver (if it found NVIDIA's hook when it started) or through CDI (Container
Device Interface). It lists its runtimes and, since API 1.50, its CDI devices, but never a hook. So each way is tried
with a container that looks for the driver's device file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from docker import DockerClient
from docker.errors import DockerException
from docker.types import DeviceRequest, LogConfig
from requests.exceptions import RequestException

from xtreme_bench.engines import owner
from xtreme_bench.errors import StageError
from xtreme_bench.recipe.load import Resources

NVIDIA, AMD = "nvidia.com/gpu", "amd.com/gpu"
# The device file of NVIDIA's driver on Linux, and on the Windows Subsystem for Linux.
LOOK = "import os, sys; sys.exit(not (os.path.exists('/dev/nvidiactl') or os.path.exists('/dev/dxg')))"
TRY_SECONDS = 60


@dataclass(frozen=True)
class Offer:
    """The request with which a container gets GPUs, and the way they come (`how`); without one, the reason."""

    request: DeviceRequest | None
    how: str


def named(info: dict[str, Any]) -> list[str]:
    """The GPUs that an engine lists (`docker info`): NVIDIA's runtime, and CDI devices of NVIDIA and AMD."""
    runtime = ["NVIDIA's runtime"] if "nvidia" in (info.get("Runtimes") or {}) else []
    return runtime + [device for device in _devices(info) if device.startswith((f"{NVIDIA}=", f"{AMD}="))]


def offer(client: DockerClient, image: str, count: int | None = None) -> Offer:
    """How containers of `image` get `count` GPUs (None: all): the first way that gives a container the driver."""
    ways: dict[str, DeviceRequest] = {
        "NVIDIA's device driver": DeviceRequest(count=count or -1, capabilities=[["gpu", "compute", "utility"]]),
        "CDI": DeviceRequest(driver="cdi", device_ids=_names(client.info(), count)),
    }
    reasons = []
    for how, request in ways.items():
        reason = _fault(client, image, request)
        if reason is None:
            return Offer(request, how)
        reasons.append(f"{how}: {reason}")
    return Offer(None, "; ".join(reasons))


def requests(
    client: DockerClient, image: str, resources: Resources, say: Callable[[str], None]
) -> list[DeviceRequest] | None:
    """The request for the GPUs of stages: those in the recipe, else all that the engine offers; None: no GPU.

    Errors: `StageError` if the recipe asks for a GPU, or the engine lists one, but a container gets none.
    """
    if resources.gpus == 0:
        return None
    found, names = offer(client, image, resources.gpus), named(client.info())
    if found.request is not None:
        say(f"GPUs: {resources.gpus or 'all'}, by {found.how}")
        return [found.request]
    if resources.gpus or resources.precision == "bf16":
        asks = f"gpus: {resources.gpus}" if resources.gpus else "precision: bf16"
        raise StageError(
            f"the recipe asks for a GPU (`resources.{asks}`), but a container gets none of the Docker engine"
            f"{' (' + ', '.join(names) + ')' if names else ''}: {found.how}; install the NVIDIA Container Toolkit and "
            "restart the engine, or change the recipe"
        )
    if any(not name.startswith(AMD) for name in names):
        raise StageError(
            f"the Docker engine lists {', '.join(names)}, but a container gets no GPU: {found.how}; install the NVIDIA "
            "Container Toolkit, or set `resources: {gpus: 0}` to compute on the CPU"
        )
    return None


def _devices(info: dict[str, Any]) -> list[str]:
    return [str(device.get("ID")) for device in info.get("DiscoveredDevices") or () if device.get("Source") == "cdi"]


def _names(info: dict[str, Any], count: int | None) -> list[str]:
    """The CDI names of `count` GPUs; if the engine does not list them, their numbers from 0."""
    if count is None:
        return [f"{NVIDIA}=all"]
    numbers = [name for name in _devices(info) if name.startswith(f"{NVIDIA}=") and name.rpartition("=")[2].isdigit()]
    return numbers[:count] if len(numbers) >= count else [f"{NVIDIA}={number}" for number in range(count)]


def _fault(client: DockerClient, image: str, request: DeviceRequest) -> str | None:
    """Why a container with this request has no GPU; None if it has one."""
    container = None
    try:
        container = client.containers.create(
            image,
            entrypoint=["python", "-c", LOOK],
            command=[],
            labels={owner.LABEL: owner.this_process()},
            network_mode="none",
            cap_drop=["ALL"],
            read_only=True,
            device_requests=[request],
            log_config=LogConfig(type="none"),
        )
        container.start()
        return None if container.wait(timeout=TRY_SECONDS)["StatusCode"] == 0 else "it brings no NVIDIA driver"
    except (DockerException, RequestException) as error:
        return str(getattr(error, "explanation", None) or error).strip().splitlines()[0]
    finally:
        if container is not None:
            owner.remove(container)
