"""From a recipe to its stages, in an order in which they can run, each with a key over all it depends on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from xtreme_bench import models
from xtreme_bench.audit import scope
from xtreme_bench.benchmark import MINIATURE_LANGUAGES, TASKS
from xtreme_bench.data import corpora, layout
from xtreme_bench.data.release import found
from xtreme_bench.errors import Problem
from xtreme_bench.files import Digests
from xtreme_bench.plan import labels as plan_labels
from xtreme_bench.plan import lengths, retrieval
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.stage import folders
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.stage import MISSING, Folder, Stage, stamps_of
from xtreme_bench.training import encoder_files


@dataclass
class Plan:
    """The stages of one recipe, in order, and what they lack.

    `predictions` maps a task to the stage that predicts it; `score` is None where no gold labels are known.
    `missing` lists files that are not there or may not be read; `weights` is what the hub must still give.
    `image` is the digest of the image that the stages run in, None without one.
    """

    recipe: Recipe
    image: str | None = None
    stages: list[Stage] = field(default_factory=list)
    predictions: dict[str, Stage] = field(default_factory=dict)
    audit: Stage | None = None
    score: Stage | None = None
    missing: list[Problem] = field(default_factory=list)
    weights: str | None = None

    def add(self, kind: str, name: str, params: Mapping[str, Any], **inputs: Stage | Folder) -> Stage:
        """Append a stage; its name is completed with the recipe's."""
        # Nothing of this changes what is trained, tokenised or prepared.
        resources = self.recipe.resources
        aside: dict[str, Any] = {"checkpoint_seconds": resources.checkpoint_seconds} if KINDS[kind].trains else {}
        if kind == "features":
            aside = {"threads": resources.threads}
        if kind == "release_corpus":
            aside = {"used": scope.usage(self.recipe)}
        stage = Stage(kind, f"{name} ({self.recipe.name})", params, inputs, aside, self.image)
        self.stages.append(stage)
        return stage


def distinct(plans: Iterable[Plan]) -> list[Stage]:
    """The stages of several plans in order; one that several share has the name that it has in the first."""
    stages: dict[str, Stage] = {}
    for one in plans:
        for stage in one.stages:
            stages.setdefault(stage.key, stage)
    return list(stages.values())


def plan(
    recipe: Recipe,
    *,
    data: Path | None = None,
    labels: Path | None = None,
    image: str | None = None,
    digests: Digests,
    partial: bool = False,
) -> Plan:
    """The stages of `recipe`. `data` and `labels` are folders; recipes on the built-in corpora need neither.

    Without `labels` those beside the data are taken, where `data prepare` has written some. `partial`: releases may
    have far fewer records than are published.
    """
    made = Plan(recipe, image)
    labels = labels or plan_labels.beside(recipe, data or layout.DATA)
    corpus = _corpus(made, data, labels, digests, partial)
    base = _encoder(made, corpus, digests)
    encoder = _intermediate(made, corpus, base) if recipe.intermediate else base
    finetuned: dict[str, Stage] = {}
    vectors = retrieval.vectors(made, encoder)
    for task, target in recipe.targets.items():
        source = TASKS[task].source
        if source is None:
            read = _test_data(corpus, task, target.languages)
            made.predictions[task] = retrieval.retrieve(made, read, vectors, task, target.languages)
            continue
        if source not in finetuned:
            finetuned[source] = _finetune(made, corpus, encoder, base, source)
        made.predictions[task] = _predict(made, corpus, finetuned[source], base, task, target.languages)
    used = scope.usage(recipe)
    read = corpus.reading(scope.files(used, data), "corpora to audit")
    made.audit = made.add("audit", "audit the corpora", used, data=read)
    _score(made, data, labels, digests)
    if recipe.retrieval and recipe.retrieval.layers == "all":
        read = _test_data(corpus, "bucc2018", recipe.targets["bucc2018"].languages)
        retrieval.layers(made, read, encoder)
    return made


