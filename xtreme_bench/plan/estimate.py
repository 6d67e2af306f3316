"""What the stages that train and predict will cost, before they run: tokens, operations, memory, disk and seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_bench.plan import reading
from xtreme_bench.plan.devices import Device, Devices
from xtreme_bench.plan.reading import Reading, Tokens
from xtreme_bench.plan.stages import Plan
from xtreme_bench.stage.stage import Folder, Stage
from xtreme_bench.stage.store import Store
from xtreme_bench.training import encoder_files, padding, room
from xtreme_bench.training.params import Finetune, Frozen, Pretrain, Shorten

# Bytes of a trained weight: itself, its gradient and two moments in memory; a checkpoint has it, both moments and the
# best weights, beside the checkpoint before.
_IN_MEMORY, _CHECKPOINT, _WEIGHT = 16, 16, 4
# Bytes of a process on a CPU, as measured (docs/benchmarks.md): Python with torch and transformers, and each word of a
# tokenizer. Weights and moments are copied for the checkpoint that is being written.
_LIBRARIES, _WORD, _COPIED = 350 << 20, 1200, 12


@dataclass(frozen=True)
class Shape:
    """The sizes of an encoder that its cost depends on."""

    layers: int
    width: int
    heads: int
    feedforward: int
    vocabulary: int

    @property
    def block(self) -> int:
        """Parameters of one block."""
        return 4 * self.width**2 + 2 * self.width * self.feedforward

    @property
    def inner(self) -> int:
        """Parameters of the blocks, without embeddings."""
        return self.layers * self.block

    @property
    def total(self) -> int:
        """Parameters with the table of words."""
        return self.inner + self.vocabulary * self.width

    def forward(self, tokens: float, length: float, blocks: int) -> float:
        """Operations of one pass of some blocks over `tokens` in sequences of `length`, attention included."""
        return tokens * blocks * (2 * self.block + 4 * self.width * length)

    def operations(self, read: Reading, upper: int, lower: int, passes: int) -> float:
        """Operations for all that a stage reads.

        A step takes `passes` times the forward pass through the `upper` blocks, in which gradients flow. The `lower`
        ones compute nothing where what they give is kept.
        """
        learned = passes if upper else 1
        return sum(
            one.padding
            * (times * self._learning(one, upper) + (0.0 if one.kept else self.forward(one.count, one.length, lower)))
            for times, some in ((learned, read.learned), (1, read.looked_at))
            for one in some
        )

    def _learning(self, read: Tokens, upper: int) -> float:
        head = 2 * read.hidden * (self.width**2 + self.width * self.vocabulary)
        return self.forward(read.count, read.length, upper) + head


# Of encoders on the hub that recipes begin with, by their published configs: for plans before they are fetched.
SHAPES = {
    "FacebookAI/xlm-roberta-large": Shape(24, 1024, 16, 4096, 250_002),
    "FacebookAI/xlm-roberta-base": Shape(12, 768, 12, 3072, 250_002),
    "google-bert/bert-base-multilingual-cased": Shape(12, 768, 12, 3072, 119_547),
    "intfloat/multilingual-e5-small": Shape(12, 384, 12, 1536, 250_037),
}


def shape_of(stage: Stage, published: Shape | None = None) -> Shape | None:
    """The shape of the encoder that a stage works with; `published` is for one whose files are not here yet."""
    source: Stage | Folder | None = stage
    kept = None
    while isinstance(source, Stage):
        if isinstance(source.params, Pretrain):
            sizes = source.params.scratch
            return Shape(sizes.layers, sizes.width, sizes.heads, sizes.feedforward, sizes.vocabulary)
        if isinstance(source.params, Shorten):
            kept = source.params.blocks
        source = source.inputs.get("encoder")
    found = (_of_folder(source.path) if source else None) or published
    return replace(found, layers=kept) if found and kept else found


def _of_folder(folder: Path) -> Shape | None:
    if not (folder / "config.json").is_file() or encoder_files.faults(folder):
        return None
    _, config = encoder_files.known_config(folder)
    names = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")
    return Shape(*(config[name] for name in names)) if all(name in config for name in names) else None


def disk_of(left: Iterable[tuple[Stage, Plan]], store: Store, jobs: int) -> dict[str, Any]:
    """The most bytes that stages, each of a plan, need on the disk: what all leave, and what `jobs` of them need on top
    while they work. And the names of those of which too little is known."""
    needs = {
        stage.name: disk(stage, store, published(plan), plan.recipe.resources.ranks)
        for stage, plan in left
        if stage.row.trains or isinstance(stage.params, Frozen)
    }
    known = [need for need in needs.values() if need is not None]
    besides = sorted((at_work for at_work, _ in known), reverse=True)
    return {
        "peak_disk_bytes": sum(kept for _, kept in known) + sum(besides[:jobs]),
        "disk_not_known": [name for name, need in needs.items() if need is None],
    }


def disk(stage: Stage, store: Store, published: Shape | None = None, processes: int = 1) -> tuple[int, int] | None:
    """Bytes that a stage needs on the disk while it works, and those that it leaves; None where too little is known.

    `published` and `processes` are as for `of`.
    """
    shape = shape_of(stage, published)
    if shape is None:
        return None
    tokens = 0.0
    if isinstance(stage.params, Frozen):
        read = reading.of(stage, store, shape.width, _blocks(stage, shape)[1], padding.CPU_TOKENS)
        if read is None:
            return None
        tokens = read.tokens
    trained = _trained(stage, shape, _words(stage, shape, store))
    checkpoints = 2 if _shards(stage, processes) == 1 else 3  # of shards, one more is kept
    return checkpoints * _CHECKPOINT * trained, _kept(stage, shape, tokens, trained)


def add(entries: Iterable[dict[str, Any]], plans: Iterable[Plan], store: Store, device: Devices) -> None:
    """Give each entry of the facts of plans that trains or predicts its `estimate`, None where too little is known."""
    by_key = {stage.key: (stage, one) for one in plans for stage in one.stages}
    for entry in entries:
        stage, plan = by_key[entry["key"]]
        if estimated(stage):
            entry["estimate"] = of(stage, store, device, published(plan), plan.recipe.resources.ranks)


def published(plan: Plan) -> Shape | None:
    """The shape of the hub's encoder that a plan begins with, where it is in the table."""
    hub = plan.recipe.model.hub
    return SHAPES.get(hub.name) if hub else None


