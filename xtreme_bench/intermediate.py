"""The table of intermediate tasks, on which an encoder is trained before fine-tuning: one row each.

A row has all facts about a task, and no other place names it: recipes, layout, readers, `data prepare`, `data fetch`,
published sizes, reports and keys follow the row. A new task needs a row here, a reader and a preparer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from xtreme_bench.benchmark import NLI_LABELS, PARAPHRASE_LABELS, TASKS
from xtreme_bench.releases import JSON_OBJECT, TRAIN_DEV, Form, Hub, Part, Source, at, english

Family = Literal["classification", "choice", "tagging", "qa", "dialogue"]
SPLITS = ("train", "dev")


@dataclass(frozen=True)
class Release:
    """The release of a corpus: facts for `data prepare`, `data fetch` and people, which training does not need.

    `name` is its name in its project, `sizes` its published records by split and language ("train en"). `preparer`
    ("module:name") writes its files from releases in one of `forms`, and from releases of `borrows`: corpora that
    provide it in other languages. `source` says where to get it.
    """

    name: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    preparer: str = ""
    forms: tuple[Form, ...] = ()
    borrows: tuple[str, ...] = ()
    source: Source | None = None


@dataclass(frozen=True)
class Corpus:
    """One row: an intermediate task, or a part that is not a task by itself (`alone` is false).

    `family` names a module of `xtreme_bench.training.families`. `files` are the files of each split below the data
    folder; `{}` is the folder of a language other than English. `reader` ("module:name") reads one file.
    `labels` are the classes; `label_file` holds them if each corpus has its own. A task with several `parts` (one
    head, one set of labels) has no files of its own; the files of its parts are read in order. `impossible`: a question
    may have no answer. `options` is the number of answers to choose from. `metric` chooses checkpoints instead of the
    family's metric. `matched_by` says what translations of an item share, their "id" or their "position"; without it
    files in other languages contain other items. `target` is the target whose data these are, `target_elsewhere` that
    in languages other than English: what trains on them is not zero-shot there. `miniature`: whether the built-in
    corpora have the task. `release` is in no key of a training, because it does not affect training.
    """

    name: str
    family: Family
    release: Release
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reader: str = ""
    labels: tuple[str, ...] = ()
    label_file: str = ""
    parts: tuple[str, ...] = ()
    impossible: bool = False
    metric: str = ""
    matched_by: str = "id"
    target: str = ""
    target_elsewhere: str = ""
    options: int = 0
    alone: bool = True
    miniature: bool = False

    @property
    def corpora(self) -> tuple[Corpus, ...]:
        """The rows whose files are read: the parts of the task, or the task itself."""
        return tuple(CORPORA[part] for part in self.parts) or (self,)

    def targets(self, languages: Collection[str]) -> set[str]:
        """The targets whose own data it is, in some languages."""
        return {self.target, self.target_elsewhere if {*languages} - {"en"} else ""} - {""}

    @cached_property
    def trained_on(self) -> dict[str, Any]:
        """The fields of the row that a training depends on."""
        return {name: value for name, value in asdict(self).items() if name not in ("release", "options")}

    @cached_property
    def prepared_from(self) -> dict[str, Any]:
        """The fields of the row that `data prepare` depends on: all but where to get the corpus."""
        return asdict(replace(self, release=replace(self.release, source=None)))


def _files(train: str, dev: str) -> dict[str, tuple[str, ...]]:
    return {"train": (train,), "dev": (dev,)}


_READ, _PREPARE = "xtreme_bench.data.intermediate", "xtreme_bench.data.release"
_GITHUB = "https://raw.githubusercontent.com"
_SQUAD = f"{_GITHUB}/rajpurkar/SQuAD-explorer/master/dataset"
_HELLASWAG = f"{_GITHUB}/rowanz/hellaswag/master/data"
_COSMOSQA = f"{_GITHUB}/wilburOne/cosmosqa/b6eb99cca4e2a51dd28a9a6f562534872d851639/data"
_L = r"(?P<language>[a-z]{2})"
_NLI_COLUMNS = r"gold_label\tsentence1_binary_parse\t"
_MNLI_SPLITS = r"(?P<split>train|dev_matched|dev_mismatched)"
_GOLD_LABEL = r'\{[^\n]*"gold_label"'

# Unless noted, sizes are from Phang et al. 2020 (arXiv 2005.13013), not confirmed at the source. Addresses are those
# of XTREME's `scripts/download_data.sh` and of the data sets' own pages.
# fmt: off
_ROWS = (
    Corpus("anli_plus", "classification", Release("SNLI 1.0, MultiNLI 1.0 and ANLI 1.0",
            {"train en": 1_104_934, "dev en": 22_857}),
        labels=NLI_LABELS, parts=("snli", "mnli", "anli"), matched_by="", miniature=True),
    Corpus("mnli", "classification", Release("MultiNLI 1.0",
            # Williams et al. 2018: the matched development set. XNLI's authors translated the training pairs.
            {"dev en": 9_815, **{f"train {language}": 392_702 for language in TASKS["xnli"].languages}},
            f"{_PREPARE}.training:prepare_mnli",
            (Form("mnli", "MultiNLI 1.0", rf"multinli_1\.0_{_MNLI_SPLITS}\.(?P<ending>jsonl)", _GOLD_LABEL),
             Form("mnli", "MultiNLI 1.0", rf"multinli_1\.0_{_MNLI_SPLITS}\.(?P<ending>txt)", _NLI_COLUMNS),
             Form("mnli", "GLUE", rf"{_MNLI_SPLITS}\.tsv", r"index\tpromptID\tpairID\tgenre\t", common=True),
             Form("mnli", "jiant", r"mnli[_/](?P<split>train|val)\.jsonl",
                  r'\{[^\n]*"premise"[^\n]*"hypothesis"')),
            borrows=("xnli",),
            source=Source("mnli",
                Hub("nyu-mll/multi_nli", "da70db2af9d09693783c3320c4249840212ee221", "nli",
                    english("data", "multinli_1.0_train.jsonl", "multinli_1.0_dev_matched.jsonl",
                            dev_split="validation_matched")),
                at("https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip"))),
        _files("mnli/{}multinli_1.0_train.jsonl", "mnli/{}multinli_1.0_dev_matched.jsonl"),
        f"{_READ}:read_nli", NLI_LABELS, matched_by="position", miniature=True),
    Corpus("qqp", "classification", Release("GLUE's QQP",
            {"train en": 363_846, "dev en": 40_430}, f"{_PREPARE}.training:prepare_qqp",
            (Form("qqp", "GLUE", rf"{TRAIN_DEV}\.tsv", r"id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
                  common=True),),
            borrows=("pawsx",),
            source=Source("qqp",
                Hub("nyu-mll/glue", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c", "qqp",
                    english("qqp", "train.tsv", "dev.tsv")),
                at("https://dl.fbaipublicfiles.com/glue/data/QQP-clean.zip"))),
        _files("qqp/{}train.tsv", "qqp/{}dev.tsv"), f"{_READ}:read_qqp", PARAPHRASE_LABELS, matched_by="",
        target_elsewhere="pawsx", miniature=True),
    Corpus("squad_v1", "qa", Release("SQuAD 1.1",
            {"train en": 87_599, "dev en": 10_570}, f"{_PREPARE}.squad:prepare_squad_v1",
            (Form("squad_v1", "SQuAD 1.1", rf"{TRAIN_DEV}-v1\.1\.json", JSON_OBJECT),
             Form("squad_v1", "SQuAD 1.1 translated", rf"{_L}_squad-translate-train-{TRAIN_DEV}-v1\.1\.json",
                  JSON_OBJECT),
             Form("squad_v1", "SQuAD 1.1 translated", rf"squad\.translate\.(?P<split>train)\.en-{_L}\.json",
                  JSON_OBJECT)),
            source=Source("squad_v1",
                Hub("rajpurkar/squad", "7b6d24c440a36b6815f21b70d25016731768db1f", "squad",
                    english("plain_text", "train-v1.1.json", "dev-v1.1.json")),
                at(f"{_SQUAD}/train-v1.1.json", f"{_SQUAD}/dev-v1.1.json"))),
        _files("squad/{}train-v1.1.json", "squad/{}dev-v1.1.json"), f"{_READ}:read_squad", miniature=True),
    Corpus("squad_v2", "qa", Release("SQuAD 2.0",
            {"train en": 130_319, "dev en": 11_873}, f"{_PREPARE}.squad:prepare_squad_v2",
            (Form("squad_v2", "SQuAD 2.0", rf"{TRAIN_DEV}-v2\.0\.json", JSON_OBJECT),),
            source=Source("squad_v2",
                Hub("rajpurkar/squad_v2", "3ffb306f725f7d2ce8394bc1873b24868140c412", "squad_v2",
                    english("squad_v2", "train-v2.0.json", "dev-v2.0.json")),
                at(f"{_SQUAD}/train-v2.0.json", f"{_SQUAD}/dev-v2.0.json"))),
        _files("squad/{}train-v2.0.json", "squad/{}dev-v2.0.json"), f"{_READ}:read_squad", impossible=True,
        miniature=True),
    Corpus("hellaswag", "choice", Release("HellaSwag",
            {"train en": 39_905, "dev en": 10_042}, f"{_PREPARE}.training:prepare_hellaswag",
            (Form("hellaswag", "HellaSwag", r"hellaswag_(?P<split>train|val)\.jsonl", r'\{[^\n]*"endings"'),),
            source=Source("hellaswag",
                Hub("Rowan/hellaswag", "218ec52e09a7e7462a5400043bb9a69a41d06b76", "hellaswag",
                    english("data", "hellaswag_train.jsonl", "hellaswag_val.jsonl")),
                at(f"{_HELLASWAG}/hellaswag_train.jsonl", f"{_HELLASWAG}/hellaswag_val.jsonl"))),
        _files("hellaswag/{}hellaswag_train.jsonl", "hellaswag/{}hellaswag_val.jsonl"), f"{_READ}:read_hellaswag",
        options=4, miniature=True),
    Corpus("ccg", "tagging", Release("CCGbank (LDC2005T13) as `words TAB tags`, with tags_to_id.json",
            {"train en": 38_015, "dev en": 5_484}, f"{_PREPARE}.training:prepare_ccg",
            (Form("ccg", "jiant", rf"ccg\.{TRAIN_DEV}"),
             Form("ccg", "jiant", r"(?P<split>tags)_to_id\.json", JSON_OBJECT)),
            source=Source("ccg",
                no_upstream="CCGbank (LDC2005T13) needs a licence of the Linguistic Data Consortium, "
                            "https://catalog.ldc.upenn.edu/LDC2005T13")),
        _files("ccg/{}ccg.train", "ccg/{}ccg.dev"), f"{_READ}:read_ccg", label_file="ccg/{}tags_to_id.json",
        metric="accuracy", miniature=True),
    Corpus("cosmosqa", "choice", Release("Cosmos QA",
            # Counted in the released files; the paper has 25,588 and 3,000.
            {"train en": 25_262, "dev en": 2_985}, f"{_PREPARE}.training:prepare_cosmosqa",
            (Form("cosmosqa", "CosmosQA", r"(?P<split>train|valid)\.csv", r"id,context,question,answer0,",
                  common=True),),
            source=Source("cosmosqa", None, at(f"{_COSMOSQA}/train.csv", f"{_COSMOSQA}/valid.csv"))),
        _files("cosmosqa/{}train.csv", "cosmosqa/{}valid.csv"), f"{_READ}:read_cosmosqa", options=4, miniature=True),
    Corpus("commonsenseqa", "choice", Release("CommonsenseQA 1.11 (random split)",
            {"train en": 9_741, "dev en": 1_221}, f"{_PREPARE}.training:prepare_commonsenseqa",
            (Form("commonsenseqa", "CommonsenseQA", rf"{TRAIN_DEV}_rand_split\.jsonl", r'\{[^\n]*"answerKey"'),),
            source=Source("commonsenseqa",
                Hub("tau/commonsense_qa", "94630fe30dad47192a8546eb75f094926d47e155", "commonsenseqa",
                    english("data", "train_rand_split.jsonl", "dev_rand_split.jsonl")),
                at("https://s3.amazonaws.com/commonsensqa/train_rand_split.jsonl",
                   "https://s3.amazonaws.com/commonsensqa/dev_rand_split.jsonl"))),
        _files("commonsenseqa/{}train_rand_split.jsonl", "commonsenseqa/{}dev_rand_split.jsonl"),
        f"{_READ}:read_commonsenseqa", options=5, miniature=True),
    Corpus("snli", "classification", Release("SNLI 1.0",
            # Bowman et al. 2015, pairs with a gold label.
            {"train en": 549_367, "dev en": 9_842}, f"{_PREPARE}.training:prepare_snli",
            (Form("snli", "SNLI 1.0", r"snli_1\.0_(?P<split>train|dev)\.(?P<ending>jsonl)", _GOLD_LABEL),
             Form("snli", "SNLI 1.0", r"snli_1\.0_(?P<split>train|dev)\.(?P<ending>txt)", _NLI_COLUMNS)),
            source=Source("snli",
                Hub("stanfordnlp/snli", "cdb5c3d5eed6ead6e5a341c8e56e669bb666725b", "snli",
                    english("plain_text", "snli_1.0_train.jsonl", "snli_1.0_dev.jsonl")),
                at("https://nlp.stanford.edu/projects/snli/snli_1.0.zip"))),
        _files("snli/{}snli_1.0_train.jsonl", "snli/{}snli_1.0_dev.jsonl"), f"{_READ}:read_nli", NLI_LABELS,
        alone=False, miniature=True),
    Corpus("anli", "classification", Release("ANLI 1.0",
            # Nie et al. 2020, rounds 1 to 3.
            {"train en": 16_946 + 45_460 + 100_459, "dev en": 1_000 + 1_000 + 1_200},
            f"{_PREPARE}.training:prepare_anli",
            (Form("anli", "ANLI", r"R(?P<round>[123])/(?P<split>train|dev)\.jsonl",
                  r'\{[^\n]*"context"[^\n]*"hypothesis"'),),
            source=Source("anli",
                Hub("facebook/anli", "8e4813d81f46d313dac7892e1c28076917cfcdf9", "anli", tuple(
                    Part(f"plain_text/{split}_r{number}-*.parquet", f"R{number}/{split}.jsonl")
                    for number in (1, 2, 3) for split in SPLITS)),
                at("https://dl.fbaipublicfiles.com/anli/anli_v1.0.zip"))),
        {split: tuple(f"anli/{{}}R{r}/{split}.jsonl" for r in (1, 2, 3)) for split in SPLITS},
        f"{_READ}:read_anli", NLI_LABELS, alone=False, miniature=True),
    # Development sets that stand in for a test set: `data prepare` gives their first part to training, everywhere.
    Corpus("xnli_dev", "classification", Release("XNLI's development set",
            {}, f"{_PREPARE}.pairs:prepare_xnli_dev",
            (Form("xnli_dev", "prepared", rf"xnli_dev/(?:{_L}/)?{TRAIN_DEV}\.tsv"),)),
        _files("xnli_dev/{}train.tsv", "xnli_dev/{}dev.tsv"), f"{_READ}:read_xnli_dev", NLI_LABELS, target="xnli"),
    Corpus("pawsx_dev", "classification", Release("PAWS-X's development set",
            {}, f"{_PREPARE}.pairs:prepare_pawsx_dev",
            (Form("pawsx_dev", "prepared", rf"pawsx_dev/(?:{_L}/)?{TRAIN_DEV}\.tsv"),)),
        _files("pawsx_dev/{}train.tsv", "pawsx_dev/{}dev.tsv"), f"{_READ}:read_pawsx_dev", PARAPHRASE_LABELS,
        target="pawsx"),
    Corpus("tydiqa_train", "qa", Release("TyDiQA's training set",
            {}, f"{_PREPARE}.squad:prepare_tydiqa_train",
            (Form("tydiqa_train", "prepared", rf"tydiqa_train/(?:{_L}/)?{TRAIN_DEV}\.json", JSON_OBJECT),),
            borrows=("tydiqa",)),
        _files("tydiqa_train/{}train.json", "tydiqa_train/{}dev.json"), f"{_READ}:read_squad", matched_by="",
        target="tydiqa"),
)
# fmt: on

# Tasks and their parts; those that a recipe can name.
CORPORA: Mapping[str, Corpus] = MappingProxyType({row.name: row for row in _ROWS})
INTERMEDIATE: Mapping[str, Corpus] = MappingProxyType({row.name: row for row in _ROWS if row.alone})


def readers_of(names: Iterable[str]) -> tuple[str, ...]:
    """The readers, each as "module:name", of tasks and their parts."""
    readers = (row.reader for name in names for row in CORPORA[name].corpora)
    return tuple(dict.fromkeys(readers))


def preparers() -> tuple[str, ...]:
    """The preparers of all corpora, each as "module:name"."""
    return tuple(row.release.preparer for row in CORPORA.values() if row.release.preparer)


def source_corpus(name: str) -> str:
    """The corpus name of a source of fine-tuning: `squad` is SQuAD 1.1, the others keep their names."""
    return "squad_v1" if name == "squad" else name


def parts_of(name: str) -> tuple[str, ...]:
    """The corpora that a task, or a source of fine-tuning, is made from: its parts, or itself."""
    row = CORPORA.get(source_corpus(name))
    return tuple(one.name for one in row.corpora) if row else (name,)
