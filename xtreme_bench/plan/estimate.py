"""What the stages that train and predict will cost, before they run: tokens, operations, memory, disk and seconds.

Lengths are those of the tokenised data where that stage is finished; else they are assumed, and the estimate says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from xtreme_bench.plan.devices import Device
from xtreme_bench.stage.stage import Folder, Stage
from xtreme_bench.stage.store import Store
from xtreme_bench.training import encoder_files, sampling
from xtreme_bench.training.params import Intermediate, Pretrain
from xtreme_bench.wording import duration

# Bytes of a trained weight: itself, its gradient and two moments in memory; two checkpoints and the best on the disk.
_IN_MEMORY, _ON_DISK = 16, 32
# Where no tokenizer has run yet.
_ASSUMED_FILL = 0.5
TOKENISED, ASSUMED = "tokenised data", "assumed: inputs are half as long as allowed"


@dataclass(frozen=True)
class Shape:
    """The sizes of an encoder that its cost depends on."""

    layers: int
    width: int
    feedforward: int
    vocabulary: int

    @property
    def inner(self) -> int:
        """Parameters of the blocks, without embeddings."""
        return self.layers * (4 * self.width**2 + 2 * self.width * self.feedforward)

    @property
    def total(self) -> int:
        """Parameters with the table of words."""
        return self.inner + self.vocabulary * self.width

    def forward(self, tokens: float, length: float) -> float:
        """Operations of one pass over `tokens` in sequences of `length`, attention included."""
        return tokens * (2 * self.inner + 4 * self.layers * self.width * length)


@dataclass(frozen=True)
class _Reading:
    """What a stage reads: tokens learned from, with their length, tokens only looked at, and how that is known."""

    steps: int | None
    learned: float
    length: float
    looked_at: float
    known_by: str


def shape_of(stage: Stage) -> Shape | None:
    """The shape of the encoder that a stage works with; None where its files are not here yet."""
    source: Stage | Folder | None = stage
    while isinstance(source, Stage):
        if isinstance(source.params, Pretrain):
            sizes = source.params.scratch
            return Shape(sizes.layers, sizes.width, sizes.feedforward, sizes.vocabulary)
        source = source.inputs.get("encoder")
    if source is None or not (source.path / "config.json").is_file() or encoder_files.faults(source.path):
        return None
    _, config = encoder_files.known_config(source.path)
    names = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size")
    return Shape(*(config[name] for name in names)) if all(name in config for name in names) else None


def add(
    entries: Iterable[dict[str, Any]],
    stages: Iterable[Stage],
    store: Store,
    device: Callable[[int, int, int, str], Device],
) -> None:
    """Give each entry of a plan's facts that trains or predicts its `estimate`, None where too little is known.

    `device` is that for width, feed-forward width, threads and precision of a stage.
    """
    by_key = {stage.key: stage for stage in stages}
    for entry in entries:
        stage = by_key[entry["key"]]
        if stage.row.trains or stage.kind == "predict":
            entry["estimate"] = _of(stage, store, device)


def _of(stage: Stage, store: Store, device: Callable[[int, int, int, str], Device]) -> dict[str, Any] | None:
    shape = shape_of(stage)
    reading = _reading(stage, store) if shape else None
    if shape is None or reading is None:
        return None
    on = device(shape.width, shape.feedforward, stage.params.threads, stage.params.precision)
    return _estimate(stage, shape, reading, on, store)


def text(stages: Sequence[Mapping[str, Any]]) -> str:
    """The estimates of a plan's stages as a table, with what those took that are done."""
    known = [(one["name"], one["estimate"]) for one in stages if one.get("estimate")]
    unknown = [one["name"] for one in stages if "estimate" in one and not one["estimate"]]
    rows = [[name, *_cells(row)] for name, row in known]
    headers = ("stage", "steps", "tokens", "FLOPs", "memory", "disk", "time", "took", "took / time", "")
    lines = [tabulate(rows, headers=headers, disable_numparse=True)]
    lines += [f"on {device}" for device in dict.fromkeys(row["device"] for _, row in known)]
    lines.append(f"all of it: {sum(row['seconds'] for _, row in known) / 3600:.2f} hours; early stops are not counted")
    lines.append("memory: weights, gradients and moments, without activations; disk: checkpoints, whole table")
    if any(row["lengths"] == ASSUMED for _, row in known):
        lines.append(f"* {ASSUMED}")
    if unknown:
        lines.append(f"not known before their data is tokenised, or their encoder is here: {', '.join(unknown)}")
    return "\n".join(lines)


