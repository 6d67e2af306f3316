"""Where each file lies below the data folder: the layout of XTREME's `download/`, plus a folder per intermediate task.

All functions return POSIX paths relative to the data folder. The `*_files` functions list everything that a use
reads, so that a stage's key can cover exactly the data it depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from xtreme_bench.benchmark import TASKS, of_group
from xtreme_bench.data.imposters import file_fault
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.intermediate import CORPORA, SPLITS
from xtreme_bench.wording import hint

# The data folder where none is named.
DATA = Path("data")
SOURCES = tuple(sorted({task.source for task in TASKS.values() if task.source}))


def source_file(source: str, split: str, language: str = "en") -> str:
    """The file that holds `split` ("train" or "dev") of a source of fine-tuning; only dialogues have other languages.

    TyDiQA has no development set of its own (XTREME tests on it): both splits are cut from the training file.
    """
    known(source, SOURCES, "source of fine-tuning")
    known(split, SPLITS, "split")
    if source == "squad":
        return f"squad/{split}-v1.1.json"
    if source == "tydiqa":
        return "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json"
    return f"{source}/{split}-{language}.{TASKS[source].extension}"


def ontology_file(task: str, language: str) -> str:
    """The slots of a dialogue task and their values, as a language calls them."""
    return f"{task}/ontology-{language}.json"


def ontologies(name: str, languages: Iterable[str]) -> list[str]:
    """Those files of a source of fine-tuning or a target; none if it has no dialogues."""
    return [ontology_file(name, language) for language in languages] if name in of_group("dialogue") else []


def test_file(task: str, language: str) -> str:
    """The file with the unlabelled test examples of a target task that is not retrieval."""
    known(task, tuple(name for name, row in TASKS.items() if row.tests), "target task")
    return TASKS[task].tests.format(language)


def tatoeba_files(language: str) -> tuple[str, str]:
    """The foreign and the (sorted) English sentences."""
    return f"tatoeba/{language}-en.{language}", f"tatoeba/{language}-en.en"


def bucc_files(language: str, split: str) -> tuple[str, str]:
    """The foreign and the English sentences of "dev" (BUCC's sample set) or "test" (its training set)."""
    known(split, ("dev", "test"), "split")
    return f"bucc2018/{language}-en.{split}.{language}", f"bucc2018/{language}-en.{split}.en"


def bucc_gold_file(language: str) -> str:
    """The true pairs of BUCC's development set, on which the threshold is chosen."""
    return f"bucc2018/{language}-en.dev.gold"


def intermediate_split_files(task: str, split: str, language: str = "en") -> list[str]:
    """The files of one split of an intermediate task, or of a part of one, in `language`."""
    known(task, tuple(CORPORA), "intermediate task")
    known(split, SPLITS, "split")
    return [_of_language(file, language) for part in CORPORA[task].corpora for file in part.files[split]]


def label_files(task: str, languages: Iterable[str]) -> list[str]:
    """The files of an intermediate task's labels, in each of `languages`; none if the labels are in the table."""
    file = CORPORA[known(task, tuple(CORPORA), "intermediate task")].label_file
    return [_of_language(file, language) for language in languages] if file else []


def _of_language(file: str, language: str) -> str:
    """The path of a file in the table: a language other than English has a folder of its own."""
    return file.format("" if language == "en" else f"{language}/")


def labels_beside(data: Path) -> Path:
    """Where `data prepare` writes the gold labels of a data folder: beside it, with `-labels` added to its name."""
    named = data if data.name not in ("", "..") else data.resolve()
    return named.with_name(f"{named.name}-labels")


def text_file(language: str) -> str:
    """Raw text for pretraining, one passage or sentence per line."""
    return f"text/{language}.txt"


def parallel_files(language: str) -> tuple[str, str]:
    """Translations for pretraining: line i of the foreign file says what line i of the English file says."""
    return f"parallel/{language}-en.{language}", f"parallel/{language}-en.en"


def training_files(source: str, others: Iterable[str] = ()) -> list[str]:
    """All files that fine-tuning on `source` reads, with examples in `others`, languages beside English."""
    others = tuple(others)
    files = {source_file(source, split) for split in SPLITS} | {source_file(source, "train", one) for one in others}
    return sorted(files.union(ontologies(source, ("en", *others))))


def test_files(task: str, language: str) -> list[str]:
    """All files that predicting a target task in one language reads; for BUCC the development set too."""
    if task == "tatoeba":
        return sorted(tatoeba_files(language))
    if task == "bucc2018":
        return sorted([*bucc_files(language, "dev"), *bucc_files(language, "test"), bucc_gold_file(language)])
    return [test_file(task, language), *ontologies(task, dict.fromkeys(("en", language)))]


def gold_files(task: str, language: str) -> list[str]:
    """All files of a target's gold labels in one language, below the folder of labels."""
    return [TASKS[task].file(language), *ontologies(task, [language])]


def intermediate_files(task: str, languages: Iterable[str] = ("en",), select_on: Iterable[str] = ("en",)) -> list[str]:
    """All files that intermediate training on one task reads: `select_on` are the languages of development data."""
    parts = [("train", language) for language in languages] + [("dev", language) for language in select_on]
    files = {file for split, language in parts for file in intermediate_split_files(task, split, language)}
    return sorted(files.union(label_files(task, {language for _, language in parts})))


def text_files(language: str, *, translation: bool) -> list[str]:
    """All files that pretraining reads for one language; English has no translations of its own."""
    return [text_file(language), *(sorted(parallel_files(language)) if translation and language != "en" else ())]


ABSENT = "missing"


def missing(data: Path, files: Iterable[str], purpose: str) -> list[Problem]:
    """A problem for each of `files` that is missing below `data` or is not data, so that all show before any work."""
    problems = []
    for path in (data / file for file in files):
        if not path.is_file():
            problems.append(Problem(f"{ABSENT}: it holds the {purpose}", file=str(path)))
        elif fault := file_fault(path):
            problems.append(Problem(f"{fault}; it should hold the {purpose}", file=str(path)))
    return problems


def known(name: str, names: Sequence[str], what: str) -> str:
    """`name` if it is one of `names`, else `InputError` with the nearest one."""
    if name in names:
        return name
    raise InputError(f"unknown {what} {name!r}{hint(name, names)}")
