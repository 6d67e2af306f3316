"""Pretraining of small encoders from scratch: masked words in text and in pairs of translations.

Devlin et al. 2019 (masked language modelling), Lample and Conneau 2019 (the same over a sentence and its translation).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xtreme_bench import encoder as encoders
from xtreme_bench.batching import Example
from xtreme_bench.data.text import read_parallel, read_text
from xtreme_bench.encoder import Encoder
from xtreme_bench.errors import InputError
from xtreme_bench.families import masking
from xtreme_bench.job import Job
from xtreme_bench.loop import Task, fit, prepare_device


def pretrain(job: Job) -> dict[str, Any]:
    """Train a tokenizer, then an encoder of the sizes in `scratch`; writes the encoder and its curve to `job.out`.

    Input: data. Params: scratch, languages, steps, batch, learning_rate, warmup, weight_decay, max_length, mask (share
    of the tokens that are hidden), translation (share of the steps on pairs of translations), seed, threads,
    precision, checkpoint_seconds. Raises InputError when positions are too few.
    """
    params, data = job.params, job.inputs["data"]
    accelerator = prepare_device(params)
    languages, share = list(params["languages"]), float(params.get("translation", 0.5))
    texts = {language: read_text(data, language) for language in languages}
    pairs = {language: read_parallel(data, language) for language in languages if language != "en"} if share else {}
    tokenizer = encoders.train_tokenizer(_all_lines(texts, pairs), params["scratch"]["vocabulary"])
    encoder = encoders.build(params["scratch"], tokenizer, params["seed"])
    if params["max_length"] > encoder.longest:
        raise InputError(
            f"max_length is {params['max_length']}, but `positions` leaves room for {encoder.longest} tokens"
        )
    _without_dropout(encoder)
    head = masking.MaskedHead(encoder.model.get_input_embeddings().weight)  # type: ignore[operator]
    generator = np.random.default_rng([params["seed"], 5])
    mono = [x for language in languages for x in _packed([texts[language]], encoder, params["max_length"], generator)]
    both = [
        x
        for language in pairs
        for sides in (list(zip(*pairs[language], strict=True)),)
        if sides
        for ordered in (sides, sides[::-1])
        for x in _packed(ordered, encoder, params["max_length"], generator)
    ]

    def change(example: Example, generator: np.random.Generator) -> Example:
        return masking.mask(example, params.get("mask", 0.15), tokenizer, generator)

    tasks = [Task("text", masking, head, mono, change)]
    if both:
        tasks.append(Task("translation", masking, head, both, change))
    course = fit(job, accelerator, encoder, tasks, [1 - share, share] if both else [1.0], params["steps"])
    if accelerator.is_main_process:
        encoders.save(job.out, encoder)
    return {
        "steps": course.step,
        "loss": round(course.loss, 4),
        "vocabulary": len(tokenizer),
        "examples": {task.name: len(task.examples) for task in tasks},
        "parameters": sum(value.numel() for value in encoder.model.parameters()),
    }


def _all_lines(texts: dict[str, list[str]], pairs: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    for language in texts:
        yield from texts[language]
        for foreign, english in pairs.get(language, []):
            yield foreign
            yield english


def _without_dropout(encoder: Encoder) -> None:
    """Small encoders see their text a few times only: dropout would slow them and help nothing."""
    for module in encoder.model.modules():
        if module.__class__.__name__ == "Dropout":
            module.p = 0.0  # type: ignore[assignment]


def _packed(
    sides: Sequence[Sequence[str]], encoder: Encoder, max_length: int, generator: np.random.Generator
) -> list[Example]:
    """Examples of consecutive lines, up to a length that is drawn for each, so that every position is trained.

    `sides` is one text, or the two sides of a translation: line i of one translates line i of the other, and an
    example has the same lines of both, each side closed as in a pair.
    """
    tokenizer = encoder.tokenizer
    begin, end = [tokenizer.cls_token_id], [tokenizer.sep_token_id]
    tokens = [tokenizer(list(side), add_special_tokens=False)["input_ids"] for side in sides]
    examples: list[Example] = []
    kept: list[list[int]] = [[] for _ in sides]
    room = max_length - 2 * len(sides)

    def flush() -> None:
        parts = [[*(begin if at == 0 else end), *part, *end] for at, part in enumerate(kept)]
        ids = np.array([token for part in parts for token in part], dtype=np.int32)
        examples.append(Example(len(examples), (ids[:max_length],)))
        for part in kept:
            part.clear()

    target = _target(room, generator)
    for line in zip(*tokens, strict=True):
        used = sum(map(len, kept))
        if used and used + sum(map(len, line)) > target:
            flush()
            target = _target(room, generator)
        for part, piece in zip(kept, line, strict=True):
            part += piece[: room // len(sides)]
    if any(kept):
        flush()
    return examples


def _target(room: int, generator: np.random.Generator) -> int:
    """Length that an example should not go beyond: half of them are single lines, the others as long as it comes."""
    return int(generator.integers(0, room)) if generator.random() < 0.5 else 0
