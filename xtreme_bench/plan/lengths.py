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
        for name, length in dict(_lengths(recipe)).items()
        if length > room
    ]


def _lengths(recipe: Recipe) -> Iterator[tuple[str, int]]:
    """Every length that the recipe uses, by its name there."""
    if recipe.intermediate is not None:
        for task, own in recipe.intermediate.tasks.items():
            shared = "qa_length" if INTERMEDIATE[task].family == "qa" else "max_length"
            place = shared if own.max_length is None else f"tasks.{task}.max_length"
            yield f"intermediate.{place}", recipe.intermediate.length(task)
        if mlm := recipe.intermediate.mlm:
            place = "max_length" if mlm.max_length is None else "mlm.max_length"
            yield f"intermediate.{place}", recipe.intermediate.text_length
    for source in dict.fromkeys(TASKS[task].source for task in recipe.targets):
        if source is not None:
            yield f"finetuning.{source}.max_length", recipe.finetuning[source].max_length
    if recipe.retrieval is not None and any(TASKS[task].source is None for task in recipe.targets):
        yield "retrieval.max_length", recipe.retrieval.max_length
