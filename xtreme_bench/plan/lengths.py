"""Finds lengths in a recipe that exceed the positions of a released encoder, before any training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import Problem
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.training import encoder_files


def too_long(recipe: Recipe, encoder: Path) -> list[Problem]:
    """A problem for each length of the recipe that is too long for the encoder in `folder`, which has no faults."""
    room = encoder_files.room(encoder)
    return [
        Problem(
            f"{name} is {length}, but this model has room for {room} tokens; set it to {room} or less", str(encoder)
        )
        for name, length in _lengths(recipe)
        if length > room
    ]


def _lengths(recipe: Recipe) -> Iterator[tuple[str, int]]:
    """Every length that the recipe uses, by its name there."""
    if recipe.intermediate is not None:
        families = {INTERMEDIATE[task].family for task in recipe.intermediate.tasks}
        if "qa" in families:
            yield "intermediate.qa_length", recipe.intermediate.qa_length
        if families - {"qa"}:
            yield "intermediate.max_length", recipe.intermediate.max_length
    for source in dict.fromkeys(TASKS[task].source for task in recipe.targets):
        if source is not None:
            yield f"finetuning.{source}.max_length", recipe.finetuning[source].max_length
    if recipe.retrieval is not None and any(TASKS[task].source is None for task in recipe.targets):
        yield "retrieval.max_length", recipe.retrieval.max_length
