"""The GPUs of a Docker engine: those it names, and those that a container really gets. Only NVIDIA's are of use (CUDA).

An engine offers them through a device driver, which it has where it found NVIDIA's hook when it started, or through CDI
(Container Device Interface). It names its runtimes and, since API 1.50, its CDI devices, but never a hook. So a way is
not looked up but tried, with a container that looks for the driver's device.
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
# NVIDIA's driver on Linux, and its stand-in on Windows' Linux.
# A container tells how many GPUs it has by its exit code, counted from here; Python's own are lower.
HAS = 100
LOOK = """
import glob, os, sys
found = len(glob.glob("/dev/nvidia[0-9]*")) if os.path.exists("/dev/nvidiactl") else os.path.exists("/dev/dxg")
sys.exit({HAS} + found)
""".replace("{HAS}", str(HAS))
TRY_SECONDS = 60


@dataclass(frozen=True)
class Offer:
    """What a container asks for to get the GPUs, how they come to it, and how many; without a request, why none do."""

    request: DeviceRequest | None
    how: str
    count: int = 0


def named(info: dict[str, Any]) -> list[str]:
    """What an engine says of GPUs (`docker info`): NVIDIA's runtime, and CDI devices of NVIDIA and AMD."""
    runtime = ["NVIDIA's runtime"] if "nvidia" in (info.get("Runtimes") or {}) else []
    return runtime + [device for device in _devices(info) if device.startswith((f"{NVIDIA}=", f"{AMD}="))]


def offer(client: DockerClient, image: str) -> Offer:
    """How containers of `image` get all GPUs: the first way of asking that brings the driver in."""
    ways: dict[str, DeviceRequest] = {
        "NVIDIA's device driver": DeviceRequest(count=-1, capabilities=[["gpu", "compute", "utility"]]),
        "CDI": DeviceRequest(driver="cdi", device_ids=[f"{NVIDIA}=all"]),
    }
    reasons = []
    for how, request in ways.items():
        found = _brought(client, image, request)
        if isinstance(found, int):
            return Offer(request, how, found)
        reasons.append(f"{how}: {found}")
    return Offer(None, "; ".join(reasons))


def requests(
    client: DockerClient, image: str, resources: Resources, say: Callable[[str], None]
) -> tuple[list[DeviceRequest] | None, list[str]]:
    """What the container of a computing stage asks for (None: no GPU), and what CUDA calls the GPUs that this brings.

    Errors: `StageError` where the recipe asks for one, or the engine names one, and a container gets none.
    """
    if resources.gpus == 0:
        return None, []
    found, names = offer(client, image), named(client.info())
    if found.request is not None:
        say(f"GPUs: {found.count}, by {found.how}")
        return [found.request], [str(at) for at in range(found.count)]
    if resources.gpus or resources.precision != "fp32":
        asks = f"gpus: {resources.gpus}" if resources.gpus else f"precision: {resources.precision}"
        raise StageError(
            f"the recipe asks for a GPU (`resources.{asks}`), but a container gets none of the Docker engine"
            f"{' (' + ', '.join(names) + ')' if names else ''}: {found.how}; install the NVIDIA Container Toolkit and "
            "restart the engine, or change the recipe"
        )
    if any(not name.startswith(AMD) for name in names):
        raise StageError(
            f"the Docker engine names {', '.join(names)}, but a container gets no GPU: {found.how}; mend this (NVIDIA "
            "Container Toolkit), or set `resources: {gpus: 0}` to compute on the CPU"
        )
    return None, []


def _devices(info: dict[str, Any]) -> list[str]:
    return [str(device.get("ID")) for device in info.get("DiscoveredDevices") or () if device.get("Source") == "cdi"]


def _brought(client: DockerClient, image: str, request: DeviceRequest) -> int | str:
    """How many GPUs a container has that asks so, or why it has none."""
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
        found = int(container.wait(timeout=TRY_SECONDS)["StatusCode"]) - HAS
        return found if found > 0 else "it brings no NVIDIA driver"
    except (DockerException, RequestException) as error:
        return str(getattr(error, "explanation", None) or error).strip().splitlines()[0]
    finally:
        if container is not None:
            owner.remove(container)
