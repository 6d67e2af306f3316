"""Energy is what counters of the machine say, and nothing where they cannot be read."""

from __future__ import annotations

from pathlib import Path

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