def estimated(stage: Stage) -> bool:
    """Whether a stage is of a kind that has an estimate."""
    return stage.row.trains or stage.kind in ("frozen", "predict")


def of(
    stage: Stage, store: Store, device: Devices, published: Shape | None = None, processes: int = 1
) -> dict[str, Any] | None:
    """The estimate of one stage; None where too little is known. `published` is for an encoder that is not here.

    Of `processes` that hold an encoder in shards, memory is that of one.
    """
    shape = shape_of(stage, published)
    if shape is None:
        return None
    upper, lower = _blocks(stage, shape)
    on = device(shape.width, shape.feedforward, shape.heads, stage.params.threads, stage.params.precision)
    if on is None:
        return None
    at_once = padding.GPU_TOKENS if on.gpu else padding.CPU_TOKENS
    read = reading.of(stage, store, shape.width, lower, at_once)
    if read is None:
        return None
    needs = disk(stage, store, published, processes)
    assert needs is not None  # as the shape is known, and what is read
    words = _words(stage, shape, store)
    table, prefix, trained = words * shape.width, _prefix(stage, shape), _trained(stage, shape, words)
    held = prefix + (upper + lower) * shape.block + table
    record = store.record(stage.key)
    took = record["seconds"] if record else None
    # The backward pass costs as much for what is computed, and as much again for the weights of blocks that learn.
    flops = shape.operations(read, upper, lower, passes=2 if prefix else 3)
    seconds = flops / on.rate(stage.params.precision) + trained * (read.steps or 0) * on.update
    activations = _activations(stage, shape, read, on, upper) if upper else 0
    shards = _shards(stage, processes)
    memory = (_IN_MEMORY * trained + _WEIGHT * (held - trained)) // shards + activations
    if not on.gpu:
        memory += _process(stage, shape, held) + _for_learning(stage, shape, store, read, trained, seconds) // shards
    return {
        "device": on.name,
        "steps": read.steps,
        "tokens": round(read.tokens),
        "trained_tokens": round(read.trained),
        "flops": flops,
        "memory_bytes": memory,
        "fits": None if on.memory is None else memory < on.memory,
        "rows": reading.rows_in_use(stage, store) if stage.row.trains else None,
        "disk_bytes": sum(needs),
        "kept_bytes": needs[1],
        "seconds": seconds,
        "took_seconds": took,
        "ratio": took / seconds if took and seconds else None,
        "lengths": read.known_by,
    }


