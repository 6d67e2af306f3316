"""Makes the stages of a recipe, in an order in which they can run, each with a key over everything it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from xtreme_bench import models
from xtreme_bench.audit import scope
from xtreme_bench.benchmark import MINIATURE_LANGUAGES, TASKS
from xtreme_bench.data import aligned, layout
from xtreme_bench.data.release import found
from xtreme_bench.data.release.params import ReleaseCorpus, Releases
from xtreme_bench.errors import Problem
from xtreme_bench.files import Digests
from xtreme_bench.miniature.params import Miniature
from xtreme_bench.official.params import Score
from xtreme_bench.plan import composed, lengths, retrieval, training
from xtreme_bench.plan import labels as plan_labels
from xtreme_bench.recipe.load import Recipe
from xtreme_bench.released import packages
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.stage import folders
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.params import taken
from xtreme_bench.stage.stage import MISSING, Folder, Stage, stamps_of
from xtreme_bench.training import encoder_files
from xtreme_bench.training.params import Shorten


@dataclass
class Plan:
    """The stages of one recipe, in order, and the files that they lack.

    `corpus` is the stage that makes the data, or None if the data folder is read directly. `predictions` maps a task to
    the stage that predicts it. `score` is None without gold labels; `scored` has the tasks and languages with labels.
    `missing` lists files that are missing or may not be read. `weights` names the weights to fetch, and their source.
    `image` is the digest of the image that the stages run in, or None. `members` are the plans of the recipes that the
    recipe is composed of; `chosen` says which one each target is taken from, once that is known.
    """

    recipe: Recipe
    image: str | None = None
    stages: list[Stage] = field(default_factory=list)
    predictions: dict[str, Stage] = field(default_factory=dict)
    corpus: Stage | None = None
    audit: Stage | None = None
    score: Stage | None = None
    scored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: list[Problem] = field(default_factory=list)
    weights: str | None = None
    members: tuple[Plan, ...] = ()
    chosen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def origin(self) -> dict[str, str]:
        """Target -> the name of the recipe that it is taken from, if the recipe is composed of others."""
        return {task: str(row["from"]) for task, row in self.chosen.items()}

    @property
    def retrieving(self) -> list[Stage]:
        """The stages of the recipe whose encoder retrieves: this one, or a member if the recipe is composed."""
        if not self.members:
            return self.stages
        names = {self.origin.get(task) for task in self.recipe.targets if TASKS[task].source is None}
        return [stage for one in self.members if one.recipe.name in names for stage in one.stages]

    def add(self, kind: str, params: Any, what: str = "", /, **inputs: Stage | Folder) -> Stage:
        """Append a stage, named after its kind, `what` it works on and the recipe."""
        name = " ".join(part for part in (KINDS[kind].title, what, f"({self.recipe.name})") if part)
        stage = Stage(kind, name, params, inputs, self.image)
        self.stages.append(stage)
        return stage


def distinct(plans: Iterable[Plan]) -> list[Stage]:
    """The stages of several plans in order; a shared stage has its name in the first plan."""
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

    Without `labels`, labels that `data prepare` has written beside the data are used. `partial`: releases may have far
    fewer records than published.
    """
    if recipe.members:
        parts = [
            plan(one, data=data, labels=labels, image=image, digests=digests, partial=partial) for one in recipe.members
        ]
        return composed.of_parts(Plan(recipe, image), parts)
    made = Plan(recipe, image)
    labels = labels or plan_labels.beside(recipe, data or layout.DATA)
    corpus = _corpus(made, data, labels, digests, partial)
    base = _encoder(made, corpus, digests)
    encoder = training.intermediate(made, corpus, base) if recipe.intermediate else base
    finetuned: dict[str, Stage] = {}
    vectors = retrieval.vectors(made, encoder)
    for task, target in recipe.targets.items():
        source = TASKS[task].source
        if source is None:
            read = corpus.tests(task, target.languages)
            made.predictions[task] = retrieval.retrieve(made, read, vectors, task, target.languages)
            continue
        if source not in finetuned:
            finetuned[source] = training.finetune(made, corpus, encoder, base, source)
        made.predictions[task] = training.predict(made, corpus, finetuned[source], base, task, target.languages)
    used = scope.usage(recipe)
    read = corpus.reading(scope.files(used, data), "corpora to audit")
    made.audit = made.add("audit", used, data=read)
    _score(made, corpus, labels, digests)
    if recipe.retrieval and recipe.retrieval.layers == "all":
        read = corpus.tests("bucc2018", recipe.targets["bucc2018"].languages)
        layers = retrieval.layers(made, read, encoder)
        gold = made.score.inputs["labels"] if made.score is not None else None
        retrieval.at_chosen_layer(made, layers, encoder, gold)
    return made


