"""Speed of fine-tuning, compared with the alternatives, on the same examples, effective batch size and weights.

    make bench-training [ARGS="--steps 6 --blocks 12"]
    make bench-training ARGS="--shape large --steps 2 --batch 2 --ways ours"

An encoder of multilingual-e5-small's shape (or XLM-R Large's) with random weights reads pairs of XNLI's lengths
(log-normal, mean 36 tokens). Each method trains in its own process; loading is not timed. The table has examples per
second of wall-clock and of CPU time, and the peak memory of the process. Our loop reads the encoder from a folder, as a
stage does. `benchmarks/gpu.py` uses the same methods on a GPU.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

LABELS, DISTINCT = 3, 9_000


@dataclass(frozen=True)
class Setting:
    """What is trained: the encoder's shape, how many steps of how many examples, and their lengths.

    Lengths are log-normal with the mean `mean` of their logarithm, at most `longest`, to which the benchmark pads.
    """

    steps: int = 6
    batch: int = 32
    blocks: int = 12
    width: int = 384
    heads: int = 12
    feedforward: int = 1536
    vocabulary: int = 250_037
    mean: float = 3.5
    spread: float = 0.4
    longest: int = 128
    precision: str = "fp32"


@dataclass(frozen=True)
class Took:
    """Seconds of a method, and its peak memory in bytes: on a GPU what torch allocated there."""

    wall: float
    cpu: float
    peak: int


def on() -> str:
    """The device of all methods."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def examples(setting: Setting) -> list[tuple[np.ndarray[Any, Any], int]]:
    """Token ids and labels. Only part of the vocabulary occurs, as in a real corpus of this size."""
    generator = np.random.default_rng(1)
    drawn = generator.lognormal(setting.mean, setting.spread, setting.batch * setting.steps)
    lengths = np.clip(drawn, 8, setting.longest).astype(int)
    distinct = min(DISTINCT, setting.vocabulary // 2)
    ids = generator.choice(setting.vocabulary - 10, distinct, replace=False) + 5
    return [(generator.choice(ids, length).astype(np.int32), at % LABELS) for at, length in enumerate(lengths)]


def config(setting: Setting) -> Any:
    """An encoder of this shape; BERT's blocks are those of XLM-R too."""
    from transformers import BertConfig

    return BertConfig(vocab_size=setting.vocabulary, hidden_size=setting.width, num_hidden_layers=setting.blocks,
                      num_attention_heads=setting.heads, intermediate_size=setting.feedforward, pad_token_id=1,
                      num_labels=LABELS)  # fmt: skip


def measured(work: Callable[[], object]) -> Took:
    """What some work takes, the GPU's included."""

    def finished() -> None:
        if on() == "cuda":
            torch.cuda.synchronize()

    if on() == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    finished()
    wall, cpu = time.monotonic(), time.process_time()
    work()
    finished()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = (
        torch.cuda.max_memory_allocated()
        if on() == "cuda"
        else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    )
    return Took(wall, cpu, peak)


def learning(setting: Setting, **others: Any) -> Any:
    """Parameters of a training of our loop."""
    from xtreme_bench.training.params import Learning

    given = {"threads": 1, "precision": setting.precision, "seed": 1, "method": "full", "blocks": None, "length": None,
             "batch": setting.batch, "learning_rate": 1e-4, "warmup": 0.1, "weight_decay": 0.01,
             "evaluate_every": setting.steps,
             "patience": 0, "checkpoint_seconds": 1e6, "activations": "keep", "packing": False,
             "fsdp": False}  # fmt: skip
    return Learning(**{**given, **others})


def our_encoder(setting: Setting, folder: Path | None = None) -> Any:
    """An encoder of random weights, always the same ones; from `folder`, if `build` has written one there."""
    from transformers import AutoModel

    from xtreme_bench.training.forward import Encoder

    tokenizer = type("Tokenizer", (), {"pad_token_id": 1, "all_special_ids": [0, 1, 2, 3]})()
    torch.manual_seed(1)
    if folder is None:
        model = AutoModel.from_config(config(setting), add_pooling_layer=False)
    else:
        model = AutoModel.from_pretrained(str(folder), add_pooling_layer=False, local_files_only=True)
    return Encoder(model.train(), tokenizer)


def build(setting: Setting, folder: Path) -> None:
    """Write the encoder to a folder."""
    our_encoder(setting).model.save_pretrained(str(folder))


def our_task(setting: Setting) -> Any:
    """The examples and a head."""
    from xtreme_bench.training.examples import Example
    from xtreme_bench.training.families import classification
    from xtreme_bench.training.network import Task

    rows = [Example(at, (ids,), np.array([label], np.int32)) for at, (ids, label) in enumerate(examples(setting))]
    return Task("pairs", classification, classification.head(setting.width, LABELS, 0.1), rows)


def train(encoder: Any, task: Any, params: Any, steps: int, *, trimmed: bool) -> None:
    """Train with our loop; the table of words is whole afterwards."""
    from xtreme_bench.stage.job import Job
    from xtreme_bench.training.device import prepare_device
    from xtreme_bench.training.loop import fit
    from xtreme_bench.training.optimization import decay
    from xtreme_bench.training.trimming import trim

    accelerator = prepare_device(params)
    taken = trim(encoder, [task], ()) if trimmed else None
    with tempfile.TemporaryDirectory() as folder:
        fit(Job(params, {}, Path(folder), Path(folder)), accelerator, encoder, [task], [1.0], steps)
    if taken:
        taken.put_back(encoder, decay([1.0] * steps, steps, params))


def ours(setting: Setting, folder: Path | None = None, *, trimmed: bool) -> Took:
    """Our loop."""
    from xtreme_bench.training import device, loop, trimming  # noqa: F401  (loading is not timed)

    encoder, task = our_encoder(setting, folder), our_task(setting)
    return measured(lambda: train(encoder, task, learning(setting), setting.steps, trimmed=trimmed))


def trainer(setting: Setting, folder: Path | None = None) -> Took:
    """The Trainer of transformers, with length-grouped batches and dynamic padding."""
    from transformers import AutoModelForSequenceClassification, PrinterCallback, Trainer, TrainingArguments

    torch.set_num_threads(1)
    rows = [{"input_ids": ids.tolist(), "labels": label, "length": len(ids)} for ids, label in examples(setting)]

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in batch)
        ids = torch.tensor([row["input_ids"] + [1] * (longest - len(row["input_ids"])) for row in batch])
        labels = torch.tensor([row["labels"] for row in batch])
        return {"input_ids": ids, "attention_mask": (ids != 1).long(), "labels": labels}

    model = AutoModelForSequenceClassification.from_config(config(setting))
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            folder, max_steps=setting.steps, per_device_train_batch_size=setting.batch,
            train_sampling_strategy="group_by_length", length_column_name="length", save_strategy="no",
            logging_strategy="no", report_to=[], use_cpu=on() == "cpu", bf16=setting.precision == "bf16",
            disable_tqdm=True, learning_rate=1e-4, weight_decay=0.01, max_grad_norm=1.0, remove_unused_columns=False,
        )  # fmt: skip
        run = Trainer(model, settings, data_collator=collate, train_dataset=rows)
        run.remove_callback(PrinterCallback)
        return measured(run.train)


