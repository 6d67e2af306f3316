"""The stages of a recipe that need no training: export of the encoder, retrieval, and what is measured of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xtreme_bench.benchmark import TASKS

if TYPE_CHECKING:
    from xtreme_bench.plan.stages import Plan
    from xtreme_bench.stage.stage import Folder, Stage


def vectors(made: Plan, encoder: Stage | Folder, *, every_layer: bool = False) -> dict[str, Stage | Folder]:
    """What sentences are embedded with: the encoder and, for ONNX Runtime, its export, one for all retrieval tasks."""
    retrieval = made.recipe.retrieval
    wanted = any(TASKS[task].source is None for task in made.recipe.targets)
    if retrieval is None or not wanted or retrieval.provider != "onnxruntime":
        return {"encoder": encoder}
    params = {"pooling": retrieval.pooling, "device": retrieval.device, "max_length": retrieval.max_length}
    if every_layer:
        params |= {"layer": None, "precision": "fp32", "min_cosine": None}
    else:
        params |= {name: getattr(retrieval, name) for name in ("layer", "precision", "min_cosine")}
    params["threads"] = made.recipe.resources.threads
    name = "export all layers" if every_layer else "export the encoder"
    return {"encoder": encoder, "export": made.add("export", name, params, encoder=encoder)}


def retrieve(
    made: Plan, data: Stage | Folder, vectors: Mapping[str, Stage | Folder], task: str, languages: tuple[str, ...]
) -> Stage:
    """The stage that predicts a retrieval task."""
    assert made.recipe.retrieval is not None
    params = {
        "task": task,
        "languages": list(languages),
        **dataclasses.asdict(made.recipe.retrieval),
        "threads": made.recipe.resources.threads,
    }
    del params["layers"]  # has stages of its own
    return made.add("retrieve", f"retrieve {task}", params, data=data, **vectors)


def layers(made: Plan, data: Stage | Folder, encoder: Stage | Folder) -> None:
    """Every layer on the development pairs of BUCC, the only ones that a retrieval task has."""
    retrieval, languages = made.recipe.retrieval, made.recipe.targets["bucc2018"].languages
    assert retrieval is not None
    params = {
        "languages": list(languages),
        **{name: getattr(retrieval, name) for name in ("pooling", "max_length", "provider", "device")},
        "threads": made.recipe.resources.threads,
    }
    made.add("layers", "score every layer", params, data=data, **vectors(made, encoder, every_layer=True))


def precision(made: Plan, gold: Stage | Folder, tasks: Mapping[str, list[str]]) -> None:
    """What a lower precision costs in accuracy on Tatoeba, where that is a target."""
    retrieval = made.recipe.retrieval
    if retrieval is not None and retrieval.precision != "fp32" and tasks.get("tatoeba"):
        params = {"precision": retrieval.precision, "languages": tasks["tatoeba"]}
        found = made.predictions["tatoeba"]
        made.add("precision", f"accuracy of {retrieval.precision}", params, labels=gold, predictions=found)
