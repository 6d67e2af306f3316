"""Pretraining of small encoders from scratch: masked words in text and in pairs of translations.

Devlin et al. 2019 (masked language modelling), Lample and Conneau 2019 (the same over a sentence and its translation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from xtreme_bench.data.text import read_parallel, read_text
from xtreme_bench.errors import InputError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.device import prepare_device
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import masking, subwords
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.frames import frame
from xtreme_bench.training.loop import fit
from xtreme_bench.training.network import Task
from xtreme_bench.training.params import Pretrain

# Share of the examples that join several lines. Single lines teach translations fastest; long ones are needed
# because later phases read texts of every length, and a position that was never trained is noise.
PACKED = 0.25


def pretrain(job: Job[Pretrain]) -> dict[str, Any]:
    """Train a tokenizer, then an encoder of the sizes in `scratch`; writes the encoder and its curve to `job.out`.

    Input: data. Raises InputError when positions are too few.
    """
    params, data = job.params, job.inputs["data"]
    accelerator = prepare_device(params)
    share = params.translation
    texts = {language: read_text(data, language) for language in params.languages}
    foreign = [language for language in texts if language != "en" and share > 0]
    pairs = {language: read_parallel(data, language) for language in foreign}
    tokenizer = encoders.train_tokenizer(_all_lines(texts, pairs), params.scratch.vocabulary)
    encoder = encoders.build(params.scratch, tokenizer, params.seed)
    if params.max_length > encoder.longest:
        raise InputError(f"max_length is {params.max_length}, but `positions` leaves room for {encoder.longest} tokens")
    _without_dropout(encoder)
    if params.packing:
        encoder = encoder.packed()
    tasks = _tasks(texts, pairs, encoder, params)
    probability = [1 - share, share] if len(tasks) == 2 else [1.0]
    course = fit(job, accelerator, encoder, tasks, probability, params.steps)
    if accelerator.is_main_process:
        encoders.save(job.out, encoder)
    return {
        "steps": course.step,
        "loss": round(course.loss, 4),
        "vocabulary": len(tokenizer),
        "examples": {task.name: len(task.examples) for task in tasks},
        "cut": {task.name: sum(len(example.cut) for example in task.examples) for task in tasks},
        "parameters": sum(value.numel() for value in encoder.model.parameters()),
    }


def _tasks(
    texts: Mapping[str, Sequence[str]],
    pairs: Mapping[str, Sequence[tuple[str, str]]],
    encoder: Encoder,
    params: Pretrain,
) -> list[Task]:
    """The tasks of masking text and, if there are any, translations; both share one head."""
    generator = np.random.default_rng([params.seed, 5])
    model: Any = encoder.model
    head = masking.MaskedHead(model.get_input_embeddings().weight, encoder.width, model.config)

    def packed(*sides: Sequence[str]) -> list[Example]:
        return pack(sides, encoder, params.max_length, generator)

    def change(example: Example, generator: np.random.Generator) -> Example:
        return masking.mask(example, params.mask, encoder.tokenizer, generator)

    text = [example for lines in texts.values() for example in packed(lines)]
    both: list[Example] = []
    for lines in pairs.values():
        foreign, english = [first for first, _ in lines], [second for _, second in lines]
        # Both orders, so that neither language always comes first.
        both += [*packed(foreign, english), *packed(english, foreign)]
    tasks = [Task("text", masking, head, text, change), Task("translation", masking, head, both, change)]
    return [task for task in tasks if task.examples]


def _all_lines(texts: Mapping[str, Sequence[str]], pairs: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[str]:
    for language in texts:
        yield from texts[language]
        for foreign, english in pairs.get(language, []):
            yield foreign
            yield english


def _without_dropout(encoder: Encoder) -> None:
    """Small encoders see their text only a few times: dropout would slow learning and help nothing."""
    for module in encoder.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def pack(
    sides: Sequence[Sequence[str]], encoder: Encoder, max_length: int, generator: np.random.Generator
) -> list[Example]:
    """Examples of consecutive lines, up to a length that is drawn for each, so that every position is trained.

    `sides` is one text, or the two sides of a translation: line i of one translates line i of the other, and an
    example has the same lines of both, each side with its marks as in a pair.
    """
    tokens = [subwords.encode(side, encoder.tokenizer) for side in sides]
    examples: list[Example] = []
    kept: list[list[int]] = [[] for _ in sides]
    cut: list[str] = []
    form = frame(encoder.tokenizer, len(sides))
    room = subwords.room(max_length, form.size, len(sides), f"{len(sides)} text(s)")

    def flush() -> None:
        # The last mark between the sides opens the second one.
        second = len(form.marks[0]) + len(kept[0]) + len(form.marks[1]) - 1 if len(sides) > 1 else None
        examples.append(Example(len(examples), (form.ids(*kept),), second=second, cut=tuple(cut)))
        cut.clear()
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
        if max(map(len, line)) > room // len(sides):
            cut.append("lines cut")
    if any(kept):
        flush()
    return examples


def _target(room: int, generator: np.random.Generator) -> int:
    """The most tokens that an example should have: most examples are single lines, the others have a drawn length."""
    return int(generator.integers(0, room)) if generator.random() < PACKED else 0
