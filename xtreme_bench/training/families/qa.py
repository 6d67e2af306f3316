"""Extractive question answering: where in the context the answer starts and ends, over overlapping windows.

Devlin et al. 2019, section 4.2 and 4.3. Answers are cut out of the context by character offsets, so they are exact
substrings in every script; nothing is re-aligned to words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xtreme_bench.data.corpora import Limits, longest_question
from xtreme_bench.errors import InputError
from xtreme_bench.rows import QuestionRow
from xtreme_bench.training.batching import targets
from xtreme_bench.training.examples import Example, Ints, needed
from xtreme_bench.training.families.subwords import encode, encode_with_offsets
from xtreme_bench.training.families.tagging import TokenHead
from xtreme_bench.training.forward import moved
from xtreme_bench.training.frames import Frame, frame

# How many spans of a window are kept to find one that is not blank.
BEST = 20


def features(rows: Sequence[QuestionRow], tokenizer: Any, labels: Sequence[str], limits: Limits) -> list[Example]:
    """One example a window. `target` is (start, end), token positions in the sequence; (0, 0) for "not here".

    `positions` are the first context token and the one after the last. `extra` has two numbers for each of these
    tokens: its first character in the context and the one after its last.
    """
    form = frame(tokenizer, 2)
    longest = _longest_question(limits, form.size)
    questions = encode([row.question for row in rows], tokenizer)
    contexts = encode_with_offsets([row.context for row in rows], tokenizer)
    examples = []
    for at, (row, question, context) in enumerate(zip(rows, questions, contexts, strict=True)):
        own = list(_of_row(at, row, question[:longest], context, form, limits))
        cut = ["questions cut"] if len(question) > longest else []
        if row.answers and not any(needed(example.target).any() for example in own):
            cut.append("answers in no window")
        if cut:
            own[0] = replace(own[0], cut=tuple(cut))
        examples += own
    return examples


def _longest_question(limits: Limits, marks: int) -> int:
    """Tokens that a question may have. Raises InputError if a question leaves no room for a context."""
    length, stride = limits.max_length, limits.stride
    longest = longest_question(length)
    if length <= longest + marks:
        least = next(each for each in count(length) if each > longest_question(each) + marks)
        raise InputError(
            f"max_length {length} leaves no room for a context beside {longest} tokens of a question and {marks} "
            f"special tokens: set it to {least} or more"
        )
    if stride < 1:
        raise InputError(f"stride {stride} never reaches the end of a context: set it to 1 or more")
    return longest


def _of_row(
    at: int, row: QuestionRow, question: list[int], context: tuple[list[int], Ints], form: Frame, limits: Limits
) -> Iterator[Example]:
    """The windows of one row."""
    tokens, offsets = context
    first, span = len(form.marks[0]) + len(question) + len(form.marks[1]), _span(row, offsets)
    for begin, end in _windows(len(tokens), limits.max_length - form.size - len(question), limits.stride):
        bounds = np.array([first, first + end - begin], dtype=np.int32)
        target = None if span is None else _inside(span, begin, end, first)
        segments = form.segments_of(len(question), end - begin)
        ids = form.ids(question, tokens[begin:end])
        yield Example(at, (ids,), target, bounds, offsets[begin:end].ravel(), segments)


def _inside(span: tuple[int, int], begin: int, end: int, first: int) -> Ints:
    """An answer as token positions of the window from `begin` to `end`, (0, 0) unless the window has all of it."""
    inside = begin <= span[0] and span[1] < end
    return np.array([place - begin + first for place in span] if inside else [0, 0], dtype=np.int32)


def _windows(length: int, room: int, stride: int) -> Iterator[tuple[int, int]]:
    """Windows of at most `room` tokens that begin every `stride` tokens, the last one at the end of the context."""
    begin = 0
    while begin + room < length:
        yield begin, begin + room
        begin += min(stride, room)
    yield begin, length


def _span(row: QuestionRow, offsets: Ints) -> tuple[int, int] | None:
    """First and last context token of the first answer; (-1, -1) if there is none, None in test files."""
    if not row.answers:
        return (-1, -1) if row.impossible else None
    start, end = row.answers[0].start, row.answers[0].start + len(row.answers[0].text)
    touched = np.flatnonzero((offsets[:, 1] > start) & (offsets[:, 0] < end) & (offsets[:, 1] > offsets[:, 0]))
    return (int(touched[0]), int(touched[-1])) if len(touched) else (-1, -1)


def head(width: int, labels: int, dropout: float, pooling: str = "first") -> nn.Module:
    """A new head: a start and an end logit for each token, no dropout, as in BERT's and XLM-R's; `pooling` is
    not used."""
    return TokenHead(width, 2, 0.0)


def _logits(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """(examples, 2, longest): start and end logits, minus infinity outside first token and context."""
    logits = cast(torch.Tensor, head(hidden).float()).transpose(1, 2)
    places = torch.arange(hidden.shape[1], device=hidden.device)
    bounds = moved(torch.from_numpy(np.stack([needed(example.positions) for example in examples])), hidden.device)
    allowed = (places >= bounds[:, :1]) & (places < bounds[:, 1:]) | (places == 0)
    return logits.masked_fill(~allowed[:, None], float("-inf"))


def loss(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Mean of the cross-entropies of start and end, summed over the windows."""
    logits = _logits(head, hidden, examples)
    return functional.cross_entropy(logits.flatten(0, 1), targets(examples, hidden.device), reduction="sum") / 2


