"""A very small XLM-R with its own tokenizer, for tests of everything that embeds sentences."""

from pathlib import Path
from typing import Any

from xtreme_bench.retrieval.export import export
from xtreme_bench.retrieval.params import Export
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder
from xtreme_bench.training.params import Scratch

TEXTS = (
    "the red bird sings in the old tree",
    "a small cat sleeps under the table",
    "we will travel to the coast tomorrow",
    "she reads a long letter from her brother",
    "no one opened the heavy door yesterday",
    "три птицы поют в саду",
    "मेरा भाई किताब पढ़ता है",
    "小猫在桌子下面睡觉",
    "القطة تنام تحت الطاولة",
    "der alte Mann trinkt kalten Tee",
)
LAYERS, WIDTH, POSITIONS = 3, 32, 66


def save_tiny_encoder(folder: Path, seed: int = 1) -> Path:
    """Write the encoder folder: 3 blocks, 32 wide, 4 heads, at most 64 tokens."""
    tokenizer = encoder.train_tokenizer(TEXTS, 300)
    size = Scratch(LAYERS, WIDTH, heads=4, feedforward=64, vocabulary=300, positions=POSITIONS)
    encoder.save(folder, encoder.build(size, tokenizer, seed))
    return folder


def export_tiny_encoder(encoder_folder: Path, out: Path, **params: Any) -> Path:
    """The export stage on a tiny encoder: layer 2, mean, fp32, CPU, unless `params` say otherwise."""
    settings = {"layer": 2, "pooling": "mean", "precision": "fp32", "min_cosine": None, "device": "cpu"}
    out.mkdir(parents=True, exist_ok=True)
    made = Export(**{**settings, "max_length": 64, "threads": 1, **params})
    export(Job(made, {"encoder": encoder_folder}, out, out))
    return out