def procedure(setting: Setting, folder: Path | None = None) -> Took:
    """The benchmark's procedure: padding to the longest that is allowed, batches of 2, 16 accumulation steps."""
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(1)
    model = AutoModelForSequenceClassification.from_config(config(setting)).train().to(on())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    rows = examples(setting)

    def run() -> None:
        for begin in range(0, len(rows), 2):
            pair = rows[begin : begin + 2]
            padded = [np.pad(row, (0, setting.longest - len(row)), constant_values=1) for row, _ in pair]
            ids = torch.tensor(np.stack(padded)).long().to(on())
            labels = torch.tensor([label for _, label in pair]).to(on())
            with torch.autocast(on(), torch.bfloat16) if setting.precision == "bf16" else nullcontext():
                loss = model(input_ids=ids, attention_mask=(ids != 1).long(), labels=labels).loss
            (loss / (setting.batch // 2)).backward()
            if (begin + 2) % setting.batch == 0:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()

    return measured(run)


WAYS: dict[str, Callable[..., Took]] = {
    "the benchmark's procedure": procedure,
    "transformers' Trainer": trainer,
    "ours, whole table": partial(ours, trimmed=False),
    "ours, rows in use": partial(ours, trimmed=True),
}
SHAPES = {
    "small": Setting(),
    "large": Setting(blocks=24, width=1024, heads=16, feedforward=4096, vocabulary=250_002),
}


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
    """What a process of its own prints that builds the encoder, or trains in one way."""
    command = [sys.executable, __file__, "--only", what, json.dumps(vars(setting)), str(folder)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    """Print a table of the methods, and the estimate of a plan beside the truth."""
    options = argparse.ArgumentParser()
    options.add_argument("--shape", choices=SHAPES, default="small")
    options.add_argument("--steps", type=int, default=6)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--blocks", type=int, help="fewer than the shape has")
    options.add_argument("--ways", default="", help="those whose name contains this")
    options.add_argument("--only", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.only:
        what, setting, folder = chosen.only[0], Setting(**json.loads(chosen.only[1])), Path(chosen.only[2])
        if what == "build":
            build(setting, folder)
        else:
            print(json.dumps(vars(WAYS[what](setting, folder))))
        return
    setting = replace(SHAPES[chosen.shape], steps=chosen.steps, batch=chosen.batch)
    setting = replace(setting, blocks=chosen.blocks or setting.blocks)
    first = None
    print(f"{'':28}{'examples/s':>12}{'per CPU s':>12}{'ratio':>8}{'peak GiB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        in_process("build", setting, Path(folder))
        for way in (name for name in WAYS if chosen.ways in name):
            found = Took(**json.loads(in_process(way, setting, Path(folder)).splitlines()[-1]))
            number = setting.steps * setting.batch
            rate = number / found.cpu
            first = first or rate
            line = f"{way:28}{number / found.wall:12.2f}{rate:12.2f}{rate / first:8.2f}{found.peak / 2**30:10.2f}"
            print(line, flush=True)
    if on() == "cpu":
        seconds = estimated(setting)
        said = f"CPU seconds, rows in use: estimated {seconds:.1f}, taken {found.cpu:.1f}"
        print(f"{said} ({found.cpu / seconds:.2f})")


if __name__ == "__main__":
    main()
