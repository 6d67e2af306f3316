"""The metrics of XTREME on plain Python values; every score is in percent (0 to 100).

They reproduce google-research/xtreme `evaluate.py` (commit 838c13b) to the last digit, with its dependencies: span F1
follows seqeval 0.0.12, question answering the official scripts of SQuAD v1.1 and MLQA.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache

Scores = dict[str, float]
Span = tuple[str, int, int]


def accuracy(labels: Sequence[str], predictions: Sequence[str]) -> Scores:
    """Share of predictions that equal their label: {"accuracy": percent}.

    Divides by the number of predictions, as the official scorer does. Errors: `ValueError` for unequal lengths,
    `ZeroDivisionError` for no predictions.
    """
    correct = sum(label == prediction for label, prediction in zip(labels, predictions, strict=True))
    return {"accuracy": correct / len(predictions) * 100}


def set_f1(gold: Collection[object], found: Collection[object]) -> Scores:
    """F1, precision and recall in percent of predicted BUCC pairs or spans; all 0 if none is correct."""
    gold, found = set(gold), set(found)
    correct = len(gold & found)
    if not correct:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    precision, recall = correct / len(found), correct / len(gold)
    f1 = 2 * precision * recall / (precision + recall)
    return {"f1": f1 * 100, "precision": precision * 100, "recall": recall * 100}


def spans(tags: Iterable[str]) -> list[Span]:
    """Spans (type, first index, last index) of one tag sequence, as seqeval 0.0.12 and conlleval extract them.

    The first letter of a tag is its position (B, I, O, E or S); the part after the last hyphen is its type. UPOS tags
    have no prefix, so a run of equal tags is one span. `I-X` after another type starts a span. `S` means a span of one
    word, so each `SYM` and each `SCONJ` is a span of its own.
    """
    found: list[Span] = []
    before, kind_before, first = "O", "", 0
    for index, tag in enumerate([*tags, "O"]):
        position, kind = tag[0], tag.rsplit("-", 1)[-1]
        changed = kind != kind_before
        ends = before in "ES" or (before in "BI" and position in "BSO") or (before not in "O." and changed)
        starts = position in "BS" or (before in "ESO" and position in "EI") or (position not in "O." and changed)
        if ends:
            found.append((kind_before, first, index - 1))
        if starts:
            first = index
        before, kind_before = position, kind
    return found


def span_f1(gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> Scores:
    """Micro-averaged F1, precision and recall in percent over the spans of all sentences (udpos, panx).

    As in seqeval, all sentences are joined into one sequence, with an `O` after each. So a missing tag shifts all later
    spans.
    """
    return set_f1(spans(_joined(gold)), spans(_joined(predicted)))


def _joined(sentences: Iterable[Sequence[str]]) -> list[str]:
    return [tag for sentence in sentences for tag in (*sentence, "O")]


_ENGLISH_ARTICLES = r"\b(a|an|the)\b"
_ARTICLES = {
    "en": _ENGLISH_ARTICLES,
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    # This also matches inside a word: the official pattern has no word boundary here.
    "ar": "ال",
}


def normalize_squad(text: str) -> str:
    """Normalise an answer as SQuAD v1.1 does: lower case, no ASCII punctuation, no English articles, single spaces.

    XTREME uses this for every language of XQuAD and TyDiQA.
    """
    text = text.lower().translate(_ASCII_PUNCTUATION)
    return " ".join(re.sub(_ENGLISH_ARTICLES, " ", text).split())


def normalize_mlqa(text: str, language: str) -> str:
    """Normalise an answer as MLQA does: lower case, no Unicode punctuation, no articles of `language`, single spaces.

    Chinese characters become separate tokens.
    """
    text = text.lower().translate(_unicode_punctuation())
    if language in _ARTICLES:
        text = re.sub(_ARTICLES[language], " ", text)
    if language == "zh":
        text = re.sub("([\u4e00-\u9fa5])", r" \1 ", text)
    return " ".join(text.split())


_ASCII_PUNCTUATION = dict.fromkeys(map(ord, string.punctuation))


@lru_cache(maxsize=1)
def _unicode_punctuation() -> dict[int, None]:
    codes = (code for code in range(sys.maxunicode) if unicodedata.category(chr(code)).startswith("P"))
    return {**dict.fromkeys(codes), **_ASCII_PUNCTUATION}


def squad_scores(answers: Mapping[str, Sequence[str]], predictions: Mapping[str, str]) -> Scores:
    """Exact match and token F1 of XQuAD and TyDiQA in percent, as the SQuAD v1.1 script computes them.

    `answers`: question id -> accepted answers, at least one. `predictions`: question id -> answer; a missing
    one scores 0.
    """
    return _qa_scores(answers, predictions, normalize_squad)


def mlqa_scores(answers: Mapping[str, Sequence[str]], predictions: Mapping[str, str], language: str) -> Scores:
    """Exact match and token F1 of MLQA in percent, as its script computes them for answers in `language`.

    `answers` and `predictions`: as for `squad_scores`.
    """
    return _qa_scores(answers, predictions, lambda text: normalize_mlqa(text, language))


def _qa_scores(
    answers: Mapping[str, Sequence[str]], predictions: Mapping[str, str], normalize: Callable[[str], str]
) -> Scores:
    """The best score over the accepted answers, averaged over questions; a missing prediction scores 0."""
    exact = f1 = 0.0
    for question, accepted in answers.items():
        if question not in predictions:
            continue
        predicted = normalize(predictions[question])
        golds = [normalize(answer) for answer in accepted]
        exact += predicted in golds
        f1 += max(_token_f1(predicted.split(), gold.split()) for gold in golds)
    return {"exact_match": 100 * exact / len(answers), "f1": 100 * f1 / len(answers)}


def _token_f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    same = sum((Counter(predicted) & Counter(gold)).values())
    if not same:
        # Two empty answers have F1 0 but exact match 1, as in the official scripts.
        return 0.0
    precision, recall = same / len(predicted), same / len(gold)
    return 2 * precision * recall / (precision + recall)
