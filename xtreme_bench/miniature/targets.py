"""The seven target tasks with inputs and labels, in the layout that XTREME's download script leaves behind.

Test sets are parallel over languages: the same trees, said in each. The test files have no labels; `target_labels`
gives the labels, in the official scorer's format, from the same construction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from xtreme_bench.miniature import inference, paraphrase, questions, sample, tagging
from xtreme_bench.miniature.questions import Passage
from xtreme_bench.miniature.scope import File, Scope, lines, sentences, spreadsheet
from xtreme_bench.miniature.speech import say, tell, tokens
from xtreme_bench.miniature.tagging import Tagged

TRAIN, DEV, TEST = "train", "dev", "test"
Row = tuple[tuple[str, ...], str]  # fields of a row and its label
SIZES = {"xnli": (6000, 240, 240), "pawsx": (3000, 200, 200), "udpos": (3000, 200, 200), "panx": (3000, 200, 200)}
SQUAD_SIZES = {TRAIN: 3000, DEV: 240}


def size_of(scope: Scope, task: str, split: str) -> int:
    """How many examples a split of a classification or tagging task has."""
    return scope.size(SIZES[task][(TRAIN, DEV, TEST).index(split)])


@cache
def inferences(scope: Scope, split: str) -> list[inference.Inference]:
    """The examples of a split of xnli.

    They are easier than mnli's and snli's: a small encoder does not learn from some hundred pairs what a negation
    turns round.
    """
    rng = scope.rng("xnli", split)
    size = size_of(scope, "xnli", split)
    return inference.draw(rng, size, joined=0.05, embedded=0.0, negated=0.02, denied=0.04)


def pairs(scope: Scope, task: str, split: str, language: str) -> list[Row]:
    """A split of xnli or pawsx in a language: two texts and the label."""
    if task == "xnli":
        return [((say(x.premise, language), say(x.hypothesis, language)), x.label) for x in inferences(scope, split)]
    drawn = paraphrase.statements(scope.rng("pawsx", split), size_of(scope, "pawsx", split))
    return [((tell(x.first, language), tell(x.second, language)), str(int(x.same))) for x in drawn]


def tagged(scope: Scope, task: str, split: str, language: str) -> list[Tagged]:
    """A split of udpos or panx in a language: words with their tags."""
    rng = scope.rng(task, split)
    size = size_of(scope, task, split)
    if task == "udpos":
        drawn = [sample.sentence(rng) for _ in range(size)]
        return [tagging.parts_of_speech(tokens(sentence, language)) for sentence in drawn]
    drawn = [tagging.naming(rng, known=split == TRAIN) for _ in range(size)]
    return [tagging.names(tokens(sentence, language), language) for sentence in drawn]


def pair_files(scope: Scope, task: str) -> Iterator[File]:
    """xnli or pawsx: train in English, dev and test in every language; the test rows have no label."""
    rows = pairs(scope, task, TRAIN, "en")
    yield f"{task}/train-en.tsv", spreadsheet([(*fields, label) for fields, label in rows])
    for language in scope.covered(task):
        rows = pairs(scope, task, DEV, language)
        yield f"{task}/dev-{language}.tsv", spreadsheet([(*fields, label) for fields, label in rows])
        rows = pairs(scope, task, TEST, language)
        yield f"{task}/test-{language}.tsv", spreadsheet([fields for fields, _ in rows])


def tagged_files(scope: Scope, task: str) -> Iterator[File]:
    """udpos or panx: word TAB tag; the test files have words only, and panx ends without an empty line."""
    covered = scope.covered(task)
    splits = [(TRAIN, "en"), *((split, language) for language in covered for split in (DEV, TEST))]
    for split, language in splits:
        drawn = tagged(scope, task, split, language)
        text = sentences([word if split == TEST else f"{word}\t{tag}" for word, tag in one] for one in drawn)
        yield f"{task}/{split}-{language}.tsv", text.removesuffix("\n") if task == "panx" else text


def squad(data: Sequence[Passage], language: str, name: str, *, v2: bool = False) -> dict[str, Any]:
    """Passages as SQuAD writes them, in articles of twenty paragraphs."""
    paragraphs: list[dict[str, Any]] = []
    for number, passage in enumerate(data):
        context, starts = questions.told(passage, language)
        asked = []
        for turn, question in enumerate(passage.questions):
            answers = []
            if (which := question.fact) is not None:
                start, said = questions.answer(passage.facts[which], question, language, context, starts[which])
                answers.append({"text": said, "answer_start": start})
            record = {
                "question": say(question.asked, language),
                "id": f"{name}-{number:05d}-{turn}",
                "answers": answers,
            }
            asked.append(record | ({"is_impossible": not answers} if v2 else {}))
        paragraphs.append({"context": context, "qas": asked})
    articles = [
        {"title": f"{name} {start // 20}", "paragraphs": paragraphs[start : start + 20]}
        for start in range(0, len(paragraphs), 20)
    ]
    return {"version": "v2.0" if v2 else "1.1", "data": articles}


def separate(record: dict[str, Any], *, blank: bool, ids: Callable[[str], str] = str) -> dict[str, Any]:
    """XTREME's form of QA files: each question a document of its own; `blank` empties the answers."""
    nothing = [{"answer_start": 0, "text": ""}]
    documents = [
        {
            "paragraphs": [
                {
                    "context": paragraph["context"],
                    "qas": [{"answers": nothing if blank else qa["answers"], "question": qa["question"],
                             "id": ids(qa["id"])}],
                }
            ]
        }
        for article in record["data"]
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]  # fmt: skip
    return {"data": documents, "version": record["version"]}


