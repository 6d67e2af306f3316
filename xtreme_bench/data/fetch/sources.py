"""Where to get released corpora: one row each; those of intermediate tasks are in their table.

Addresses are those of XTREME's `scripts/download_data.sh` and of the data sets' own pages. Revisions of hub data sets
are full commits that public code pins. Where the hub's copy differs from what the benchmark uses, it is not used.
"""

from __future__ import annotations

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.release.retrieval import TATOEBA_CODES
from xtreme_bench.intermediate import CORPORA, source_corpus
from xtreme_bench.releases import Hub, Part, Source, at

_GITHUB = "https://raw.githubusercontent.com"
_LASER = f"{_GITHUB}/facebookresearch/LASER/74bc6ae7ffb7cba670fe0f428d0ede9f666fb821/data/tatoeba/v1"
_XQUAD = f"{_GITHUB}/google-deepmind/xquad/7d30520c717524000f0d9d2f9c10a069acd9d285"
_WOZ = f"{_GITHUB}/nmrksic/neural-belief-tracker/63b5933d867fd9dacc2bfadcc5f6be3a3ef8ee77"
_CONVLAB = f"{_GITHUB}/thu-coai/ConvLab-2/b014b81fcb1ff74f54681917eee39c14c87af3e5/data"
_XCOPA = f"{_GITHUB}/cambridgeltl/xcopa/e2e9d7f105a758ee869cd13e0fe251ef93a29840/data"


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
        at("https://dl.fbaipublicfiles.com/XNLI/XNLI-1.0.zip", "https://dl.fbaipublicfiles.com/XNLI/XNLI-MT-1.0.zip")),
    Source("pawsx",
        Hub("google-research-datasets/paws-x", "4cd8187c404bda33cb1f62b49b001115862acf37", "pawsx", (
            Part("en/train-*.parquet", "en/train.tsv"),
            *_each("pawsx", ("{}/validation-*.parquet", "{}/dev_2k.tsv"), ("{}/test-*.parquet", "{}/test_2k.tsv")))),
        at("https://storage.googleapis.com/paws/pawsx/x-final.tar.gz")),
    Source("udpos", None,
        at("https://lindat.mff.cuni.cz/repository/xmlui/bitstream/handle/11234/1-3105/ud-treebanks-v2.5.tgz"),
        no_hub="universal_dependencies is not release 2.5, and google/xtreme has the parts of contractions as words, "
               "where XTREME has the contraction as one"),
    Source("panx",
        Hub("unimelb-nlp/wikiann", "f0a3be6dc5564c0cc4150bb660144800a1f539d4", "wikiann",
            _each("panx", ("{}/train-*.parquet", "{}/train"), ("{}/validation-*.parquet", "{}/dev"),
                  ("{}/test-*.parquet", "{}/test"))),
        manual=(("AmazonPhotos.zip", "https://www.amazon.com/clouddrive/share/d3KGCRCIYwhKJF0H3eWA26hjg2ZCRhjpEQtDL70FSBN"),),
        no_upstream="its authors' address is a shared folder that only a person can open"),
    Source("tatoeba", None,
        at(*(f"{_LASER}/tatoeba.{code}-eng.{side}" for code in TATOEBA_CODES for side in (code, "eng"))),
        no_hub="mteb/tatoeba-bitext-mining is in another order, and no commit of google/xtreme is known that its copy, "
               "which has the same lines, could be held to"),
    Source("bucc2018", None,
        at(*(f"https://comparable.limsi.fr/bucc2018/bucc2018-{language}-en.{part}-gold.tar.bz2"
              for language in TASKS["bucc2018"].languages for part in ("training", "sample"))),
        no_hub="mteb/BUCC has the training part alone, without the ids of the sentences, and not the sample part, from "
               "which the threshold is set; other copies keep the gold pairs only"),
    Source("xquad",
        Hub("google/xquad", "51adfef1c1287aab1d2d91b5bead9bcfb9c68583", "squad",
            _each("xquad", ("xquad.{}/validation-*.parquet", "xquad.{}.json"))),
        at(*(f"{_XQUAD}/xquad.{language}.json" for language in TASKS["xquad"].languages))),
    Source("mlqa", None, at("https://dl.fbaipublicfiles.com/MLQA/MLQA_V1.zip"),
        no_hub="facebook/mlqa is a script, and google/xtreme cuts white space off the questions"),
    Source("tydiqa", None,
        at("https://storage.googleapis.com/tydiqa/v1.1/tydiqa-goldp-v1.1-train.json",
            "https://storage.googleapis.com/tydiqa/v1.1/tydiqa-goldp-v1.1-dev.tgz"),
        remark="English has 440 development questions in GoldP 1.1, which XTREME downloads; its paper counts 634"),
    Source("woz", None,
        at(*(f"{_WOZ}/data/woz/woz_{split}_{language}.json"
             for split in ("train", "validate", "test") for language in TASKS["woz"].languages),
           *(f"{_WOZ}/ontologies/ontology_dstc2_{language}.json" for language in TASKS["woz"].languages)),
        no_hub="no copy of it is known there"),
    Source("multiwoz", None, tuple(
        (file, f"{_CONVLAB}/{file}")
        for file in ("multiwoz/ontology_sumbt.json",
                     *(f"{folder}/{split}.json.zip"
                       for folder in ("multiwoz", "multiwoz_zh") for split in ("train", "val", "test")))),
        no_hub="its copies there have no Chinese dialogues"),
    *(row.release.source for row in CORPORA.values() if row.release.source),
    Source("xcopa", None, tuple(
        (f"data/{language}/{split}.{language}.jsonl", f"{_XCOPA}/{language}/{split}.{language}.jsonl")
        for language in ("et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh")
        for split in ("val", "test"))),
)}
# fmt: on
# Tasks that need other corpora than the one of their name.
NEEDS = {
    **{row.name: row.parts for row in CORPORA.values() if row.parts},
    **{
        row.name: (row.name, source_corpus(row.source))
        for row in TASKS.values()
        if row.source and row.source != row.name
    },
}
