"""Energy is what counters of the machine say, and nothing where they cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.stage import energy


def counter(rapl: Path, name: str, joules: float) -> None:
    (rapl / name).mkdir(parents=True, exist_ok=True)
    (rapl / name / "energy_uj").write_text(f"{joules * 1e6:.0f}\n")


def test_the_processors_packages_are_read_and_not_again_what_is_inside_them(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 5.0)
    counter(tmp_path, "intel-rapl:0:0", 3.0)
    counter(tmp_path, "intel-rapl:1", 2.0)
    found = energy.counters(tmp_path)
    assert {name: joules for name, joules in found.items() if name.startswith("intel")} == {
        "intel-rapl:0": 5.0,
        "intel-rapl:1": 2.0,
    }


class Driver:
    """What NVIDIA's driver offers, for two GPUs of which the second has no counter."""

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlShutdown(self) -> int:
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, number: int, handle: Any) -> int:
        handle._obj.value = number + 1
        return 0

    def nvmlDeviceGetHandleByUUID(self, name: bytes, handle: Any) -> int:
        handle._obj.value = {b"GPU-1f": 1}[name]
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any, millijoules: Any) -> int:
        millijoules._obj.value = 7_500
        return 0 if handle.value == 1 else 3


@pytest.mark.parametrize(
    ("seen", "found"),
    [(None, {"GPU 0": 7.5}), ("0", {"GPU 0": 7.5}), ("1", {}), ("", {}), ("GPU-1f", {"GPU GPU-1f": 7.5})],
)
def test_the_driver_tells_the_energy_of_the_gpus_that_a_stage_sees(
    seen: str | None, found: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy.ctypes, "CDLL", lambda _: Driver())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if seen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
    assert energy.counters(tmp_path) == found


@pytest.mark.parametrize(
    ("before", "after", "joules"),
    [
        ({"a": 1.0, "b": 2.0}, {"a": 4.0, "b": 2.5}, 3.5),
        ({}, {}, None),  # no counter
        ({"a": 9.0}, {"a": 1.0}, None),  # it has begun anew
        ({"a": 1.0}, {"a": 2.0, "b": 5.0}, None),  # one was not readable before
    ],
)
def test_energy_is_the_difference_of_all_counters_or_is_not_known(
    before: dict[str, float], after: dict[str, float], joules: float | None
) -> None:
    assert energy.used(before, after) == joules
