from __future__ import annotations

import numpy as np
import pytest
import torch
from toy_training import CHINESE, ENGLISH, JAPANESE, THAI, tiny_encoder

from xtreme_bench.data.corpora import Limits
from xtreme_bench.rows import Answer, QuestionRow
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import qa
from xtreme_bench.training.inference import infer

LIMITS = Limits(max_length=32, stride=9)
LONG = " ".join(ENGLISH * 8)
CONTEXTS = {"en": LONG, "zh": "".join(CHINESE * 6), "ja": JAPANESE * 4, "th": THAI * 3}


def features(*rows: QuestionRow, limits: Limits = LIMITS, vocabulary: int = 300) -> list[Example]:
    return qa.features(rows, tiny_encoder(vocabulary=vocabulary).tokenizer, (), limits)


def pointed_at(example: Example, start: int, end: int) -> np.ndarray:
    """Logits of a window that are high at two of its context tokens, 0 being the first."""
    logits = np.zeros((2, 1 + len(example.extra) // 2), np.float32)
    logits[0, 1 + start] = logits[1, 1 + end] = 5.0
    return logits


@pytest.mark.parametrize("language", CONTEXTS)
def test_answers_are_exact_substrings_of_the_context_in_every_script(language: str) -> None:
    encoder, context = tiny_encoder(), CONTEXTS[language]
    rows = [QuestionRow(str(at), "who " * (at + 1), context[at:]) for at in range(10)]
    examples = qa.features(rows, encoder.tokenizer, (), LIMITS)
    torch.manual_seed(1)
    outputs = infer(encoder, qa, qa.head(16, 0, 0.0), examples)
    answers = qa.decode(rows, examples, outputs, (), LIMITS)
    assert all(answer and answer == answer.strip() for answer in answers)
    assert all(answer in row.context for row, answer in zip(rows, answers, strict=True))


@pytest.mark.parametrize(("language", "answer"), [("en", "Ann"), ("zh", "红"), ("ja", "首都"), ("th", "เมืองหลวง")])
def test_the_tokens_of_the_gold_answer_lead_back_to_its_text(language: str, answer: str) -> None:
    context = CONTEXTS[language]
    row = QuestionRow("0", "what", context, (Answer(context.index(answer), answer),))
    examples = features(row, vocabulary=160)  # few merges: no answer is only a part of a token
    held = [example for example in examples if example.target.any()]
    assert held
    for example in held:
        first = example.positions[0]
        start, end = (place - first for place in example.target)
        logits = [np.zeros((2, 1 + len(x.extra) // 2), np.float32) if x is not example else pointed_at(x, start, end)
                  for x in examples]  # fmt: skip
        (found,) = qa.decode([row], examples, logits, (), LIMITS)
        assert answer in found
        assert len(found) <= len(answer) + 8


def test_windows_cover_the_context_and_begin_every_stride() -> None:
    row = QuestionRow("0", "what", LONG)
    examples = features(row)
    begins = [example.extra[0] for example in examples]
    tokens = tiny_encoder().tokenizer(LONG, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert begins == [tokens[place][0] for place in range(0, 9 * len(examples), 9)]
    assert examples[-1].extra[-1] == len(LONG)
    assert all(example.length <= 32 for example in examples)


def test_a_stride_beyond_the_room_leaves_no_gap() -> None:
    examples = features(QuestionRow("0", "what " * 40, LONG), limits=Limits(max_length=32, stride=500))
    spans = [span for example in examples for span in example.extra.reshape(-1, 2)]
    covered = {place for start, end in spans for place in range(start, end)}
    assert {place for place, letter in enumerate(LONG) if letter != " "} <= covered


def test_the_best_span_is_taken_over_all_windows() -> None:
    row = QuestionRow("0", "what", LONG)
    examples = features(row)
    logits = [pointed_at(example, 1, 2) * (3 if at == 2 else 1) for at, example in enumerate(examples)]
    start, end = examples[2].extra[2], examples[2].extra[5]
    assert qa.decode([row], examples, logits, (), LIMITS) == [LONG[start:end].strip()]


def test_an_answer_is_never_longer_than_allowed_nor_backwards() -> None:
    row = QuestionRow("0", "what", " ".join(ENGLISH[:12]))
    examples = features(row)
    far, back = pointed_at(examples[0], 0, 9), pointed_at(examples[0], 8, 2)
    short = Limits(max_length=32, answer=3)
    for logits in (far, back):
        (answer,) = qa.decode([row], examples, [logits], (), short)
        assert 1 <= len(answer.split()) <= 3


def test_no_answer_is_given_only_where_it_is_allowed() -> None:
    row = QuestionRow("0", "what", "cat dog bird")
    examples = features(row)
    nothing = np.zeros((2, 1 + len(examples[0].extra) // 2), np.float32)
    nothing[:, 0] = 9.0
    allowed = Limits(max_length=32, impossible=True)
    assert qa.decode([row], examples, [nothing], (), allowed) == [""]
    assert qa.decode([row], examples, [nothing], (), LIMITS) != [""]
    assert qa.decode([row], examples, [pointed_at(examples[0], 1, 1)], (), allowed) == ["dog"]


def test_impossible_questions_point_at_the_first_token_and_test_rows_have_no_target() -> None:
    (impossible,) = features(QuestionRow("0", "what", "cat dog", impossible=True))
    (unlabelled,) = features(QuestionRow("1", "what", "cat dog"))
    assert impossible.target.tolist() == [0, 0]
    assert unlabelled.target is None


@pytest.mark.parametrize("context", ["", "   ", "\n"])
def test_a_blank_context_gives_an_empty_answer_and_no_failure(context: str) -> None:
    encoder, row = tiny_encoder(), QuestionRow("0", "what", context)
    examples = qa.features([row], encoder.tokenizer, (), LIMITS)
    outputs = infer(encoder, qa, qa.head(16, 0, 0.0), examples)
    assert qa.decode([row], examples, outputs, (), LIMITS) == [""]


def test_padding_never_changes_the_loss() -> None:
    row = QuestionRow("0", "what", "cat dog bird", (Answer(4, "dog"),))
    examples = features(row)
    head, hidden = qa.head(16, 0, 0.0), torch.randn(1, examples[0].length, 16)
    padded = torch.cat([hidden, torch.randn(1, 7, 16)], 1)
    assert torch.allclose(qa.loss(head, hidden, examples), qa.loss(head, padded, examples))
