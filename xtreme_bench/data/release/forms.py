"""The forms in which corpora are released: one row each, recognised by what a file is called and how it begins.

Those of intermediate tasks stand in their table, `xtreme_bench.intermediate`.

Folders above a file do not matter, unless nothing in the file shows what it is (an unlabelled test file, say).
"""

from __future__ import annotations

from xtreme_bench.benchmark import BIO_TAGS, UPOS_TAGS
from xtreme_bench.intermediate import CORPORA
from xtreme_bench.releases import JSON_OBJECT, TRAIN_DEV, Form

TYDIQA_LANGUAGES = {
    "arabic": "ar", "bengali": "bn", "english": "en", "finnish": "fi", "indonesian": "id", "korean": "ko",
    "russian": "ru", "swahili": "sw", "telugu": "te",
}  # fmt: skip


_L = r"(?P<language>[a-z]{2})"
_TRAIN_DEV_TEST = r"(?P<split>train|dev|test)"
_NLI_ROW = r"[^\t\n]*\t[^\t\n]*\t(?:entailment|neutral|contradiction)\r?\n"
_PARAPHRASE_ROW = r"[^\t\n]*\t[^\t\n]*\t[01]\r?\n"
_UPOS_ROW = rf"[^\t\n]*\t(?:{'|'.join(UPOS_TAGS)})\r?\n"
_BIO_ROW = rf"[^\t\n]*\t(?:{'|'.join(BIO_TAGS)})\r?\n"
# Copies exist that begin with an empty line, which XTREME reads as an empty sentence.
_PANX_LINE = r"\s*(?P<language>[a-z]{2,3}(?:-[a-z]+)*):[^\t\n]*\t(?:O|[BI]-(?:LOC|ORG|PER))\s"
_BUCC_LINE = r"[a-z]{2}-\d+\b"
_JSON = r"\s*[\[{]"
# A single file in a zip of its name.
_ZIP = r"(?:\w+\.json\.zip/)?"
_NAMES = "|".join(TYDIQA_LANGUAGES)

# fmt: off
FORMS = (
    Form("xnli", "XNLI-1.0", r"xnli\.(?P<split>dev|test)\.(?P<ending>tsv)", r"language\tgold_label\t"),
    Form("xnli", "XNLI-1.0", r"xnli\.(?P<split>dev|test)\.(?P<ending>jsonl)", r'\{[^\n]*"gold_label"'),
    Form("xnli", "XNLI-MT-1.0", rf"multinli\.train\.{_L}\.tsv", r"premise\thypo\tlabel"),
    Form("xnli", "XTREME", rf"xnli/{_TRAIN_DEV_TEST}-{_L}\.tsv"),
    Form("xnli", "XTREME", rf"{TRAIN_DEV}-{_L}\.tsv", _NLI_ROW, common=True),
    Form("pawsx", "x-final", rf"{_L}/(?P<split>train|translated_train|dev_2k|test_2k)\.tsv",
         r"id\tsentence1\tsentence2\tlabel"),
    Form("pawsx", "XTREME", rf"pawsx/{_TRAIN_DEV_TEST}-{_L}\.tsv"),
    Form("pawsx", "XTREME", rf"{TRAIN_DEV}-{_L}\.tsv", _PARAPHRASE_ROW, common=True),
    Form("udpos", "Universal Dependencies", rf"{_L}_(?P<treebank>[a-z0-9]+)-ud-{_TRAIN_DEV_TEST}\.conllu", r"#|\d"),
    Form("udpos", "XTREME", rf"udpos/{_TRAIN_DEV_TEST}-{_L}\.tsv"),
    Form("udpos", "XTREME", rf"{TRAIN_DEV}-{_L}\.tsv", _UPOS_ROW, common=True),
    Form("panx", "WikiAnn", rf"(?P<language>[a-z]{{2,3}})-{_TRAIN_DEV_TEST}", _PANX_LINE),
    Form("panx", "WikiAnn", _TRAIN_DEV_TEST, _PANX_LINE, common=True),
    Form("panx", "XTREME", rf"panx/{_TRAIN_DEV_TEST}-{_L}\.tsv"),
    Form("panx", "XTREME", rf"{TRAIN_DEV}-{_L}\.tsv", _BIO_ROW, common=True),
    Form("tatoeba", "LASER v1", r"tatoeba\.(?P<language>[a-z]{3})-eng\.(?P<side>[a-z]{3})"),
    Form("tatoeba", "XTREME", rf"tatoeba/{_L}-en\.(?P<side>[a-z]{{2}})"),
    Form("bucc2018", "BUCC 2018", rf"{_L}-en\.(?P<split>sample|training)\.(?P<side>[a-z]{{2}}|gold)", _BUCC_LINE),
    Form("bucc2018", "XTREME", rf"{_L}-en\.(?P<split>dev|test)\.(?P<side>[a-z]{{2}}|gold)", _BUCC_LINE),
    Form("xquad", "XQuAD", rf"xquad\.{_L}\.json", JSON_OBJECT),
    Form("mlqa", "MLQA", rf"(?P<split>dev|test)-context-{_L}-question-(?P<question>[a-z]{{2}})\.json", JSON_OBJECT),
    Form("tydiqa", "TyDiQA-GoldP 1.1", r"tydiqa-goldp-v1\.1-(?P<split>train|dev)\.json", JSON_OBJECT),
    Form("tydiqa", "TyDiQA-GoldP 1.1", rf"tydiqa-goldp-(?P<split>dev)-(?P<language>{_NAMES})\.json", JSON_OBJECT),
    Form("tydiqa", "XTREME", rf"tydiqa\.goldp\.{_L}\.{TRAIN_DEV}\.json", JSON_OBJECT),
    Form("tydiqa", "gold passages", rf"(?P<language>{_NAMES})-dev\.jsonl", r'\{[^\n]*"passage_text"[^\n]*"answers"'),
    Form("woz", "WoZ 2.0", rf"(?:woz_(?=[tv])|ontology_(?=d))(?P<split>train|validate|test|dstc2)_{_L}\.json", _JSON),
    Form("multiwoz", "ConvLab-2",
         rf"multiwoz(?:_(?P<language>zh))?/{_ZIP}(?P<split>train|val|test|ontology(?:_sumbt)?)\.json", _JSON),
    *(form for row in CORPORA.values() for form in row.release.forms),
    Form("xcopa", "XCOPA", rf"data/{_L}/(?P<split>val|test)\.(?P=language)\.jsonl", r'\{[^\n]*"premise"'),
    Form("xcopa", "COPA", r"COPA/(?P<split>train|val|test)\.jsonl", r'\{[^\n]*"premise"'),
    Form("xcopa", "XTREME", rf"xcopa/(?P<split>train|val|test)-{_L}\.jsonl", r'\{[^\n]*"premise"'),
)
# fmt: on

# How people are told of a beginning that is not plain text.
BEGINNINGS = {
    JSON_OBJECT: "a JSON object",
    _NLI_ROW: "text TAB text TAB entailment, neutral or contradiction",
    _PARAPHRASE_ROW: "text TAB text TAB 0 or 1",
    _UPOS_ROW: "word TAB universal part of speech",
    _BIO_ROW: "word TAB tag (O, B-PER, ...)",
    _PANX_LINE: "language:word TAB tag, in the language of its name",
    _JSON: "a JSON list or object",
    _BUCC_LINE: "an id like de-000000001",
    r"#|\d": "a comment or a word's number",
}
