"""What a recipe says about what its run may use: threads, GPUs, memory, the number format, the image of containers."""

from __future__ import annotations

from dataclasses import dataclass

from xtreme_bench.recipe.setting import setting


@dataclass(frozen=True)
class Resources:
    """What a run may use."""

    threads: int = setting("CPU threads of one stage.", default=1, low=1, high=1024)
    jobs: int = setting("Stages that run at once.", default=2, low=1, high=1024)
    precision: str = setting(
        "Number format of training and prediction. tf32 (products of 10 bits) and bf16 need a GPU.",
        default="fp32",
        choices=("fp32", "tf32", "bf16"),
    )
    activations: str = setting(
        "What a backward pass needs: kept, or recomputed from each block's input, which takes far less memory and a "
        "third more time.",
        default="keep",
        choices=("keep", "recompute"),
    )
    batches: str = setting(
        "Inputs of a training's step: padded to the longest, or packed into one row of tokens, so that nothing is "
        "computed for padding. The result is the same but for rounding.",
        default="padded",
        choices=("padded", "packed"),
    )
    checkpoint_seconds: float = setting("Time between two checkpoints.", default=60.0, above=0, high=86400)
    image: str | None = setting(
        "Docker image of the stages, by its digest; without one XTREME_BENCH_IMAGE names it, or it is built.",
        default=None,
        # A recipe may come from anyone, and a name alone may stand for another image tomorrow.
        pattern=(
            r"([A-Za-z0-9][A-Za-z0-9._/:-]*@)?sha256:[0-9a-f]{64}",
            "an image with its digest, name@sha256:... (name any other yourself: XTREME_BENCH_IMAGE=name)",
        ),
        nullable=True,
    )
    gpus: int | None = setting(
        "GPUs that share a training, prediction or embedding, which must exist, each with a process of its own; "
        "without a number one where there is one, 0 = the CPU.",
        default=None,
        low=0,
        high=1024,
        nullable=True,
    )
    processes: int | None = setting(
        "Processes that share a training, prediction or embedding; without a number one, or as many as gpus. "
        "The result is the same but for rounding.",
        default=None,
        low=1,
        high=1024,
        nullable=True,
    )
    fsdp: str | None = setting(
        "full_shard: each process of a training holds a part of the encoder, for one that fits on no GPU whole. "
        "For method full, without masked text.",
        default=None,
        choices=("full_shard",),
    )
    memory: float | None = setting(
        "GiB that a stage's container may use; without a number 0.8 of the machine's, divided by jobs.",
        default=None,
        above=0,
        high=1_000_000,
        nullable=True,
    )
    shared_memory: float = setting("GiB of shared memory of a stage's container.", default=1.0, above=0, high=100_000)
    process_limit: int = setting("Processes and threads of a stage's container.", default=1024, low=16, high=1_000_000)

    @property
    def ranks(self) -> int:
        """How many processes share a training, prediction or embedding."""
        return self.processes or self.gpus or 1
