"""What `benchmarks/gpu.py` checks before it measures: a device computes the same in every way that we cut the work."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import trained
from trained import Setting, on

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.data.corpora import Limits
from xtreme_bench.data.dialogues import candidates
from xtreme_bench.data.passages import Passage
from xtreme_bench.rows import Answer, ChoiceRow, DialogueRow, PairRow, QuestionRow, TaggedRow, Turn
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import lm_head, loop
from xtreme_bench.training.batching import collate
from xtreme_bench.training.device import parts
from xtreme_bench.training.families import NamesLabels, masking
from xtreme_bench.training.features import FAMILIES, TOKENISE
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.params import Scratch

_SENTENCE = "a red small old bird cat river house tree sings sleeps sees hears near in under the and not with Ann Bob"
WORDS = _SENTENCE.split()
ROWS, TAGS = 16, ("O", "B-PER")
SLOTS, RESPONSE = {"what": ("cat", "bird"), "where": ("house", "tree", "river")}, ALIGNED["response-masking"]
# Of what training changed, or of the gradients: sums in another order. The gradient of a key's bias is rounding alone,
# of which AdamW makes whole steps: a percent of the change, where a GPU adds up in any order. Lost rows would be 15 %.
SAME_TRAINING, SAME_GRADIENTS = {"cpu": 1e-4, "cuda": 3e-2}, {"cpu": 1e-4, "cuda": 1e-3}
# bf16 keeps 8 bits of a number.
LIKE_BF16, LOSS_BF16, GRADIENTS_BF16 = 0.99, 0.05, 0.05

Tensors = dict[str, torch.Tensor]


class LeftOutError(Exception):
    """A part cannot run here."""


class WrongError(Exception):
    """A check has failed."""


def require(found: float, most: float, what: str) -> str:
    """What was found, as text. Errors: `WrongError` if it is more than `most`, or no number."""
    if not found <= most:
        raise WrongError(f"{what} is {found:.2e}, more than {most:.0e}")
    return f"{what} {found:.1e} (at most {most:.0e})"


def apart(left: Tensors, right: Tensors, beside: Tensors | None = None) -> float:
    """The norm of the difference, as a share of that of `right`, or of what `right` changed `beside`."""
    whole = [right[name] - beside[name] if beside else right[name] for name in right]
    difference = [left[name] - right[name] for name in right]
    norms = (sum(float(value.double().square().sum()) for value in some) ** 0.5 for some in (difference, whole))
    numerator, denominator = norms
    return numerator / denominator


def weights(encoder: Any) -> Tensors:
    """All weights of an encoder, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in encoder.model.named_parameters()}


def bf16(setting: Setting) -> str:
    """Hidden vectors and the loss in bf16 beside fp32."""
    encoder, task = trained.our_encoder(setting), trained.our_task(setting)
    encoder.model.eval().to(on())
    task.head.eval().to(on())
    batch = task.examples[:ROWS]
    inputs = collate(batch, encoder).to(on())
    found = []
    for precise in (True, False):
        with torch.no_grad(), nullcontext() if precise else torch.autocast(on(), torch.bfloat16):
            hidden = encoder.hidden(inputs)
            found.append((hidden.float(), float(task.objective.loss(task.head, hidden, batch))))
    (exact, loss), (rounded, other) = found
    likeness = float(torch.cosine_similarity(exact, rounded, dim=-1).min())
    vectors = require(1 - likeness, 1 - LIKE_BF16, "1 - smallest cosine")
    return f"{vectors}; {require(abs(other - loss) / loss, LOSS_BF16, 'difference of the loss')}"


def trimmed(setting: Setting) -> str:
    """A training on the rows of the table in use gives the weights of one on the whole table."""
    found = []
    for few in (False, True):
        encoder = trained.our_encoder(setting)
        before = weights(encoder)
        torch.manual_seed(2)
        params = replace(trained.learning(setting), precision="fp32")
        trained.train(encoder, trained.our_task(setting), params, setting.steps, trimmed=few)
        found.append(weights(encoder))
    return require(apart(found[1], found[0], before), SAME_TRAINING[on()], "difference of what was learned")


def packed(setting: Setting) -> str:
    """The gradients of a packed step beside those of the padded one: with dropout in fp32, and without in bf16.

    In bf16 a GPU has torch's kernel for sequences of any lengths.
    """
    encoder, task = trained.our_encoder(setting), trained.our_task(setting)
    network, batch = Network(encoder, {task.name: task.head}).to(on()), task.examples[:ROWS]
    said = []
    for precision, most in (("fp32", SAME_GRADIENTS[on()]), ("bf16", GRADIENTS_BF16)):
        network.train(precision == "fp32")
        with torch.autocast(on(), torch.bfloat16, enabled=precision == "bf16"):
            padded, found = (
                _gradients(each, network, task, batch, [range(ROWS)]) for each in (encoder, encoder.packed())
            )
        said.append(require(apart(found, padded), most, f"difference of the gradients in {precision}"))
    return "; ".join(said)


@cache
def tokenizer() -> Any:
    """A tokenizer made on the spot, for the words of `rows`."""
    return encoders.train_tokenizer([" ".join(WORDS)] * 2, 300)


def _text(generator: random.Random, most: int) -> str:
    return " ".join(generator.choice(WORDS) for _ in range(generator.randint(4, most)))


def _question(at: int, generator: random.Random) -> QuestionRow:
    context = _text(generator, 40)
    answer = context.split()[2]
    return QuestionRow(str(at), _text(generator, 6), context, (Answer(context.index(answer), answer),))