@dataclass(frozen=True)
class Corpus:
    """The source of data: the outputs of one stage, or a folder of which each stage reads some files.

    `folder` is the user's, None for the built-in corpora: aligned text is read there, as it is. `gold` adds the stage
    that makes the gold labels, if a stage makes the data.
    """

    made: Plan
    source: Stage | Path
    folder: Path | None
    labels: Path | None
    digests: Digests
    gold: Callable[[], Stage] | None = None

    def reading(self, files: Iterable[str], purpose: str) -> Stage | Folder:
        """The data as input of a stage that reads `files`. Files that are missing or outside go to `missing`."""
        if isinstance(self.source, Stage):
            return self.source
        wanted = sorted(set(files))
        return self._read(self.source, wanted, layout.missing(self.source, wanted, purpose))

    def aligned(self, path: str, languages: Sequence[str]) -> tuple[Stage | Folder, str]:
        """The aligned text at a path of the data folder as input of a stage, and its path there.

        The stage sees the folder of the text alone: releases beside it may have gold labels.
        """
        if self.folder is None:
            assert isinstance(self.source, Stage)
            return self.source, path
        place = self.folder / path
        folder, name = (place, ".") if place.is_dir() else (place.parent, place.name)
        return self._read(folder, *aligned.files(folder, name, languages)), name

    def _read(self, folder: Path, wanted: Sequence[str], missing: Sequence[Problem]) -> Folder:
        missing = [*missing, *folders.strays(folder, wanted, self.labels)]
        noted = {problem.file for problem in self.made.missing}
        self.made.missing.extend(problem for problem in missing if problem.file not in noted)
        return Folder(folder, MISSING) if missing else Folder.digested(folder, wanted, self.digests)

    def tests(self, task: str, languages: Iterable[str]) -> Stage | Folder:
        """The test sets of a task."""
        files = [file for language in languages for file in layout.test_files(task, language)]
        return self.reading(files, f"test examples of {task}")


def _corpus(made: Plan, data: Path | None, labels: Path | None, digests: Digests, allow_partial: bool) -> Corpus:
    source = made.recipe.data
    if source.source == "miniature":
        params = Miniature(source.seed, source.scale, _languages(made.recipe))
        made.corpus = made.add("corpus", params)
        return Corpus(made, made.corpus, None, labels, digests, partial(made.add, "labels", params))
    folder = data or layout.DATA
    if source.source == "releases":
        options = Releases(tuple(sorted(source.dev_as_test)), source.sample, source.unusable, allow_partial)
        upstream = _releases(made, folder, digests)
        whole = taken(ReleaseCorpus, options, used=scope.usage(made.recipe))
        made.corpus = made.add("release_corpus", whole, releases=upstream)
        gold = partial(made.add, "release_labels", options, releases=upstream)
        return Corpus(made, made.corpus, folder, labels, digests, gold)
    return Corpus(made, folder, folder, labels, digests)


def _languages(recipe: Recipe) -> tuple[str, ...]:
    """All languages that a recipe uses, and English: the built-in corpora are made in these."""
    mix = recipe.intermediate
    tasks = [*mix.tasks.values()] if mix else []
    parts = [*recipe.targets.values(), *tasks, recipe.pretraining, mix.mlm if mix else None]
    used = {"en"} | {language for part in parts if part is not None for language in part.languages}
    used |= {language for task in (mix.labelled.values() if mix else ()) for language in task.shared_by or ()}
    used |= set(mix.development if mix else ())
    return tuple(language for language in MINIATURE_LANGUAGES if language in used)


