"""Speed of fine-tuning, compared with the alternatives, on the same examples, effective batch size and weights.

All begin with the weights of one folder. First each takes one step without dropout on the same batch, and their losses
must agree (in fp32 within 1e-4; else the exit code is 1). The batches that are timed have the same examples, but
transformers' Trainer groups them by length in its own way, and the benchmark's procedure takes them as they come.

    make bench-training [ARGS="--steps 6 --blocks 12"]
    make bench-training ARGS="--shape large --steps 2 --batch 2 --ways ours"
    make bench-training ARGS="--threads 2 --busy"    # on an idle machine

An encoder of multilingual-e5-small's shape (or XLM-R Large's) with random weights reads pairs of XNLI's lengths
(log-normal, mean 36 tokens). Each method trains in its own process; loading is not timed. The table has examples per
second of wall-clock and of CPU time, and the peak memory of the process. With `--busy` it also has how many times as
long (by the clock) a method takes beside a process that computes all the time. `benchmarks/gpu.py` uses the same
methods on a GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from trained import Setting, build, examples, learning, on, our_encoder, our_task, theirs, train

from xtreme_bench.errors import InputError


@dataclass(frozen=True)
class Took:
    """Seconds of a method, its peak memory in bytes (on a GPU what torch allocated there), and the loss it returned."""

    wall: float
    cpu: float
    peak: int
    loss: float | None = None


def measured(work: Callable[[], Any]) -> Took:
    """What some work takes, the GPU's included."""

    def finished() -> None:
        if on() == "cuda":
            torch.cuda.synchronize()

    if on() == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    finished()
    wall, cpu = time.monotonic(), time.process_time()
    loss = work()
    finished()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = (
        torch.cuda.max_memory_allocated()
        if on() == "cuda"
        else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    )
    return Took(wall, cpu, peak, None if loss is None else float(loss))


def ours(setting: Setting, folder: Path | None = None, *, trimmed: bool, packing: bool = False) -> Took:
    """Our loop, with batches padded or packed."""
    from xtreme_bench.training import device, loop, trimming  # noqa: F401  (loading is not timed)

    encoder, task = our_encoder(setting, folder), our_task(setting)
    params = learning(setting, packing=packing)
    return measured(lambda: train(encoder, task, params, setting.steps, trimmed=trimmed))


def compiled(setting: Setting, folder: Path | None = None) -> Took:
    """Our loop on the rows in use, with blocks that `torch.compile` has compiled before; what that took is printed.

    Dropout stays outside: its masks follow the number of the step, for each of which it would be compiled again.
    """
    from xtreme_bench.training.dropout import ExampleDropout

    ExampleDropout.forward = torch.compiler.disable(ExampleDropout.forward)  # type: ignore[method-assign]

    def compilers() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def run() -> Took:
        encoder, task = our_encoder(setting, folder), our_task(setting)
        for block in encoder.stack:
            block.compile(dynamic=True)
        return measured(lambda: train(encoder, task, learning(setting), setting.steps, trimmed=True))

    before = compilers()
    first, second = run(), run()
    wall, cpu = first.wall - second.wall, first.cpu - second.cpu + compilers() - before
    print(f"compiling took {wall:.0f} s ({cpu:.0f} CPU s); it is in none of the next line's figures", file=sys.stderr)
    return second