def _cells(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (_count(row["steps"]), _count(row["tokens"]), f"{row['flops']:.1e}")
    yield from (_gib(row["memory_bytes"]), _gib(row["disk_bytes"]), duration(row["seconds"]))
    yield duration(row["took_seconds"]) if row["took_seconds"] else ""
    yield f"{row['ratio']:.2f}" if row["ratio"] else ""
    yield "" if row["lengths"] == TOKENISED else "*"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _gib(size: int) -> str:
    return f"{size / 2**30:.2f} GiB" if size else ""


def _estimate(stage: Stage, shape: Shape, reading: _Reading, on: Device, store: Store) -> dict[str, Any]:
    trains = stage.row.trains
    flops = 3 * shape.forward(reading.learned, reading.length) + shape.forward(reading.looked_at, reading.length)
    if isinstance(stage.params, Pretrain):
        hidden = reading.learned * stage.params.mask
        flops += 6 * hidden * (shape.width**2 + shape.width * shape.vocabulary)
    precision = stage.params.precision
    seconds = flops / (on.peak[precision] * on.share[precision])
    record = store.record(stage.key)
    took = record["seconds"] if record else None
    memory = shape.total * (_IN_MEMORY if trains else 4)
    return {
        "device": on.name,
        "steps": reading.steps,
        "tokens": round(reading.learned + reading.looked_at),
        "flops": flops,
        "memory_bytes": memory,
        "fits": None if on.memory is None else memory < on.memory,
        "disk_bytes": shape.total * _ON_DISK if trains else 0,
        "seconds": seconds,
        "took_seconds": took,
        "ratio": took / seconds if took and seconds else None,
        "lengths": reading.known_by,
    }


def _reading(stage: Stage, store: Store) -> _Reading | None:
    params = stage.params
    if isinstance(params, Pretrain):
        length = _ASSUMED_FILL * params.max_length
        return _Reading(params.steps, params.steps * params.batch * length, length, 0.0, ASSUMED)
    tokenised = [source for source in stage.sources if source.kind == "features"]
    facts = [record["facts"] for source in tokenised if (record := store.record(source.key))]
    complete = len(facts) == len(tokenised)
    if not stage.row.trains:
        return _predicting(facts) if complete else None
    return _training(params, tokenised, facts if complete else [])


def _predicting(facts: Iterable[Mapping[str, Any]]) -> _Reading:
    tokens = sum(sum(one["tokens"].values()) for one in facts)
    examples = sum(sum(one["examples"].values()) for one in facts)
    return _Reading(None, 0.0, tokens / max(1, examples), tokens, TOKENISED)


def _training(params: Any, tokenised: list[Stage], facts: list[Mapping[str, Any]]) -> _Reading | None:
    if not facts:
        if params.steps is None:
            return None
        longest = [source.params.corpus.max_length for source in tokenised]
        length = _ASSUMED_FILL * sum(longest) / len(longest)
        return _Reading(params.steps, params.steps * params.batch * length, length, 0.0, ASSUMED)
    sizes = {str(at): one["examples"]["train"] for at, one in enumerate(facts)}
    mixed = isinstance(params, Intermediate)
    shares = [1.0] if not mixed else _shares(params, facts)
    steps = sampling.mixed_steps(sizes, params) if mixed else sampling.steps(sizes, params)
    length = sum(
        share * one["tokens"]["train"] / max(1, one["examples"]["train"])
        for share, one in zip(shares, facts, strict=True)
    )
    looked_at = sum(
        tokens for one in facts for part, tokens in one["tokens"].items() if part.partition("/")[0] == "dev"
    )
    evaluations = math.ceil(steps / params.evaluate_every)
    return _Reading(steps, steps * params.batch * length, length, evaluations * looked_at, TOKENISED)


def _shares(params: Intermediate, facts: list[Mapping[str, Any]]) -> list[float]:
    rows = {name: one["rows"]["train"] for name, one in zip(params.corpora, facts, strict=True)}
    return sampling.probabilities(rows, params.sampling, params.weights)
