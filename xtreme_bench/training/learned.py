"""What training has made of an encoder, beside the one that it began with: the weights that learned, in one file.

Of a table of words that was trimmed (`trimming.py`) it holds the rows that were trained, and how far all others have
decayed. So a fine-tuned encoder takes its blocks and some thousand rows, not the half or more that is words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from xtreme_bench.errors import InputError
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import trimming
from xtreme_bench.training.forward import Encoder

FILE = "learned.safetensors"
_IDS, _DECAY = "trimmed.ids", "trimmed.decay"


def save(folder: Path, encoder: Encoder) -> None:
    """Write the weights that learned."""
    model: Any = encoder.model
    learned = {name: value for name, value in model.named_parameters() if value.requires_grad}
    table = model.get_input_embeddings()
    if isinstance(table, trimming.Table) and table.weight.requires_grad:
        learned |= {_IDS: table.ids, _DECAY: torch.tensor(table.decay, dtype=torch.float64)}
    save_file({name: value.detach().cpu().contiguous() for name, value in learned.items()}, folder / FILE)


def load(folder: Path, begun_with: Path) -> Encoder:
    """The encoder that training with `begun_with` has left in a folder. Errors: `InputError` if they do not fit."""
    if not (folder / FILE).is_file():
        raise InputError(
            f"{folder} has no {FILE}: another version of xtreme-bench trained it; remove it and train again"
        )
    encoder = encoders.load(begun_with)
    model: Any = encoder.model
    learned = load_file(folder / FILE)
    ids, decay = learned.pop(_IDS, None), learned.pop(_DECAY, None)
    if ids is not None and decay is not None:
        table = model.get_input_embeddings()
        (name,) = (name for name, value in model.named_parameters() if value is table.weight)
        model.set_input_embeddings(trimming.Renewed(table, ids, learned.pop(name), float(decay)))
    if unknown := model.load_state_dict(learned, strict=False).unexpected_keys:
        raise InputError(f"{folder / FILE} has {unknown[0]}, which the encoder in {begun_with} has not")
    return encoder


def make_whole(folder: Path, begun_with: Path, to: Path) -> None:
    """Write the encoder that `load` gives as an encoder folder. Errors: as `load`."""
    encoder = load(folder, begun_with)
    model: Any = encoder.model
    table = model.get_input_embeddings()
    if isinstance(table, trimming.Renewed):
        model.set_input_embeddings(table.whole())
    encoders.save(to, encoder)
