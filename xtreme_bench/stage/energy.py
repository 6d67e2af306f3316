"""What the machine's own counters say of energy: NVIDIA's driver for GPUs, Intel's and AMD's RAPL for processors.

Counters are of whole devices, so other work on them counts too. Where none can be read, nothing is said.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

RAPL = Path("/sys/class/powercap")


def counters(rapl: Path = RAPL) -> dict[str, float]:
    """Joules by the name of each counter that can be read, since some time in the past."""
    return dict([*_processors(rapl), *_gpus()])


def used(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """Joules between two readings; None if there is no counter, or one has begun anew."""
    if not before or before.keys() != after.keys():
        return None
    differences = [after[name] - before[name] for name in before]
    return None if min(differences) < 0 else round(sum(differences), 3)


def _processors(rapl: Path) -> Iterator[tuple[str, float]]:
    """The packages; what is inside them ("intel-rapl:0:0") would count twice."""
    for file in sorted(rapl.glob("intel-rapl:*/energy_uj")):
        if file.parent.name.count(":") == 1:
            with suppress(OSError, ValueError):  # only root may read it on most machines
                yield file.parent.name, int(file.read_text()) / 1e6


def _gpus() -> Iterator[tuple[str, float]]:
    """The GPUs that this process sees, by NVML; those before Volta have no counter."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return
    if nvml.nvmlInit_v2():
        return
    count = ctypes.c_uint()
    nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    for name in map(str, range(count.value)) if seen is None else filter(None, seen.split(",")):
        handle, joules = ctypes.c_void_p(), ctypes.c_ulonglong()
        if name.isdigit():
            fault = nvml.nvmlDeviceGetHandleByIndex_v2(int(name), ctypes.byref(handle))
        else:
            fault = nvml.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(handle))
        if not fault and not nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(joules)):
            yield f"GPU {name}", joules.value / 1e3
    nvml.nvmlShutdown()
