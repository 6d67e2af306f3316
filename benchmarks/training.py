"""Speed of fine-tuning, compared with the alternatives, on the same examples, effective batch size and weights.

    make bench-training [ARGS="--steps 6 --blocks 12"]

An encoder of multilingual-e5-small's shape with random weights reads pairs of XNLI's lengths (log-normal, mean 36
tokens). Each method trains in its own process; loading is not timed. The table has examples per second of wall-clock
and of CPU time, and the peak memory of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

BATCH, LABELS, LONGEST, VOCABULARY, DISTINCT = 32, 3, 128, 250_037, 9_000


def examples(steps: int) -> list[tuple[np.ndarray[Any, Any], int]]:
    """Token ids and labels. Only part of the vocabulary occurs, as in a real corpus of this size."""
    generator = np.random.default_rng(1)
    lengths = np.clip(generator.lognormal(3.5, 0.4, BATCH * steps), 8, LONGEST).astype(int)
    ids = generator.choice(VOCABULARY - 10, DISTINCT, replace=False) + 5
    return [(generator.choice(ids, length).astype(np.int32), at % LABELS) for at, length in enumerate(lengths)]


def config(blocks: int) -> Any:
    """The shape of multilingual-e5-small."""
    from transformers import BertConfig

    return BertConfig(vocab_size=VOCABULARY, hidden_size=384, num_hidden_layers=blocks, num_attention_heads=12,
                      intermediate_size=1536, pad_token_id=1, num_labels=LABELS)  # fmt: skip


def ours(steps: int, blocks: int, *, trimmed: bool) -> tuple[float, float]:
    """Seconds and CPU seconds of our loop."""
    from transformers import AutoModel

    from xtreme_bench.stage.job import Job
    from xtreme_bench.training.device import prepare_device
    from xtreme_bench.training.examples import Example
    from xtreme_bench.training.families import classification
    from xtreme_bench.training.forward import Encoder
    from xtreme_bench.training.loop import fit
    from xtreme_bench.training.network import Task
    from xtreme_bench.training.params import Learning
    from xtreme_bench.training.trimming import trim

    params = Learning(threads=1, precision="fp32", seed=1, method="full", batch=BATCH, learning_rate=1e-4, warmup=0.1,
                      weight_decay=0.01, evaluate_every=steps, patience=0, checkpoint_seconds=1e6,
                      activations="keep")  # fmt: skip
    accelerator = prepare_device(params)
    tokenizer = type("Tokenizer", (), {"pad_token_id": 1, "all_special_ids": [0, 1, 2, 3]})()
    encoder = Encoder(AutoModel.from_config(config(blocks), add_pooling_layer=False).train(), tokenizer)
    rows = [Example(at, (ids,), np.array([label], np.int32)) for at, (ids, label) in enumerate(examples(steps))]
    task = Task("pairs", classification, classification.head(384, LABELS, 0.1), rows)
    folder = Path(tempfile.mkdtemp())
    clock = time.monotonic(), time.process_time()
    taken = trim(encoder, [task], ()) if trimmed else None
    fit(Job(params, {}, folder, folder), accelerator, encoder, [task], [1.0], steps)
    if taken:
        taken.put_back(encoder, 1.0)
    return time.monotonic() - clock[0], time.process_time() - clock[1]


def trainer(steps: int, blocks: int) -> tuple[float, float]:
    """Seconds and CPU seconds of the Trainer of transformers, with length-grouped batches and dynamic padding."""
    import torch
    from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments

    torch.set_num_threads(1)
    rows = [{"input_ids": ids.tolist(), "labels": label, "length": len(ids)} for ids, label in examples(steps)]

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in batch)
        ids = torch.tensor([row["input_ids"] + [1] * (longest - len(row["input_ids"])) for row in batch])
        labels = torch.tensor([row["labels"] for row in batch])
        return {"input_ids": ids, "attention_mask": (ids != 1).long(), "labels": labels}

    model = AutoModelForSequenceClassification.from_config(config(blocks))
    settings = TrainingArguments(
        tempfile.mkdtemp(), max_steps=steps, per_device_train_batch_size=BATCH,
        train_sampling_strategy="group_by_length", length_column_name="length", save_strategy="no",
        logging_strategy="no", report_to=[], use_cpu=True,
        disable_tqdm=True, learning_rate=1e-4, weight_decay=0.01, max_grad_norm=1.0, remove_unused_columns=False,
    )  # fmt: skip
    run = Trainer(model, settings, data_collator=collate, train_dataset=rows)
    clock = time.monotonic(), time.process_time()
    run.train()
    return time.monotonic() - clock[0], time.process_time() - clock[1]


def procedure(steps: int, blocks: int) -> tuple[float, float]:
    """Seconds and CPU seconds of the benchmark's procedure: padding to 128, batches of 2, 16 accumulation steps."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(1)
    model = AutoModelForSequenceClassification.from_config(config(blocks)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    clock = time.monotonic(), time.process_time()
    rows = examples(steps)
    for begin in range(0, len(rows), 2):
        pair = rows[begin : begin + 2]
        ids = torch.tensor(
            np.stack([np.pad(row, (0, LONGEST - len(row)), constant_values=1) for row, _ in pair])
        ).long()
        labels = torch.tensor([label for _, label in pair])
        (model(input_ids=ids, attention_mask=(ids != 1).long(), labels=labels).loss / (BATCH // 2)).backward()
        if (begin + 2) % BATCH == 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    return time.monotonic() - clock[0], time.process_time() - clock[1]


WAYS = {
    "the benchmark's procedure": procedure,
    "transformers' Trainer": trainer,
    "ours, whole table": lambda steps, blocks: ours(steps, blocks, trimmed=False),
    "ours, rows in use": lambda steps, blocks: ours(steps, blocks, trimmed=True),
}


def main() -> None:
    """Print a table of all methods."""
    options = argparse.ArgumentParser()
    options.add_argument("--steps", type=int, default=6)
    options.add_argument("--blocks", type=int, default=12)
    options.add_argument("--way", choices=WAYS)
    chosen = options.parse_args()
    if chosen.way:
        wall, cpu = WAYS[chosen.way](chosen.steps, chosen.blocks)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak}))
        return
    first = None
    print(f"{'':28}{'examples/s':>12}{'per CPU s':>12}{'ratio':>8}{'peak GiB':>10}")
    for way in WAYS:
        command = [sys.executable, __file__, "--way", way, "--steps", str(chosen.steps), "--blocks", str(chosen.blocks)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(said.splitlines()[-1])
        number = chosen.steps * BATCH
        rate = number / found["cpu"]
        first = first or rate
        print(f"{way:28}{number / found['wall']:12.1f}{rate:12.1f}{rate / first:8.2f}{found['peak']:10.2f}")


if __name__ == "__main__":
    main()
