"""The config of an encoder as untrusted input: the faults of its fields, and the fields that are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.errors import Problem
from xtreme_bench.training.architectures import (
    ACTIVATION_FIELDS,
    ACTIVATIONS,
    ARCHITECTURES,
    FLAGS,
    IDS,
    KIND_OF_BLOCKS,
    KINDS,
    NUMBERS,
    ONLY,
    SIZES,
    Architecture,
)


def architecture(config: Mapping[str, Any]) -> Architecture | None:
    """The row of a config's architecture; None if it is not supported."""
    name = config.get("model_type")
    return ARCHITECTURES.get(name) if isinstance(name, str) else None


def taken(config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a valid config that its architecture reads. All other fields are ignored."""
    row = ARCHITECTURES[config["model_type"]]
    return {name: config[name] for name in (*row.sizes, *row.also, *row.only) if config.get(name) is not None}


def config_faults(path: Path, config: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of the config in the file `path`."""
    row = architecture(config)
    wrong = dict(_unlike(config, ONLY))
    if row is None:
        wrong = {"model_type": f"one of {', '.join(ARCHITECTURES)}"} | wrong
    else:
        for name in row.sizes:
            low, high = SIZES[name]
            if not (whole(config.get(name)) and low <= config[name] <= high):
                wrong[name] = f"a whole number from {low} to {high:,}"
        for name in row.also:
            if config.get(name) is not None and (wanted := _wanted(name, config, row)):
                wrong[name] = wanted
        wrong |= _unlike(config, row.only)
    yield from (
        Problem(f"{name} is {short(config.get(name))}, not {wanted}", str(path)) for name, wanted in wrong.items()
    )


def _unlike(config: Mapping[str, Any], only: Mapping[str, tuple[Any, ...]]) -> Iterator[tuple[str, str]]:
    for name, allowed in only.items():
        value = config.get(name)
        # In Python 0 == False and 1.0 == 1, so compare the types too.
        if not any(type(value) is type(each) and value == each for each in allowed):
            yield name, " or ".join("left out" if each is None else str(each) for each in allowed)


def _wanted(name: str, config: Mapping[str, Any], row: Architecture) -> str | None:
    """The expected value of an optional field in words; None if its value is valid."""
    value = config[name]
    if name in NUMBERS:
        least, greatest = NUMBERS[name]
        return None if _between(value, least, greatest) else f"a number from {least:g} to {greatest:g}"
    if name in IDS:
        return None if whole(value) and 0 <= value < SIZES["vocab_size"][1] else "the number of a token"
    if name in FLAGS:
        return None if isinstance(value, bool) else "true or false"
    if name in ACTIVATION_FIELDS:
        return None if value in ACTIVATIONS else f"one of {', '.join(ACTIVATIONS)}"
    if name == KIND_OF_BLOCKS:
        blocks = config.get(row.depth)
        listed = isinstance(value, list) and len(value) == blocks and all(kind in KINDS for kind in value)
        return None if listed else f"{blocks} times {' or '.join(KINDS)}"
    kinds = isinstance(value, dict) and KIND_OF_BLOCKS in row.also
    fit = set(value) <= set(KINDS) and all(map(_plain_rotary, value.values())) if kinds else _plain_rotary(value)
    return None if fit else "rotary positions of rope_type default with a rope_theta"


def _plain_rotary(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= {"rope_type", "rope_theta"}
        and value.get("rope_type") == "default"
        and _between(value.get("rope_theta"), *NUMBERS["rope_theta"])
    )


def _between(value: Any, least: float, greatest: float) -> bool:
    return isinstance(value, int | float) and least <= value <= greatest


def whole(value: Any) -> bool:
    """Whether a value is a whole number (not a bool)."""
    return isinstance(value, int) and not isinstance(value, bool)


def short(value: Any) -> str:
    """An untrusted value, shortened for a message."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
