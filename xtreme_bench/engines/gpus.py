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
# The exit code of a look into a container is this plus the number of its GPUs; Python's own exit codes are lower.
HAS = 100
# The device files of NVIDIA's driver on Linux, and on the Windows Subsystem for Linux.
LOOK = """
import glob, os, sys
found = len(glob.glob("/dev/nvidia[0-9]*")) if os.path.exists("/dev/nvidiactl") else os.path.exists("/dev/dxg")
sys.exit({HAS} + found)
""".replace("{HAS}", str(HAS))
TRY_SECONDS = 60


@dataclass(frozen=True)
class Offer:
    """The request with which a container gets GPUs, the way they come (`how`), their number; or why none."""

    request: DeviceRequest | None
    how: str
    count: int = 0


def named(info: dict[str, Any]) -> list[str]:
    """The GPUs that an engine lists (`docker info`): NVIDIA's runtime, and CDI devices of NVIDIA and AMD."""
    runtime = ["NVIDIA's runtime"] if "nvidia" in (info.get("Runtimes") or {}) else []
    return runtime + [device for device in _devices(info) if device.startswith((f"{NVIDIA}=", f"{AMD}="))]


def offer(client: DockerClient, image: str) -> Offer:
    """How containers of `image` get all GPUs: the first way that gives a container the driver."""
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
    """The request for the container of a stage that computes (None: no GPU), and the names of its GPUs for CUDA.

    Errors: `StageError` if the recipe asks for a GPU, or the engine lists one, but a container gets none.
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
            f"the Docker engine lists {', '.join(names)}, but a container gets no GPU: {found.how}; install the NVIDIA "
            "Container Toolkit, or set `resources: {gpus: 0}` to compute on the CPU"
        )
    return None, []


def _devices(info: dict[str, Any]) -> list[str]:
    return [str(device.get("ID")) for device in info.get("DiscoveredDevices") or () if device.get("Source") == "cdi"]


def _brought(client: DockerClient, image: str, request: DeviceRequest) -> int | str:
    """The number of GPUs of a container with this request, or the reason why it has none."""
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
