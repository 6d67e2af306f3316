"""The table of target tasks, XTREME's nine and others: their languages, files, metrics, labels and sizes.

What differs between tasks is a column here, and no other module lists the languages of a task. The tasks that XTREME's
means cover are named apart (`OVERALL`, `GROUPS`), so that a new row enters none. Languages stand in the order of the
official scorer. Sources: Hu et al. 2020 (arXiv 2003.11080) and google-research/xtreme `evaluate.py`; sizes from the
paper (table 1) and from the released data where the two differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

# Tasks of a group share readers, metrics and formats; each module that differs by group has a table by group.
Group = Literal["classification", "tagging", "qa", "retrieval", "dialogue"]


@dataclass(frozen=True)
class Language:
    """A language of XTREME: English name, language family and script, as the comparison tables group them.

    What no stage reads has tables of its own: `WORD_ORDER`, `TEXT`.
    """

    name: str
    family: str
    script: str


@dataclass(frozen=True)
class Task:
    """One target task.

    `metric` holds the metric names in the order of the official scorer. `source` is the English training set for
    fine-tuning; retrieval has none. `labels` are the labels or tags of a prediction file, empty if a line is not a
    label. `test_sizes` maps a language to its published number of lines (tagging: sentences; QA: questions); languages
    without a published number are missing. `sizes` are those of other splits ("train en"). `release` is the name of the
    release in its project. `tests` is the path of a test set below the data folder (`{}` is the language); retrieval
    has other files. `miniature`: whether the built-in corpora have the task.
    """

    name: str
    group: Group
    languages: tuple[str, ...]
    extension: Literal["tsv", "json"]
    metric: tuple[str, ...]
    source: str | None
    labels: tuple[str, ...] = ()
    test_sizes: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    release: str = ""
    tests: str = ""
    miniature: bool = False

    @cached_property
    def row(self) -> dict[str, Any]:
        """All fields, as JSON has them."""
        return asdict(self)

    @property
    def form(self) -> str:
        """The format of predictions and labels: that of the group, but each retrieval task has its own."""
        return self.name if self.group == "retrieval" else self.group

    def file(self, language: str) -> str:
        """Path of the language's predictions (and gold labels) inside a bundle: `<task>/test-<language>.<ext>`."""
        return f"{self.name}/test-{language}.{self.extension}"


NLI_LABELS = ("contradiction", "entailment", "neutral")
PARAPHRASE_LABELS = ("0", "1")
# fmt: off
UPOS_TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM",
    "VERB", "X",
)
# fmt: on
BIO_TAGS = ("B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O")

# The tasks in XTREME's means. A task that is added to TASKS enters no mean.
OVERALL = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "classification": ("pawsx", "xnli"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("bucc2018", "tatoeba"),
    }
)


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_XNLI = _codes("ar bg de el en es fr hi ru sw th tr ur vi zh")
_PAWSX = _codes("de en es fr ja ko zh")
_UDPOS = _codes("af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh")
_PANX = _codes(
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw yo my zh kk tr et "
    "fi hu"
)
_XQUAD = _codes("en es de el ru tr ar vi th zh hi")
_MLQA = _codes("en es de ar hi vi zh")
_TYDIQA = _codes("en ar bn fi id ko ru sw te")
_TATOEBA = tuple(language for language in _PANX if language not in ("ms", "en", "yo", "my"))

# fmt: off
# Only languages with a single UD 2.5 treebank were counted; the others join several treebanks.
_UDPOS_SIZES = {
    "af": 425, "bg": 1_116, "el": 456, "eu": 1_799, "fa": 600, "he": 491, "hu": 449, "kk": 1_047, "mr": 47, "ta": 120,
    "te": 146, "th": 1_000, "tl": 55, "ur": 535, "vi": 800, "yo": 100,
}
_PANX_SIZES = {
    **dict.fromkeys(_PANX, 10_000),
    **dict.fromkeys(_codes("ms tl ml ta te af bn hi mr ur sw kk"), 1_000),
    **dict.fromkeys(("jv", "yo", "my"), 100),
}
_MLQA_SIZES = {"en": 11_590, "es": 5_253, "de": 4_517, "ar": 5_335, "hi": 4_918, "vi": 5_495, "zh": 5_137}
# GoldP 1.1 development set, 5,077 questions; the paper counts an earlier release (634 English questions).
_TYDIQA_SIZES = {
    "en": 440, "ar": 921, "bn": 113, "fi": 782, "id": 565, "ko": 276, "ru": 812, "sw": 499, "te": 669,
}
_TATOEBA_SIZES = {
    **dict.fromkeys(_TATOEBA, 1_000),
    "jv": 205, "te": 234, "ta": 307, "sw": 390, "th": 548, "kk": 575, "ml": 687, "ka": 746,
}
# fmt: on

_F1 = ("f1", "precision", "recall")
_QA = ("exact_match", "f1")
_STATES = ("joint_goal_accuracy", "slot_accuracy")

