"""What a recipe means by what it leaves out: languages in place of `all`, and only the sources that it needs."""

from __future__ import annotations

from dataclasses import replace

from xtreme_bench.recipe.aligned import AlignedTask
from xtreme_bench.recipe.fields import Recipe, Target
from xtreme_bench.recipe.phases import IntermediateTask
from xtreme_bench.recipe.setting import ALL, languages_of, sources_of


def complete(recipe: Recipe) -> Recipe:
    """The recipe with its languages written out, and settings only for the sources that its targets need."""
    source = recipe.data.source
    targets = {task: Target(_resolve(target.languages, task, source)) for task, target in recipe.targets.items()}
    needed = sources_of(targets)
    finetuning = {name: training for name, training in recipe.finetuning.items() if name in needed}
    pretraining, intermediate = recipe.pretraining, recipe.intermediate
    if pretraining is not None:
        pretraining = replace(pretraining, languages=_resolve(pretraining.languages, "pretraining", source))
    if intermediate is not None:
        tasks = {name: _task(name, task, source) for name, task in intermediate.tasks.items()}
        mlm = intermediate.mlm
        if mlm is not None:
            mlm = replace(mlm, languages=_resolve(mlm.languages, "mlm", source))
        select_on = _resolve(intermediate.select_on, "intermediate", source)
        intermediate = replace(intermediate, tasks=tasks, mlm=mlm, select_on=select_on)
    if recipe.seeds:
        recipe = replace(recipe, seed=recipe.seeds[0])
    return replace(recipe, targets=targets, finetuning=finetuning, pretraining=pretraining, intermediate=intermediate)


def _task(name: str, task: IntermediateTask | AlignedTask, source: str) -> IntermediateTask | AlignedTask:
    if isinstance(task, AlignedTask):
        return task
    shared_by = task.shared_by and _resolve(task.shared_by, name, source)
    return replace(task, languages=_resolve(task.languages, name, source), shared_by=shared_by)


def _resolve(languages: tuple[str, ...], task: str, source: str) -> tuple[str, ...]:
    return languages_of(task, source) if languages == ALL else languages
