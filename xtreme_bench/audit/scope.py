"""What an audit is about: what a recipe trains on and is tested on, the files of that, and what is known of corpora."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.usage import TextUse, Usage
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.fields import Recipe


@dataclass(frozen=True)
class Relation:
    """Two corpora that are related whatever their texts look like: `training` was used, `target` is scored."""

    training: str
    target: str
    why: str


# Sources: the papers of the corpora (Conneau et al. 2018, Artetxe et al. 2020, Lewis et al. 2020, Clark et al. 2020).
RELATIONS = (
    Relation("mnli", "xnli", "XNLI's training set is MultiNLI, and its test pairs were collected in the same way"),
    Relation("anli_plus", "xnli", "ANLI+ holds MultiNLI, which is XNLI's training set"),
    Relation("squad_v1", "xquad", "XQuAD translates passages of SQuAD 1.1, whose training set is XQuAD's"),
    Relation("squad_v2", "xquad", "SQuAD 2.0 holds the questions of SQuAD 1.1, on the passages that XQuAD translates"),
    Relation("squad_v1", "mlqa", "SQuAD 1.1 is the training set of MLQA"),
    Relation("squad_v2", "mlqa", "SQuAD 2.0 holds the training set of MLQA"),
    Relation("squad (development)", "xquad", "XQuAD's questions are those of SQuAD 1.1's development set, translated"),
    *(
        Relation(name, row.target, f"{name} is a part of {row.release.name}, of which another part is tested on")
        for name, row in INTERMEDIATE.items()
        if row.target
    ),
)


def usage(recipe: Recipe) -> Usage:
    """What a recipe trains on and is tested on."""
    tasks = recipe.intermediate.tasks if recipe.intermediate else {}
    text = recipe.pretraining
    return Usage(
        targets={task: target.languages for task, target in recipe.targets.items()},
        pretraining=TextUse(text.languages, translation=text.translation > 0) if text else None,
        intermediate={name: task.languages for name, task in tasks.items()},
        finetuning=tuple(sorted({source for task in recipe.targets if (source := TASKS[task].source) is not None})),
        select_on=recipe.intermediate.development if recipe.intermediate else (),
    )


def everything(data: Path) -> Usage:
    """All that a data folder allows to train on and to test on."""

    def there(files: Iterable[str]) -> bool:
        return all((data / file).is_file() for file in files)

    texts = sorted(path.stem for path in (data / "text").glob("*.txt") if path.stat().st_size)
    return Usage(
        targets={
            task: tuple(code for code in row.languages if there(layout.test_files(task, code)))
            for task, row in TASKS.items()
        },
        pretraining=TextUse(tuple(texts), translation=False),
        intermediate={
            task: codes
            for task in INTERMEDIATE
            if there(layout.intermediate_files(task))
            and (codes := tuple(code for code in LANGUAGES if there(layout.intermediate_files(task, [code], ()))))
        },
        finetuning=tuple(source for source in layout.SOURCES if there(layout.training_files(source))),
        select_on=("en",),
    )


def files(used: Usage, data: Path | None = None) -> list[str]:
    """What `audit` reads below the data folder; development sets of other languages only where `data` has them."""
    found = {file for task, codes in used.targets.items() for code in codes for file in layout.test_files(task, code)}
    found |= {file for source in used.finetuning for file in layout.training_files(source)}
    for task, codes in used.intermediate.items():
        found.update(layout.intermediate_files(task, codes, used.select_on))
    if text := used.pretraining:
        found |= {file for code in text.languages for file in layout.text_files(code, translation=text.translation)}
    dev = (dev_file(task, code) for task, codes in used.targets.items() for code in codes)
    return sorted(found | {file for file in dev if data is not None and (data / file).is_file()})


def dev_file(task: str, language: str) -> str:
    """A development set beside a test set of sentence pairs or tagged sentences."""
    return f"{task}/dev-{language}.tsv"


def relations(used: Usage) -> list[dict[str, str]]:
    """The known relations between what a recipe trains on or chooses by and its targets."""
    trained = set(used.intermediate)
    if "squad" in used.finetuning or "squad_v1" in trained:
        trained.add("squad (development)")
    return [
        {"training": one.training, "target": one.target, "why": one.why}
        for one in RELATIONS
        if one.training in trained and one.target in used.targets
    ]


def seen(used: Usage) -> dict[str, dict[str, list[str]]]:
    """For each target the languages that are not zero-shot, with the labelled corpora in which they were seen."""
    labelled: dict[str, list[str]] = defaultdict(list)
    for task, codes in used.intermediate.items():
        for code in codes:
            labelled[code].append(f"intermediate: {task}")
    for name in used.finetuning:
        labelled["en"].append(f"fine-tuning: {name}")
    return {task: {code: labelled[code] for code in codes if code in labelled} for task, codes in used.targets.items()}
