"""The small twin of a shipped recipe: the same recipe with another model, other data and a tiny budget, by `--set`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xtreme_bench.benchmark import OVERALL, TASKS, of_group
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.load import Recipe, load
from xtreme_bench.recipe.setting import languages_of
from xtreme_bench.stage.params import plain

# Of the built-in corpora; each keeps what it can of the languages of a recipe. All twins are tested in all of them, so
# that they share one corpus and one pretraining.
LANGUAGES = ("en", "de", "zh", "sw", "ru")
_SCRATCH = "{scratch: {layers: 1, width: 16, heads: 2, feedforward: 32, vocabulary: 600, positions: 130}}"
_PRETRAINING = "{steps: 4, batch: 8, max_length: 32, languages: [en, de]}"
_TRAINING = "steps: 2, batch: 4, max_length: 48, evaluate_every: 2, evaluate_on: 8"
# Which of the built-in tasks stands for one that the built-in corpora lack: each another, as a recipe may have all of
# them. QQP is no parallel corpus, so paraphrases have one of the others: it has 12 items in German.
_INSTEAD = {"xnli_dev": "mnli", "pawsx_dev": "hellaswag", "tydiqa_train": "squad_v1"}


def twin(path: Path) -> list[str]:
    """What `--set` must set in a recipe, or in all that it is composed of, to make it tiny."""
    recipe = load(path)
    # One task stands for all of XTREME; a target beside these stays, or one that is built in stands for it.
    targets = [_built_in(task) for task in recipe.targets if task not in OVERALL] or ["xnli"]
    scored = [f"{task}: {{languages: [{', '.join(_tested(task))}]}}" for task in (*targets, "bucc2018", "tatoeba")]
    sources = [f"{TASKS[task].source}: {{{_method(recipe)}{_TRAINING}}}" for task in targets]
    every_layer = ", layers: all" if recipe.retrieval and recipe.retrieval.layers else ""
    found = [
        "data={source: miniature, scale: 0.03}",
        f"model={_SCRATCH}",
        f"pretraining={_PRETRAINING}",
        f"finetuning={{{', '.join(sources)}}}",
        f"targets={{{', '.join(scored)}}}",
        f"retrieval={{layer: 1, pooling: mean, max_length: 32, provider: torch{every_layer}}}",
        "seed=1",
        "resources={threads: 1, jobs: 1}",
        *(f"{key}=" for key in ("baseline", "expect", "held_out", "contrast") if _has(recipe, key)),
    ]
    budgets = [list(_budget(one)) for one in recipe.members or (recipe,)]
    found += [f"intermediate.{line}" for line in dict.fromkeys(line for one in budgets for line in one)]
    return found + [f"intermediate.{line}" for line in _data(recipe)]


def _built_in(task: str) -> str:
    return next(one for one in (task, *of_group(TASKS[task].group)) if TASKS[one].miniature)


def _tested(task: str) -> list[str]:
    """The small languages that a target has. Retrieval is from German alone: it is the slowest to test."""
    known = languages_of(task, "miniature")
    return [code for code in LANGUAGES if code in known and (TASKS[task].source or code == "de")]


def _method(recipe: Recipe) -> str:
    """How the recipe fine-tunes, with numbers that a tiny encoder has room for."""
    method = next((plain(one.method) for one in recipe.finetuning.values()), {"train": "full"})
    values = {key: value if isinstance(value, str) else 1 for key, value in method.items() if value is not None}
    return f"method: {{{', '.join(f'{key}: {value}' for key, value in values.items())}}}, "


def _has(recipe: Recipe, key: str) -> bool:
    if key == "expect":
        return bool(recipe.expect.scores or recipe.expect.gains)
    return getattr(recipe, key) is not None


def _budget(recipe: Recipe) -> Iterator[str]:
    settings = recipe.intermediate
    if settings is None:
        return
    if settings.epochs is not None:
        yield "epochs="
    yield from ("steps=2", "batch=4", "max_length=48")
    if any(INTERMEDIATE[name].family == "qa" for name in settings.labelled):
        yield from ("qa_length=64", "qa_stride=16")


def _data(recipe: Recipe) -> Iterator[str]:
    """The tasks stay, in as many of the small languages, matched as they are."""
    settings = recipe.intermediate
    if settings is None:
        return
    tasks = []
    for name in settings.aligned:
        tasks.append(f"{name}: {{parallel: {{path: parallel, languages: [en, de]}}, examples: 16}}")
    for name, task in settings.labelled.items():
        own = [f"languages: [{', '.join(_small(task.languages))}]"]
        if task.items:
            own.append(f"items: {task.items}, examples: 12")
        if task.shared_by:
            own.append(f"shared_by: [{', '.join(sorted({*_small(task.languages), 'en'}))}]")
        tasks.append(f"{_INSTEAD.get(name, name)}: {{{', '.join(own)}}}")
    yield f"tasks={{{', '.join(tasks)}}}"
    if settings.mlm:
        yield "mlm.languages=[en, de]"


def _small(languages: tuple[str, ...]) -> list[str]:
    return [code for code in LANGUAGES if code in languages] or ["de"]
