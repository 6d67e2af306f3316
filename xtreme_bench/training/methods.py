"""The methods of training: which weights learn, what is kept, and how that is loaded again.

A method is a row here, and a name that the recipe's field takes (`recipe/setting.py`). No other code asks which method
it is: a step trains what requires a gradient, each part in the mode it is in, a checkpoint holds only that, and all
hidden states come from `Encoder.hidden`, so that what a method adds to the model is there in every forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import learned, prefix
from xtreme_bench.training.forward import Encoder


@dataclass(frozen=True)
class Method:
    """One method of training.

    `begin` prepares an encoder as it was loaded: which weights learn, which parts are in the mode of training, what is
    added to the model. It is given the number that a recipe names with the method (blocks, length), and may draw from
    torch's generator.
    `save` writes what fine-tuning has made of the encoder to a folder; the head goes beside it.
    `load` makes that encoder again from this folder and the one that fine-tuning began with.
    """

    begin: Callable[[Encoder, int | None], None]
    save: Callable[[Path, Encoder], None]
    load: Callable[[Path, Path], Encoder]


def of(choice: str) -> Method:
    """The method that a recipe asks for."""
    return METHODS[choice]


def _everything_learns(encoder: Encoder, size: int | None) -> None:
    encoder.model.requires_grad_(True).train()


def _nothing_learns(encoder: Encoder, size: int | None) -> None:
    encoder.model.requires_grad_(False).eval()


def _top_learns(encoder: Encoder, size: int | None) -> None:
    """The upper blocks learn, and the norm after them; what is below computes as in evaluation, without dropout."""
    _nothing_learns(encoder, size)
    frozen = encoder.freeze(size or 0)
    upper = [*encoder.stack[frozen:]]
    if norm := encoder.architecture.norm:
        upper.append(encoder.model.get_submodule(norm))
    for part in upper:
        part.requires_grad_(True).train()


def _prefix_learns(encoder: Encoder, size: int | None) -> None:
    prefix.begin(encoder, size or 0)


def _nothing(folder: Path, encoder: Encoder) -> None:
    """The encoder is unchanged."""


def _as_it_was(folder: Path, begun_with: Path) -> Encoder:
    return encoders.load(begun_with)


def _with_prefix(folder: Path, begun_with: Path) -> Encoder:
    encoder = encoders.load(begun_with)
    prefix.add(folder, encoder)
    return encoder


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "full": Method(_everything_learns, learned.save, learned.load_all),
        "head": Method(_nothing_learns, _nothing, _as_it_was),
        "top": Method(_top_learns, learned.save, learned.load),
        "prompt": Method(_prefix_learns, prefix.save, _with_prefix),
    }
)
