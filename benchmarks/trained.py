"""What the benchmarks of training train: an encoder of some shape with random weights, on made-up pairs."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

LABELS, DISTINCT = 3, 9_000


@dataclass(frozen=True)
class Setting:
    """What is trained: the encoder's shape, how many steps of how many examples, and their lengths.

    Lengths are log-normal with the mean `mean` of their logarithm, at most `longest`, to which the benchmark pads.
    `dropout` is that of attention weights, `hidden` that of all else.
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
    dropout: float = 0.1
    hidden: float = 0.1
    threads: int = 1


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
                      num_labels=LABELS, attention_probs_dropout_prob=setting.dropout,
                      hidden_dropout_prob=setting.hidden)  # fmt: skip


def learning(setting: Setting, **others: Any) -> Any:
    """Parameters of a training of our loop."""
    from xtreme_bench.training.params import Learning

    given = {"threads": setting.threads, "precision": setting.precision, "seed": 1, "method": "full", "blocks": None,
             "length": None, "batch": setting.batch, "learning_rate": 1e-4, "warmup": 0.1, "weight_decay": 0.01,
             "evaluate_every": setting.steps,
             "patience": 0, "checkpoint_seconds": 1e6, "activations": "keep", "packing": False,
             "fsdp": False}  # fmt: skip
    return Learning(**{**given, **others})


def model(setting: Setting, folder: Path | None = None) -> Any:
    """An encoder of random weights, always the same ones; from `folder`, if `build` has written one there."""
    from transformers import AutoModel

    if folder is not None:
        return AutoModel.from_pretrained(
            str(folder), config=config(setting), add_pooling_layer=False, local_files_only=True
        )
    torch.manual_seed(1)
    # A GPU draws half a billion numbers at once, where a CPU needs seconds.
    with torch.device(on()):
        return AutoModel.from_config(config(setting), add_pooling_layer=False).cpu()


def head(setting: Setting) -> Any:
    """A head of random weights, always the same ones."""
    from xtreme_bench.training.families import classification

    torch.manual_seed(2)
    return classification.head(setting.width, LABELS, setting.hidden)


def build(setting: Setting, folder: Path) -> None:
    """Write the encoder to a folder."""
    model(setting).save_pretrained(str(folder))


def our_encoder(setting: Setting, folder: Path | None = None) -> Any:
    """The encoder as our loop takes it."""
    from xtreme_bench.training.forward import Encoder

    tokenizer = type("Tokenizer", (), {"pad_token_id": 1, "all_special_ids": [0, 1, 2, 3]})()
    return Encoder(model(setting, folder).train(), tokenizer)


def our_task(setting: Setting) -> Any:
    """The examples and the head as our loop takes them."""
    from xtreme_bench.training.examples import Example
    from xtreme_bench.training.families import classification
    from xtreme_bench.training.network import Task

    rows = [Example(at, (ids,), np.array([label], np.int32)) for at, (ids, label) in enumerate(examples(setting))]
    return Task("pairs", classification, head(setting), rows)


def theirs(setting: Setting, folder: Path | None = None) -> Any:
    """The same encoder and head as a model of transformers."""
    from transformers import AutoModelForSequenceClassification

    encoder, ours = model(setting, folder), head(setting)
    with torch.device("meta"):
        whole = AutoModelForSequenceClassification.from_config(config(setting))
    whole.bert.embeddings, whole.bert.encoder = encoder.embeddings, encoder.encoder
    whole.bert.pooler.dense, whole.classifier = ours.dense, ours.projection
    return whole.train()


def train(encoder: Any, task: Any, params: Any, steps: int, *, trimmed: bool) -> float:
    """Train with our loop, and return the mean loss of the steps; the table of words is whole afterwards."""
    from xtreme_bench.stage.job import Job
    from xtreme_bench.training.device import prepare_device
    from xtreme_bench.training.loop import fit
    from xtreme_bench.training.optimization import decay
    from xtreme_bench.training.trimming import trim

    accelerator = prepare_device(params)
    encoder = encoder.packed() if params.packing else encoder
    taken = trim(encoder, [task], ()) if trimmed else None
    with tempfile.TemporaryDirectory() as folder:
        course = fit(Job(params, {}, Path(folder), Path(folder)), accelerator, encoder, [task], [1.0], steps)
    if taken:
        taken.table.decay = decay([1.0] * steps, steps, params)
        taken.put_back(encoder)
    losses = [point[name] for point in course.points if (name := f"loss/{task.name}") in point]
    return sum(losses) / len(losses)