@dataclass(frozen=True)
class _Corpus:
    """Where the stages read their data: one stage's outputs, or a folder of which each stage reads some files."""

    made: Plan
    source: Stage | Path
    labels: Path | None
    digests: Digests

    def reading(self, files: Iterable[str], purpose: str) -> Stage | Folder:
        """The data as input of a stage that reads `files`; those that are missing, or lie elsewhere, are noted."""
        if isinstance(self.source, Stage):
            return self.source
        wanted = sorted(set(files))
        missing = layout.missing(self.source, wanted, purpose) + folders.strays(self.source, wanted, self.labels)
        noted = {problem.file for problem in self.made.missing}
        self.made.missing.extend(problem for problem in missing if problem.file not in noted)
        return Folder(self.source, MISSING) if missing else Folder.digested(self.source, wanted, self.digests)


def _corpus(made: Plan, data: Path | None, labels: Path | None, digests: Digests, partial: bool) -> _Corpus:
    source = made.recipe.data
    if source.source == "miniature":
        params = {"seed": source.seed, "scale": source.scale, "languages": _languages(made.recipe)}
        return _Corpus(made, made.add("corpus", "miniature corpora", params), labels, digests)
    folder = data or layout.DATA
    if source.source == "releases":
        params = {"dev_as_test": sorted(source.dev_as_test), "sample": source.sample, "unusable": source.unusable}
        params |= {"partial": True} if partial else {}
        upstream = _releases(made, folder, digests)
        return _Corpus(made, made.add("release_corpus", "prepare releases", params, releases=upstream), labels, digests)
    return _Corpus(made, folder, labels, digests)


def _languages(recipe: Recipe) -> list[str]:
    """The languages that a recipe uses anywhere: the built-in corpora are made in these, and in English always."""
    tasks = recipe.intermediate.tasks.values() if recipe.intermediate else ()
    parts = [*recipe.targets.values(), *tasks, *([recipe.pretraining] if recipe.pretraining else [])]
    used = {"en"} | {language for part in parts for language in part.languages}
    return [language for language in MINIATURE_LANGUAGES if language in used]


def _releases(made: Plan, folder: Path, digests: Digests) -> Folder:
    if not folder.is_dir():
        made.missing.append(Problem("is no folder: it should hold the upstream releases", file=str(folder)))
        return Folder(folder, MISSING)
    made.missing += (unlike := found.near_misses(folder, scope.usage(made.recipe)))
    files = found.below(folder)
    return Folder(folder, MISSING) if unlike else Folder.digested(folder, [*files, *_folders(files)], digests)


def _folders(files: Iterable[str]) -> set[str]:
    """The folders of files: a file that comes is a change of its folder. For inputs of which everything is read."""
    return {parent.as_posix() for file in files for parent in PurePosixPath(file).parents}


def _encoder(made: Plan, corpus: _Corpus, digests: Digests) -> Stage | Folder:
    recipe = made.recipe
    if recipe.model.scratch is not None and recipe.pretraining is not None:
        params = {
            **dataclasses.asdict(recipe.pretraining),
            "scratch": dataclasses.asdict(recipe.model.scratch),
            "seed": recipe.seed,
            # Nothing else can run before the encoder is there, so it gets every core that the recipe allows.
            "threads": recipe.resources.threads * recipe.resources.jobs,
            "precision": recipe.resources.precision,
        }
        translation = recipe.pretraining.translation > 0
        files = [f for lang in recipe.pretraining.languages for f in layout.text_files(lang, translation=translation)]
        return made.add("pretrain", "pretrain", params, data=corpus.reading(files, "pretraining text"))
    if recipe.model.hub is not None:
        hub = recipe.model.hub
        found = models.snapshot(hub.name, hub.revision)
        made.weights = None if found else f"{hub.name} at revision {hub.revision}"
        wrong = folders.foreign_links(found)[1] if found else []
        if found and not wrong and not encoder_files.faults(found):
            wrong = lengths.too_long(recipe, found)
        key = MISSING if wrong else f"hub:{hub.name}@{hub.revision}"
        seen = stamps_of(found, (path.name for path in found.iterdir())) if found else {}
        encoder = Folder(found or Path(hub.name), key, seen)
    else:
        folder = recipe.path.parent / str(recipe.model.path)
        files = [p.relative_to(folder).as_posix() for p in folder.glob("*")] if folder.is_dir() else []
        wrong = encoder_files.faults(folder) + folders.foreign_links(folder)[1]
        wrong = wrong or lengths.too_long(recipe, folder)
        names = [*files, *_folders(files)]
        encoder = Folder(folder, MISSING) if wrong else Folder.digested(folder, names, digests)
    made.missing += wrong
    return encoder