def trainer(setting: Setting, folder: Path | None = None) -> Took:
    """The Trainer of transformers, with length-grouped batches and dynamic padding."""
    from transformers import PrinterCallback, Trainer, TrainingArguments

    torch.set_num_threads(setting.threads)
    rows = [{"input_ids": ids.tolist(), "labels": label, "length": len(ids)} for ids, label in examples(setting)]

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in batch)
        ids = torch.tensor([row["input_ids"] + [1] * (longest - len(row["input_ids"])) for row in batch])
        labels = torch.tensor([row["labels"] for row in batch])
        return {"input_ids": ids, "attention_mask": (ids != 1).long(), "labels": labels}

    with tempfile.TemporaryDirectory() as out:
        settings = TrainingArguments(
            out, max_steps=setting.steps, per_device_train_batch_size=setting.batch,
            train_sampling_strategy="group_by_length", length_column_name="length", save_strategy="no",
            logging_strategy="no", report_to=[], use_cpu=on() == "cpu", bf16=setting.precision == "bf16",
            disable_tqdm=True, learning_rate=1e-4, weight_decay=0.01, max_grad_norm=1.0, remove_unused_columns=False,
        )  # fmt: skip
        run = Trainer(theirs(setting, folder), settings, data_collator=collate, train_dataset=rows)
        run.remove_callback(PrinterCallback)
        return measured(lambda: run.train().training_loss)