# fmt: off
_ROWS = (
    Task("xnli", "classification", _XNLI, "tsv", ("accuracy",), "xnli", NLI_LABELS, dict.fromkeys(_XNLI, 5_010),
         {"train en": 392_702, "dev en": 2_490}, "XNLI-1.0 and XNLI-MT-1.0", "xnli/test-{}.tsv", miniature=True),
    Task("pawsx", "classification", _PAWSX, "tsv", ("accuracy",), "pawsx", PARAPHRASE_LABELS,
         dict.fromkeys(_PAWSX, 2_000), {"train en": 49_401, "dev en": 2_000}, "PAWS-X (x-final)", "pawsx/test-{}.tsv",
         miniature=True),
    Task("udpos", "tagging", _UDPOS, "tsv", _F1, "udpos", UPOS_TAGS, _UDPOS_SIZES,
         {"train en": 21_253, "dev en": 3_974}, "Universal Dependencies 2.5 (ud-treebanks-v2.5)",
         "udpos/test-{}.tsv", miniature=True),
    Task("panx", "tagging", _PANX, "tsv", _F1, "panx", BIO_TAGS, _PANX_SIZES, {"train en": 20_000, "dev en": 10_000},
         "WikiAnn as split by Rahimi et al. (panx_dataset)", "panx/test-{}.tsv", miniature=True),
    Task("xquad", "qa", _XQUAD, "json", _QA, "squad", test_sizes=dict.fromkeys(_XQUAD, 1_190), release="XQuAD",
         tests="xquad/xquad.{}.json", miniature=True),
    Task("mlqa", "qa", _MLQA, "json", _QA, "squad", test_sizes=_MLQA_SIZES, release="MLQA_V1",
         tests="mlqa/MLQA_V1/test/test-context-{0}-question-{0}.json", miniature=True),
    Task("tydiqa", "qa", _TYDIQA, "json", _QA, "tydiqa", (), _TYDIQA_SIZES, {"train en": 3_696}, "TyDiQA-GoldP 1.1",
         tests="tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{}.dev.json", miniature=True),
    # A BUCC file lists the pairs above a threshold, so its number of lines is not fixed. The sample set was counted in
    # the release (8,624 Chinese and 13,589 English sentences).
    Task("bucc2018", "retrieval", ("de", "fr", "ru", "zh"), "tsv", _F1, None, sizes={"dev zh": 22_213},
         release="the sample and training sets of BUCC 2018", miniature=True),
    Task("tatoeba", "retrieval", _TATOEBA, "tsv", ("accuracy",), None, test_sizes=_TATOEBA_SIZES,
         release="data/tatoeba/v1 of LASER", miniature=True),
    # Dialogue state tracking, as Moghe et al. 2021 (arXiv 2109.13620) use it; in none of XTREME's means.
    Task("woz", "dialogue", ("en", "de", "it"), "json", _STATES, "woz",
         test_sizes=dict.fromkeys(("en", "de", "it"), 400),
         sizes={"train en": 600, "dev en": 200}, release="Multilingual WoZ 2.0",
         tests="woz/test-{}.json", miniature=True),
    Task("multiwoz", "dialogue", ("en", "zh"), "json", _STATES, "multiwoz",
         test_sizes=dict.fromkeys(("en", "zh"), 1_000),
         sizes={"train en": 8_434, "dev en": 999}, release="data/multiwoz and data/multiwoz_zh of ConvLab-2",
         tests="multiwoz/test-{}.json"),
)
# fmt: on

TASKS: Mapping[str, Task] = MappingProxyType({task.name: task for task in _ROWS})


