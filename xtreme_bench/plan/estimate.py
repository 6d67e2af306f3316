"""What the stages that train and predict will cost, before they run: tokens, operations, memory, disk and seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_bench.plan import reading
from xtreme_bench.plan.devices import Device, Devices
from xtreme_bench.plan.reading import Reading, Tokens
from xtreme_bench.plan.stages import Plan
from xtreme_bench.stage.stage import Folder, Stage
from xtreme_bench.stage.store import Store
from xtreme_bench.training import encoder_files, room
from xtreme_bench.training.params import Pretrain

# Bytes of a trained weight: itself, its gradient and two moments in memory. On the disk a checkpoint has it and both
# moments, beside the checkpoint before, and the best weights of each.
_IN_MEMORY, _ON_DISK, _WEIGHT = 16, 32, 4
# Times the forward pass that a step of a method takes: the backward one costs as much for what is computed, and as much
# again for the weights of the encoder, where they learn.
_PASSES = {"full": 3, "prompt": 2}


@dataclass(frozen=True)
class Shape:
    """The sizes of an encoder that its cost depends on."""

    layers: int
    width: int
    heads: int
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

    def operations(self, read: Reading, passes: int) -> float:
        """Operations for all that a stage reads; what is learned from takes `passes` times the forward pass."""
        return sum(passes * self._pass(one) for one in read.learned) + sum(map(self._pass, read.looked_at))

    def _pass(self, read: Tokens) -> float:
        head = 2 * read.hidden * (self.width**2 + self.width * self.vocabulary)
        return self.forward(read.count, read.length) + head


# Of encoders on the hub that recipes begin with, by their published configs: for plans before they are fetched.
SHAPES = {
    "FacebookAI/xlm-roberta-large": Shape(24, 1024, 16, 4096, 250_002),
    "FacebookAI/xlm-roberta-base": Shape(12, 768, 12, 3072, 250_002),
    "google-bert/bert-base-multilingual-cased": Shape(12, 768, 12, 3072, 119_547),
    "intfloat/multilingual-e5-small": Shape(12, 384, 12, 1536, 250_037),
}


def shape_of(stage: Stage) -> Shape | None:
    """The shape of the encoder that a stage works with; None where its files are not here yet."""
    source: Stage | Folder | None = stage
    while isinstance(source, Stage):
        if isinstance(source.params, Pretrain):
            sizes = source.params.scratch
            return Shape(sizes.layers, sizes.width, sizes.heads, sizes.feedforward, sizes.vocabulary)
        source = source.inputs.get("encoder")
    if source is None or not (source.path / "config.json").is_file() or encoder_files.faults(source.path):
        return None
    _, config = encoder_files.known_config(source.path)
    names = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")
    return Shape(*(config[name] for name in names)) if all(name in config for name in names) else None


def add(entries: Iterable[dict[str, Any]], plans: Iterable[Plan], store: Store, device: Devices) -> None:
    """Give each entry of the facts of plans that trains or predicts its `estimate`, None where too little is known."""
    by_key = {stage.key: (stage, published(one)) for one in plans for stage in one.stages}
    for entry in entries:
        stage, shape = by_key[entry["key"]]
        if stage.row.trains or stage.kind == "predict":
            entry["estimate"] = of(stage, store, device, shape)


def published(plan: Plan) -> Shape | None:
    """The shape of the hub's encoder that a plan begins with, where it is in the table."""
    hub = plan.recipe.model.hub
    return SHAPES.get(hub.name) if hub else None


def of(stage: Stage, store: Store, device: Devices, shape: Shape | None = None) -> dict[str, Any] | None:
    """The estimate of one stage; None where too little is known. `shape` is for an encoder whose files are not here."""
    if stage.row.trains and stage.params.method == "top":
        return None  # only a part of the encoder learns; this is not estimated yet
    shape = shape_of(stage) or shape
    read = reading.of(stage, store) if shape else None
    if shape is None or read is None:
        return None
    on = device(shape.width, shape.feedforward, shape.heads, stage.params.threads, stage.params.precision)
    if on is None:
        return None
    method = stage.params.method if stage.row.trains else ""
    passes, whole = _PASSES.get(method, 1), method == "full"
    rows = reading.rows_in_use(stage, store) if whole else None
    trained = shape.inner + (shape.vocabulary if rows is None else rows) * shape.width if whole else 0
    if method == "prompt":
        trained = 2 * stage.params.length * shape.layers * shape.width
    record = store.record(stage.key)
    took = record["seconds"] if record else None
    flops = shape.operations(read, passes)
    seconds = flops / on.rate(stage.params.precision) + trained * (read.steps or 0) * on.update
    memory = _IN_MEMORY * trained + (0 if whole else _WEIGHT * shape.total)
    memory += _activations(stage, shape, read, on) if passes > 1 else 0
    kept = _WEIGHT * (shape.total if whole else trained)
    return {
        "device": on.name,
        "steps": read.steps,
        "tokens": round(read.tokens),
        "flops": flops,
        "memory_bytes": memory,
        "fits": None if on.memory is None else memory < on.memory,
        "rows": rows,
        "disk_bytes": _ON_DISK * trained + kept,
        "kept_bytes": kept,
        "seconds": seconds,
        "took_seconds": took,
        "ratio": took / seconds if took and seconds else None,
        "lengths": read.known_by,
    }


def _activations(stage: Stage, shape: Shape, read: Reading, on: Device) -> int:
    """What the largest step keeps for its backward pass, or the part of it that a device has room for."""
    recomputed = stage.params.activations == "recompute"
    sizes = shape.width, shape.heads, shape.layers, read.sequences, read.longest
    return int(min(room.activations(*sizes, recomputed=recomputed), on.for_activations))


def peak_disk(entries: Sequence[dict[str, Any]], jobs: int) -> int:
    """The most bytes that the stages that are not done need on the disk: what all leave, and what `jobs` of them need
    on top while they work."""
    left = [entry["estimate"] for entry in entries if entry.get("estimate") and entry["status"] != "done"]
    besides = sorted((one["disk_bytes"] - one["kept_bytes"] for one in left), reverse=True)
    return int(sum(one["kept_bytes"] for one in left) + sum(besides[:jobs]))
