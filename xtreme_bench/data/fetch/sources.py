"""Where released corpora can be had: one row each.

Addresses are those of XTREME's `scripts/download_data.sh` and of the data sets' own pages. Revisions of hub data sets
are full commits that public code pins. What the hub has otherwise than the benchmark uses it is not taken from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.release.retrieval import TATOEBA_CODES

_GITHUB = "https://raw.githubusercontent.com"
_LASER = f"{_GITHUB}/facebookresearch/LASER/74bc6ae7ffb7cba670fe0f428d0ede9f666fb821/data/tatoeba/v1"
_XQUAD = f"{_GITHUB}/google-deepmind/xquad/7d30520c717524000f0d9d2f9c10a069acd9d285"
_SQUAD = f"{_GITHUB}/rajpurkar/SQuAD-explorer/master/dataset"
_HELLASWAG = f"{_GITHUB}/rowanz/hellaswag/master/data"
_COSMOSQA = f"{_GITHUB}/wilburOne/cosmosqa/b6eb99cca4e2a51dd28a9a6f562534872d851639/data"
_XCOPA = f"{_GITHUB}/cambridgeltl/xcopa/e2e9d7f105a758ee869cd13e0fe251ef93a29840/data"


@dataclass(frozen=True)
class Part:
    """Parquet files of a hub data set (`pattern`, as fnmatch) whose rows go to the released file `file`.

    `form` names what writes it in `hub_forms.FORMS`, where it is not that of the data set.
    """

    pattern: str
    file: str
    language: str = "en"
    form: str = ""


@dataclass(frozen=True)
class Hub:
    """A data set of the Hugging Face hub; `form` names what makes the release from it in `hub_forms.FORMS`."""

    repository: str
    revision: str
    form: str
    parts: tuple[Part, ...]

    @property
    def place(self) -> str:
        """Data set and commit, for people."""
        return f"{self.repository} at {self.revision}"


@dataclass(frozen=True)
class Source:
    """A released corpus: on the hub, at upstream addresses (path below the corpus's folder, address), or both.

    `manual` are (path, address) that only a person can open. `no_hub` and `no_upstream` say why a corpus is not fetched
    from there; `remark` is something else to know, and no reason for anything.
    """

    corpus: str
    hub: Hub | None = None
    upstream: tuple[tuple[str, str], ...] = ()
    manual: tuple[tuple[str, str], ...] = ()
    no_hub: str = ""
    no_upstream: str = ""
    remark: str = ""


def _at(*addresses: str) -> tuple[tuple[str, str], ...]:
    return tuple((address.rpartition("/")[2], address) for address in addresses)


def _english(config: str, train: str, dev: str, *, dev_split: str = "validation") -> tuple[Part, ...]:
    return Part(f"{config}/train-*.parquet", train), Part(f"{config}/{dev_split}-*.parquet", dev)


def _each(task: str, *splits: tuple[str, str], form: str = "") -> tuple[Part, ...]:
    """One part for each language and split; both names may hold {}, the language."""
    return tuple(
        Part(pattern.format(language), file.format(language), language, form)
        for pattern, file in splits
        for language in TASKS[task].languages
    )


# fmt: off
SOURCES = {source.corpus: source for source in (
    Source("xnli",
        Hub("facebook/xnli", "b8dd5d7af51114dbda02c0e3f6133f332186418e", "nli", (
            *_each("xnli", ("{}/train-*.parquet", "multinli.train.{}.tsv"), form="xnli_mt"),
            *_each("xnli", ("{}/validation-*.parquet", "xnli.dev.jsonl"), ("{}/test-*.parquet", "xnli.test.jsonl")))),
        _at("https://dl.fbaipublicfiles.com/XNLI/XNLI-1.0.zip", "https://dl.fbaipublicfiles.com/XNLI/XNLI-MT-1.0.zip")),
    Source("pawsx",
        Hub("google-research-datasets/paws-x", "4cd8187c404bda33cb1f62b49b001115862acf37", "pawsx", (
            Part("en/train-*.parquet", "en/train.tsv"),
            *_each("pawsx", ("{}/validation-*.parquet", "{}/dev_2k.tsv"), ("{}/test-*.parquet", "{}/test_2k.tsv")))),
        _at("https://storage.googleapis.com/paws/pawsx/x-final.tar.gz")),
    Source("udpos", None,
        _at("https://lindat.mff.cuni.cz/repository/xmlui/bitstream/handle/11234/1-3105/ud-treebanks-v2.5.tgz"),
        no_hub="universal_dependencies is not release 2.5, and google/xtreme has the parts of contractions as words, "
               "where XTREME has the contraction as one"),
    Source("panx",
        Hub("unimelb-nlp/wikiann", "f0a3be6dc5564c0cc4150bb660144800a1f539d4", "wikiann",
            _each("panx", ("{}/train-*.parquet", "{}/train"), ("{}/validation-*.parquet", "{}/dev"),
                  ("{}/test-*.parquet", "{}/test"))),
        manual=(("AmazonPhotos.zip", "https://www.amazon.com/clouddrive/share/d3KGCRCIYwhKJF0H3eWA26hjg2ZCRhjpEQtDL70FSBN"),),
        no_upstream="its authors' address is a shared folder that only a person can open"),
    Source("tatoeba", None,
        _at(*(f"{_LASER}/tatoeba.{code}-eng.{side}" for code in TATOEBA_CODES for side in (code, "eng"))),
        no_hub="mteb/tatoeba-bitext-mining is in another order, and no commit of google/xtreme is known that its copy, "
               "which has the same lines, could be held to"),
    Source("bucc2018", None,
        _at(*(f"https://comparable.limsi.fr/bucc2018/bucc2018-{language}-en.{part}-gold.tar.bz2"
              for language in TASKS["bucc2018"].languages for part in ("training", "sample"))),
        no_hub="mteb/BUCC has the training part alone, without the ids of the sentences, and not the sample part, from "
               "which the threshold is set; other copies keep the gold pairs only"),
    Source("xquad",
        Hub("google/xquad", "51adfef1c1287aab1d2d91b5bead9bcfb9c68583", "squad",
            _each("xquad", ("xquad.{}/validation-*.parquet", "xquad.{}.json"))),
        _at(*(f"{_XQUAD}/xquad.{language}.json" for language in TASKS["xquad"].languages))),
    Source("mlqa", None, _at("https://dl.fbaipublicfiles.com/MLQA/MLQA_V1.zip"),
        no_hub="facebook/mlqa is a script, and google/xtreme cuts white space off the questions"),
    Source("tydiqa", None,
        _at("https://storage.googleapis.com/tydiqa/v1.1/tydiqa-goldp-v1.1-train.json",
            "https://storage.googleapis.com/tydiqa/v1.1/tydiqa-goldp-v1.1-dev.tgz"),
        remark="English has 440 development questions in GoldP 1.1, which XTREME downloads; its paper counts 634"),
    Source("squad_v1",
        Hub("rajpurkar/squad", "7b6d24c440a36b6815f21b70d25016731768db1f", "squad",
            _english("plain_text", "train-v1.1.json", "dev-v1.1.json")),
        _at(f"{_SQUAD}/train-v1.1.json", f"{_SQUAD}/dev-v1.1.json")),
    Source("squad_v2",
        Hub("rajpurkar/squad_v2", "3ffb306f725f7d2ce8394bc1873b24868140c412", "squad_v2",
            _english("squad_v2", "train-v2.0.json", "dev-v2.0.json")),
        _at(f"{_SQUAD}/train-v2.0.json", f"{_SQUAD}/dev-v2.0.json")),
    Source("mnli",
        Hub("nyu-mll/multi_nli", "da70db2af9d09693783c3320c4249840212ee221", "nli",
            _english("data", "multinli_1.0_train.jsonl", "multinli_1.0_dev_matched.jsonl",
                     dev_split="validation_matched")),
        _at("https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip")),
    Source("snli",
        Hub("stanfordnlp/snli", "cdb5c3d5eed6ead6e5a341c8e56e669bb666725b", "snli",
            _english("plain_text", "snli_1.0_train.jsonl", "snli_1.0_dev.jsonl")),
        _at("https://nlp.stanford.edu/projects/snli/snli_1.0.zip")),
    Source("anli",
        Hub("facebook/anli", "8e4813d81f46d313dac7892e1c28076917cfcdf9", "anli", tuple(
            Part(f"plain_text/{split}_r{number}-*.parquet", f"R{number}/{split}.jsonl")
            for number in (1, 2, 3) for split in ("train", "dev"))),
        _at("https://dl.fbaipublicfiles.com/anli/anli_v1.0.zip")),
    Source("qqp",
        Hub("nyu-mll/glue", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c", "qqp", _english("qqp", "train.tsv", "dev.tsv")),
        _at("https://dl.fbaipublicfiles.com/glue/data/QQP-clean.zip")),
    Source("hellaswag",
        Hub("Rowan/hellaswag", "218ec52e09a7e7462a5400043bb9a69a41d06b76", "hellaswag",
            _english("data", "hellaswag_train.jsonl", "hellaswag_val.jsonl")),
        _at(f"{_HELLASWAG}/hellaswag_train.jsonl", f"{_HELLASWAG}/hellaswag_val.jsonl")),
    Source("cosmosqa", None, _at(f"{_COSMOSQA}/train.csv", f"{_COSMOSQA}/valid.csv")),
    Source("commonsenseqa",
        Hub("tau/commonsense_qa", "94630fe30dad47192a8546eb75f094926d47e155", "commonsenseqa",
            _english("data", "train_rand_split.jsonl", "dev_rand_split.jsonl")),
        _at("https://s3.amazonaws.com/commonsensqa/train_rand_split.jsonl",
            "https://s3.amazonaws.com/commonsensqa/dev_rand_split.jsonl")),
    Source("ccg",
        no_upstream="CCGbank (LDC2005T13) needs a licence of the Linguistic Data Consortium, "
                    "https://catalog.ldc.upenn.edu/LDC2005T13"),
    Source("xcopa", None, tuple(
        (f"data/{language}/{split}.{language}.jsonl", f"{_XCOPA}/{language}/{split}.{language}.jsonl")
        for language in ("et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh")
        for split in ("val", "test"))),
)}
# fmt: on
# Tasks that need other corpora than the one of their name.
NEEDS = {
    "xquad": ("xquad", "squad_v1"),
    "mlqa": ("mlqa", "squad_v1"),
    "anli_plus": ("snli", "mnli", "anli"),
}