def of_group(group: Group) -> tuple[str, ...]:
    """The names of the tasks of a group, in the order of the table."""
    return tuple(name for name, task in TASKS.items() if task.group == group)


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "af": Language("Afrikaans", "Indo-European", "Latin"),
        "ar": Language("Arabic", "Afro-Asiatic", "Arabic"),
        "bg": Language("Bulgarian", "Indo-European", "Cyrillic"),
        "bn": Language("Bengali", "Indo-European", "Bengali"),
        "de": Language("German", "Indo-European", "Latin"),
        "el": Language("Greek", "Indo-European", "Greek"),
        "en": Language("English", "Indo-European", "Latin"),
        "es": Language("Spanish", "Indo-European", "Latin"),
        "et": Language("Estonian", "Uralic", "Latin"),
        "eu": Language("Basque", "Basque", "Latin"),
        "fa": Language("Persian", "Indo-European", "Arabic"),
        "fi": Language("Finnish", "Uralic", "Latin"),
        "fr": Language("French", "Indo-European", "Latin"),
        "he": Language("Hebrew", "Afro-Asiatic", "Hebrew"),
        "hi": Language("Hindi", "Indo-European", "Devanagari"),
        "hu": Language("Hungarian", "Uralic", "Latin"),
        "id": Language("Indonesian", "Austronesian", "Latin"),
        "it": Language("Italian", "Indo-European", "Latin"),
        "ja": Language("Japanese", "Japonic", "Japanese"),
        "jv": Language("Javanese", "Austronesian", "Latin"),
        "ka": Language("Georgian", "Kartvelian", "Georgian"),
        "kk": Language("Kazakh", "Turkic", "Cyrillic"),
        "ko": Language("Korean", "Koreanic", "Hangul"),
        "ml": Language("Malayalam", "Dravidian", "Malayalam"),
        "mr": Language("Marathi", "Indo-European", "Devanagari"),
        "ms": Language("Malay", "Austronesian", "Latin"),
        "my": Language("Burmese", "Sino-Tibetan", "Burmese"),
        "nl": Language("Dutch", "Indo-European", "Latin"),
        "pt": Language("Portuguese", "Indo-European", "Latin"),
        "ru": Language("Russian", "Indo-European", "Cyrillic"),
        "sw": Language("Swahili", "Niger-Congo", "Latin"),
        "ta": Language("Tamil", "Dravidian", "Tamil"),
        "te": Language("Telugu", "Dravidian", "Telugu"),
        "th": Language("Thai", "Kra-Dai", "Thai"),
        "tl": Language("Tagalog", "Austronesian", "Latin"),
        "tr": Language("Turkish", "Turkic", "Latin"),
        "ur": Language("Urdu", "Indo-European", "Arabic"),
        "vi": Language("Vietnamese", "Austroasiatic", "Latin"),
        "yo": Language("Yoruba", "Niger-Congo", "Latin"),
        "zh": Language("Chinese", "Sino-Tibetan", "Chinese"),
    }
)

# The dominant order of subject, object and verb (WALS, feature 81A). A language that is not listed has no dominant
# order, or WALS gives none.
_ORDERS = {
    "SVO": _codes("bg en es et fi fr he id it pt ru sw th vi yo zh"),
    "SOV": _codes("bn eu fa hi ja ka kk ko ml mr my ta te tr ur"),
    "VSO": ("ar", "tl"),
}
WORD_ORDER: Mapping[str, str] = {code: order for order, codes in _ORDERS.items() for code in codes}
# GiB of CC-100, the text that XLM-R was pretrained on (Conneau et al. 2020, arXiv 1911.02116, table 6). Chinese in both
# scripts and Burmese in both encodings are added up. The table does not list Yoruba.
# fmt: off
TEXT: Mapping[str, float] = {
    "af": 1.3, "ar": 28.0, "bg": 57.5, "bn": 8.4, "de": 66.6, "el": 46.9, "en": 300.8, "es": 53.3, "et": 6.1, "eu": 2.0,
    "fa": 111.6, "fi": 54.3, "fr": 56.8, "he": 31.6, "hi": 20.2, "hu": 58.4, "id": 148.3, "it": 30.2, "ja": 69.3,
    "jv": 0.2, "ka": 9.1, "kk": 6.4, "ko": 54.2, "ml": 7.6, "mr": 2.8, "ms": 8.5, "my": 2.0, "nl": 29.3, "pt": 49.1,
    "ru": 278.0, "sw": 1.6, "ta": 12.2, "te": 4.7, "th": 71.7, "tl": 3.1, "tr": 20.9, "ur": 5.7, "vi": 137.3, "yo": 0.0,
    "zh": 63.5,
}
# fmt: on
# Bands of TEXT: name -> the least GiB; most first.
BANDS: Mapping[str, int] = {"100 GiB and more": 100, "10 to 100 GiB": 10, "1 to 10 GiB": 1, "under 1 GiB": 0}


def band(code: str) -> str:
    """The band of a language's text in CC-100: one of BANDS."""
    return next(name for name, least in BANDS.items() if TEXT[code] >= least)


# Texts of a language that only intermediate tasks have, in a folder of their own. "en-mt" is English that a machine has
# translated into another language and back: it shows what translation itself does to an arm of translated data.
VARIETIES: Mapping[str, str] = MappingProxyType({"en-mt": "en"})


def spoken(code: str) -> str:
    """The language of a code, which is another for a variety alone."""
    return VARIETIES.get(code, code)


FAMILIES = tuple(dict.fromkeys(language.family for language in LANGUAGES.values()))
# How near a language is to those of training, nearest first.
NEARNESS = ("seen", "family seen", "script seen", "none")


def nearness(code: str, trained: Collection[str]) -> str:
    """How near a language is to the nearest training language: one of NEARNESS."""
    languages = {spoken(one) for one in trained}
    known = [LANGUAGES[one] for one in languages if one in LANGUAGES]
    marks = (
        code in languages,
        LANGUAGES[code].family in {one.family for one in known},
        LANGUAGES[code].script in {one.script for one in known},
        True,
    )
    return NEARNESS[marks.index(True)]


# The languages of the built-in corpora; each task has those of them that XTREME has for it.
MINIATURE_LANGUAGES = ("en", "de", "es", "ru", "ar", "hi", "zh", "ja", "tr", "sw")
