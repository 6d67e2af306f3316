"""The nine intermediate tasks in their upstream formats: English at full size, the other languages smaller."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from xtreme_bench.miniature import choices, inference, paraphrase, questions, sample, targets
from xtreme_bench.miniature.choices import Choice
from xtreme_bench.miniature.inference import Inference
from xtreme_bench.miniature.paraphrase import Paraphrase
from xtreme_bench.miniature.questions import Passage
from xtreme_bench.miniature.scope import File, Scope, json_lines, lines, spreadsheet
from xtreme_bench.miniature.speech import Sentence, say, tell, tokens
from xtreme_bench.miniature.supertags import supertags

T = TypeVar("T")
SPLITS = ("train", "dev")
ANLI_ROUNDS = ("R1", "R2", "R3")
DRAW = {"hellaswag": choices.continuations, "cosmosqa": choices.outcomes, "commonsenseqa": choices.knowledge}
# Examples in English: train and dev. Another language has a share of them.
SIZES = {
    "mnli": (6000, 240), "snli": (3000, 240), "anli": (900, 120), "qqp": (3000, 240), "squad_v2": (3000, 240),
    "hellaswag": (2500, 240), "ccg": (2500, 240), "cosmosqa": (2500, 240), "commonsenseqa": (2000, 240),
}  # fmt: skip
OTHER_LANGUAGES = 0.12
SHARES = {  # of joined and embedded premises: NLI gets harder from SNLI to the third round of ANLI
    "mnli": (0.2, 0.0), "snli": (0.12, 0.0), "R1": (0.7, 0.0), "R2": (0.3, 0.6), "R3": (0.5, 0.4),
}  # fmt: skip


def intermediate_files(scope: Scope) -> Iterator[File]:
    """All files of the intermediate tasks; those of another language lie in a folder of its name."""
    for language in scope.languages:
        for maker in (_nli, _qqp, _squad, _hellaswag, _ccg, _cosmosqa, _commonsenseqa):
            for path, text in maker(scope, language):
                folder, _, name = path.partition("/")
                yield (path if language == "en" else f"{folder}/{language}/{name}"), text


def _size(scope: Scope, task: str, split: str) -> int:
    return scope.size(SIZES[task][split != "train"])


def _part(examples: Sequence[T], language: str) -> Sequence[T]:
    """The examples that a language has: in English all, else a share from the beginning, translated."""
    return examples if language == "en" else examples[: max(12, round(len(examples) * OTHER_LANGUAGES))]


@cache
def _inferences(scope: Scope, name: str, split: str) -> list[Inference]:
    """A split of an NLI task; MNLI's training set is that of XNLI, as in reality."""
    if (name, split) == ("mnli", "train"):
        return targets.inferences(scope, "train")
    joined, embedded = SHARES[name]
    hard = name in ANLI_ROUNDS
    size = _size(scope, "anli" if hard else name, split)
    return inference.draw(scope.rng(name, split), size, joined=joined, embedded=embedded, adversarial=hard)


@cache
def _paraphrases(scope: Scope, split: str) -> list[Paraphrase]:
    return paraphrase.questions(scope.rng("qqp", split), _size(scope, "qqp", split))


@cache
def _passages(scope: Scope, task: str, split: str) -> list[Passage]:
    if task == "squad_v1":
        return targets.squad_passages(scope, split)
    return questions.passages(scope.rng(task, split), _size(scope, task, split), impossible=0.4)


@cache
def _choices(scope: Scope, task: str, split: str) -> list[Choice]:
    return DRAW[task](scope.rng(task, split), _size(scope, task, split))


def _nli(scope: Scope, language: str) -> Iterator[File]:
    """MNLI, SNLI, and three rounds of ANLI."""
    for name in ("train", "dev_matched", "dev_mismatched"):
        drawn = _part(_inferences(scope, "mnli", name), language)
        yield (
            f"mnli/multinli_1.0_{name}.jsonl",
            json_lines(_records(drawn, language, f"mnli-{name}", genre="miniature")),
        )
    for split in SPLITS:
        drawn = _part(_inferences(scope, "snli", split), language)
        yield f"snli/snli_1.0_{split}.jsonl", json_lines(_records(drawn, language, f"snli-{split}"))
    for name in ANLI_ROUNDS:
        for split in SPLITS:
            drawn = _part(_inferences(scope, name, split), language)
            yield f"anli/{name}/{split}.jsonl", json_lines(
                {"uid": f"{name}-{split}-{number}", "context": say(x.premise, language),
                 "hypothesis": say(x.hypothesis, language), "label": x.label[0], "model_label": "", "emturk": False,
                 "genre": "miniature", "reason": "", "tag": f"{name.lower()}_{split}"}
                for number, x in enumerate(drawn)
            )  # fmt: skip


