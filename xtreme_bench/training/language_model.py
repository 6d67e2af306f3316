"""Tasks of masked language modelling in a mix: aligned text, and raw text. They share one head."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from xtreme_bench.aligned import SHARE
from xtreme_bench.errors import InputError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import lm_head
from xtreme_bench.training.examples import Example, Examples, Ints
from xtreme_bench.training.families import masking
from xtreme_bench.training.families.masking import MaskedHead
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.inference import infer
from xtreme_bench.training.network import Task
from xtreme_bench.training.params import Intermediate, MaskedText
from xtreme_bench.training.trimming import used

MLM, USED = "mlm", "used"
Change = Callable[[Example, np.random.Generator], Example]
METRIC = "perplexity of masked tokens in held-out lines, the lower the better"
# Masks of held-out lines are the same in every evaluation of every recipe.
_MASKS = 6


def begin(job: Job[Intermediate], encoder: Encoder) -> tuple[Masks, dict[str, str]]:
    """What all tasks that mask share, and where their head is from. Draws from torch's generator.

    Raises InputError for an encoder without a mask, and for lengths beyond it.
    """
    params = job.params
    lengths = {name: choice.max_length for name, choice in params.aligned.items()}
    lengths |= {MLM: params.mlm.corpus.max_length} if params.mlm else {}
    if encoder.tokenizer.mask_token_id is None:
        names = ", ".join(
            f"`intermediate.{MLM}`" if name == MLM else f"`intermediate.tasks.{name}`" for name in lengths
        )
        raise InputError(f"the encoder's tokenizer has no mask, which {names} needs: remove that")
    for name, length in lengths.items():
        if length > encoder.longest:
            raise InputError(f"{name}: max_length is {length}, but the encoder has room for {encoder.longest} tokens")
    head, where = lm_head.head(job.inputs["encoder"], encoder)
    words = np.flatnonzero(used(encoder, _texts(job))).astype(np.int32) if params.vocabulary == USED else None
    size = len(encoder.tokenizer) if words is None else len(words)
    said = f"head of the language model: {where}; {size:,} sub-words to predict"
    return Masks(job, encoder, head, words), {"mlm_head": where, "summary": said}


def _texts(job: Job[Intermediate]) -> Iterator[Examples]:
    """All examples that are masked."""
    for name in (*job.params.aligned, *([MLM] if job.params.mlm else ())):
        for folder in sorted(path.parent for path in job.inputs[name].rglob("tokens.ends")):
            yield Examples(folder)


def held_out(job: Job[Intermediate]) -> Iterator[Examples]:
    """The held-out examples of the tasks over aligned text."""
    return (
        Examples(job.inputs[name] / "dev")
        for name, choice in job.params.aligned.items()
        if choice.evaluate_on is not None
    )


@dataclass(frozen=True)
class Masks:
    """The tasks of a training that mask, with one head, and the `words` that masks draw (None: any)."""

    job: Job[Intermediate]
    encoder: Encoder
    head: MaskedHead
    words: Ints | None

    def text(self, mlm: MaskedText) -> list[Task]:
        """A task for each language of raw text."""
        change = self._some(mlm.mask)
        texts = {language: Examples(self.job.inputs[MLM] / language) for language in mlm.corpus.languages}
        return [Task(f"{MLM}/{language}", masking, self.head, text, change) for language, text in texts.items()]

    def aligned(self) -> Iterator[Task]:
        """A task for each one over aligned text, with the perplexity of held-out lines as its score."""
        for name, choice in self.job.params.aligned.items():
            folder = self.job.inputs[name]
            change = partial(_response, self.encoder) if choice.task.response else self._some(SHARE)
            score = None if choice.evaluate_on is None else self._perplexity(folder / "dev", change)
            yield Task(name, masking, self.head, Examples(folder / "train"), change, score, perplexity=True)

    def _some(self, share: float) -> Change:
        def change(example: Example, generator: np.random.Generator) -> Example:
            return masking.mask(example, share, self.encoder.tokenizer, generator, self.words)

        return change

    def _perplexity(self, folder: Path, change: Change) -> Callable[[], float]:
        """The function that gives e to the mean cross-entropy of the tokens that are masked in some examples."""
        masked = [change(one, np.random.default_rng([_MASKS, at])) for at, one in enumerate(Examples(folder))]

        def perplexity() -> float:
            found = infer(self.encoder, masking, self.head, masked)
            return math.exp(sum(loss for loss, _ in found) / max(1, sum(count for _, count in found)))

        return perplexity


def _response(encoder: Encoder, example: Example, generator: np.random.Generator) -> Example:
    return masking.hide(example, encoder.tokenizer)