def _tagged(at: int, generator: random.Random) -> TaggedRow:
    words = tuple(_text(generator, 20).split())
    return TaggedRow(str(at), words, tuple(TAGS[word in ("Ann", "Bob")] for word in words))


def _dialogue(at: int, generator: random.Random) -> DialogueRow:
    turns = tuple(Turn(_text(generator, 6), _text(generator, 9)) for _ in range(1 + at % 3))
    states = tuple({slot: generator.choice(values) for slot, values in SLOTS.items()} for _ in turns)
    return DialogueRow(str(at), turns, SLOTS, states)


MADE: dict[str, Callable[[int, random.Random], Any]] = {
    "classification": lambda at, draw: PairRow(str(at), _text(draw, 20), _text(draw, 9), TAGS[at % 2]),
    "choice": lambda at, draw: ChoiceRow(str(at), _text(draw, 20), tuple(_text(draw, 9) for _ in range(4)), at % 4),
    "tagging": _tagged,
    "qa": _question,
    "dialogue": _dialogue,
    "masking": lambda at, draw: _text(draw, 30),
    "passages": lambda at, draw: Passage(RESPONSE, (_text(draw, 9), _text(draw, 9)), (_text(draw, 9),)),
}
LABELS = {"dialogue": candidates(SLOTS)}


def _task(family: str, encoder: Any) -> Task:
    """A task of a family, with a new head and made-up examples."""
    generator, labels = random.Random(family), LABELS.get(family, TAGS)
    rows = [MADE[family](at, generator) for at in range(ROWS)]
    examples = TOKENISE[family](rows, encoder.tokenizer, labels, Limits(max_length=48, stride=16))
    if family in CHANGES:
        with tempfile.TemporaryDirectory() as folder:
            encoders.save(Path(folder), encoder)
            head, _ = lm_head.head(Path(folder), encoder)
        return Task(family, masking, head, examples, partial(CHANGES[family], encoder.tokenizer))
    head = FAMILIES[family].head(encoder.width, len(labels), 0.1)
    if isinstance(head, NamesLabels):
        head.name_labels(encoder, labels)
    return Task(family, FAMILIES[family], head, examples)


def _mask(tokenizer: Any, example: Any, generator: np.random.Generator) -> Any:
    return masking.mask(example, 0.15, tokenizer, generator)


def _hide(tokenizer: Any, example: Any, generator: np.random.Generator) -> Any:
    return masking.hide(example, tokenizer)


# What a step sees of an example, in the families of masked language modelling.
CHANGES: dict[str, Callable[..., Any]] = {"masking": _mask, "passages": _hide}


def _gradients(encoder: Any, network: Network, task: Task, batch: Sequence[Any], cut: Sequence[Any]) -> Tensors:
    """The gradients of a step, summed over its parts. Dropout is on."""
    network.zero_grad(set_to_none=True)
    network.noise.step([3], batch)
    for part in cut:
        network.noise.take(part, torch.device(on()))
        some = [batch[at] for at in part]
        (network(task, collate(some, encoder).to(on()), some) / task.objective.terms(batch)).backward()
    return {name: value.grad.clone() for name, value in network.named_parameters() if value.grad is not None}


def family(name: str, setting: Setting) -> str:
    """A step of a family in parts beside the whole one, then a training of one step by our loop."""
    encoder = _small(setting)
    task = _task(name, encoder)
    network = Network(encoder, {task.name: task.head}).to(on()).train()
    generator = np.random.default_rng(1)
    batch = [task.change(one, generator) if task.change else one for one in task.examples]
    cut = list(parts(batch, range(len(batch)), lambda sequences, longest: sequences * longest <= 200))
    whole = _gradients(encoder, network, task, batch, [range(len(batch))])
    split = _gradients(encoder, network, task, batch, cut)
    said = require(apart(split, whole), SAME_GRADIENTS[on()], f"difference of the gradients in {len(cut)} parts")
    fresh = _small(setting)
    before = weights(fresh)
    _learn(name, fresh, setting, 1)
    if not apart(weights(fresh), before) > 0:
        raise WrongError("a step of our loop changed nothing")
    return said


def _small(setting: Setting) -> Any:
    sizes = Scratch(min(setting.blocks, 4), setting.width, setting.heads, setting.feedforward, 300, 130)
    return encoders.build(sizes, tokenizer(), seed=1)


def _learn(name: str, encoder: Any, setting: Setting, steps: int) -> None:
    """Train on a family with our loop."""
    params = replace(trained.learning(setting), batch=ROWS)
    trained.train(encoder, _task(name, encoder), params, steps, trimmed=False)


def unwaiting(setting: Setting) -> str:
    """No step of any family waits for the GPU: torch raises an error where one does. The first steps may."""
    if on() == "cpu":
        raise LeftOutError("torch finds no GPU")
    with _errors_of_waiting():
        for name in MADE:
            try:
                _learn(name, _small(setting), setting, 3)
            except RuntimeError as error:
                raise WrongError(f"a step of {name}: {error}") from error
    return f"{', '.join(MADE)}: no step waits"


@contextmanager
def _errors_of_waiting() -> Iterator[None]:
    whole = loop._Run.step

    def step(run: Any, given: Any) -> None:
        torch.cuda.set_sync_debug_mode("error" if given.number else "default")
        try:
            whole(run, given)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    loop._Run.step = step  # type: ignore[method-assign]
    try:
        yield
    finally:
        loop._Run.step = whole  # type: ignore[method-assign]
