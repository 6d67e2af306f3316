"""Faults of the methods of training that a recipe names: their numbers, and where they make sense."""

from __future__ import annotations

from collections.abc import Iterator

from xtreme_bench.recipe.fields import Scratch
from xtreme_bench.recipe.tree import Entries, Reading

# The methods that need a number, its field, what it counts, and an example.
_NUMBERS = {"top": ("blocks", "a number of blocks", 6), "prompt": ("length", "the length of its prefix", 16)}
# Methods that leave the encoder as it is, and why intermediate training has no use for them.
_DROPPED = {
    "head": "trains only heads, which are dropped afterwards",
    "prompt": "trains only a prefix and heads, which belong to one task, and leaves the encoder as it is",
}


def check(tree: Entries, reading: Reading) -> None:
    """Each method has its number, and intermediate training one that changes the encoder."""
    for place, train in named(tree):
        _check_method(tree, place, train, reading)
        if place[0] == "intermediate" and train in _DROPPED:
            message = f"intermediate.method {train} {_DROPPED[train]}; leave it out or use full"
            reading.fault(message, tree.line_of(*place))


def named(tree: Entries) -> Iterator[tuple[tuple[str, ...], str]]:
    """The places where a method can be named, and which one is; full, where none is."""
    for phase in (("intermediate",), *(("finetuning", source) for source in tree.named("finetuning"))):
        place = (*phase, "method")
        yield place, tree.text(*place) or tree.text(*place, "train") or "full"


def _check_method(tree: Entries, place: tuple[str, ...], train: str, reading: Reading) -> None:
    """Each number of a method stands with this method, and with no other; the model has the blocks."""
    name = ".".join(place)
    for method, (field, what, example) in _NUMBERS.items():
        number = tree.at(*place, field)
        if train == method and number is None:
            message = f"{name} {method} needs {what}; write {{train: {method}, {field}: {example}}}"
            reading.fault(message, tree.line_of(*place))
        if number is not None and train != method:
            message = f"{name}.{field} is for train: {method}, here it is {train}; remove it"
            reading.fault(message, number.line)
    blocks = tree.at(*place, "blocks")
    count = tree.whole(*place, "blocks", default=0)
    layers = tree.whole("model", "scratch", "layers", default=Scratch.layers)
    if tree.at("model", "scratch") and blocks is not None and count and layers and count > layers:
        reading.fault(f"{name}.blocks is {count}, but model.scratch has {layers} layers", blocks.line)