def _releases(made: Plan, folder: Path, digests: Digests) -> Folder:
    if not folder.is_dir():
        made.missing.append(Problem("is not a folder: it should contain the released corpora", file=str(folder)))
        return Folder(folder, MISSING)
    made.missing += (unlike := found.near_misses(folder, scope.usage(made.recipe)))
    files = found.below(folder)
    return Folder(folder, MISSING) if unlike else Folder.digested(folder, [*files, *_folders(files)], digests)


def _folders(files: Iterable[str]) -> set[str]:
    """The folders of files. For inputs that are read whole: a new file changes the stamp of its folder."""
    return {parent.as_posix() for file in files for parent in PurePosixPath(file).parents}


def _encoder(made: Plan, corpus: Corpus, digests: Digests) -> Stage | Folder:
    recipe = made.recipe
    if recipe.model.scratch is not None and recipe.pretraining is not None:
        return training.pretrain(made, corpus, recipe.pretraining, recipe.model.scratch)
    if recipe.model.hub is not None:
        hub = recipe.model.hub
        name = f"{hub.name}@{hub.revision}"
        encoder, wrong = _fetched(recipe, models.snapshot(hub.name, hub.revision), f"hub:{name}", Path(hub.name))
        made.weights = None if encoder.stamps else f"{hub.name} at revision {hub.revision}, from the hub"
    elif recipe.model.package is not None:
        package = PACKAGES[recipe.model.package]
        name = f"package:{packages.key(package)}"
        encoder, wrong = _fetched(recipe, packages.found(package), name, packages.folder(package))
        made.weights = None if encoder.stamps else packages.taken(package)
    else:
        folder = recipe.path.parent / str(recipe.model.path)
        files = [p.relative_to(folder).as_posix() for p in folder.glob("*")] if folder.is_dir() else []
        wrong = encoder_files.faults(folder) + folders.foreign_links(folder)[1]
        wrong = wrong or lengths.too_long(recipe, folder) + lengths.unable(recipe, folder)
        names = [*files, *_folders(files)]
        encoder = Folder(folder, MISSING) if wrong else Folder.digested(folder, names, digests)
    made.missing += wrong
    if recipe.model.blocks is not None:
        return made.add("shorten", Shorten(recipe.model.blocks), "the encoder", encoder=encoder)
    return encoder


def _fetched(recipe: Recipe, found: Path | None, key: str, place: Path) -> tuple[Folder, list[Problem]]:
    """A released encoder, in `found` or else still to be fetched to `place`, and its faults. Its key comes from its
    source, so stages have their keys before anything is fetched."""
    wrong = folders.foreign_links(found)[1] if found else []
    if found and not wrong and not encoder_files.faults(found):
        wrong = lengths.too_long(recipe, found) + lengths.unable(recipe, found)
    seen = stamps_of(found, (path.name for path in found.iterdir())) if found else {}
    return Folder(found or place, MISSING if wrong else key, seen), wrong


def _score(made: Plan, corpus: Corpus, labels: Path | None, digests: Digests) -> None:
    gold: Stage | Folder | None = None
    tasks = {task: target.languages for task, target in made.recipe.targets.items()}
    if labels is None and corpus.gold is not None:
        gold = corpus.gold()
    elif labels is not None:
        tasks = {
            task: tuple(language for language in languages if (labels / TASKS[task].file(language)).is_file())
            for task, languages in tasks.items()
        }
        files = [
            file
            for task, languages in tasks.items()
            for language in languages
            for file in layout.gold_files(task, language)
        ]
        if not files:
            made.missing.append(Problem("contains no gold labels of the recipe's targets", file=str(labels)))
        wrong = layout.missing(labels, files, "gold labels") + folders.strays(labels, files)
        made.missing += wrong
        readable = files and not wrong
        gold = Folder.digested(labels, files, digests) if readable else Folder(labels, MISSING)
    if gold is not None:
        made.scored = {task: languages for task, languages in tasks.items() if languages}
        made.score = made.add("score", Score(made.scored), labels=gold, **made.predictions)
        retrieval.precision(made, gold, tasks)
