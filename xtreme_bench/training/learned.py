"""What training has made of an encoder, beside the one that it began with: the weights that learned, in one file.

Of a table of words that was trimmed (`trimming.py`) it holds the rows that were trained, and how far all others have
decayed. So a fine-tuned encoder takes its blocks and some thousand rows, not the half or more that is words.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from xtreme_bench.errors import InputError, Problem
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


def load_all(folder: Path, begun_with: Path) -> Encoder:
    """As `load`, where all weights have learned, so that none may be missing."""
    return load(folder, begun_with, all_learned=True)


def load(folder: Path, begun_with: Path, *, all_learned: bool = False) -> Encoder:
    """The encoder that training with `begun_with` has left in a folder. Errors: `InputError` if they do not fit."""
    if not (folder / FILE).is_file():
        raise InputError(
            f"{folder} has no {FILE}: another version of xtreme-bench trained it; remove it and train again"
        )
    encoder = encoders.load(begun_with)
    model: Any = encoder.model
    learned = load_file(folder / FILE)
    missing = [name for name, _ in model.named_parameters() if name not in learned] if all_learned else []
    if faults := [*_misfits(encoder, learned), *(Problem(f"{name} is missing") for name in missing)]:
        raise InputError(f"{folder / FILE} does not fit the encoder in {begun_with}", faults)
    if _IDS in learned:
        table = model.get_input_embeddings()
        ids, decay = learned.pop(_IDS), float(learned.pop(_DECAY))
        model.set_input_embeddings(trimming.Renewed(table, ids, learned.pop(_words(encoder)), decay))
    model.load_state_dict(learned, strict=False)
    return encoder


def _words(encoder: Encoder) -> str:
    """The name of the table of words."""
    model: Any = encoder.model
    table = model.get_input_embeddings()
    found: str = next(name for name, value in model.named_parameters() if value is table.weight)
    return found


def _misfits(encoder: Encoder, learned: Mapping[str, torch.Tensor]) -> list[Problem]:
    """What of the weights that learned an encoder has not, or in another shape."""
    shapes = {name: tuple(value.shape) for name, value in encoder.model.named_parameters()}
    ids, decay, words = learned.get(_IDS), learned.get(_DECAY), _words(encoder)
    if ids is not None and ids.ndim == 1 and len(ids):
        rows, width = shapes[words]
        fits = (
            ids.dtype == torch.int64 and bool((ids[:-1] < ids[1:]).all()) and int(ids[0]) >= 0 and int(ids[-1]) < rows
        )
        shapes |= {_IDS: (len(ids) if fits else -1,), _DECAY: (), words: (len(ids), width)}
    found = [
        Problem(f"{name} has the shape {tuple(value.shape)}, not {shapes.get(name, 'that of any weight')}")
        for name, value in learned.items()
        if shapes.get(name) != tuple(value.shape)
    ]
    if (ids is None) != (decay is None) or (ids is not None and words not in learned):
        found.append(Problem(f"{_IDS}, {_DECAY} and {words} belong together"))
    return found


def make_whole(folder: Path, begun_with: Path, to: Path) -> None:
    """Write the encoder that `load` gives as an encoder folder. Errors: as `load`."""
    encoder = load(folder, begun_with)
    model: Any = encoder.model
    table = model.get_input_embeddings()
    if isinstance(table, trimming.Renewed):
        model.set_input_embeddings(table.whole())
    encoders.save(to, encoder)