def _records(drawn: Sequence[Inference], language: str, name: str, **more: str) -> Iterator[dict[str, Any]]:
    """Records of SNLI and MultiNLI; the parses are there but empty."""
    for number, x in enumerate(drawn):
        origin = {"promptID": str(number)} if more else {"captionID": f"{name}-{number}"}
        yield {
            "annotator_labels": [x.label], **origin, **more, "gold_label": x.label,
            "pairID": f"{name}-{number}{x.label[0]}",
            "sentence1": say(x.premise, language), "sentence1_binary_parse": "", "sentence1_parse": "",
            "sentence2": say(x.hypothesis, language), "sentence2_binary_parse": "", "sentence2_parse": "",
        }  # fmt: skip


def _qqp(scope: Scope, language: str) -> Iterator[File]:
    for split in SPLITS:
        rows = [
            (str(n), str(2 * n), str(2 * n + 1), tell(x.first, language), tell(x.second, language), str(int(x.same)))
            for n, x in enumerate(_part(_paraphrases(scope, split), language))
        ]
        header = ("id", "qid1", "qid2", "question1", "question2", "is_duplicate")
        yield f"qqp/{split}.tsv", lines("\t".join(row) for row in (header, *rows))


def _squad(scope: Scope, language: str) -> Iterator[File]:
    """SQuAD 1.1 and 2.0; a third of the latter's questions have no answer."""
    for split in SPLITS:
        drawn = _part(_passages(scope, "squad_v1", split), language)
        yield f"squad/{split}-v1.1.json", json.dumps(targets.squad(drawn, language, f"squad1-{split}"))
        drawn = _part(_passages(scope, "squad_v2", split), language)
        yield f"squad/{split}-v2.0.json", json.dumps(targets.squad(drawn, language, f"squad2-{split}", v2=True))


def _hellaswag(scope: Scope, language: str) -> Iterator[File]:
    for split, name in (("train", "train"), ("dev", "val")):
        records = []
        for number, x in enumerate(_part(_choices(scope, "hellaswag", split), language)):
            context = tell(x.story, language)
            records.append(
                {"ind": number, "activity_label": "miniature", "ctx_a": context, "ctx_b": "", "ctx": context,
                 "split": name, "split_type": "indomain", "label": x.right,
                 "endings": [choices.said(choice, language) for choice in x.choices], "source_id": f"mini~{number}"}
            )  # fmt: skip
        yield f"hellaswag/hellaswag_{name}.jsonl", json_lines(records)


def _cosmosqa(scope: Scope, language: str) -> Iterator[File]:
    for split, name in (("train", "train"), ("dev", "valid")):
        rows: list[Sequence[object]] = [("id", "context", "question", *(f"answer{i}" for i in range(4)), "label")]
        for number, x in enumerate(_part(_choices(scope, "cosmosqa", split), language)):
            assert x.question is not None
            said = [choices.said(choice, language) for choice in x.choices]
            rows.append((f"mini-{name}-{number}", tell(x.story, language), say(x.question, language), *said, x.right))
        yield f"cosmosqa/{name}.csv", spreadsheet(rows, delimiter=",")


def _commonsenseqa(scope: Scope, language: str) -> Iterator[File]:
    for split in SPLITS:
        records = []
        for number, x in enumerate(_part(_choices(scope, "commonsenseqa", split), language)):
            assert x.question is not None
            said = [{"label": "ABCDE"[i], "text": choices.said(choice, language)} for i, choice in enumerate(x.choices)]
            question = {"question_concept": x.question.verb, "choices": said, "stem": say(x.question, language)}
            records.append({"answerKey": "ABCDE"[x.right], "id": f"mini-{split}-{number}", "question": question})
        yield f"commonsenseqa/{split}_rand_split.jsonl", json_lines(records)


def _ccg(scope: Scope, language: str) -> Iterator[File]:
    """Supertagged sentences; the table of tags is that of the language's training and development sentences."""
    tags: set[str] = set()
    for split in SPLITS:
        rows = [
            supertags(sentence, tokens(sentence, language)) for sentence in _part(_sentences(scope, split), language)
        ]
        tags |= {tag for row in rows for _, tag in row}
        yield (
            f"ccg/ccg.{split}",
            lines(" ".join(word for word, _ in row) + "\t" + " ".join(tag for _, tag in row) for row in rows),
        )
    yield "ccg/tags_to_id.json", json.dumps({tag: number for number, tag in enumerate(sorted(tags))})


@cache
def _sentences(scope: Scope, split: str) -> list[Sentence]:
    rng = scope.rng("ccg", split)
    return [sample.sentence(rng) for _ in range(_size(scope, "ccg", split))]