def terms(examples: Sequence[Example]) -> int:
    """One for each window."""
    return len(examples)


def outputs(head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> list[Any]:
    """For each window (2, 1 + context tokens): start and end logits of "no answer" and of the context's tokens."""
    logits = _logits(head, hidden, examples).cpu().numpy()
    return [
        np.concatenate([own[:, :1], own[:, slice(*needed(example.positions))]], axis=1)
        for own, example in zip(logits, examples, strict=True)
    ]


def decode(
    rows: Sequence[QuestionRow],
    examples: Sequence[Example],
    outputs: Sequence[Any],
    labels: Sequence[str],
    limits: Limits,
) -> list[str]:
    """The best answer of each row over all its windows, a substring of its context, or "" where none is allowed.

    An answer's score is the sum of its start and end logit; that of "no answer" is the lowest over its windows.
    """
    return [
        "" if limits.impossible and margin < 0 else text for text, margin in guesses(rows, examples, outputs, limits)
    ]


def guesses(
    rows: Sequence[QuestionRow], examples: Sequence[Example], outputs: Sequence[Any], limits: Limits
) -> list[tuple[str, float]]:
    """The best answer of each row that is not blank, and by how much its score exceeds "no answer"."""
    spans: list[list[tuple[float, int, int]]] = [[] for _ in rows]
    nothing = [float("inf")] * len(rows)
    for example, logits in zip(examples, outputs, strict=True):
        spans[example.row] += _best_spans(logits, needed(example.extra).reshape(-1, 2), limits.answer)
        nothing[example.row] = min(nothing[example.row], float(logits[0, 0] + logits[1, 0]))
    return [_choose(row.context, found, none) for row, found, none in zip(rows, spans, nothing, strict=True)]


def _best_spans(logits: Any, offsets: Any, longest: int) -> list[tuple[float, int, int]]:
    """The best spans of one window as (score, first character, character after the last)."""
    starts, ends = logits[0, 1:], logits[1, 1:]
    tokens = len(starts)
    longest = min(longest, tokens)
    worth = np.full((longest, tokens), -np.inf, dtype=np.float32)
    for extra in range(longest):
        worth[extra, : tokens - extra] = starts[: tokens - extra] + ends[extra:]
    flat = worth.ravel()
    best = np.argsort(-flat, kind="stable")[:BEST]
    return [
        (float(flat[at]), int(offsets[at % tokens, 0]), int(offsets[at % tokens + at // tokens, 1]))
        for at in best
        if np.isfinite(flat[at])
    ]


def _choose(context: str, spans: list[tuple[float, int, int]], nothing: float) -> tuple[str, float]:
    """The text of the best span that is not blank, and its margin; else the first word, with the lowest margin."""
    for worth, start, end in sorted(spans, key=lambda span: (-span[0], span[1], span[2])):
        text = context[start:end].strip()
        if text:
            return text, worth - nothing
    return next(iter(context.split()), ""), float("-inf")
