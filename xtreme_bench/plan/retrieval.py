"""The stages that need no training: export of the encoder, retrieval, and measurements of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.retrieval.params import Export, Layers, Precision, Retrieve
from xtreme_bench.stage.params import taken

if TYPE_CHECKING:
    from xtreme_bench.plan.stages import Plan
    from xtreme_bench.stage.stage import Folder, Stage

# Layers are compared in full precision.
EVERY_LAYER: dict[str, Any] = {"layer": None, "precision": "fp32", "min_cosine": None}


def vectors(made: Plan, encoder: Stage | Folder, *, every_layer: bool = False) -> dict[str, Stage | Folder]:
    """The inputs that embed sentences: the encoder and, for ONNX Runtime, one export for all retrieval tasks."""
    retrieval = made.recipe.retrieval
    wanted = any(TASKS[task].source is None for task in made.recipe.targets)
    if retrieval is None or not wanted or retrieval.provider != "onnxruntime":
        return {"encoder": encoder}
    params = taken(Export, retrieval, threads=made.recipe.resources.threads, **(EVERY_LAYER if every_layer else {}))
    what = "all layers" if every_layer else "the encoder"
    return {"encoder": encoder, "export": made.add("export", params, what, encoder=encoder)}


def retrieve(
    made: Plan, data: Stage | Folder, vectors: Mapping[str, Stage | Folder], task: str, languages: tuple[str, ...]
) -> Stage:
    """The stage that predicts a retrieval task."""
    threads = made.recipe.resources.threads
    params = taken(Retrieve, made.recipe.retrieval, task=task, languages=languages, threads=threads)
    return made.add("retrieve", params, task, data=data, **vectors)


def layers(made: Plan, data: Stage | Folder, encoder: Stage | Folder) -> None:
    """The stage that scores every layer on BUCC's development pairs; Tatoeba has none."""
    retrieval, languages = made.recipe.retrieval, made.recipe.targets["bucc2018"].languages
    threads = made.recipe.resources.threads
    params = taken(Layers, retrieval, languages=languages, threads=threads, **EVERY_LAYER)
    made.add("layers", params, data=data, **vectors(made, encoder, every_layer=True))


def precision(made: Plan, gold: Stage | Folder, tasks: Mapping[str, tuple[str, ...]]) -> None:
    """The stage that measures the accuracy lost to a lower precision on Tatoeba, if that is a target."""
    retrieval = made.recipe.retrieval
    if retrieval is not None and retrieval.precision != "fp32" and tasks.get("tatoeba"):
        params, found = Precision(retrieval.precision, tasks["tatoeba"]), made.predictions["tatoeba"]
        made.add("precision", params, retrieval.precision, labels=gold, predictions=found)