def procedure(setting: Setting, folder: Path | None = None) -> Took:
    """The benchmark's procedure: padding to the longest that is allowed, batches of 2, 16 accumulation steps."""
    torch.set_num_threads(setting.threads)
    model = theirs(setting, folder).to(on())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    rows = examples(setting)

    def run() -> torch.Tensor:
        total = torch.zeros((), device=on())
        for begin in range(0, len(rows), 2):
            pair = rows[begin : begin + 2]
            padded = [np.pad(row, (0, setting.longest - len(row)), constant_values=1) for row, _ in pair]
            ids = torch.tensor(np.stack(padded)).long().to(on())
            labels = torch.tensor([label for _, label in pair]).to(on())
            with torch.autocast(on(), torch.bfloat16) if setting.precision == "bf16" else nullcontext():
                loss = model(input_ids=ids, attention_mask=(ids != 1).long(), labels=labels).loss
            (loss / (setting.batch // 2)).backward()
            total += loss.detach()
            if (begin + 2) % setting.batch == 0:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
        return total / (len(rows) // 2)

    return measured(run)


IN_USE, PACKED, COMPILED = (f"ours, rows in use{how}" for how in ("", ", packed", ", compiled"))
WAYS: dict[str, Callable[..., Took]] = {
    "the benchmark's procedure": procedure,
    "transformers' Trainer": trainer,
    "ours, whole table": partial(ours, trimmed=False),
    IN_USE: partial(ours, trimmed=True),
    PACKED: partial(ours, trimmed=True, packing=True),
    COMPILED: compiled,
}
# Of the loss of a first step in fp32: sums in another order.
SAME_LOSS = 1e-4
SHAPES = {
    "small": Setting(),
    "large": Setting(blocks=24, width=1024, heads=16, feedforward=4096, vocabulary=250_002),
}


def first_step(setting: Setting) -> Setting:
    """One step without dropout: one batch, so that the order of examples does not matter."""
    return replace(setting, steps=1, dropout=0.0, hidden=0.0)


def losses_apart(found: Mapping[str, float | None]) -> float:
    """The largest difference of losses, as a share of the first."""
    losses = [loss for loss in found.values() if loss is not None]
    return (max(losses) - min(losses)) / losses[0]


def operations(setting: Setting) -> float:
    """Those of a training, as the estimates of a plan count them."""
    from xtreme_bench.plan.estimate import Shape

    shape = Shape(setting.blocks, setting.width, setting.heads, setting.feedforward, setting.vocabulary)
    return sum(3 * shape.forward(len(ids), len(ids), shape.layers) for ids, _ in examples(setting))


def estimated(setting: Setting) -> float:
    """Seconds of a training on the rows in use, as `plan --device this` estimates them."""
    from xtreme_bench.plan import devices

    here = devices.named(devices.THIS)(setting.width, setting.feedforward, setting.heads, 1, setting.precision)
    inner = setting.blocks * (4 * setting.width**2 + 2 * setting.width * setting.feedforward)
    used = len(np.unique(np.concatenate([ids for ids, _ in examples(setting)])))
    updates = setting.steps * (inner + used * setting.width) * here.update
    return operations(setting) / here.rate(setting.precision) + updates


def in_process(what: str, setting: Setting, folder: Path) -> str:
    """What a process of its own prints that builds the encoder, or trains in one way. Ours waits as workers do."""
    command = [sys.executable, __file__, "--only", what, json.dumps(vars(setting)), str(folder)]
    environment = {**({"OMP_WAIT_POLICY": "PASSIVE"} if what.startswith("ours") else {}), **os.environ}
    # Nothing compiled before is taken, and compilers are children of the process, so that their time can be told.
    environment |= {"TORCHINDUCTOR_CACHE_DIR": str(folder / "compiled"), "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def took(way: str, setting: Setting, folder: Path, *, busy: bool = False) -> Took:
    """What a way takes, alone or beside a `busy` process."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
    try:
        return Took(**json.loads(in_process(way, setting, folder).splitlines()[-1]))
    finally:
        if other is not None:
            other.kill()
            other.wait()


def beside_estimate(setting: Setting, found: Took) -> str:
    """The CPU seconds of a training on the rows in use beside those of a plan."""
    try:
        seconds = estimated(setting)
    except InputError as error:
        return f"no estimate: {error}"
    return f"CPU seconds, rows in use: estimated {seconds:.1f}, taken {found.cpu:.1f} ({found.cpu / seconds:.2f})"


def main() -> int:
    """Print a table of the methods, and the estimate of a plan beside the truth; 1 if losses differ."""
    options = argparse.ArgumentParser()
    options.add_argument("--shape", choices=SHAPES, default="small")
    options.add_argument("--steps", type=int, default=6)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--blocks", type=int, help="fewer than the shape has")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--ways", default="", help="those whose name contains this")
    options.add_argument(
        "--busy", action="store_true", help="each way also beside a process that computes all the time"
    )
    options.add_argument("--compile", action="store_true", help="also our loop with torch.compile (needs a compiler)")
    options.add_argument("--only", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.only:
        what, setting, folder = chosen.only[0], Setting(**json.loads(chosen.only[1])), Path(chosen.only[2])
        if what == "build":
            build(setting, folder)
        else:
            print(json.dumps(vars(WAYS[what](setting, folder))))
        return 0
    setting = replace(SHAPES[chosen.shape], steps=chosen.steps, batch=chosen.batch, threads=chosen.threads)
    setting = replace(setting, blocks=chosen.blocks or setting.blocks)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    ways = [name for name in WAYS if chosen.ways in name and (chosen.compile or name != COMPILED)]
    print(f"{'':28}{'examples/s':>12}{'per CPU s':>12}{'ratio':>8}{'peak GiB':>10}{'busy' if chosen.busy else '':>8}")
    found: dict[str, Took] = {}
    with tempfile.TemporaryDirectory() as folder:
        in_process("build", setting, Path(folder))
        losses = {way: took(way, first_step(setting), Path(folder)).loss for way in ways}
        for way in ways:
            one = found[way] = took(way, setting, Path(folder))
            number, ratio = setting.steps * setting.batch, next(iter(found.values())).cpu / one.cpu
            line = f"{way:28}{number / one.wall:12.2f}{number / one.cpu:12.2f}{ratio:8.2f}{one.peak / 2**30:10.2f}"
            if chosen.busy:
                line += f"{took(way, setting, Path(folder), busy=True).wall / one.wall:8.2f}"
            print(line, flush=True)
    if on() == "cpu" and IN_USE in found:
        print(beside_estimate(setting, found[IN_USE]))
    differ = losses_apart(losses)
    print(
        f"loss of the first step: {', '.join(f'{loss:.6f}' for loss in losses.values())}; they differ by {differ:.1e}"
    )
    return int(setting.precision == "fp32" and not differ <= SAME_LOSS)


if __name__ == "__main__":
    sys.exit(main())
