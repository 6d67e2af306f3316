"""The scope of an audit: training and test sets of a recipe, their files, and known relations between corpora."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xtreme_bench.benchmark import LANGUAGES, TASKS, VARIETIES, spoken
from xtreme_bench.data import layout
from xtreme_bench.data.usage import TextUse, Usage
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.fields import Recipe
from xtreme_bench.recipe.setting import sources_of


@dataclass(frozen=True)
class Relation:
    """A known relation between the corpus `training` and the test set `target`, independent of their texts."""

    training: str
    target: str
    why: str


# Sources: the papers of the corpora (Conneau et al. 2018, Artetxe et al. 2020, Lewis et al. 2020, Clark et al. 2020).
RELATIONS = (
    Relation("mnli", "xnli", "MultiNLI is the training set of XNLI, and its test pairs were collected in the same way"),
    Relation("anli_plus", "xnli", "ANLI+ contains MultiNLI, the training set of XNLI"),
    Relation("squad_v1", "xquad", "XQuAD translates passages of SQuAD 1.1, and uses its training set"),
    Relation("squad_v2", "xquad", "SQuAD 2.0 contains the questions of SQuAD 1.1, which XQuAD uses and translates"),
    Relation("squad_v1", "mlqa", "SQuAD 1.1 is the training set of MLQA"),
    Relation("squad_v2", "mlqa", "SQuAD 2.0 contains SQuAD 1.1, the training set of MLQA"),
    Relation("squad (development)", "xquad", "XQuAD translates questions of the SQuAD 1.1 development set"),
    *(
        Relation(name, row.target, f"{name} is a part of {row.release.name}, and another part is a test set")
        for name, row in INTERMEDIATE.items()
        if row.target
    ),
)


def usage(recipe: Recipe) -> Usage:
    """The training and test sets of a recipe."""
    mix = recipe.intermediate
    return Usage(
        targets={task: target.languages for task, target in recipe.targets.items()},
        pretraining=_text(recipe),
        intermediate={name: task.languages for name, task in (mix.labelled if mix else {}).items()},
        aligned={name: task.languages for name, task in (mix.aligned if mix else {}).items()},
        finetuning={source: recipe.finetuning[source].languages for source in sorted(sources_of(recipe.targets))},
        select_on=recipe.intermediate.development if recipe.intermediate else (),
    )


def _text(recipe: Recipe) -> TextUse | None:
    """The text of pretraining, and that of masked language modelling beside intermediate tasks."""
    pretraining, mlm = recipe.pretraining, recipe.intermediate.mlm if recipe.intermediate else None
    languages = [code for part in (pretraining, mlm) if part for code in part.languages]
    translated = pretraining.languages if pretraining and pretraining.translation > 0 else ()
    return TextUse(tuple(dict.fromkeys(languages)), translated) if languages else None


def everything(data: Path) -> Usage:
    """Every training and test set that a data folder has."""

    def there(files: Iterable[str]) -> bool:
        return all((data / file).is_file() for file in files)

    languages = (*LANGUAGES, *VARIETIES)
    texts = sorted(path.stem for path in (data / "text").glob("*.txt") if path.stat().st_size)
    return Usage(
        targets={
            task: tuple(code for code in row.languages if there(layout.test_files(task, code)))
            for task, row in TASKS.items()
        },
        pretraining=TextUse(tuple(texts), translated=()),
        intermediate={
            task: codes
            for task in INTERMEDIATE
            if there(layout.intermediate_files(task))
            and (codes := tuple(code for code in languages if there(layout.intermediate_files(task, [code], ()))))
        },
        aligned={},
        finetuning={source: ("en",) for source in layout.SOURCES if there(layout.training_files(source))},
        select_on=("en",),
    )


def files(used: Usage, data: Path | None = None) -> list[str]:
    """The files below the data folder that `audit` reads. Development sets other than English are optional."""
    found = {file for task, codes in used.targets.items() for code in codes for file in layout.test_files(task, code)}
    for source, codes in used.finetuning.items():
        found.update(layout.training_files(source, codes[1:]))
    for task, codes in used.intermediate.items():
        found.update(layout.intermediate_files(task, codes, used.select_on))
    if text := used.pretraining:
        found |= {
            file for code in text.languages for file in layout.text_files(code, translation=code in text.translated)
        }
    dev = (dev_file(task, code) for task, codes in used.targets.items() for code in codes)
    return sorted(found | {file for file in dev if data is not None and (data / file).is_file()})


def dev_file(task: str, language: str) -> str:
    """The path of the development set in the language of a test set."""
    return f"{task}/dev-{language}.tsv"


def relations(used: Usage) -> list[dict[str, str]]:
    """The known relations of a recipe's training and development sets to its targets."""
    trained = set(used.intermediate)
    if "squad" in used.finetuning or "squad_v1" in trained:
        trained.add("squad (development)")
    return [
        {"training": one.training, "target": one.target, "why": one.why}
        for one in RELATIONS
        if one.training in trained and one.target in used.targets
    ]


def seen(used: Usage) -> dict[str, dict[str, list[str]]]:
    """Target -> language that is not zero-shot -> the corpora with it that are labelled, or aligned text."""
    labelled: dict[str, list[str]] = defaultdict(list)
    for task, codes in [*used.intermediate.items(), *used.aligned.items()]:
        for code in codes:
            labelled[spoken(code)].append(f"intermediate: {task}")
    for name, codes in used.finetuning.items():
        for code in codes:
            labelled[code].append(f"fine-tuning: {name}")
    return {task: {code: labelled[code] for code in codes if code in labelled} for task, codes in used.targets.items()}
