"""The stages of a recipe that train and predict, each after a stage that tokenises its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.corpora import (
    AlignedChoice,
    Choice,
    IntermediateChoice,
    Share,
    SourceChoice,
    TargetChoice,
    TextChoice,
)
from xtreme_bench.data.items import Draw
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe import fields, phases
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.recipe.setting import Method
from xtreme_bench.stage.params import taken
from xtreme_bench.training.params import (
    Features,
    Finetune,
    Frozen,
    Intermediate,
    MaskedText,
    Predict,
    Pretrain,
    Sampling,
    Scratch,
)

if TYPE_CHECKING:
    from xtreme_bench.plan.stages import Corpus, Plan
    from xtreme_bench.stage.stage import Folder, Stage


def pretrain(made: Plan, corpus: Corpus, settings: phases.Pretraining, scratch: fields.Scratch) -> Stage:
    """The stage that makes an encoder."""
    resources = made.recipe.resources
    common = {
        **_learning(made.recipe),
        # No other stage can run before this one ends, so it gets every core that the recipe allows.
        "threads": resources.threads * resources.jobs,
        # All weights learn, and there is no early stopping, because there is no development data.
        **_method(Method()),
        "evaluate_every": settings.steps,
        "patience": 0,
    }
    params = taken(Pretrain, settings, scratch=taken(Scratch, scratch), **common)
    translation = settings.translation > 0
    files = [f for language in settings.languages for f in layout.text_files(language, translation=translation)]
    return made.add("pretrain", params, data=corpus.reading(files, "pretraining text"))


def _features(made: Plan, data: Stage | Folder, base: Stage | Folder, name: str, choice: Choice) -> Stage:
    """The stage that tokenises the data of another stage. Training never changes the tokenizer of the first encoder,
    so its output serves every encoder that is trained from it."""
    return made.add("features", Features(choice, made.recipe.resources.threads), name, data=data, encoder=base)


def intermediate(made: Plan, corpus: Corpus, encoder: Stage | Folder) -> Stage:
    """The stage that trains on the intermediate tasks."""
    settings = made.recipe.intermediate
    assert settings is not None
    files = [
        file
        for task, chosen in settings.labelled.items()
        for file in layout.intermediate_files(
            task, {*chosen.languages, *(chosen.shared_by or ())}, settings.development
        )
    ]
    mlm = settings.mlm
    files += [layout.text_file(language) for language in mlm.languages] if mlm else []
    # Tasks over aligned text need nothing of the data folder's layout.
    inputs = {"data": corpus.reading(files, "intermediate tasks' training data")} if files else {}
    choices = {task: _intermediate_choice(made.recipe, settings, task) for task in settings.labelled}
    features = {task: _features(made, inputs["data"], encoder, task, choice) for task, choice in choices.items()}
    aligned = {}
    for task, own in settings.aligned.items():
        source, path = corpus.aligned(own.parallel.path, own.languages)
        aligned[task] = _aligned_choice(made.recipe, settings, task, path)
        features[task] = _features(made, source, encoder, task, aligned[task])
    text = TextChoice(mlm.languages, settings.text_length) if mlm else None
    if text:
        features["mlm"] = _features(made, inputs["data"], encoder, "masked text", text)
    sampling = taken(Sampling, settings.sampling)
    fields_of = {"weights": "weight", "batches": "batch", "learning_rates": "learning_rate"}
    params = taken(
        Intermediate,
        settings,
        corpora=choices,
        aligned=aligned,
        sampling=sampling,
        mlm=taken(MaskedText, mlm, corpus=text) if mlm else None,
        **{name: _own(settings, setting) for name, setting in fields_of.items()},
        **_method(settings.method),
        **_learning(made.recipe),
    )
    return made.add("intermediate", params, **inputs, encoder=encoder, **features)


def _own(settings: phases.Intermediate, setting: str) -> dict[str, Any]:
    """A setting of the tasks, and of masked text, that have one of their own."""
    every = {**settings.tasks, "mlm": settings.mlm}
    found = {name: getattr(task, setting, None) for name, task in every.items()}
    return {name: value for name, value in found.items() if value is not None}


def _intermediate_choice(recipe: Recipe, settings: phases.Intermediate, task: str) -> IntermediateChoice:
    own = settings.labelled[task]
    return IntermediateChoice(
        intermediate=task,
        languages=own.languages,
        select_on=settings.development,
        drawn=_draw(own, recipe.seed),
        max_length=settings.length(task),
        stride=settings.qa_stride if INTERMEDIATE[task].family == "qa" else None,
        evaluate_on=settings.evaluate_on if own.evaluate_on is None else own.evaluate_on,
        unusable=recipe.data.unusable,
    )


def _aligned_choice(recipe: Recipe, settings: phases.Intermediate, task: str, path: str) -> AlignedChoice:
    own = settings.aligned[task]
    evaluate_on = settings.evaluate_on if own.evaluate_on is None else own.evaluate_on
    return AlignedChoice(
        task=ALIGNED[task],
        path=path,
        languages=own.languages,
        lines=own.parallel.lines,
        examples=own.examples,
        seed=recipe.seed,
        max_length=settings.length(task),
        evaluate_on=evaluate_on if settings.development else None,
        unusable=recipe.data.unusable,
    )


def _draw(chosen: phases.IntermediateTask, seed: int) -> Draw | None:
    """Which items are trained on; None for all. They follow from the seed, in recipes in other languages too."""
    if chosen.items is None or chosen.examples is None:
        return None
    return Draw(chosen.items, chosen.examples, seed, chosen.shared_by or chosen.languages)


def finetune(made: Plan, corpus: Corpus, encoder: Stage | Folder, base: Stage | Folder, source: str) -> Stage:
    """The stage that trains on one source."""
    recipe, settings = made.recipe, made.recipe.finetuning[source]
    unusable, retrain = recipe.data.unusable, settings.retrain is not None
    own = settings.target_examples
    others = taken(Share, own, seed=recipe.seed) if own else None
    choice = taken(SourceChoice, settings, source=source, unusable=unusable, retrain=retrain, others=others)
    data = corpus.reading(layout.training_files(source, settings.languages[1:]), f"training data of {source}")
    features = _features(made, data, base, source, choice)
    params = taken(Finetune, settings, corpus=choice, **_method(settings.method), **_learning(recipe))
    inputs = {"data": data, "features": features, "encoder": encoder}
    if params.blocks is not None:
        below = taken(Frozen, params)
        inputs["frozen"] = made.add("frozen", below, source, features=features, encoder=encoder)
    return made.add("finetune", params, source, **inputs)


def predict(
    made: Plan, corpus: Corpus, model: Stage, base: Stage | Folder, task: str, languages: tuple[str, ...]
) -> Stage:
    """The stage that predicts a target with the model that was fine-tuned on its source."""
    settings = made.recipe.finetuning[str(TASKS[task].source)]
    choice = taken(TargetChoice, settings, task=task, languages=languages)
    data = corpus.tests(task, languages)
    features = _features(made, data, base, f"{task}'s test sets", choice)
    params = Predict(corpus=choice, method=settings.method.train, **_machine(made.recipe))
    begun_with = model.inputs["encoder"]
    return made.add("predict", params, task, data=data, features=features, model=model, encoder=begun_with)


def _method(method: Method) -> dict[str, Any]:
    return {"method": method.train, "blocks": method.blocks, "length": method.length}


def _machine(recipe: Recipe) -> dict[str, Any]:
    return {"threads": recipe.resources.threads, "precision": recipe.resources.precision}


def _learning(recipe: Recipe) -> dict[str, Any]:
    resources = recipe.resources
    return {
        **_machine(recipe),
        "seed": recipe.seed,
        "checkpoint_seconds": resources.checkpoint_seconds,
        "activations": resources.activations,
        "packing": resources.batches == "packed",
        "fsdp": resources.fsdp is not None,
    }
