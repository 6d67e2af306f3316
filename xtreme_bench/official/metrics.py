"""The metrics of XTREME on plain Python values; every score is in percent.

They give the numbers of google-research/xtreme `evaluate.py` (commit 838c13b) to the last digit, including its
dependencies: span F1 follows seqeval 0.0.12, question answering SQuAD v1.1's and MLQA's own scripts.
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
    """Share of equal entries. Divides by the number of predictions, as the official scorer does."""
    correct = sum(label == prediction for label, prediction in zip(labels, predictions, strict=True))
    return {"accuracy": correct / len(predictions) * 100}


def set_f1(gold: Collection[object], found: Collection[object]) -> Scores:
    """F1, precision and recall of one set against another: BUCC pairs, or spans. 0 where nothing agrees."""
    gold, found = set(gold), set(found)
    correct = len(gold & found)
    if not correct:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    precision, recall = correct / len(found), correct / len(gold)
    f1 = 2 * precision * recall / (precision + recall)
    return {"f1": f1 * 100, "precision": precision * 100, "recall": recall * 100}


def spans(tags: Iterable[str]) -> list[Span]:
    """Spans (type, first, last) of one tag sequence, by the rules of seqeval 0.0.12 (those of conlleval).

    The first letter of a tag is its position (B, I, O, E or S), the part after the last hyphen its type. So a run of
    equal bare UPOS tags is one span, `I-X` after another type opens a span, and, because `S` means a span of one word,
    each `SYM` and each `SCONJ` of a run stands alone.
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
    """F1, precision and recall over the spans of all sentences (udpos, panx), pooled before dividing.

    As in seqeval the sentences stand one after another, an `O` behind each, so a missing tag shifts all that follow.
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
    # Also inside a word, because the official pattern has no boundary here.
    "ar": "ال",
}


def normalize_squad(text: str) -> str:
    """SQuAD v1.1: lower case, no ASCII punctuation, no English articles, single spaces. XTREME uses it for every
    language of XQuAD and TyDiQA."""
    text = text.lower().translate(_ASCII_PUNCTUATION)
    return " ".join(re.sub(_ENGLISH_ARTICLES, " ", text).split())


def normalize_mlqa(text: str, language: str) -> str:
    """MLQA: lower case, no Unicode punctuation, none of the language's articles; Chinese characters stand apart."""
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
    """Exact match and F1 of XQuAD and TyDiQA. `answers`: question id -> accepted texts, at least one."""
    return _qa_scores(answers, predictions, normalize_squad)


def mlqa_scores(answers: Mapping[str, Sequence[str]], predictions: Mapping[str, str], language: str) -> Scores:
    """Exact match and F1 of MLQA, normalised for the language of the answers."""
    return _qa_scores(answers, predictions, lambda text: normalize_mlqa(text, language))


def _qa_scores(
    answers: Mapping[str, Sequence[str]], predictions: Mapping[str, str], normalize: Callable[[str], str]
) -> Scores:
    """Best agreement with any accepted answer, averaged over the questions; one without a prediction counts 0."""
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
        # Two empty answers also score 0 here (and 1 in exact match), as in the official scripts.
        return 0.0
    precision, recall = same / len(predicted), same / len(gold)
    return 2 * precision * recall / (precision + recall)