def _words(stage: Stage, shape: Shape, store: Store) -> int:
    """How many rows of the table of words a stage works with."""
    rows = reading.rows_in_use(stage, store) if stage.row.trains else None
    return shape.vocabulary if rows is None else rows


def _shards(stage: Stage, processes: int) -> int:
    return processes if stage.row.trains and stage.params.fsdp else 1


def _trained(stage: Stage, shape: Shape, words: int) -> int:
    """How many weights learn in a stage; `words` is how many rows of the table it works with."""
    upper, _ = _blocks(stage, shape)
    return _prefix(stage, shape) or upper * shape.block + (words * shape.width if _whole_learns(stage) else 0)


def _whole_learns(stage: Stage) -> bool:
    return stage.row.trains and stage.params.method == "full"


def _prefix(stage: Stage, shape: Shape) -> int:
    """Parameters of the prefix that learns in a stage, 0 without one: a key and a value for each place and block."""
    length = stage.params.length if stage.row.trains else None
    return 2 * (length or 0) * shape.layers * shape.width


def _blocks(stage: Stage, shape: Shape) -> tuple[int, int]:
    """Through how many blocks gradients flow in a stage, and how many blocks are below them, of those that it runs."""
    if isinstance(stage.params, Frozen):
        return 0, max(0, shape.layers - stage.params.blocks)
    everywhere = _whole_learns(stage) or _prefix(stage, shape)
    upper = shape.layers if everywhere else stage.params.blocks or 0 if stage.row.trains else 0
    return upper, max(0, shape.layers - upper)


def _activations(stage: Stage, shape: Shape, read: Reading, on: Device, blocks: int) -> int:
    """What the largest step keeps for its backward pass, or the part of it that a device has room for."""
    recomputed = stage.params.activations == "recompute"
    sizes = shape.width, shape.heads, blocks, read.sequences, read.longest
    return int(min(room.activations(*sizes, recomputed=recomputed), on.for_activations))


def _process(stage: Stage, shape: Shape, held: int) -> int:
    """What a process on a CPU holds beside the weights that it works with: libraries, the tokenizer, and the rest of
    the encoder's file, most of which the system reads along with the words in use."""
    file = 0 if isinstance(stage.params, Pretrain) else _WEIGHT * max(0, shape.total - held)
    return _LIBRARIES + _WORD * shape.vocabulary + file


def _for_learning(stage: Stage, shape: Shape, store: Store, read: Reading, trained: int, seconds: float) -> int:
    """Copies of the weights that learn, on a CPU: the best so far, those of a checkpoint, what fine-tuning has left."""
    if stage.row.trains:
        best = _WEIGHT * trained if read.looked_at else 0
        return best + (_COPIED * trained if seconds > stage.params.checkpoint_seconds else 0)
    model = stage.inputs.get("model")
    if not isinstance(model, Stage):
        return 0
    return _kept(model, shape, read.tokens, _trained(model, shape, _words(model, shape, store)))


def _kept(stage: Stage, shape: Shape, tokens: float, learned: int) -> int:
    """Bytes of what a stage leaves in the store: an encoder, the weights that learned, or what frozen blocks give."""
    if isinstance(stage.params, Frozen):
        return room.below(shape.width, round(tokens))
    if not stage.row.trains:
        return 0
    # A training that is not of one task alone leaves a whole encoder for those that follow.
    return _WEIGHT * (learned if isinstance(stage.params, Finetune) else shape.total)
