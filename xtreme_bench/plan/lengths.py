"""Finds what a recipe asks beyond a released encoder, before any training: lengths, and what learns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import Problem
from xtreme_bench.recipe.lengths import prefix_too_long
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.recipe.setting import sources_of
from xtreme_bench.training import encoder_files
from xtreme_bench.training.architectures import PACKED, PROMPT, not_for


def too_long(recipe: Recipe, encoder: Path) -> list[Problem]:
    """A problem for each length of the recipe that is too long for the encoder in `folder`, which has no faults."""
    room = encoder_files.room(encoder)
    return [
        Problem(
            f"{name} is {length}, but this model has room for {room} tokens; set it to {room} or less", str(encoder)
        )
        for name, length in dict(_lengths(recipe)).items()
        if length > room
    ]


def unable(recipe: Recipe, encoder: Path) -> list[Problem]:
    """A problem for each method of the recipe that the encoder in `folder`, which has no faults, cannot be trained by:
    for lack of blocks, of room for a prefix, or of a place for one. Also for batches that it cannot take."""
    depth, room, place = encoder_files.depth(encoder), encoder_files.room(encoder), str(encoder)
    phases = {f"finetuning.{source}": recipe.finetuning[source] for source in sources_of(recipe.targets)}
    methods = {name: phase.method for name, phase in phases.items()}
    if recipe.intermediate is not None:
        methods["intermediate"] = recipe.intermediate.method
    deep = [
        Problem(f"{name}.method.blocks is {method.blocks}, but this model has {depth} blocks", place)
        for name, method in methods.items()
        if method.blocks is not None and method.blocks > depth
    ]
    prefixes = {name: phase for name, phase in phases.items() if phase.method.length is not None}
    long = [
        Problem(prefix_too_long(name, phase.method.length or 0, phase.max_length, room), place)
        for name, phase in prefixes.items()
        if (phase.method.length or 0) + phase.max_length > room >= phase.max_length
    ]
    kind = encoder_files.known_config(encoder)[0]
    packed = recipe.resources.batches == "packed" and bool(methods)
    asked = [what for what, does in ((PROMPT, bool(prefixes)), (PACKED, packed)) if does]
    return [*deep, *long, *(Problem(why, place) for what in asked if (why := not_for(what, kind)))]


def _lengths(recipe: Recipe) -> Iterator[tuple[str, int]]:
    """Every length that the recipe uses, by its name there."""
    if recipe.intermediate is not None:
        for task, own in recipe.intermediate.tasks.items():
            shared = recipe.intermediate.shared_length(task)
            place = shared if own.max_length is None else f"tasks.{task}.max_length"
            yield f"intermediate.{place}", recipe.intermediate.length(task)
        if mlm := recipe.intermediate.mlm:
            place = "max_length" if mlm.max_length is None else "mlm.max_length"
            yield f"intermediate.{place}", recipe.intermediate.text_length
    for source in sources_of(recipe.targets):
        yield f"finetuning.{source}.max_length", recipe.finetuning[source].max_length
    if recipe.retrieval is not None and any(TASKS[task].source is None for task in recipe.targets):
        yield "retrieval.max_length", recipe.retrieval.max_length