def _features(made: Plan, data: Stage | Folder, base: Stage | Folder, name: str, choice: Mapping[str, Any]) -> Stage:
    """What a stage trains on or predicts, tokenised. Training leaves the tokenizer of the first encoder as it is, so
    what is tokenised with it serves every encoder that comes from it."""
    return made.add("features", f"tokenise {name}", choice, data=data, encoder=base)


def _common(recipe: Recipe) -> dict[str, Any]:
    return {
        "seed": recipe.seed,
        "threads": recipe.resources.threads,
        "precision": recipe.resources.precision,
        "unusable": recipe.data.unusable,
    }


def _intermediate(made: Plan, corpus: _Corpus, encoder: Stage | Folder) -> Stage:
    settings = made.recipe.intermediate
    assert settings is not None
    files = [
        file
        for task, chosen in settings.tasks.items()
        for language in chosen.languages
        for file in layout.intermediate_files(task, language)
    ]
    # The best checkpoint is chosen on English development data, whatever the languages of training.
    files += [file for task in settings.tasks for file in layout.intermediate_split_files(task, "dev")]
    files += [layout.ccg_tags_file("en")] if "ccg" in settings.tasks else []
    params = {**dataclasses.asdict(settings), **_common(made.recipe)}
    data = corpus.reading(files, "intermediate tasks' training data")
    features = {
        task: _features(made, data, encoder, task, corpora.intermediate_choice(params, task)) for task in settings.tasks
    }
    return made.add("intermediate", "intermediate training", params, data=data, encoder=encoder, **features)


def _finetune(made: Plan, corpus: _Corpus, encoder: Stage | Folder, base: Stage | Folder, source: str) -> Stage:
    params = {"source": source, **dataclasses.asdict(made.recipe.finetuning[source]), **_common(made.recipe)}
    data = corpus.reading(layout.training_files(source), f"training data of {source}")
    features = _features(made, data, base, source, corpora.source_choice(params))
    return made.add("finetune", f"fine-tune {source}", params, data=data, features=features, encoder=encoder)


def _test_data(corpus: _Corpus, task: str, languages: Iterable[str]) -> Stage | Folder:
    files = [file for language in languages for file in layout.test_files(task, language)]
    return corpus.reading(files, f"test examples of {task}")


def _predict(
    made: Plan, corpus: _Corpus, model: Stage, base: Stage | Folder, task: str, languages: tuple[str, ...]
) -> Stage:
    recipe = made.recipe
    settings = recipe.finetuning[str(TASKS[task].source)]
    params = {
        "task": task,
        "languages": list(languages),
        "max_length": settings.max_length,
        "stride": settings.stride,
        "method": settings.method,
        "batch": settings.batch,
        "threads": recipe.resources.threads,
        "precision": recipe.resources.precision,
    }
    data = _test_data(corpus, task, languages)
    features = _features(made, data, base, f"{task}'s test sets", corpora.target_choice(params))
    begun_with = model.inputs["encoder"]
    return made.add("predict", f"predict {task}", params, data=data, features=features, model=model, encoder=begun_with)


def _score(made: Plan, data: Path | None, labels: Path | None, digests: Digests) -> None:
    source = made.stages[0]
    gold: Stage | Folder | None = None
    tasks = {task: list(target.languages) for task, target in made.recipe.targets.items()}
    if source.kind in ("corpus", "release_corpus") and labels is None:
        kind = "labels" if source.kind == "corpus" else "release_labels"
        gold = made.add(kind, "gold labels", source.params, **source.inputs)
    elif labels is not None:
        tasks = {
            task: [language for language in languages if (labels / TASKS[task].file(language)).is_file()]
            for task, languages in tasks.items()
        }
        files = [TASKS[task].file(language) for task, languages in tasks.items() for language in languages]
        if not files:
            made.missing.append(Problem("holds no gold labels of the recipe's targets", file=str(labels)))
        wrong = layout.missing(labels, files, "gold labels") + folders.strays(labels, files)
        made.missing += wrong
        readable = files and not wrong
        gold = Folder.digested(labels, files, digests) if readable else Folder(labels, MISSING)
    if gold is not None:
        made.score = made.add(
            "score", "score", {"tasks": {k: v for k, v in tasks.items() if v}}, labels=gold, **made.predictions
        )
        retrieval.precision(made, gold, tasks)