@cache
def squad_passages(scope: Scope, split: str) -> list[Passage]:
    """The passages of squad v1.1: an intermediate task, and the source of fine-tuning for xquad and mlqa."""
    return questions.passages(scope.rng("squad_v1", split), scope.size(SQUAD_SIZES[split]))


def comprehension(scope: Scope, task: str, split: str, language: str) -> dict[str, Any]:
    """A split of xquad, mlqa or tydiqa in a language, with answers, in SQuAD's form."""
    full = {("tydiqa", TRAIN): 2400 if language == "en" else 240}.get((task, split), 240)
    apart = (language,) if task == "tydiqa" else ()  # TyDiQA is not parallel: each language has its own passages
    mix = questions.TYDI_MIX if task == "tydiqa" else questions.SQUAD_MIX
    drawn = questions.passages(scope.rng(task, split, *apart), scope.size(full), mix=mix)
    return squad(drawn, language, "-".join((task, split, *apart)))


def qa_files(scope: Scope) -> Iterator[File]:
    """xquad, mlqa and tydiqa; answers of the tests are blank. (Training for the first two is squad v1.1.)"""
    for language in scope.covered("xquad"):
        record = comprehension(scope, "xquad", TEST, language)
        yield f"xquad/xquad.{language}.json", json.dumps(separate(record, blank=True))
    for language in scope.covered("mlqa"):
        stem = f"context-{language}-question-{language}.json"
        yield f"mlqa/MLQA_V1/dev/dev-{stem}", json.dumps(comprehension(scope, "mlqa", DEV, language))
        record = comprehension(scope, "mlqa", TEST, language)
        yield f"mlqa/MLQA_V1/test/test-{stem}", json.dumps(separate(record, blank=True))
    for language in scope.covered("tydiqa"):
        for split, name in ((TRAIN, "train"), (TEST, "dev")):
            record = separate(comprehension(scope, "tydiqa", split, language), blank=split == TEST,
                              ids=str if split == TEST else lambda one: one.rpartition("-")[2])  # fmt: skip
            yield f"tydiqa/tydiqa-goldp-v1.1-{name}/tydiqa.goldp.{language}.{name}.json", json.dumps(record)


def target_files(scope: Scope) -> Iterator[File]:
    """All files of the target tasks that training and prediction may see."""
    for task in ("xnli", "pawsx"):
        yield from pair_files(scope, task)
    for task in ("udpos", "panx"):
        yield from tagged_files(scope, task)
    yield from qa_files(scope)


def target_labels(scope: Scope) -> Iterator[File]:
    """The labels of the test sets, in the official scorer's format."""
    for task in ("xnli", "pawsx"):
        for language in scope.covered(task):
            yield f"{task}/test-{language}.tsv", lines(label for _, label in pairs(scope, task, TEST, language))
    for task in ("udpos", "panx"):
        for language in scope.covered(task):
            drawn = tagged(scope, task, TEST, language)
            yield f"{task}/test-{language}.tsv", sentences([tag for _, tag in one] for one in drawn)
    for task in ("xquad", "mlqa", "tydiqa"):
        for language in scope.covered(task):
            record = separate(comprehension(scope, task, TEST, language), blank=False)
            yield f"{task}/test-{language}.json", json.dumps(record)
